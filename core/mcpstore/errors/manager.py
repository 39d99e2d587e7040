"""Errors of managers and stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcpstore.errors.base import MCPStoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ManagerError", "ManagerNotRunning", "StoreClosed", "TransitionRefused"]


class ManagerError(MCPStoreError):
    """The running manager refused a request, or failed to carry it out."""


class ManagerNotRunning(ManagerError):
    """No manager runs for this configuration."""

    remedy: str = "start one: mcpstore up"


class TransitionRefused(MCPStoreError):
    """The state cannot change as requested.

    Attributes:
        allowed: States that can be requested.
    """

    def __init__(self, service: str, state: str, wanted: str, allowed: Sequence[str]) -> None:
        self.allowed: Final = tuple(allowed)
        self.service: str | None = service
        states = ", ".join(allowed) or "none"
        super().__init__(f"service {service!r} cannot change from {state} to {wanted}; possible states: {states}")


class StoreClosed(MCPStoreError):
    """The store is closed; open a new one."""
