"""The commands `mcpstore plugins`, `mcpstore plugins show` and `mcpstore plugins new`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module

from mcpstore.hooks import Command, hookimpl

__all__ = ["mcpstore_commands"]


@hookimpl
def mcpstore_commands() -> Iterable[Command]:
    """Offer the commands."""
    yield Command(name="plugins", help="List the installed plugins with their status.", load=_load("listing"))
    yield Command(
        name="plugins show", help="Show one plugin: its origin, its status and the reason for it.", load=_load("show")
    )
    yield Command(name="plugins new", help="Create a new plugin from the template, with tests.", load=_load("new"))


def _load(module: str) -> Callable[[], Callable[..., Awaitable[int | None]]]:
    """Return a function that imports the command when it is used."""

    def load() -> Callable[..., Awaitable[int | None]]:
        run: Callable[..., Awaitable[int | None]] = import_module(f"mcpstore_plugins.plugin_commands.{module}").run
        return run

    return load
