"""Interface of the file formats: parsing a text, and changing it in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import attrs

from mcpstore.errors import ConfigSyntaxError
from mcpstore.hooks import Path, Problem
from mcpstore_plugins.mcp_json.text import position
from mcpstore_plugins.mcp_json.values import Change, JsonObject

__all__ = ["CannotRewrite", "FileFormat", "Locate", "ParsedText", "syntax_error"]

Locate = Callable[[Path], tuple[int, int] | None]


@attrs.frozen(kw_only=True)
class ParsedText:
    """Result of parsing a text.

    Attributes:
        data: The data.
        problems: Warnings about the text.
        locate: Returns the line and column of the value at a path, or None.
    """

    data: JsonObject
    problems: tuple[Problem, ...] = ()
    locate: Locate = lambda _path: None


class CannotRewrite(Exception):
    """A format cannot express a change; the message says why, and what to do."""


class FileFormat(Protocol):
    """A file format."""

    @property
    def name(self) -> str:
        """Name of the format: json, toml or yaml."""
        ...

    def read(self, text: str, where: str) -> ParsedText:
        """Parse a text; raises `ConfigSyntaxError` if it cannot be parsed."""
        ...

    def fitted(self, value: Any) -> Any:
        """Return a plain value as this format can hold it; raises `CannotRewrite` if it cannot."""
        ...

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Yield candidate texts with the changes applied and everything else unchanged, the preferred one first.

        The caller takes the first one that parses to the expected data. Raises `CannotRewrite`.
        """
        ...


def syntax_error(where: str, text: str, offset: int, what: str, remedy: str) -> ConfigSyntaxError:
    """Return the error for a text whose syntax is wrong at `offset`."""
    line, column = position(text, offset)
    return ConfigSyntaxError(where, what, line=line, column=column, remedy=remedy)
