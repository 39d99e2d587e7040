"""TOML, as Codex keeps its configuration."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from mcpstore.hooks import Path
from mcpstore_plugins.mcp_json.reading import CannotRewrite, Reading, syntax_error
from mcpstore_plugins.mcp_json.text import position
from mcpstore_plugins.mcp_json.toml_blocks import Lay, lay_of
from mcpstore_plugins.mcp_json.values import DEEPEST, Change, Tree, is_too_deep

__all__ = ["TomlNotation"]

_AT: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)\Z", re.DOTALL)


_LONE: Final = re.compile("[\\ud800-\\udfff]")


class TomlNotation:
    """TOML. Dates are read as text, because a tree has JSON values only."""

    @property
    def name(self) -> str:
        """What it is called."""
        return "toml"

    def fitted(self, value: Any) -> Any:
        """Return a plain value without the nulls, which TOML does not have.

        Raises:
            CannotRewrite: An array has a null, or a text half a character.
        """
        if isinstance(value, dict):
            fields = cast("Tree", value)
            return {self.fitted(key): self.fitted(item) for key, item in fields.items() if item is not None}
        if isinstance(value, list):
            return [self.fitted(item) for item in cast("list[Any]", value)]
        if isinstance(value, str) and _LONE.search(value):
            raise CannotRewrite("TOML cannot hold half of a surrogate pair; write the whole character")
        if value is None:
            raise CannotRewrite("an array in TOML cannot have null in it; leave it out")
        return value

    def read(self, text: str, where: str) -> Reading:
        """Read a text.

        Raises:
            ConfigSyntaxError: It cannot be understood.
        """
        too_deep = f"this is nested deeper than {DEEPEST} levels"
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise syntax_error(where, text, *_explained(str(error), text)) from None
        except RecursionError:
            raise syntax_error(where, text, 0, too_deep, "flatten it") from None
        except ValueError:
            raise syntax_error(where, text, 0, "a number or date is out of range", "put it into quotes") from None
        if is_too_deep(data):
            raise syntax_error(where, text, 0, too_deep, "flatten it")
        return Reading(data=cast("Tree", _json(data)), locate=_locator(text))

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Yield the text with the changes made, in up to two ways."""
        # late: most files are only read
        from mcpstore_plugins.mcp_json.toml_edit import rewritten  # noqa: PLC0415

        return rewritten(text, changes)


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(item) for key, item in cast("Tree", value).items()}
    if isinstance(value, list):
        return [_json(item) for item in cast("list[Any]", value)]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value


def _explained(message: str, text: str) -> tuple[int, str, str]:
    """Return offset, trouble and remedy of what tomllib says; it tells the place only as part of its message."""
    found = _AT.match(message)
    what = (found[1] if found else message).rstrip(".")
    what = what[:1].lower() + what[1:]
    if not found or found[2] is None:
        return len(text), what, "is it complete? somebody may still be writing it"
    # tomllib counts after having made every line break a single character
    lines = text.split("\n", int(found[2]) - 1)
    offset = len(text) - len(lines[-1]) + int(found[3]) - 1
    return offset, what, "repair the file by hand; it is left alone until then"


def _locator(text: str) -> Callable[[Path], tuple[int, int] | None]:
    known: list[Lay] = []

    def locate(path: Path) -> tuple[int, int] | None:
        if not known:
            known.append(lay_of(text))
        offset = known[0].places.get(path)
        return None if offset is None else position(text, offset)

    return locate
