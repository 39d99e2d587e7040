"""The oracle of I20: the recorded history of a service equals the actual one."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import attrs

from mcpstore.core.context import Context, Desired
from mcpstore.core.events import Event
from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.state_history import StateEdge
from mcpstore.monitoring.metrics import intervals
from tests.simulation.oracle import Broken, Oracle, Scene

if TYPE_CHECKING:
    from mcpstore.runtime.service_runner import ServiceRunner

__all__ = ["Intervals"]

USABLE: Final = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)
NEARLY: Final = 1e-6
"""Rounding of sums, as a share."""

EDGES: Final = 200
"""Number of edges of each service that are compared together."""

EVERY: Final = 1800.0
"""Time between two complete comparisons, in seconds."""


@attrs.define
class _Kept:
    """Independent record of one service.

    Attributes:
        since: Time at which the current interval began, in seconds.
        is_wanted: Whether the service is wanted in it.
        is_usable: Whether the service is usable in it.
        wanted: Total time wanted before it, in seconds.
        usable: Total time wanted and usable before it, in seconds.
    """

    since: float
    is_wanted: bool = False
    is_usable: bool = False
    wanted: float = 0.0
    usable: float = 0.0

    def move(self, now: float, *, wanted: bool, usable: bool) -> None:
        """Begin the next interval."""
        lasted = now - self.since
        self.wanted += lasted * self.is_wanted
        self.usable += lasted * (self.is_wanted and self.is_usable)
        self.since, self.is_wanted, self.is_usable = now, wanted, usable

    def availability(self, now: float) -> float:
        """Return the usable share of the wanted time, in per cent."""
        self.move(now, wanted=self.is_wanted, usable=self.is_usable)
        return 100.0 * self.usable / self.wanted if self.wanted else 100.0


def _fields(edge: StateEdge) -> tuple[Any, ...]:
    return edge.state, edge.wanted, edge.reason


class Intervals(Oracle):
    """I20: each edge is recorded once, with both clocks; intervals have no gaps; availability is their sum."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._kept: dict[str, _Kept] = {}
        self._edges: dict[str, deque[StateEdge]] = {}
        self._worst: dict[str, float] = {}
        self._due = 0.0

    def noted(self, edge: StateEdge) -> None:
        """An edge must differ from the previous one and carry the current time."""
        name, now = edge.service_name, self.scene.now()
        edges = self._edges.setdefault(name, deque(maxlen=EDGES))
        if edges and _fields(edges[-1]) == _fields(edge):
            raise Broken("I20", name, f"an edge to {edge.state.value} is recorded twice")
        if (edge.monotonic, edge.timestamp) != (now, self.scene.posix()):
            raise Broken("I20", name, f"an edge is recorded as of {edge.monotonic:.3f} s at {now:.3f} s")
        edges.append(edge)

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """The last record must agree with the context of the machine."""
        name, ctx, now = runner.spec.name, runner.ctx, self.scene.now()
        if ctx.removed:
            self._kept.pop(name, None)
            self._edges.pop(name, None)
            return
        if ctx.connection is before.connection and ctx.desired is before.desired:
            return
        wanted = ctx.desired is Desired.RUN
        last = self._edges[name][-1] if name in self._edges else None
        if last is None or (last.state, last.wanted) != (ctx.connection, wanted):
            message = "nothing" if last is None else last.state.value
            raise Broken("I20", name, f"it is {ctx.connection.value}, and {message} is recorded")
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = _Kept(now)
        kept.move(now, wanted=wanted, usable=ctx.connection in USABLE)

    def sweep(self) -> None:
        """The reported history must equal the recorded one, and its intervals must cover time without gaps."""
        now, wall = self.scene.now(), self.scene.posix()
        if now < self._due:
            return
        self._due = now + EVERY
        for name, kept in self._kept.items():
            measured, own = self.scene.metering.metrics(name).availability, kept.availability(now)
            self._worst[name] = own
            if abs(measured - own) > NEARLY * 100:
                raise Broken(
                    "I20", name, f"its reported availability is {measured:.6f}% and the actual one is {own:.6f} %"
                )
            self._tile(name, wall)

    def scores(self) -> dict[str, dict[str, float]]:
        """Return the availability of each service, in per cent."""
        return {"availability": self._worst}

    def _tile(self, name: str, wall: float) -> None:
        edges = self._edges[name]
        result = intervals(edges, wall)
        between = sum(interval.duration for interval in result[:-1])
        if abs(between - (edges[-1].monotonic - edges[0].monotonic)) > NEARLY * max(1.0, between):
            raise Broken("I20", name, f"its intervals last {between:.3f} s together, and its edges lie further apart")
        for one, following in pairwise(result):
            if one.until != following.since and following.since >= one.since:
                raise Broken("I20", name, f"there is a gap between its intervals, at {one.until:.3f}")
