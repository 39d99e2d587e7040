"""The verbs for alerts: what people were told, what they are not to be told, and who else wants to hear."""

from __future__ import annotations

from datetime import timedelta

from mcpstore.models.alert import Alert, Silence
from mcpstore.models.record import NamedList
from mcpstore.runtime.alerting import AlertCallback, AlertSubscription
from mcpstore.runtime.alerting.delivery import ChannelStatus
from mcpstore.store.arguments import check_duration, check_int, check_str
from mcpstore.store.context_base import ContextBase
from mcpstore.store.metrics import Moment, posix

__all__ = ["AsyncAlerts"]


class AsyncAlerts(ContextBase):
    """Tells of alerts."""

    async def list_alerts(self) -> list[Alert]:
        """Return the alerts that are not over, oldest first: of each the last notice."""
        return [alert for alert in self._open().alarm.active if self._may_hear(alert.service)]

    async def alert_history(
        self, service: str | None = None, since: Moment = None, limit: int | None = None
    ) -> list[Alert]:
        """Return what people were told, oldest first: beginnings, reminders and ends.

        Args:
            service: Only what concerns this service; one that is gone may still have a history. "" is the manager.
            since: Only what was told after this: a POSIX timestamp in seconds, a datetime, or a timedelta for how long
                ago; None for everything that is kept, which is the last thousand.
            limit: Only so many, the newest.

        Raises:
            InvalidArgument: The limit is below 1.
            ServiceNotFound: There is no service of this name, and nothing is kept of one.
        """
        house, limit = self._open(), check_int("limit", limit)
        if service is not None:
            check_str("service", service)
        begin = None if since is None else posix(since, house.supervisor.clock.posix(), "since")
        found = [alert for alert in house.alarm.telling.past.find(service, begin) if self._may_hear(alert.service)]
        if service and not found and not house.alarm.telling.past.find(service):
            self._runner(service)
        return found if limit is None else found[-limit:]

    async def silence(
        self, service: str = "*", rule: str = "*", seconds: float | timedelta = 3600.0, comment: str = ""
    ) -> Silence:
        """Tell nobody of some alerts for a while; what still goes on at the end is told then.

        Args:
            service: A pattern (as in file names) of the services concerned; the manager's own alerts have the service
                "".
            rule: A pattern of the rules concerned.
            seconds: For how long, in seconds; a timedelta will do.
            comment: Why.

        Raises:
            InvalidArgument: The time is not above 0.
            MCPStoreError: It holds, but cannot be kept on the disk.
        """
        length = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        lasts = check_duration("seconds", length, above=True)
        for argument, given in (("service", service), ("rule", rule), ("comment", comment)):
            check_str(argument, given)
        return await self._open().alarm.silence(service, rule, lasts, comment)

    async def list_silences(self) -> list[Silence]:
        """Return the silences that have not ended, the first to end first."""
        return self._open().alarm.silences()

    async def unsilence(self, id: str) -> bool:  # noqa: A002 - what it is called
        """End a silence; returns whether there was one."""
        return await self._open().alarm.unsilence(check_str("id", id))

    async def list_alert_handlers(self) -> NamedList[ChannelStatus]:
        """Return the alert handlers in use, and how each fares."""
        return self._open().alarm.telling.status()

    async def test_alert_handler(self, name: str) -> None:
        """Have an alert handler say that this is a test; returning means that it has arrived.

        Raises:
            UnknownPlugin: No alert handler of this name is in use.
            MCPStoreError: It has not arrived; says why.
        """
        await self._open().alarm.telling.test(check_str("name", name))

    def on_alert(self, callback: AlertCallback) -> AlertSubscription:
        """Call `callback(alert)` with every alert: at its beginning, at reminders, and at its end.

        Calls come in order, one at a time; a plain function is called in a thread of its own, a coroutine function in
        the event loop. What it raises is logged.

        Returns:
            A handle; its `cancel()` ends the calls.
        """
        return self._open().alarm.listeners.subscribe(callback, self._may_hear)

    def _may_hear(self, service: str) -> bool:
        return self._agent is None or (service != "" and self._is_in_scope(service))
