"""What waits for one channel, and the one task that tells it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import attrs

from mcpstore.models.alert import Alert, AlertKind
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.alerting.outbox import Notification
from mcpstore.runtime.clock import Clock

__all__ = ["ChannelQueue", "merged"]

LIMIT: Final = 15.0
"""Seconds a channel has for one alert; who sends has ten, and says then what took so long."""

BACKOFF_BASE: Final = 1.0
BACKOFF_CAP: Final = 60.0
"""Seconds between attempts: doubled from the first to the second, half of each by chance."""

LIFETIME: Final = 24 * 3600.0
"""Seconds after which an alert that could not be told is given up."""

MOST: Final = 10_000
"""Notices that may wait; the oldest is given up for another one."""

Key = tuple[str, str]
"""The rule and the service: what is told of one of them stays in order."""


@attrs.define
class _Key:
    """What waits about one rule and one service.

    Attributes:
        notices: The notices, oldest first.
        failures: Failed attempts in a row.
        rests_until: When it may be tried again.
    """

    notices: deque[Notification] = attrs.field(factory=deque[Notification])
    failures: int = 0
    rests_until: float = float("-inf")


class ChannelQueue:
    """The notices for one channel.

    A notice that fails goes behind the others, so one that can never be told does not hold them up; what concerns one
    rule and one service stays in order. While attempts fail one after the other, they come ever more seldom.

    Args:
        name: Name of the channel.
        send: Tells people.
        clock: Time and chance.
        arrived: Awaited with the notices that people were told of.
        given_up: Awaited with those that they never will be told of, what was to be said, and why it was not.

    Attributes:
        name: Name of the channel.
        delivered: Notices that have arrived.
        failures: Failed attempts in a row.
        given_up_count: Notices that never arrived.
        error: What went wrong last; empty once a notice has arrived.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[Alert], Awaitable[None]],
        clock: Clock,
        *,
        arrived: Callable[[list[Notification]], Awaitable[None]],
        given_up: Callable[[list[Notification], Alert, str], Awaitable[None]],
    ) -> None:
        self.name: str = name
        self.delivered: int = 0
        self.failures: int = 0
        self.given_up_count: int = 0
        self.error: str = ""
        self._send = send
        self._clock = clock
        self._dice = clock.dice(f"alerts/{name}")
        self._arrived = arrived
        self._given_up = given_up
        self._lines: dict[Key, _Key] = {}
        self._covered: dict[Key, deque[int]] = {}
        self._waiting = 0
        self._rests_until = float("-inf")
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return self._waiting

    def add(self, notice: Notification) -> None:
        """Have a notice told."""
        self._lines.setdefault(_key(notice.alert), _Key()).notices.append(notice)
        for member in notice.alert.alerts:
            self._covered.setdefault(_key(member), deque()).append(notice.id)
        self._waiting += 1
        self._quiet.clear()
        self._wake.set()

    def numbers(self) -> list[int]:
        """Return the numbers of the notices that wait."""
        return [notice.id for line in self._lines.values() for notice in line.notices]

    def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.create_task(self._run(), name=f"mcpstore-alerts-{self.name}")

    async def quiet(self) -> None:
        """Wait until nothing waits, or what waits is not told at the first attempt."""
        while self._waiting and not self.failures:
            await self._quiet.wait()

    async def stop(self) -> None:
        """Tell no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._waiting > MOST:
                await self._give_up(next(iter(self._lines)), f"more than {MOST} notices were waiting")
                continue
            key = self._next()
            if key is not None:
                await self._try(key)
                continue
            await self._rest()

    async def _rest(self) -> None:
        """Wait for news, or until something may be tried again."""
        now = self._clock.now()
        if not self._lines:
            await self._wake.wait()
        elif now < self._rests_until:  # no news hurries a channel that does not answer
            await asyncio.sleep(self._rests_until - now)
        else:
            due = min(line.rests_until for line in self._lines.values() if line.rests_until > now)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due - now):
                    await self._wake.wait()

    def _next(self) -> Key | None:
        now = self._clock.now()
        if now < self._rests_until:
            return None
        return next(
            (key for key, line in self._lines.items() if line.rests_until <= now and not self._comes_later(key, line)),
            None,
        )

    def _comes_later(self, key: Key, line: _Key) -> bool:
        """Whether a notice that stands for several, this one's service among them, has to be told before it."""
        groups = self._covered.get(key)
        return groups is not None and groups[0] < line.notices[0].id

    async def _try(self, key: Key) -> None:
        line = self._lines[key]
        alert, count = merged(line.notices)
        try:
            async with asyncio.timeout(LIMIT):
                await self._send(alert)
        except Exception as error:  # noqa: BLE001 - a channel may fail in any way
            self._note_failure(key, line, describe_error(error) if str(error) else type(error).__name__)
            if self._clock.posix() - line.notices[0].since > LIFETIME:
                await self._give_up(key, self.error)
            return
        self.failures, self.error, self._rests_until = 0, "", float("-inf")
        line.failures = 0
        self.delivered += count
        await self._arrived(self._take(key, count))

    def _note_failure(self, key: Key, line: _Key, error: str) -> None:
        self.failures += 1
        line.failures += 1
        self.error = error
        now = self._clock.now()
        line.rests_until = now + self._pause(line.failures)
        self._rests_until = now + self._pause(self.failures) if self.failures > 1 else now
        self._lines[key] = self._lines.pop(key)  # behind the others
        self._quiet.set()

    def _pause(self, failures: int) -> float:
        full = min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** min(failures - 1, 16))
        return full / 2 + self._dice.uniform(0, full / 2)

    async def _give_up(self, key: Key, why: str) -> None:
        alert, count = merged(self._lines[key].notices)
        self.given_up_count += count
        await self._given_up(self._take(key, count), alert, why)

    def _take(self, key: Key, count: int) -> list[Notification]:
        line = self._lines[key]
        taken = [line.notices.popleft() for _ in range(count)]
        self._waiting -= count
        for notice in taken:
            for member in notice.alert.alerts:
                groups = self._covered[_key(member)]
                groups.remove(notice.id)
                if not groups:
                    del self._covered[_key(member)]
        if not line.notices:
            del self._lines[key]
        if self._waiting:
            self._quiet.clear()
        else:
            self._quiet.set()
        return taken


def _key(alert: Alert) -> Key:
    return alert.rule_name, alert.service


def merged(notices: deque[Notification]) -> tuple[Alert, int]:
    """Return what is to be said next, and how many notices that covers.

    A trouble that was over before anybody could be told of it is told as one: that it was, and from when to when. Of
    several reminders the last one is enough.
    """
    first = notices[0].alert
    same = [notice.alert for notice in notices if notice.alert.incident == first.incident]
    if len(same) == 1 or list(same) != [notice.alert for notice in list(notices)[: len(same)]]:
        return first, 1
    last = same[-1]
    if last.kind is AlertKind.RESOLVED and first.kind is AlertKind.FIRED:
        text = f"{first.message} — it is over: from {_when(first.timestamp)} to {_when(last.timestamp)}"
        return attrs.evolve(last, message=text, began=first.timestamp), len(same)
    if first.kind is AlertKind.REMINDED:
        return last, len(same)
    return first, 1


def _when(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp).astimezone():%Y-%m-%d %H:%M:%S}"
