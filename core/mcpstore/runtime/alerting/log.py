"""Append-only log of alerts: which alerts there were, and which notifications are not delivered yet.

A notification is on disk before it is sent, so the next process delivers what this one does not. Its outcome is
appended without a flush: if a crash loses it, the notification is sent again, which is permitted.

The log is compacted when it has twice the lines that it needs: open incidents, undelivered notifications and the last
1 000 alerts stay. A log that cannot be written costs durability and delays no alert.
"""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from mcpstore.concurrency.worker import Worker, WorkerTimeout
from mcpstore.models.alert import Alert, AlertKind
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.alerting.log_file import LogFile, LogLine, Notification, Outcome, OutcomeState, Settlement
from mcpstore.runtime.clock import Clock

__all__ = ["MAX_ALERTS", "AlertLog"]

MAX_ALERTS: Final = 1000
"""Number of past alerts that are kept, besides those of open incidents and undelivered notifications."""

SLACK: Final = 1000
"""Number of lines by which the log may exceed twice what it needs before it is compacted."""

WRITE_TIMEOUT: Final = 5.0
"""Time an alert waits for the disk, in seconds; then it is sent although it is not durable."""

_log = logging.getLogger("mcpstore.alerts")


@attrs.define(eq=False)
class _Entry:
    """A past alert, and the notification that holds it; None until it is recorded."""

    alert: Alert
    notification: Notification | None = None


class AlertLog:
    """The alerts of one store, in memory and on disk.

    Memory belongs to the event loop; one thread writes.

    Args:
        folder: Folder of the log and the dead letters; None keeps alerts in memory only.
        clock: Clock of the store.
    """

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._boot = ""
        self._recent: deque[_Entry] = deque()
        self._open: dict[str, _Entry] = {}
        self._unrecorded: dict[str, _Entry] = {}
        self._pending: dict[int, Notification] = {}
        self._ids = itertools.count(1)
        self._file = LogFile(folder) if folder is not None else None
        self._worker = Worker("mcpstore-alert-log")
        self._lines = self._max_lines = 0
        self._is_owner = self._is_behind = self._is_failing = False

    # --- opening and closing

    async def load(self) -> None:
        """Read the log. Writes nothing, so a process that does not own the log may call it."""
        self._boot = self._clock.boot_id()
        if self._file is None:
            return
        try:
            notifications = await self._worker.run(self._file.read, None)
        except OSError as error:
            _log.warning("the alert log cannot be read (%s); past alerts are missing", describe_error(error))
            return
        for notification in notifications:
            self._remember(notification)
            for alert in notification.members:
                self.add(alert)
                self._unrecorded.pop(alert.key).notification = notification
        self._ids = itertools.count(max((each.id for each in notifications), default=0) + 1)

    async def open(self) -> list[Notification]:
        """Take the log over, for the one process that owns it, after `load`.

        Returns:
            The notifications that are not delivered yet, oldest first.
        """
        self._is_owner = self._is_behind = True
        await self._write(())
        return [self._pending[id_] for id_ in sorted(self._pending)]

    async def close(self) -> None:
        """Write what could not be written before, and close the file."""
        if self._is_owner and self._file is not None:
            if self._is_behind:
                await self._write(())
            await self._run(self._file.close)
        self._worker.close()

    # --- past alerts

    def add(self, alert: Alert) -> None:
        """Add an alert to the past alerts, in memory."""
        if len(self._recent) == MAX_ALERTS:
            self._recent.popleft()
        entry = self._unrecorded[alert.key] = _Entry(alert)
        self._recent.append(entry)
        if alert.kind is AlertKind.RESOLVED:
            self._open.pop(alert.incident, None)
        else:
            self._open[alert.incident] = entry

    def open_alerts(self) -> list[Alert]:
        """Return the last alert of each open incident."""
        return [entry.alert for entry in self._open.values()]

    def find(self, service: str | None = None, since: float | None = None, limit: int | None = None) -> list[Alert]:
        """Return past alerts, oldest first.

        Args:
            service: Only alerts of this service.
            since: Only alerts after this time, a POSIX timestamp in seconds.
            limit: At most so many, the newest.
        """
        alerts = [
            entry.alert
            for entry in self._recent
            if (service is None or entry.alert.service == service) and (since is None or entry.alert.timestamp > since)
        ]
        return alerts if limit is None else alerts[max(0, len(alerts) - limit) :]

    # --- notifications

    async def record(self, alerts: Sequence[tuple[Alert, Sequence[str]]]) -> list[Notification]:
        """Record notifications. They are on disk when this returns, unless the log cannot be written.

        Args:
            alerts: Alerts, each with the names of the channels that it is for.
        """
        since, monotonic = self._clock.posix(), self._clock.now()
        notifications = [
            Notification(
                id=next(self._ids),
                alert=alert,
                since=since,
                boot=self._boot,
                monotonic=monotonic,
                outcomes={name: Outcome() for name in channels},
            )
            for alert, channels in alerts
        ]
        for notification in notifications:
            self._remember(notification)
            for alert in notification.members:
                if (entry := self._unrecorded.pop(alert.key, None)) is not None:
                    entry.notification = notification
        await self._write(notifications, durable=True)
        return notifications

    async def settle(self, notifications: Sequence[Notification], channel: str, outcome: Outcome) -> None:
        """Record what became of notifications on a channel."""
        for notification in notifications:
            notification.outcomes = {**notification.outcomes, channel: outcome}
            if not notification.pending:
                self._pending.pop(notification.id, None)
        ids = [notification.id for notification in notifications]
        if ids and not self._is_behind:
            await self._write([Settlement(ids=ids, channel=channel, outcome=outcome)])

    async def drop(self, notifications: Sequence[Notification], channel: str) -> None:
        """Settle notifications for a channel that was removed from the configuration."""
        _log.warning("%d alerts for %r are dropped: there is no such channel any more", len(notifications), channel)
        await self.settle(notifications, channel, Outcome(state=OutcomeState.DROPPED))

    async def give_up(self, notifications: Sequence[Notification], channel: str, alert: Alert, reason: str) -> None:
        """Put an alert that was not delivered into the dead-letter file, and settle its notifications."""
        _log.error("alert not delivered to %r (%s): %s", channel, reason, alert.message)
        if self._file is not None:
            error = await self._run(partial(self._file.add_dead_letter, alert, reason))
            if error is not None:
                _log.warning("the dead-letter file cannot be written (%s); the alert is in this log only", error)
        await self.settle(notifications, channel, Outcome(state=OutcomeState.GIVEN_UP))

    def age(self, notification: Notification) -> float:
        """Return the age of a notification, in seconds; a change of the wall clock matters only across a restart."""
        if self._boot and notification.boot == self._boot and notification.monotonic <= self._clock.now():
            return self._clock.now() - notification.monotonic
        return self._clock.posix() - notification.since

    # --- helpers

    def _remember(self, notification: Notification) -> None:
        if notification.pending:
            self._pending[notification.id] = notification

    async def _write(self, lines: Sequence[LogLine], *, durable: bool = False) -> None:
        """Append lines; or write everything again, if the log is too long or its content on disk is unknown."""
        if self._file is None:
            return
        self._lines += len(lines)
        if self._is_behind or self._lines > self._max_lines:
            needed = self._needed()
            self._lines, self._max_lines = len(needed), 2 * len(needed) + SLACK
            self._is_behind = False
            await self._write_lines(partial(self._file.replace, needed))
        else:
            await self._write_lines(partial(self._file.append, lines, durable=durable))

    def _needed(self) -> list[Notification]:
        """Return what a compacted log holds, in the order of the alerts."""
        recent = {id(entry) for entry in self._recent}
        pending = {id(each): each for each in self._pending.values()}
        needed: dict[int, Notification] = {}
        for entry in (*(each for each in self._open.values() if id(each) not in recent), *self._recent):
            notification = entry.notification
            if notification is None:  # it is recorded soon
                continue
            if len(notification.members) > 1 and id(notification) not in pending:
                # Of a delivered group, only the alerts that are needed stay.
                entry.notification = notification = attrs.evolve(notification, alert=entry.alert)
            needed[id(notification)] = notification
        return [*(each for key, each in pending.items() if key not in needed), *needed.values()]

    async def _write_lines(self, job: Callable[[], object]) -> None:
        """Run a job that writes the log; a failure costs durability only."""
        error = await self._run(job)
        if error is not None:
            self._is_behind = True
            if not self._is_failing:
                _log.warning(
                    "the alert log cannot be written (%s); alerts are sent, but are lost if this process is killed",
                    error,
                )
        elif self._is_failing:
            _log.warning("the alert log can be written again")
        self._is_failing = error is not None

    async def _run(self, job: Callable[[], object]) -> str | None:
        """Run a job on the disk; returns why it failed, or None."""
        try:
            timeout = 0.0 if self._worker.is_lost else WRITE_TIMEOUT  # a disk that hangs delays alerts once
            await self._worker.run(job, timeout)
        except (OSError, WorkerTimeout) as error:
            return describe_error(error)
        return None
