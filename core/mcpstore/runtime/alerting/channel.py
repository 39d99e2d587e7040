"""Alert channels: what the configuration says of a channel, and the queue from which it is served."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

import attrs

from mcpstore.concurrency.delivery_queue import DeliveryQueue
from mcpstore.concurrency.loop_guard import LoopGuard
from mcpstore.hooks.alert import AlertHandler
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.record import Record
from mcpstore.plugin_manager.loaded_plugin import LOOP_STEP_LIMIT, describe_error
from mcpstore.runtime.alerting.log import AlertLog
from mcpstore.runtime.alerting.log_file import Notification, Outcome, OutcomeState
from mcpstore.runtime.clock import Clock

__all__ = ["AlertChannel", "ChannelQueue", "ChannelStatus", "merge"]

HANDLER_TIMEOUT: Final = 10.0
"""Time a handler has for one alert, in seconds."""

ATTEMPT_TIMEOUT: Final = 15.0
"""Time an attempt may take in all, in seconds; longer than the handler's, whose error says more."""

BACKOFF_BASE: Final = 1.0
"""Delay after the first failed attempt, in seconds; it doubles with each failure, and half of it is jitter."""

BACKOFF_CAP: Final = 60.0
"""Maximum delay between two attempts, in seconds."""

LIFETIME: Final = 24 * 3600.0
"""Age at which a notification is given up if an attempt fails, in seconds."""

MAX_WAITING: Final = 10_000
"""Number of notifications that may wait for a channel; beyond it, the oldest is given up."""

Key = tuple[str, str]
"""Rule and service. Alerts of the same rule and service are sent in order."""


@attrs.frozen(kw_only=True)
class AlertChannel:
    """A channel of the configuration: an alert handler, its settings, and the alerts it is for.

    Attributes:
        name: Name of the channel.
        handler: Alert handler of a plugin.
        settings: Settings of the handler, as its model returns them.
        min_level: Lowest level of the alerts it is for.
        services: Patterns of the services it is for; empty for all.
        redact: Removes the secrets of the settings from an error message.
    """

    name: str
    handler: AlertHandler[Any]
    settings: Any
    min_level: AlertLevel = AlertLevel.INFO
    services: tuple[str, ...] = ()
    redact: Callable[[str], str] = str

    def wants(self, alert: Alert) -> bool:
        """Whether the channel is for an alert; for a group, one of its alerts is enough."""
        if alert.level.rank < self.min_level.rank:
            return False
        if not self.services:
            return True
        names = [member.service for member in alert.alerts] or [alert.service]
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.services)


@attrs.frozen(kw_only=True)
class ChannelStatus(Record):
    """Status of an alert channel.

    Attributes:
        name: Name of the channel.
        waiting: Notifications that are not delivered yet.
        delivered: Notifications delivered since the start of the manager.
        failures: Consecutive failed attempts.
        given_up: Notifications that were not delivered, and are not tried again.
        error: Error of the last attempt; empty if it succeeded.
    """

    name: str
    waiting: int
    delivered: int
    failures: int
    given_up: int
    error: str


@attrs.define
class _Lane:
    """The notifications about one rule and one service.

    Attributes:
        notifications: The notifications, oldest first.
        failures: Consecutive failed attempts.
        resumes_at: Time of the next attempt.
    """

    notifications: deque[Notification] = attrs.field(factory=deque[Notification])
    failures: int = 0
    resumes_at: float = float("-inf")


class ChannelQueue:
    """The notifications for one channel, and the task that sends them.

    Notifications about one rule and one service stay in order. A notification that fails goes behind those of other
    rules and services, so that one that can never be delivered blocks only its own. Attempts back off while they fail.

    Args:
        channel: The channel.
        clock: Clock of the store.
        log: Log in which outcomes are recorded.
        report_block: Called with the channel and a text when its handler blocks the event loop.

    Attributes:
        channel: The channel, as the configuration has it now.
        failures: Consecutive failed attempts.
    """

    def __init__(
        self, channel: AlertChannel, clock: Clock, log: AlertLog, report_block: Callable[[AlertChannel, str], None]
    ) -> None:
        self.channel: AlertChannel = channel
        self.failures: int = 0
        self._delivered = self._given_up = self._waiting = 0
        self._error = ""
        self._clock = clock
        self._log = log
        self._report_block = report_block
        self._random = clock.dice(f"alerts/{channel.name}")
        self._guard = LoopGuard()
        self._calls = DeliveryQueue(
            f"alerts-{channel.name}", limit=HANDLER_TIMEOUT, on_drop=lambda: None, loop_guard=self._guard
        )
        self._lanes: dict[Key, _Lane] = {}
        self._groups: dict[Key, deque[int]] = {}
        self._resumes_at = float("-inf")
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> ChannelStatus:
        """Status of the channel."""
        return ChannelStatus(
            name=self.channel.name,
            waiting=self._waiting,
            delivered=self._delivered,
            failures=self.failures,
            given_up=self._given_up,
            error=self._error,
        )

    def add(self, notification: Notification) -> None:
        """Add a notification; returns at once."""
        self._lanes.setdefault(_key(notification.alert), _Lane()).notifications.append(notification)
        for member in notification.alert.alerts:
            self._groups.setdefault(_key(member), deque()).append(notification.id)
        self._waiting += 1
        self._settled.clear()
        self._wake.set()

    def start(self) -> None:
        """Start to send."""
        self._task = asyncio.create_task(self._run(), name=f"mcpstore-alerts-{self.channel.name}")

    async def settle(self) -> None:
        """Wait until nothing waits, or attempts fail."""
        while self._waiting and not self.failures:
            await self._settled.wait()

    async def close(self) -> list[Notification]:
        """Stop to send; returns the notifications that are not delivered."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._calls.close()
        return [notification for lane in self._lanes.values() for notification in lane.notifications]

    async def send(self, alert: Alert) -> None:
        """Send an alert now.

        Raises:
            WorkerTimeout: The handler did not return in time.
            WorkerBusy: The handler has not returned from too many earlier calls.
            Exception: Any other error of the handler, without the secrets of its settings.
        """
        channel = self.channel
        try:
            await self._calls.call(partial(channel.handler.send, alert, channel.settings), {})
        except Exception as error:
            if (message := channel.redact(str(error))) == str(error):
                raise
            raise type(type(error).__name__, (RuntimeError,), {})(message) from None
        finally:
            seconds, self._guard.longest = self._guard.longest, 0.0
            if seconds > LOOP_STEP_LIMIT:
                self._report_block(
                    channel,
                    f"kept the event loop for {seconds:.2f} s while it sent an alert; "
                    "make `send` a plain function, which runs in a thread of its own",
                )

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._waiting > MAX_WAITING:
                await self._give_up(next(iter(self._lanes)), f"more than {MAX_WAITING} notifications were waiting")
            elif (key := self._next()) is not None:
                await self._attempt(key)
            else:
                await self._pause()

    async def _pause(self) -> None:
        """Wait for a notification, or until the next attempt is due."""
        now = self._clock.now()
        if not self._lanes:
            await self._wake.wait()
        elif now < self._resumes_at:  # a new notification must not hurry a channel that fails
            await asyncio.sleep(self._resumes_at - now)
        else:
            due = min(lane.resumes_at for lane in self._lanes.values() if lane.resumes_at > now)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due - now):
                    await self._wake.wait()

    def _next(self) -> Key | None:
        now = self._clock.now()
        if now < self._resumes_at:
            return None
        return next(
            (key for key, lane in self._lanes.items() if lane.resumes_at <= now and not self._is_behind(key, lane)),
            None,
        )

    def _is_behind(self, key: Key, lane: _Lane) -> bool:
        """Whether a group with an earlier alert of this rule and service waits: it must be sent first."""
        groups = self._groups.get(key)
        return groups is not None and groups[0] < lane.notifications[0].id

    async def _attempt(self, key: Key) -> None:
        lane = self._lanes[key]
        alert, count = merge(lane.notifications)
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT):
                await self.send(alert)
        except Exception as error:  # noqa: BLE001 - a handler may raise anything
            self._back_off(key, lane, describe_error(error) if str(error) else type(error).__name__)
            if self._log.age(lane.notifications[0]) > LIFETIME:
                await self._give_up(key, self._error)
            return
        self.failures, self._error, self._resumes_at = 0, "", float("-inf")
        lane.failures = 0
        self._delivered += count
        await self._log.settle(self._take(key, count), self.channel.name, Outcome(state=OutcomeState.DELIVERED))

    def _back_off(self, key: Key, lane: _Lane, error: str) -> None:
        self.failures += 1
        lane.failures += 1
        self._error = error
        now = self._clock.now()
        lane.resumes_at = now + self._delay(lane.failures)
        self._resumes_at = now + self._delay(self.failures) if self.failures > 1 else now
        self._lanes[key] = self._lanes.pop(key)  # behind the others
        self._settled.set()

    def _delay(self, failures: int) -> float:
        full = min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** min(failures - 1, 16))
        return full / 2 + self._random.uniform(0, full / 2)

    async def _give_up(self, key: Key, reason: str) -> None:
        alert, count = merge(self._lanes[key].notifications)
        self._given_up += count
        await self._log.give_up(self._take(key, count), self.channel.name, alert, reason)

    def _take(self, key: Key, count: int) -> list[Notification]:
        lane = self._lanes[key]
        taken = [lane.notifications.popleft() for _ in range(count)]
        self._waiting -= count
        for notification in taken:
            for member in notification.alert.alerts:
                groups = self._groups[_key(member)]
                groups.remove(notification.id)
                if not groups:
                    del self._groups[_key(member)]
        if not lane.notifications:
            del self._lanes[key]
        if self._waiting:
            self._settled.clear()
        else:
            self._settled.set()
        return taken


def _key(alert: Alert) -> Key:
    return alert.rule_name, alert.service


def merge(notifications: deque[Notification]) -> tuple[Alert, int]:
    """Return the alert to send next, and the number of notifications that it covers.

    An incident that ended before its beginning was delivered is sent as one alert with both times. Of several
    reminders, only the last is sent.
    """
    first = notifications[0].alert
    same = [each.alert for each in notifications if each.alert.incident == first.incident]
    if len(same) == 1 or same != [each.alert for each in list(notifications)[: len(same)]]:
        return first, 1
    last = same[-1]
    if last.kind is AlertKind.RESOLVED and first.kind is AlertKind.FIRED:
        text = f"{first.message} — it is over: from {_local(first.timestamp)} to {_local(last.timestamp)}"
        return attrs.evolve(last, message=text, began=first.timestamp), len(same)
    if first.kind is AlertKind.REMINDED:
        return last, len(same)
    return first, 1


def _local(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp).astimezone():%Y-%m-%d %H:%M:%S}"
