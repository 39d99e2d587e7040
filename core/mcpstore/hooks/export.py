"""Offer of an exporter plugin: export of metrics to another monitoring system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import attrs

from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import ServiceMetrics

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["Exporter", "Measurements"]

C = TypeVar("C", bound="BaseModel")


class Measurements(Protocol):
    """Metrics that an exporter can read, in the event loop in which it was opened."""

    async def services(self) -> Sequence[ServiceMetrics]:
        """Return the metrics of every service, sorted by name."""
        ...

    async def machine(self) -> HostMetrics | None:
        """Return the latest metrics of the host; None if there are none yet."""
        ...


@attrs.frozen(kw_only=True)
class Exporter(Generic[C]):
    """Export of metrics to another monitoring system. It runs only if the configuration names it.

    Attributes:
        name: Name of the exporter in configurations: `{"mcpstore": {"exporters": {"prometheus": {"port": 9464}}}}`.
        config: Pydantic model of its settings.
        open: Called with (settings, measurements); returns an async context manager. The manager enters it after the
            store is opened and leaves it before the store closes. If it raises, the error is logged and the exporter
            is not used; it is not entered again.
    """

    name: str
    config: type[C]
    open: Callable[[C, Measurements], AbstractAsyncContextManager[None]]
