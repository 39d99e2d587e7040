"""Telling people: at least once, in order, and whoever cannot be told holds up nobody else."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final

import attrs

from mcpstore.concurrency.worker import Worker
from mcpstore.models.alert import Alert
from mcpstore.models.record import NamedList, Record
from mcpstore.runtime.alerting.channel_queue import ChannelQueue
from mcpstore.runtime.alerting.outbox import Notification, Outbox
from mcpstore.runtime.clock import Clock

__all__ = ["Channel", "ChannelStatus", "Delivery"]

PATIENCE: Final = 3.0
"""Seconds a close waits for what is on its way; the rest stays in the outbox for the next manager."""

_log = logging.getLogger("mcpstore.alerts")


@attrs.frozen(kw_only=True)
class Channel:
    """A way to tell people.

    Attributes:
        name: Its name.
        send: Tells them; returning means that they were told, raising that they were not.
        wants: Whether it wants to hear of an alert.
    """

    name: str
    send: Callable[[Alert], Awaitable[None]]
    wants: Callable[[Alert], bool] = lambda _alert: True


@attrs.frozen(kw_only=True)
class ChannelStatus(Record):
    """State of a channel and of its deliveries.

    Attributes:
        name: Its name.
        waiting: Notices on their way.
        delivered: Notices that have arrived.
        failures: Failed attempts in a row.
        given_up: Notices that never arrived.
        error: What went wrong last; empty once a notice has arrived.
    """

    name: str
    waiting: int
    delivered: int
    failures: int
    given_up: int
    error: str


class Delivery:
    """Brings alerts to every channel that wants them.

    Args:
        channels: The channels.
        outbox: Where notices are kept until they have arrived.
        clock: Time and chance.
    """

    def __init__(self, channels: Iterable[Channel], outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._worker = Worker("mcpstore-outbox")
        self._numbers = itertools.count(1)
        self._left: list[Notification] = []
        self._is_open = False
        self._in_trouble = False
        self._boxes: dict[str, ChannelQueue] = {}
        self._wants: dict[str, Callable[[Alert], bool]] = {}
        self._open_boxes(channels)

    async def load(self) -> list[Alert]:
        """Return what is not delivered yet; nothing is written, so any process may look."""
        await self._on_disk(lambda: self._left.extend(self._outbox.read()))
        self._numbers = itertools.count(max((notice.id for notice in self._left), default=0) + 1)
        return [notice.alert for notice in self._left]

    async def open(self) -> None:
        """Begin, with what an earlier manager could not deliver; for the one process that owns the outbox."""
        await self._on_disk(self._outbox.open)
        left, self._left = self._left, []
        for notice in left:
            if notice.channel not in self._boxes:
                _log.warning("an alert for %r is dropped: there is no such channel any more", notice.channel)
                await self._forget([notice.id])
        self.release([notice for notice in left if notice.channel in self._boxes])
        for box in self._boxes.values():
            box.start()
        self._is_open = True

    async def adopt(self, channels: Iterable[Channel]) -> None:
        """Have other channels from now on; what waits for one that is gone is dropped."""
        given = {channel.name: channel for channel in channels}
        gone = [self._boxes.pop(name) for name in self._boxes.keys() - given.keys()]
        fresh = self._open_boxes(given.values())
        if self._is_open:
            for box in fresh:
                box.start()
        for box in gone:
            del self._wants[box.name]
            await box.stop()
            if left := box.numbers():
                _log.warning("%d alerts for %r are dropped: there is no such channel any more", len(left), box.name)
                await self._forget(left)

    async def keep(self, alerts: Iterable[Alert]) -> list[Notification]:
        """Put alerts into the outbox, for every channel that wants them; nobody is told yet."""
        notices = [
            Notification(id=next(self._numbers), channel=name, since=self._clock.posix(), alert=alert)
            for alert in alerts
            for name in tuple(self._boxes)
            if self._wants[name](alert)
        ]
        if notices and await self._on_disk(partial(self._outbox.append, notices)):
            self._in_trouble = False
        return notices

    def release(self, notices: Iterable[Notification]) -> None:
        """Have notices told that are in the outbox."""
        for notice in notices:
            if (box := self._boxes.get(notice.channel)) is not None:  # it may have gone meanwhile
                box.add(notice)

    def status(self) -> NamedList[ChannelStatus]:
        """Return how every channel fares."""
        return NamedList(
            ChannelStatus(
                name=box.name,
                waiting=len(box),
                delivered=box.delivered,
                failures=box.failures,
                given_up=box.given_up_count,
                error=box.error,
            )
            for box in self._boxes.values()
        )

    async def close(self) -> None:
        """Deliver what can be delivered at once, and leave the rest to the next manager."""
        if not self._is_open:
            return
        self._is_open = False
        settled = asyncio.ensure_future(self._settle())
        await asyncio.wait([settled], timeout=PATIENCE)
        settled.cancel()
        await asyncio.wait([settled])
        for box in self._boxes.values():
            await box.stop()
        await self._on_disk(self._outbox.close)
        self._worker.close()

    def _open_boxes(self, channels: Iterable[Channel]) -> list[ChannelQueue]:
        """Take channels in, and return the boxes of those that are new."""
        fresh: list[ChannelQueue] = []
        for channel in channels:
            self._wants[channel.name] = channel.wants
            if channel.name not in self._boxes:
                fresh.append(
                    ChannelQueue(
                        channel.name, channel.send, self._clock, arrived=self._arrived, given_up=self._given_up
                    )
                )
                self._boxes[channel.name] = fresh[-1]
        return fresh

    async def _settle(self) -> None:
        for box in self._boxes.values():
            await box.quiet()

    async def _arrived(self, notices: list[Notification]) -> None:
        await self._forget([notice.id for notice in notices])

    async def _given_up(self, notices: list[Notification], alert: Alert, why: str) -> None:
        _log.error("alert not delivered to %r (%s): %s", notices[0].channel, why, alert.message)
        await self._on_disk(lambda: self._outbox.dead_letter(alert, why))
        await self._forget([notice.id for notice in notices])

    async def _forget(self, numbers: list[int]) -> None:
        await self._on_disk(lambda: self._outbox.acknowledge(numbers))

    async def _on_disk(self, what: Callable[[], Any]) -> bool:
        """Do something that blocks, in a thread; a disk in trouble makes alerts forgetful, not silent."""
        try:
            await self._worker.run(what, None)
        except OSError as error:
            if not self._in_trouble:
                _log.warning("the outbox of alerts cannot be written (%s); they are kept in memory", error)
            self._in_trouble = True
            return False
        return True
