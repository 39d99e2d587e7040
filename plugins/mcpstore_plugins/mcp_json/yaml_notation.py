"""YAML, which is only read: editing it without losing comments and anchors is nothing we could promise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mcpstore.hooks import Path
from mcpstore_plugins.mcp_json.jsonc import Malformed
from mcpstore_plugins.mcp_json.reading import CannotRewrite, Oddity, Reading, shown, syntax_error
from mcpstore_plugins.mcp_json.values import DEEPEST, Change, Tree

__all__ = ["YamlNotation"]

MOST_NODES: Final = 1_000_000
"""Values a document may have once its aliases are followed. Nine lines of YAML can stand for a billion."""

_READ_ONLY: Final = "YAML can only be read; import it into an mcp.json with `mcpstore import`"
_BY_HAND: Final = "repair the file by hand; it is left alone until then"


class YamlNotation:
    """YAML, the first document of a file."""

    @property
    def name(self) -> str:
        """What it is called."""
        return "yaml"

    def read(self, text: str, where: str) -> Reading:
        """Read a text.

        Raises:
            ConfigSyntaxError: It cannot be understood.
        """
        try:
            return _read(text, where)
        except Malformed as error:
            raise syntax_error(where, text, error.offset, error.what, error.remedy) from None
        except yaml.MarkedYAMLError as error:
            what = error.problem or error.context or "this is not YAML"
            raise syntax_error(where, text, _offset(error.problem_mark, text), what, _BY_HAND) from None
        except yaml.reader.ReaderError as error:
            what = f"the character U+{ord(error.character):04X} is not allowed"
            raise syntax_error(where, text, error.position, what, "remove it") from None
        except ValueError:
            raise syntax_error(where, text, 0, "a number or date is out of range", "put it into quotes") from None

    def fitted(self, value: Any) -> Any:
        """Refuse."""
        del value  # whatever it is
        raise CannotRewrite(_READ_ONLY)

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Refuse."""
        del text, changes  # whatever they are
        raise CannotRewrite(_READ_ONLY)


def _read(text: str, where: str) -> Reading:
    # the parser in C is twenty times faster, but overflows the stack on deep documents: depth is looked at first
    loader_class: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    second = _second_document(text, loader_class)
    loader = loader_class(text)
    try:
        root = cast("Node | None", loader.get_node() if loader.check_node() else None)
        if root is None:
            return Reading(data={})
        odd: list[Oddity] = []
        if _count(root, {}, text, odd) > MOST_NODES:
            raise Malformed(0, f"its aliases stand for more than {MOST_NODES} values", "write out what is meant")
        data = _json(loader.construct_document(root))
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise Malformed(
            _offset(root.start_mark, text), "expected a mapping at the top", "begin with a name and a colon"
        )
    if second is not None:
        what = "something follows the end of the document, and is not read"
        odd.append(Oddity(second, what, "put it into the first document"))
    return Reading(data=cast("Tree", data), problems=shown(odd, text, where), locate=lambda path: _find(root, path))


def _second_document(text: str, loader_class: Any) -> int | None:
    depth = documents = 0
    parse: Any = yaml.parse  # pyright: ignore[reportUnknownMemberType] - its stubs leave it open
    for event in parse(text, loader_class):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                offset = _offset(event.start_mark, text)
                raise Malformed(offset, f"this is nested deeper than {DEEPEST} levels", "flatten it")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                return _offset(event.start_mark, text)
    return None


def _count(node: Node, known: dict[int, int], text: str, odd: list[Oddity]) -> int:
    """Return how many values `node` stands for, aliases followed; note keys that stand twice."""
    if id(node) in known:
        if known[id(node)] == 0:
            raise Malformed(_offset(node.start_mark, text), "this contains itself", "remove the alias")
        return known[id(node)]
    known[id(node)] = 0
    inner: list[Node] = []
    if isinstance(node, MappingNode):
        keys: dict[str, Node] = {}
        for key, value in cast("list[tuple[Node, Node]]", node.value):
            inner += (key, value)
            if isinstance(key, ScalarNode) and key.value != "<<":
                if key.value in keys:
                    lines = f"line {_line(keys[key.value])} and on line {_line(key)}"
                    what = f"{key.value!r} stands twice, on {lines}, and the last one counts"
                    odd.append(Oddity(_offset(key.start_mark, text), what, "remove or rename one of them"))
                keys[key.value] = key
    elif isinstance(node, SequenceNode):
        inner += node.value
    known[id(node)] = 1 + sum(_count(item, known, text, odd) for item in inner)
    return known[id(node)]


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {_name(key): _json(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple | set):
        return [_json(item) for item in cast("list[Any]", value)]
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _name(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return str(key).lower().replace("none", "null")
    return key if isinstance(key, str) else str(key)


def _find(node: Node | None, path: Path) -> tuple[int, int] | None:
    for key in path:
        if isinstance(node, MappingNode):
            pairs = cast("list[tuple[Node, Node]]", node.value)
            node = next((value for name, value in reversed(pairs) if name.value == key), None)
        elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = cast("Node", node.value[key])
        else:
            return None
    return None if node is None else (node.start_mark.line + 1, node.start_mark.column + 1)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _offset(mark: Any, text: str) -> int:
    # libyaml counts bytes in some versions and characters in others, but its lines are right
    if mark is None:
        return 0
    lines = text.split("\n", mark.line)
    return min(len(text), len(text) - len(lines[-1]) + int(mark.column))
