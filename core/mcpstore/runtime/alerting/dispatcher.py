"""Telling people what the machines decided: kept, put together where it is much at once, and sent on its way."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from mcpstore.concurrency.delivery_queue import DeliveryQueue
from mcpstore.concurrency.loop_guard import LoopGuard
from mcpstore.concurrency.worker import Worker, WorkerBusy, WorkerTimeout
from mcpstore.errors import MCPStoreError, UnknownPlugin
from mcpstore.hooks.alert import AlertHandler
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.record import NamedList
from mcpstore.plugin_manager.loaded_plugin import LOOP_STEP_LIMIT, describe_error
from mcpstore.runtime.alerting.codec import digest
from mcpstore.runtime.alerting.delivery import Channel, ChannelStatus, Delivery
from mcpstore.runtime.alerting.grouping import grouped
from mcpstore.runtime.alerting.history import AlertHistory
from mcpstore.runtime.alerting.jsonl_file import JsonlFile
from mcpstore.runtime.alerting.outbox import Outbox
from mcpstore.runtime.clock import Clock

__all__ = ["AlertChannel", "AlertDispatcher"]

LIMIT: Final = 10.0
"""Seconds a handler may take for a notice."""

BURST_SIZE: Final = 5
"""Alerts within ten seconds that are told one by one; more are told as one."""

BURST_WINDOW: Final = 10.0
"""Those ten seconds."""

BATCH_DELAY: Final = 1.0
"""Seconds the first alert waits for others: what happens at once is told at once."""

MAX_PER_NOTICE: Final = 200
"""Alerts that one notice stands for at most."""

WRITE_LIMIT: Final = 30.0
"""Seconds that keeping an alert may take; it is told all the same."""

_log = logging.getLogger("mcpstore.alerts")


def _nothing(*_: Any) -> None:
    pass


@attrs.frozen(kw_only=True)
class AlertChannel:
    """A line to people: a handler, its settings, and which alerts it is for.

    Attributes:
        name: What it is called.
        handler: What a plugin offers.
        settings: The settings of the handler, as its model understands them.
        min_level: Alerts below this level are not for it.
        services: Patterns of the services whose alerts are for it; all if there is none.
    """

    name: str
    handler: AlertHandler[Any]
    settings: Any
    min_level: AlertLevel = AlertLevel.INFO
    services: tuple[str, ...] = ()

    def wants(self, alert: Alert) -> bool:
        """Whether an alert is for it; of several told as one, one is enough."""
        if alert.level.rank < self.min_level.rank:
            return False
        if not self.services:
            return True
        names = [one.service for one in alert.alerts] or [alert.service]
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.services)


class AlertDispatcher:
    """Takes alerts and sees to it that they are kept and told.

    Args:
        lines: The lines to people.
        clock: Time and chance.
        folder: Where everything is kept; in memory only if it is None.
        blame: Called with a line whose handler keeps the event loop, and with what it does.

    Attributes:
        past: What was told.
    """

    def __init__(
        self,
        lines: Sequence[AlertChannel],
        clock: Clock,
        folder: Path | None,
        blame: Callable[[AlertChannel, str], None] = _nothing,
    ) -> None:
        self.past: AlertHistory = AlertHistory(None if folder is None else JsonlFile(folder / "history.jsonl"))
        self._lines = {line.name: line for line in lines}
        self._couriers: dict[str, tuple[DeliveryQueue, LoopGuard]] = {line.name: _courier(line.name) for line in lines}
        self._blame = blame
        self._folder = folder
        self._delivery = Delivery(
            self._channels(lines), Outbox(None if folder is None else folder / "outbox.jsonl"), clock
        )
        self._clock = clock
        self._worker = Worker("mcpstore-alerts")
        self._held: deque[Alert] = deque()
        self._told: deque[float] = deque(maxlen=BURST_SIZE)
        self._changed = asyncio.Event()
        self._is_closing = False
        self._is_in_trouble = False
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read what is kept: what was told, and what is still to be told."""
        await asyncio.to_thread(self.past.load)
        for alert in await self._delivery.load():
            for one in alert.alerts or [alert]:
                self.past.recall(one)

    async def open(self) -> None:
        """Begin to tell, first of all what an earlier process could not."""
        if self._folder is not None:
            await self._work(partial(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True))
        await self._delivery.open()
        self._task = asyncio.create_task(self._run(), name="mcpstore-alerts")

    async def close(self) -> None:
        """Tell what can be told at once; what cannot waits on the disk for the next start."""
        self._is_closing = True
        self._changed.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=WRITE_LIMIT)
            self._task.cancel()
            await asyncio.wait([self._task])
            await self._delivery.close()
        for courier, _ in self._couriers.values():
            await courier.close()
        self._worker.close()

    async def adopt(self, lines: Sequence[AlertChannel]) -> None:
        """Have other lines from now on; what waits for one that stays is told there, as it is now."""
        self._lines = {line.name: line for line in lines}
        for name in self._lines.keys() - self._couriers.keys():
            self._couriers[name] = _courier(name)
        await self._delivery.adopt(self._channels(lines))
        for name in self._couriers.keys() - self._lines.keys():
            await self._couriers.pop(name)[0].close()

    def take(self, alert: Alert) -> None:
        """Take an alert; returns at once."""
        self.past.add(alert)
        self._held.append(alert)
        self._changed.set()

    def status(self) -> NamedList[ChannelStatus]:
        """Return how every line fares."""
        return self._delivery.status()

    async def test(self, name: str) -> None:
        """Say on one line that nothing happened, to see whether it arrives.

        Raises:
            UnknownPlugin: There is no such line.
            MCPStoreError: It does not arrive; says why.
        """
        if name not in self._lines:
            raise UnknownPlugin("alert handler", name, list(self._lines))
        now = self._clock.posix()
        alert = Alert(
            rule_name="test",
            service="",
            level=AlertLevel.INFO,
            kind=AlertKind.FIRED,
            message="this is a test: alerts of MCPStore arrive here",
            timestamp=now,
            incident=digest("test", name, repr(now)),
            began=now,
        )
        try:
            await self._send(name, alert)
        except (WorkerTimeout, WorkerBusy) as error:
            raise MCPStoreError(f"alert handler {name!r} {error}") from None
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is what was asked for
            raise MCPStoreError(f"alert handler {name!r} {describe_error(error)}") from None

    # --- helpers

    async def _send(self, name: str, alert: Alert) -> None:
        line, (courier, steps) = self._lines[name], self._couriers[name]
        try:
            await courier.call(partial(line.handler.send, alert, line.settings), {})
        finally:
            kept, steps.longest = steps.longest, 0.0
            if kept > LOOP_STEP_LIMIT:
                self._blame(
                    line,
                    f"kept the event loop for {kept:.2f} s while it sent an alert; "
                    "make `send` a plain function, which runs in a thread of its own",
                )

    def _channels(self, lines: Sequence[AlertChannel]) -> list[Channel]:
        return [Channel(name=line.name, send=partial(self._send, line.name), wants=line.wants) for line in lines]

    async def _run(self) -> None:
        while self._held or not self._is_closing:
            self._changed.clear()
            if not self._held:
                await self._changed.wait()
                continue
            await self._gather()
            alerts = [self._held.popleft() for _ in range(min(MAX_PER_NOTICE, len(self._held)))]
            # In this order: what the next manager finds in the outbox it counts as told, and tells; so an end never
            # comes without its beginning, wherever this process dies.
            notices = await self._delivery.keep(self._notices(alerts))
            await self._work(partial(self.past.write, alerts, self.past.kept()))
            self._delivery.release(notices)

    async def _gather(self) -> None:
        """Wait until what comes at once is there, and longer if much was told lately."""
        now = self._clock.now()
        until = now + BATCH_DELAY
        if len(self._told) == BURST_SIZE and now - self._told[0] < BURST_WINDOW:
            until = max(until, self._told[0] + BURST_WINDOW)
        while not self._is_closing and (left := until - self._clock.now()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    def _notices(self, alerts: Sequence[Alert]) -> list[Alert]:
        now = self._clock.now()
        lately = sum(1 for when in self._told if now - when < 2 * BURST_WINDOW) if len(self._told) == BURST_SIZE else 0
        fires = sum(1 for alert in alerts if alert.kind is not AlertKind.RESOLVED)
        is_much = len(alerts) > BURST_SIZE or (lately == BURST_SIZE and len(alerts) > 1)
        self._told.extend([now] * (1 if is_much else fires))
        return [grouped(alerts)] if is_much else list(alerts)

    async def _work(self, job: Callable[[], Any]) -> None:
        """Do something with files in a thread; what fails there costs durability and nothing else."""
        try:
            await self._worker.run(job, WRITE_LIMIT)
        except (OSError, WorkerTimeout) as error:
            if not self._is_in_trouble:
                _log.warning(
                    "alerts cannot be kept on the disk and are told all the same: it %s", describe_error(error)
                )
            self._is_in_trouble = True
        else:
            self._is_in_trouble = False


def _courier(name: str) -> tuple[DeliveryQueue, LoopGuard]:
    steps = LoopGuard()
    return DeliveryQueue(f"alerts-{name}", limit=LIMIT, on_drop=_nothing, loop_guard=steps), steps
