"""YAML format, read-only: an edit could lose comments and anchors."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Container, Iterator, Sequence
from typing import Any, Final, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mcpstore.hooks import Path
from mcpstore_plugins.mcp_json.file_format import CannotRewrite, ParsedText, syntax_error
from mcpstore_plugins.mcp_json.jsonc import Malformed
from mcpstore_plugins.mcp_json.values import MAX_DEPTH, Change, JsonObject
from mcpstore_plugins.mcp_json.warning_collector import WarningCollector

__all__ = ["YamlFormat"]

MAX_NODES: Final = 1_000_000
"""Maximal number of values of a document with its aliases expanded; nine lines of YAML can expand to a billion."""

_FLOW: Final = re.compile(r"""[\[\]{}]|"(?:\\.|[^"\\])*"?|'[^']*'?|\#.*|[^\s,\[\]{}"'#][^,\[\]{}]*""")
"""The tokens of flow collections: brackets, quoted text, comments, plain scalars (YAML 1.2.2, chapter 7)."""

_YAML: Final = "tag:yaml.org,2002:"
_TEXT: Final = f"{_YAML}str"
_MERGE: Final = f"{_YAML}merge"
_EQUALS: Final = f"{_YAML}value"  # a lone equals sign; YAML 1.1 gives it a meaning that no loader implements

_READ_ONLY: Final = "YAML can only be read; import it into an mcp.json with `mcpstore import`"
_BY_HAND: Final = "repair the file by hand"


class YamlFormat:
    """YAML; only the first document of a file is read."""

    @property
    def name(self) -> str:
        """Name of the format."""
        return "yaml"

    def read(self, text: str, where: str) -> ParsedText:
        """Parse a text.

        Raises:
            ConfigSyntaxError: The text cannot be parsed.
        """
        try:
            return _read(text, where)
        except Malformed as error:
            raise syntax_error(where, text, error.offset, error.what, error.remedy) from None
        except yaml.MarkedYAMLError as error:
            why = error.problem or error.context
            what = f"this is not valid YAML: {why}" if why else "this is not valid YAML"
            raise syntax_error(where, text, _offset(error.problem_mark, text), what, _BY_HAND) from None
        except yaml.reader.ReaderError as error:
            # libyaml gives the code of the character, the parser in Python the character
            code = error.character if isinstance(error.character, int) else ord(error.character)
            raise syntax_error(where, text, error.position, f"U+{code:04X} is not allowed", "remove it") from None
        except ValueError:
            raise syntax_error(where, text, 0, "a number or date is out of range", "put it into quotes") from None

    def fitted(self, value: Any) -> Any:
        """Raise `CannotRewrite`: YAML is read-only."""
        del value
        raise CannotRewrite(_READ_ONLY)

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Raise `CannotRewrite`: YAML is read-only."""
        del text, changes
        raise CannotRewrite(_READ_ONLY)


def _read(text: str, where: str) -> ParsedText:
    # the parser in C is twenty times faster, but overflows the stack on deep documents, so the depth is checked first
    loader_class: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    warnings = WarningCollector(text, where)
    second = _second_document(text, loader_class)
    loader = loader_class(text)
    try:
        root = cast("Node | None", loader.get_node() if loader.check_node() else None)
        if root is None:
            return ParsedText(data={})
        if _Weights(text, warnings, loader_class.yaml_constructors).of(root)[0] > MAX_NODES:
            raise Malformed(
                0, f"its aliases expand to more than {MAX_NODES} values", "write the values without aliases"
            )
        data = _json(loader.construct_document(root))
    finally:
        loader.dispose()
    if data is not None and not isinstance(data, dict):
        offset = _offset(root.start_mark, text)
        raise Malformed(offset, "expected a mapping at the top", "begin with a name and a colon")
    if second is not None:
        warnings.add_trailing_text(second)
    return ParsedText(
        data=cast("JsonObject", data or {}), problems=warnings.problems(), locate=lambda path: _find(root, path)
    )


def _second_document(text: str, loader_class: Any) -> tuple[int, int] | None:
    depth = documents = 0
    done: Any = None
    parse: Any = yaml.parse  # pyright: ignore[reportUnknownMemberType] - its stubs leave it open
    try:
        for event in parse(text, loader_class):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise _too_deep(_offset(event.start_mark, text))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    return _spot(event)
            done = event.end_mark
    except yaml.MarkedYAMLError as error:
        # A parser reads up to 1,024 characters ahead of its events, and some fail on deep nesting while they do so.
        begin = _offset(done, text)
        unread = text[begin : _offset(error.problem_mark, text) + 1]
        if (opener := _opener_beyond(unread, MAX_DEPTH - depth)) is not None:
            raise _too_deep(begin + opener) from None
        raise
    return None


def _opener_beyond(text: str, levels: int) -> int | None:
    """Return the offset of the first bracket that exceeds the number of levels; None if there is none."""
    for match in _FLOW.finditer(text):
        if match[0] in "[{":
            levels -= 1
            if levels < 0:
                return match.start()
        elif match[0] in "]}":
            levels += 1
    return None


class _Weights:
    """Number of values and depth of nodes with aliases expanded; also warns about duplicate keys."""

    def __init__(self, text: str, warnings: WarningCollector, tags: Container[str | None]) -> None:
        self._text = text
        self._warnings = warnings
        self._tags = tags
        self._known: dict[int, tuple[int, int] | None] = {}

    def of(self, node: Node) -> tuple[int, int]:
        if id(node) not in self._known:
            if node.tag == _EQUALS:
                node.tag = _TEXT
            if node.tag != _MERGE and node.tag not in self._tags:
                spelled = node.tag.replace(_YAML, "!!")
                offset = _offset(node.start_mark, self._text)
                raise Malformed(offset, f"the tag {spelled} is not supported", "write the value without a tag")
            self._known[id(node)] = None
            weights = [self.of(item) for item in self._inside(node)]
            depth = 1 + max((depth for _, depth in weights), default=0)
            if depth > MAX_DEPTH:
                raise _too_deep(_offset(node.start_mark, self._text))
            self._known[id(node)] = 1 + sum(count for count, _ in weights), depth
        weight = self._known[id(node)]
        if weight is None:
            raise Malformed(_offset(node.start_mark, self._text), "this value contains itself", "remove the alias")
        return weight

    def _inside(self, node: Node) -> list[Node]:
        if isinstance(node, SequenceNode):
            return cast("list[Node]", node.value)
        inside: list[Node] = []
        if isinstance(node, MappingNode):
            seen: dict[str, Node] = {}
            for key, value in cast("list[tuple[Node, Node]]", node.value):
                inside += (key, value)
                if isinstance(key, ScalarNode) and key.value != "<<":
                    if key.value in seen:
                        self._warnings.add_duplicate(key.value, _spot(seen[key.value]), _spot(key))
                    seen[key.value] = key
        return inside


def _too_deep(offset: int) -> Malformed:
    return Malformed(offset, f"this is nested deeper than {MAX_DEPTH} levels", "flatten it")


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {_name(key): _json(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in cast("list[Any]", value)]
    if isinstance(value, set):
        return sorted(_name(item) for item in cast("set[Any]", value))
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
    return None if node is None else _spot(node)


def _spot(what: Any) -> tuple[int, int]:
    return what.start_mark.line + 1, what.start_mark.column + 1


def _offset(mark: Any, text: str) -> int:
    # libyaml counts bytes in some versions and characters in others, but its line numbers are right
    if mark is None:
        return 0
    lines = text.split("\n", mark.line)
    return min(len(text), len(text) - len(lines[-1]) + int(mark.column))
