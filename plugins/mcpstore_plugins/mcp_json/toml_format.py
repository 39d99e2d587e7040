"""TOML format, which Codex uses for its configuration."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from mcpstore.hooks import Path
from mcpstore_plugins.mcp_json.file_format import CannotRewrite, ParsedText, syntax_error
from mcpstore_plugins.mcp_json.text import position
from mcpstore_plugins.mcp_json.toml_layout import TomlLayout, layout_of
from mcpstore_plugins.mcp_json.values import MAX_DEPTH, Change, JsonObject, is_too_deep

__all__ = ["TomlFormat"]

_AT: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)\Z", re.DOTALL)
_LONE: Final = re.compile("[\\ud800-\\udfff]")


class TomlFormat:
    """TOML. Dates are read as strings, because the data has only JSON values."""

    @property
    def name(self) -> str:
        """Name of the format."""
        return "toml"

    def fitted(self, value: Any) -> Any:
        """Return a plain value without null fields, which TOML does not have.

        Raises:
            CannotRewrite: An array contains null, or a string contains a lone surrogate.
        """
        if isinstance(value, dict):
            fields = cast("JsonObject", value)
            return {self.fitted(key): self.fitted(item) for key, item in fields.items() if item is not None}
        if isinstance(value, list):
            return [self.fitted(item) for item in cast("list[Any]", value)]
        if isinstance(value, str) and _LONE.search(value):
            raise CannotRewrite("a string in TOML cannot contain half of a surrogate pair; write the whole character")
        if value is None:
            raise CannotRewrite("an array in TOML cannot contain null; leave it out")
        return value

    def read(self, text: str, where: str) -> ParsedText:
        """Parse a text.

        Raises:
            ConfigSyntaxError: The text cannot be parsed.
        """
        too_deep = f"this is nested deeper than {MAX_DEPTH} levels"
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
        return ParsedText(data=cast("JsonObject", _json(data)), locate=_locator(text))

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Yield the text with the changes applied, in up to two ways."""
        # Imported here: most files are only read.
        from mcpstore_plugins.mcp_json.toml_edit import rewrite  # noqa: PLC0415

        return rewrite(text, changes)


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(item) for key, item in cast("JsonObject", value).items()}
    if isinstance(value, list):
        return [_json(item) for item in cast("list[Any]", value)]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value


def _explained(message: str, text: str) -> tuple[int, str, str]:
    """Return the offset, the problem and the remedy of an error of tomllib, whose message contains the place."""
    match = _AT.match(message)
    what = (match[1] if match else message).rstrip(".")
    what = what[:1].lower() + what[1:]
    if not match or match[2] is None:
        return len(text), what, "complete the file; a program may still be writing it"
    # tomllib counts every line break as one character
    lines = text.split("\n", int(match[2]) - 1)
    offset = len(text) - len(lines[-1]) + int(match[3]) - 1
    return offset, what, "repair the file by hand; it is not changed until then"


def _locator(text: str) -> Callable[[Path], tuple[int, int] | None]:
    layouts: list[TomlLayout] = []  # computed at the first call

    def locate(path: Path) -> tuple[int, int] | None:
        if not layouts:
            layouts.append(layout_of(text))
        offset = layouts[0].offsets.get(path)
        return None if offset is None else position(text, offset)

    return locate
