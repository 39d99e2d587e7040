"""Offer of a health strategy plugin: a health check of a service."""

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
    """Health check of one connection.

    Attributes:
        service: Name of the service.
        connection: Connection to check.
        timeout: Seconds the whole check may take; the manager cancels it then.
        memory: Values that the strategy keeps from one check of this connection to the next; empty at the first.
    """

    service: str
    connection: Connection
    timeout: float
    memory: dict[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class HealthStrategy(Generic[C]):
    """Method of checking a service.

    Attributes:
        name: Name of the strategy in configurations: `"health": "ping"` or `{"type": "ping", …}`.
        config: Pydantic model of its options.
        probe: Async function, called with (check, options). If it returns, the check succeeded; the manager measures
            the duration. `CallTimeout` means no answer, `ServiceBusy` a slow service, any other `CallError` a failed
            check. Any other exception is an error of the strategy, and the check is inconclusive.
    """

    name: str
    config: type[C]
    probe: Callable[[Check, C], Awaitable[None]]
