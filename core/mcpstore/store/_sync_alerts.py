"""The verbs for alerts, for programs without an event loop."""

from __future__ import annotations

from datetime import timedelta

from mcpstore.models.alert import Alert, Silence
from mcpstore.models.record import NamedList
from mcpstore.runtime.alerting import AlertCallback, AlertSubscription
from mcpstore.runtime.alerting.delivery import ChannelStatus
from mcpstore.store._sync_base import SyncView
from mcpstore.store.metrics import Moment

__all__ = ["Alerts"]


class Alerts(SyncView):
    """Tells of alerts, as `AsyncAlerts` describes it."""

    def list_alerts(self) -> list[Alert]:
        """Return the alerts that are not over, oldest first: of each the last notice."""
        return self._portal.call(self._twin.list_alerts)

    def alert_history(self, service: str | None = None, since: Moment = None, limit: int | None = None) -> list[Alert]:
        """Return what people were told, oldest first: beginnings, reminders and ends."""
        return self._portal.call(self._twin.alert_history, service, since, limit)

    def silence(
        self, service: str = "*", rule: str = "*", seconds: float | timedelta = 3600.0, comment: str = ""
    ) -> Silence:
        """Tell nobody of some alerts for a while; what still goes on at the end is told then."""
        return self._portal.call(self._twin.silence, service, rule, seconds, comment)

    def list_silences(self) -> list[Silence]:
        """Return the silences that have not ended, the first to end first."""
        return self._portal.call(self._twin.list_silences)

    def unsilence(self, id: str) -> bool:  # noqa: A002 - what it is called
        """End a silence; returns whether there was one."""
        return self._portal.call(self._twin.unsilence, id)

    def list_alert_handlers(self) -> NamedList[ChannelStatus]:
        """Return the alert handlers in use, and how each fares."""
        return self._portal.call(self._twin.list_alert_handlers)

    def test_alert_handler(self, name: str) -> None:
        """Have an alert handler say that this is a test; returning means that it has arrived."""
        self._portal.call(self._twin.test_alert_handler, name)

    def on_alert(self, callback: AlertCallback) -> AlertSubscription:
        """Call `callback(alert)` with every alert: at its beginning, at reminders, and at its end."""
        return self._portal.call_plain(self._twin.on_alert, callback)
