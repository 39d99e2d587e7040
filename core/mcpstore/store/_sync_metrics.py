"""The verbs for what was measured, for programs without an event loop."""

from __future__ import annotations

from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.state_history import StateInterval
from mcpstore.store._sync_base import SyncView
from mcpstore.store.metrics import Moment

__all__ = ["Measures"]


class Measures(SyncView):
    """Tells what was measured, as `AsyncMetrics` describes it."""

    def get_service_metrics(self, name: str) -> ServiceMetrics | None:
        """Return what was measured of a service, whatever state it is in, or None if there is none of this name."""
        return self._portal.call(self._twin.get_service_metrics, name)

    def get_system_metrics(self) -> HostMetrics:
        """Return how busy and how full this machine is."""
        return self._portal.call(self._twin.get_system_metrics)

    def metrics_history(
        self,
        name: str | None = None,
        since: Moment = None,
        until: Moment = None,
        limit: int | None = None,
    ) -> list[MetricsSample]:
        """Return what was measured of a service over time, oldest first."""
        return self._portal.call(self._twin.metrics_history, name, since, until, limit)

    def state_history(self, name: str | None = None, since: Moment = None, until: Moment = None) -> list[StateInterval]:
        """Return the states a service has been in, oldest first; they follow each other without a gap."""
        return self._portal.call(self._twin.state_history, name, since, until)
