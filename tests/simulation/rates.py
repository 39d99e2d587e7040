"""The oracle of I9: bounds on openings, and waits that are spread."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import attrs

from mcpstore.core.backoff import cool_floor, retry_floor
from mcpstore.core.context import Context
from mcpstore.core.events import Event, Expired, Timer
from tests.simulation.oracle import Broken, Oracle, Scene

if TYPE_CHECKING:
    from mcpstore.runtime.service_runner import ServiceRunner

__all__ = ["BoundedRate"]

BURST: Final = 600.0
DAY: Final = 86_400.0
IN_A_BURST: Final = 25
IN_A_DAY: Final = 1440
NEVER_STABLE: Final = 720
REFUSED: Final = 60

BINS: Final = 8
RETRIED: Final = Expired(Timer.RETRY)

ENOUGH: Final = 400
"""Minimum number of waits whose spread is judged."""


@attrs.define
class _Opens:
    """Record of one service since the last command of an operator.

    Attributes:
        times: Times of automatic openings within the last day.
        retries: Number of attempts with growing waits.
        opened: Time at which its connection was opened.
        proved: Time at which a connection last proved stable.
        closed: Time at which its last connection was closed.
        floor: Minimum wait, in seconds.
        is_retry: Whether it waits for the next attempt of a round, not for the next round.
        was_ordered: Whether the next opening was ordered.
    """

    times: deque[float] = attrs.field(factory=deque[float])
    retries: int = 0
    opened: float | None = None
    proved: float = float("-inf")
    closed: float = 0.0
    floor: float = 0.0
    is_retry: bool = False
    was_ordered: bool = True


class BoundedRate(Oracle):
    """I9: automatic openings are bounded in ten minutes and in a day, and no wait is too short."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._known: dict[str, _Opens] = {}
        self._bins = [0] * BINS
        self._in_a_burst: dict[str, float] = {}
        self._in_a_day: dict[str, float] = {}

    def ordered(self, service: str, verb: str) -> None:
        """A command of an operator begins a new record."""
        if verb in ("start", "restart", "update"):
            self._known[service] = _Opens()
        elif verb == "recheck" and service in self._known:
            self._known[service].was_ordered = True

    def opening(self, service: str) -> None:
        """Count the opening, and check its wait."""
        now, known = self.scene.now(), self._of(service)
        if known.was_ordered:
            known.was_ordered = False
            return
        waited = now - known.closed
        if waited < known.floor - 0.001:
            raise Broken("I9", service, f"it is opened after {waited:.2f} s; the least wait is {known.floor:.2f} s")
        self._count(service, known, now)

    def _count(self, service: str, known: _Opens, now: float) -> None:
        times = known.times
        times.append(now)
        while times[0] <= now - DAY:
            times.popleft()
        in_a_burst = 0
        for when in reversed(times):
            if when <= now - BURST:
                break
            in_a_burst += 1
        self._in_a_burst[service] = max(self._in_a_burst.get(service, 0), in_a_burst)
        self._in_a_day[service] = max(self._in_a_day.get(service, 0), len(times))
        self._check(service, "600 s", in_a_burst, IN_A_BURST)
        self._check(service, "a day", len(times), IN_A_DAY)
        if known.proved < now - DAY:
            self._check(service, "a day, without ever being stable,", len(times), NEVER_STABLE)
        if self.scene.worlds[service].kind == "refusing":
            self._check(service, "a day, being refused,", len(times), REFUSED)

    def opened(self, service: str) -> None:
        """Record the begin of the connection."""
        self._of(service).opened = self.scene.now()

    def closed(self, service: str) -> None:
        """A stable connection resets the budget."""
        now, known = self.scene.now(), self._of(service)
        known.closed = now
        if known.opened is not None and now - known.opened >= self.scene.timing.stable:
            known.proved, known.retries = now, 0
        known.opened = None

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Compute the minimum wait and check the actual one; admission control may delay the opening further."""
        timer = runner.ctx.timer
        known = self._of(runner.spec.name)
        if event == RETRIED and before.timer is Timer.RETRY and known.is_retry:
            # A wait lies between its floor and twice that.
            waited = self.scene.now() - known.closed
            self._bins[min(BINS - 1, int((waited / known.floor - 1) * BINS + 0.001))] += 1
        if timer is before.timer or timer not in (Timer.RETRY, Timer.COOL):
            return
        timing = self.scene.timing
        known.is_retry = timer is Timer.RETRY
        if known.is_retry:
            known.floor = retry_floor(timing, known.retries)
            known.retries += 1
        else:
            known.floor = cool_floor(timing, runner.ctx.reason, 0)

    def finish(self) -> None:
        """Waits of many services must differ."""
        waits = sum(self._bins)
        if waits >= ENOUGH and min(self._bins) * 4 * BINS < waits:
            raise Broken("I9", "*", f"the waits of {waits} attempts are not spread: {self._bins} by eighths")

    def scores(self) -> dict[str, dict[str, float]]:
        """Return the maximum number of automatic openings of each service."""
        return {"most openings in 600 s": self._in_a_burst, "most openings in a day": self._in_a_day}

    def _of(self, service: str) -> _Opens:
        return self._known.setdefault(service, _Opens())

    def _check(self, service: str, within: str, count: int, most: int) -> None:
        if count > most:
            raise Broken(
                "I9", service, f"it was opened {count} times in {within} without an order; the limit is {most}"
            )
