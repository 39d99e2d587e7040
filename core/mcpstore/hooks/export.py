"""What an exporter plugin offers: a way to hand measurements to somebody else's monitoring."""

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
    """What an exporter may look at. Ask in the event loop in which it was opened."""

    async def services(self) -> Sequence[ServiceMetrics]:
        """Return what was measured of every service, in the order of their names."""
        ...

    async def machine(self) -> HostMetrics | None:
        """Return what was measured of this machine last; None if nothing was."""
        ...


@attrs.frozen(kw_only=True)
class Exporter(Generic[C]):
    """A way to hand measurements to somebody else. It is used where a configuration names it, and nowhere else.

    Attributes:
        name: What configurations call it: `{"mcpstore": {"exporters": {"prometheus": {"port": 9464}}}}`.
        config: The pydantic model of its settings.
        open: Called with (settings, measurements); an async context manager that is entered when the store is open
            and left before it closes. Failing costs only the export.
    """

    name: str
    config: type[C]
    open: Callable[[C, Measurements], AbstractAsyncContextManager[None]]
