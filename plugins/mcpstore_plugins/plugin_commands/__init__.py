"""The verbs `mcpstore plugins`, `mcpstore plugins show` and `mcpstore plugins new`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module

from mcpstore.hooks import Command, hookimpl

__all__ = ["mcpstore_commands"]


@hookimpl
def mcpstore_commands() -> Iterable[Command]:
    """Offer the verbs."""
    yield Command(name="plugins", help="List the plugins that were found, and how they fare.", load=_load("listing"))
    yield Command(name="plugins show", help="Tell the story of a plugin: why it fares as it does.", load=_load("show"))
    yield Command(
        name="plugins new", help="Make a new plugin from the template, with tests that pass.", load=_load("new")
    )


def _load(module: str) -> Callable[[], Callable[..., Awaitable[int | None]]]:
    """Return what loads a verb, which takes until somebody types it."""

    def load() -> Callable[..., Awaitable[int | None]]:
        run: Callable[..., Awaitable[int | None]] = import_module(f"mcpstore_plugins.plugin_commands.{module}").run
        return run

    return load
