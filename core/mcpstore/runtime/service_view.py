"""Read-only view of one service for the parts of its runner."""

from __future__ import annotations

from typing import Protocol

from mcpstore.core.context import Context
from mcpstore.models.service import ServiceSpec
from mcpstore.runtime.service_history import ServiceHistory
from mcpstore.runtime.session import Session

__all__ = ["ServiceView"]


class ServiceView(Protocol):
    """What the parts of a `ServiceRunner` read of their service; the runner itself implements it."""

    @property
    def spec(self) -> ServiceSpec:
        """Specification of the service."""
        ...

    @property
    def ctx(self) -> Context:
        """Context of its lifecycle machine after the last step."""
        ...

    @property
    def history(self) -> ServiceHistory:
        """Record of its checks and errors."""
        ...

    @property
    def session(self) -> Session | None:
        """Current connection, from opening to close."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether its tools can be called."""
        ...
