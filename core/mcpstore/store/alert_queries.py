"""Alerts of the services covered: active and past alerts, silences, channels, subscriptions."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mcpstore.models.alert import Alert, Silence
from mcpstore.models.record import NamedList
from mcpstore.runtime.alerting import AlertEngine, ChannelStatus
from mcpstore.runtime.subscriptions import AlertCallback, Subscription
from mcpstore.store.arguments import Moment, check_duration, check_int, check_str, posix_time
from mcpstore.store.scope import Scope

__all__ = ["AlertQueries"]


class AlertQueries:
    """Reads alerts, and sets silences.

    Args:
        scope: The services covered.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope: Final = scope

    def active(self) -> list[Alert]:
        """Return the active alerts; see `AsyncServiceContext.list_alerts`."""
        return [alert for alert in self._engine.active if self._scope.includes_alerts_of(alert.service)]

    def history(self, service: str | None, since: Moment, limit: int | None) -> list[Alert]:
        """Return past notifications; see `AsyncServiceContext.alert_history`."""
        engine, limit = self._engine, check_int("limit", limit)
        if service is not None:
            check_str("service", service)
        now = self._scope.parts().supervisor.clock.posix()
        begin = None if since is None else posix_time(since, now, "since")
        past = engine.delivery.log
        alerts = [alert for alert in past.find(service, begin) if self._scope.includes_alerts_of(alert.service)]
        if service and not alerts and not past.find(service):
            self._scope.runner(service)
        return alerts if limit is None else alerts[-limit:]

    async def silence(self, service: str, rule: str, seconds: float | timedelta, comment: str) -> Silence:
        """Silence alerts; see `AsyncServiceContext.silence`."""
        length = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        duration = check_duration("seconds", length, above=True)
        for argument, value in (("service", service), ("rule", rule), ("comment", comment)):
            check_str(argument, value)
        return await self._engine.silence(service, rule, duration, comment)

    def silences(self) -> list[Silence]:
        """Return the silences in force; see `AsyncServiceContext.list_silences`."""
        return self._engine.silences()

    async def unsilence(self, silence_id: str) -> bool:
        """End a silence; see `AsyncServiceContext.unsilence`."""
        return await self._engine.unsilence(check_str("id", silence_id))

    def channels(self) -> NamedList[ChannelStatus]:
        """Return the status of the channels; see `AsyncServiceContext.list_alert_handlers`."""
        return self._engine.delivery.status()

    async def test_channel(self, name: str) -> None:
        """Send a test alert; see `AsyncServiceContext.test_alert_handler`."""
        await self._engine.delivery.test(check_str("name", name))

    def subscribe(self, callback: AlertCallback) -> Subscription:
        """Subscribe to alerts; see `AsyncServiceContext.on_alert`."""
        return self._engine.subscriptions.subscribe(callback, self._scope.includes_alerts_of)

    @property
    def _engine(self) -> AlertEngine:
        return self._scope.parts().alert_engine
