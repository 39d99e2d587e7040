"""What a health strategy plugin offers: a way to find out whether a service is well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from mcpstore.hooks.connection import Connection

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["Check", "HealthStrategy"]

C = TypeVar("C", bound="BaseModel")


@attrs.frozen(kw_only=True)
class Check:
    """One health check.

    Attributes:
        service: Name of the service.
        connection: The connection to be checked.
        timeout: Seconds the whole check may take.
        memory: Notes of the strategy about this connection; empty when the connection is new.
    """

    service: str
    connection: Connection
    timeout: float
    memory: dict[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class HealthStrategy(Generic[C]):
    """A way to check a service.

    Attributes:
        name: What configurations call it: `"health": "ping"` or `{"type": "ping", …}`.
        config: The pydantic model of its options.
        probe: Called with (check, options). Returning means alive; the manager measures how long it took.
            `CallTimeout` means silence, `ServiceBusy` alive but slow, any other `CallError` a failed check. Any other
            exception is a fault of the strategy and says nothing about the service.
    """

    name: str
    config: type[C]
    probe: Callable[[Check, C], Awaitable[None]]
