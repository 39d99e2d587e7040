"""The verbs for what was measured: of each service, and of the machine it runs on."""

from __future__ import annotations

from mcpstore.core.models.metrics import ServiceMetrics
from mcpstore.store.view import View

__all__ = ["AsyncMeasures"]


class AsyncMeasures(View):
    """Tells what was measured."""

    async def get_service_metrics(self, name: str) -> ServiceMetrics | None:
        """Return what was measured of a service, whatever state it is in, or None if there is none of this name."""
        return None if self._known(name) is None else self._house.metering.metrics(name)
