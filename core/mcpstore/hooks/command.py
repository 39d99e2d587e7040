"""What a command plugin offers: a verb of the `mcpstore` command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

import attrs

__all__ = ["Command", "CommandCall"]


class CommandCall(Protocol):
    """A verb that somebody typed: its way to the store, and to the terminal."""

    @property
    def as_json(self) -> bool:
        """Whether JSON is to be printed."""
        ...

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Ask the manager that runs, or else a store opened for the moment, with nothing started; the answer is JSON.

        The verbs are those of the control socket: "list", "info", "call", "plugins" …

        Raises:
            MCPStoreError: Whatever the verb raises.
        """
        ...

    def show(self, value: Any) -> None:
        """Print a text, or anything else as JSON."""
        ...

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print a table; cells that are words of state ("healthy", "broken" …) get their colour."""
        ...

    def note(self, text: str) -> None:
        """Say something beside the answer, on stderr."""
        ...


@attrs.frozen(kw_only=True)
class Command:
    """A verb of the `mcpstore` command.

    Attributes:
        name: The verb; `"inventory add"` is a verb below `inventory`.
        help: One sentence that says what it does.
        load: Called when somebody typed it; returns the async function that carries it out. That is called with a
            `CommandCall`, and with its own parameters by name, which are annotated as Typer wants them; it returns
            nothing, or the exit code. Every verb gets `--json`.
    """

    name: str
    help: str
    load: Callable[[], Callable[..., Awaitable[int | None]]]
