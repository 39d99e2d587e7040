"""Offer of a command plugin: a subcommand of `mcpstore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

import attrs

__all__ = ["Command", "CommandCall"]


class CommandCall(Protocol):
    """One run of a command: its access to the manager and to the terminal."""

    @property
    def as_json(self) -> bool:
        """Whether the user asked for JSON output."""
        ...

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Send a request to the running manager and return its answer, a JSON value.

        If no manager is running, a store is opened for this command only; it starts no service.

        Args:
            verb: Verb of the control socket, such as "list", "info", "call" or "plugins".
            **arguments: Arguments of the verb.

        Raises:
            MCPStoreError: The error of the verb.
        """
        ...

    def show(self, value: Any) -> None:
        """Print a string as it is, any other value as JSON."""
        ...

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print a table; cells that hold a state ("healthy", "broken" …) are coloured."""
        ...

    def note(self, text: str) -> None:
        """Print a message on stderr, beside the output."""
        ...


@attrs.frozen(kw_only=True)
class Command:
    """Subcommand of `mcpstore`.

    Attributes:
        name: Name of the command; `"inventory add"` is the command `add` in the group `inventory`.
        help: One sentence that says what the command does.
        load: Called when the command is used; returns the async function that runs it. The function is called with a
            `CommandCall` and, by name, with its own parameters, which have Typer annotations. It returns None or the
            exit code. Every command also has the option `--json`.
    """

    name: str
    help: str
    load: Callable[[], Callable[..., Awaitable[int | None]]]
