"""What the engine says about each service as it happens: the one source of everything that is measured."""

from __future__ import annotations

from collections.abc import Sequence

from mcpstore.core.context import Context
from mcpstore.hooks.events import StateChange

__all__ = ["ServiceObserver"]


class ServiceObserver:
    """Is told what happens to services, in the event loop, at once; this one does not care.

    Whoever listens must return quickly and must not raise.
    """

    def called(self, service: str, tool: str, duration: float, error: str | None) -> None:
        """Take note that a call ended.

        Args:
            service: The service called.
            tool: The tool's own name.
            duration: How long it took, in seconds.
            error: What went wrong; None if it ended well.
        """

    def checked(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:
        """Take note that a health check ended.

        Args:
            service: The service checked.
            duration: How long it took, in seconds.
            answered: Whether the service answered; None if the check decided nothing.
            error: What was wrong, in words.
        """

    def moved(self, service: str, ctx: Context) -> None:
        """Take note of where a step has led; `ctx` is what the machine remembers now."""

    def changed(self, change: StateChange, ctx: Context) -> None:
        """Take note that a connection state changed; `ctx` is what the machine remembers after the whole step."""

    def differed(self, service: str, changes: Sequence[str]) -> None:
        """Take note that tools of a service are not what they were; `changes` says in words how."""

    def forgotten(self, service: str) -> None:
        """Take note that nothing is left of a service that was removed."""
