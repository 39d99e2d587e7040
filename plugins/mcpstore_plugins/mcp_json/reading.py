"""What reading a text in some notation gives, whatever the notation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import attrs

from mcpstore.errors import ConfigSyntaxError
from mcpstore.hooks import Path, Problem
from mcpstore_plugins.mcp_json.text import position
from mcpstore_plugins.mcp_json.values import Change, Tree

__all__ = ["CannotRewrite", "Locate", "Notation", "Reading", "syntax_error"]

Locate = Callable[[Path], tuple[int, int] | None]


@attrs.frozen(kw_only=True)
class Reading:
    """A text that was understood.

    Attributes:
        data: The tree.
        problems: What was odd.
        locate: Tells line and column of the value at a path.
    """

    data: Tree
    problems: tuple[Problem, ...] = ()
    locate: Locate = lambda _path: None


class CannotRewrite(Exception):
    """A change that a notation cannot express; the text says what, and what to do."""


class Notation(Protocol):
    """A notation: how a tree is written down."""

    @property
    def name(self) -> str:
        """What it is called: json, toml or yaml."""
        ...

    def read(self, text: str, where: str) -> Reading:
        """Read a text; raises `ConfigSyntaxError` if it cannot be understood."""
        ...

    def fitted(self, value: Any) -> Any:
        """Return a plain value as this notation can hold it; raises `CannotRewrite`."""
        ...

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Yield texts with the changes made and everything else as it was, the preferred one first.

        The first one that reads as it should is taken. Raises `CannotRewrite`.
        """
        ...


def syntax_error(where: str, text: str, offset: int, what: str, remedy: str) -> ConfigSyntaxError:
    """Return the error for a text that stops making sense at `offset`."""
    line, column = position(text, offset)
    return ConfigSyntaxError(where, what, line=line, column=column, remedy=remedy)
