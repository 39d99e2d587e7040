"""The verbs for trouble, for programs without an event loop."""

from __future__ import annotations

from mcpstore.core.health_mapping import HealthResult
from mcpstore.models.record import NamedList
from mcpstore.store._sync_base import SyncView
from mcpstore.store.results import Diagnosis, Recovery, ToolsRefresh

__all__ = ["Care"]


class Care(SyncView):
    """Explains trouble and ends it, as `AsyncRepair` describes it."""

    def diagnose(self, name: str) -> Diagnosis:
        """Return why a service is where it is, what that is concluded from, and what to do."""
        return self._portal.call(self._twin.diagnose, name)

    def recover(self, name: str, timeout: float | None = None) -> Recovery:
        """Bring a service back: restart it; if that does not help, make it anew from its stored entry."""
        return self._portal.call(self._twin.recover, name, timeout)

    def recover_all(self, timeout: float | None = None) -> NamedList[Recovery]:
        """Bring back every service that is in error, each after those it depends on."""
        return self._portal.call(self._twin.recover_all, timeout)

    def report_health(
        self, name: str, status: HealthResult | str, *, response_time: float = 0.0, error: str | None = None
    ) -> bool:
        """Report what somebody else's health check found; it counts like one of the manager's own."""
        return self._portal.call(self._twin.report_health, name, status, response_time=response_time, error=error)

    def refresh_tools(self, *names: str) -> NamedList[ToolsRefresh]:
        """Ask services again what they offer, all at once, and wait until they have said so."""
        return self._portal.call(self._twin.refresh_tools, *names)

    def tool_list_ages(self, *names: str) -> NamedList[ToolsRefresh]:
        """Return how fresh the lists of what services offer are; nothing is asked of any service."""
        return self._portal.call(self._twin.tool_list_ages, *names)
