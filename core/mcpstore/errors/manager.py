"""Errors of managers and stores, and of what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcpstore.errors.base import MCPStoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ManagerError", "ManagerNotRunning", "StoreClosed", "TransitionRefused"]


class ManagerError(MCPStoreError):
    """A running manager refused or failed what the command line asked of it."""


class ManagerNotRunning(ManagerError):
    """No manager is running for this configuration."""

    remedy: str = "start one: mcpstore up"


class TransitionRefused(MCPStoreError):
    """A change of state that nothing leads to; `allowed` has the states that can be asked for."""

    def __init__(self, service: str, state: str, wanted: str, allowed: Sequence[str]) -> None:
        self.allowed: Final = tuple(allowed)
        self.service: str | None = service
        told = f"from there one can ask for {', '.join(allowed) or 'nothing'}"
        super().__init__(f"service {service!r} is {state} and cannot be made {wanted}; {told}")


class StoreClosed(MCPStoreError):
    """The store has been closed; open a new one."""
