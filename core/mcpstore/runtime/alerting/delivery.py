"""Delivery of alerts: bursts are grouped, notifications are recorded in the alert log, and queued for each channel."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from mcpstore.concurrency.worker import WorkerBusy, WorkerTimeout
from mcpstore.errors import MCPStoreError, UnknownPlugin
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.record import NamedList
from mcpstore.models.text import counted, short_hash
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.alerting.channel import AlertChannel, ChannelQueue, ChannelStatus
from mcpstore.runtime.alerting.log import AlertLog
from mcpstore.runtime.alerting.log_file import Notification
from mcpstore.runtime.clock import Clock

__all__ = ["AlertDelivery"]

BATCH_DELAY: Final = 1.0
"""Time the first alert waits for others, in seconds: alerts of the same moment are sent together."""

BURST_SIZE: Final = 5
"""Number of alerts within the burst window that are sent one by one; more are sent as one group."""

BURST_WINDOW: Final = 10.0
"""Length of the burst window, in seconds."""

MAX_GROUP: Final = 200
"""Maximum number of alerts in a group."""

CLOSE_TIMEOUT: Final = 3.0
"""Time a close waits for the channels, in seconds; the next manager delivers the rest."""

GROUP_RULE: Final = "several"
"""Rule name of a group of alerts."""


class AlertDelivery:
    """Delivers alerts to the channels that want them: at least once, in order, each channel at its own pace.

    Args:
        channels: The channels.
        clock: Clock of the store.
        folder: Folder of the alert log; None keeps alerts in memory only.
        report_block: Called with a channel and a text when its handler blocks the event loop.

    Attributes:
        log: The alert log.
    """

    def __init__(
        self,
        channels: Sequence[AlertChannel],
        clock: Clock,
        folder: Path | None,
        report_block: Callable[[AlertChannel, str], None] = lambda _channel, _text: None,
    ) -> None:
        self.log: AlertLog = AlertLog(folder, clock)
        self._clock = clock
        self._report_block = report_block
        self._queues: dict[str, ChannelQueue] = {each.name: self._queue(each) for each in channels}
        self._new: deque[Alert] = deque()
        self._sent_at: deque[float] = deque(maxlen=BURST_SIZE)
        self._changed = asyncio.Event()
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read the alert log; writes nothing."""
        await self.log.load()

    async def open(self) -> None:
        """Start to deliver, first what an earlier process did not deliver."""
        await self._enqueue(await self.log.open())
        for queue in self._queues.values():
            queue.start()
        self._task = asyncio.create_task(self._run(), name="mcpstore-alerts")

    async def close(self) -> None:
        """Record every alert, and deliver those that can be delivered at once; the next manager delivers the rest."""
        if self._is_closing:
            return
        self._is_closing = True
        self._changed.set()
        if self._task is not None:
            await asyncio.wait([self._task])
            settled = asyncio.gather(*(queue.settle() for queue in self._queues.values()))
            await asyncio.wait([settled], timeout=CLOSE_TIMEOUT)
            settled.cancel()
            await asyncio.wait([settled])
        for queue in self._queues.values():
            await queue.close()
        await self.log.close()

    async def set_channels(self, channels: Sequence[AlertChannel]) -> None:
        """Replace the channels; notifications for a channel that is removed are dropped."""
        by_name = {channel.name: channel for channel in channels}
        removed = [self._queues.pop(name) for name in self._queues.keys() - by_name.keys()]
        for name, channel in by_name.items():
            if name in self._queues:
                self._queues[name].channel = channel
            else:
                self._queues[name] = self._queue(channel)
                if self._task is not None:
                    self._queues[name].start()
        for queue in removed:
            if dropped := await queue.close():
                await self.log.drop(dropped, queue.channel.name)

    def take(self, alert: Alert) -> None:
        """Take an alert for delivery; returns at once."""
        self.log.add(alert)
        self._new.append(alert)
        self._changed.set()

    def status(self) -> NamedList[ChannelStatus]:
        """Return the status of every channel."""
        return NamedList(queue.status for queue in self._queues.values())

    async def test(self, name: str) -> None:
        """Send a test alert to one channel, past its queue.

        Raises:
            UnknownPlugin: There is no such channel.
            MCPStoreError: The test alert was not delivered.
        """
        if name not in self._queues:
            raise UnknownPlugin("alert handler", name, list(self._queues))
        now = self._clock.posix()
        alert = Alert(
            rule_name="test",
            service="",
            level=AlertLevel.INFO,
            kind=AlertKind.FIRED,
            message="this is a test: alerts of MCPStore arrive here",
            timestamp=now,
            incident=short_hash("test", name, repr(now)),
            began=now,
        )
        try:
            await self._queues[name].send(alert)
        except (WorkerTimeout, WorkerBusy) as error:
            raise MCPStoreError(f"alert handler {name!r} {error}") from None
        except Exception as error:  # noqa: BLE001 - a handler may raise anything
            raise MCPStoreError(f"alert handler {name!r} {describe_error(error)}") from None

    # --- helpers

    def _queue(self, channel: AlertChannel) -> ChannelQueue:
        return ChannelQueue(channel, self._clock, self.log, self._report_block)

    async def _run(self) -> None:
        while self._new or not self._is_closing:
            self._changed.clear()
            if not self._new:
                await self._changed.wait()
                continue
            await self._wait_for_others()
            alerts = self._grouped([self._new.popleft() for _ in range(min(MAX_GROUP, len(self._new)))])
            wanted = [(each, [n for n, queue in self._queues.items() if queue.channel.wants(each)]) for each in alerts]
            await self._enqueue(await self.log.record(wanted))

    async def _enqueue(self, notifications: Sequence[Notification]) -> None:
        """Add notifications to the queues of their channels; drop those of channels that do not exist any more."""
        names = {name for each in notifications for name in each.pending}
        for name in sorted(names - self._queues.keys()):
            await self.log.drop([each for each in notifications if name in each.pending], name)
        for notification in notifications:
            for name in notification.pending:
                if name in self._queues:
                    self._queues[name].add(notification)

    async def _wait_for_others(self) -> None:
        """Wait for the other alerts of this moment; longer, until the burst window ends, if many were sent lately."""
        now = self._clock.now()
        until = now + BATCH_DELAY
        if len(self._sent_at) == BURST_SIZE and now - self._sent_at[0] < BURST_WINDOW:
            until = max(until, self._sent_at[0] + BURST_WINDOW)
        while not self._is_closing and (left := until - self._clock.now()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    def _grouped(self, alerts: list[Alert]) -> list[Alert]:
        """Return the alerts; in a burst, one group of them."""
        now, is_full = self._clock.now(), len(self._sent_at) == BURST_SIZE
        lately = sum(1 for when in self._sent_at if now - when < 2 * BURST_WINDOW) if is_full else 0
        is_burst = len(alerts) > BURST_SIZE or (lately == BURST_SIZE and len(alerts) > 1)
        beginnings = sum(1 for alert in alerts if alert.kind is not AlertKind.RESOLVED)
        self._sent_at.extend([now] * (1 if is_burst else beginnings))
        return [_group(alerts)] if is_burst else alerts


def _group(alerts: Sequence[Alert]) -> Alert:
    """Return one alert that holds several."""
    beginnings = [alert for alert in alerts if alert.kind is not AlertKind.RESOLVED]
    ends = len(alerts) - len(beginnings)
    counts = ([counted(len(beginnings), "alert")] if beginnings else []) + ([f"{ends} resolved"] if ends else [])
    messages = "\n".join(f"- {alert.message}" for alert in alerts)
    return Alert(
        rule_name=GROUP_RULE,
        service="",
        level=max((alert.level for alert in beginnings or alerts), key=lambda level: level.rank),
        kind=AlertKind.FIRED if beginnings else AlertKind.RESOLVED,
        message=f"{' and '.join(counts)} at once:\n{messages}",
        timestamp=alerts[-1].timestamp,
        incident=short_hash(GROUP_RULE, *(alert.key for alert in alerts)),
        began=min(alert.began for alert in alerts),
        alerts=tuple(alerts),
    )
