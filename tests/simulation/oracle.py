"""The base of oracles: an oracle observes every event and raises `Broken` when a promise is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import attrs

from mcpstore.core.context import Context
from mcpstore.core.events import Event
from mcpstore.models.alert import Alert
from mcpstore.models.state_history import StateEdge
from mcpstore.models.timing import Timing
from tests.simulation.worlds import World

if TYPE_CHECKING:
    from mcpstore.runtime.alerting import AlertEngine
    from mcpstore.runtime.metrics_collector import MetricsCollector
    from mcpstore.runtime.service_runner import ServiceRunner

__all__ = ["Broken", "Oracle", "Scene"]


class Broken(Exception):
    """A promise is broken.

    Attributes:
        invariant: Which one, as docs/explanation/reliability.md names it.
        service: Where.
        told: What happened.
        journal: The last events of the service.
    """

    def __init__(self, invariant: str, service: str, told: str) -> None:
        self.invariant: str = invariant
        self.service: str = service
        self.told: str = told
        self.journal: list[str] = []
        super().__init__(invariant, service, told)

    def __str__(self) -> str:
        return "\n".join([f"{self.invariant}: service {self.service!r}: {self.told}", *self.journal])


@attrs.frozen(kw_only=True)
class Scene:
    """What oracles may look at.

    Attributes:
        now: Returns the time, in seconds.
        posix: Returns the time of the wall clock, in seconds.
        timing: How long everything takes.
        worlds: The far side of each service.
        runners: Returns the runners there are.
        metering: What is measured.
        alarm: What people are told.
        excuse: Returns when the machine itself was last in trouble, in seconds.
    """

    now: Callable[[], float]
    posix: Callable[[], float]
    timing: Timing
    worlds: Mapping[str, World]
    runners: Callable[[], Mapping[str, ServiceRunner]]
    metering: MetricsCollector
    alarm: AlertEngine
    excuse: Callable[[], float]


class Oracle:
    """Hears everything and raises `Broken`; this one hears nothing wrong.

    Args:
        scene: What it may look at.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene: Scene = scene

    # --- what people say

    def ordered(self, service: str, verb: str) -> None:
        """Record an order: start, stop, restart, update, remove, recheck."""

    # --- what the machine does

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Record a step that has just been taken."""

    def noted(self, edge: StateEdge) -> None:
        """Check a recorded edge."""

    def told(self, alert: Alert) -> None:
        """Record that an alert is to be sent."""

    def delivered(self, alert: Alert) -> None:
        """Record that an alert was delivered."""

    # --- what reaches the far side

    def opening(self, service: str) -> None:
        """Record the start of an opening."""

    def opened(self, service: str) -> None:
        """Record that a connection is open."""

    def asked(self, service: str) -> None:
        """Record a request."""

    def ended(self, service: str) -> None:
        """Record that a connection ended by itself."""

    def closed(self, service: str) -> None:
        """Record the end of a close: nothing of the connection is left."""

    # --- time

    def sweep(self) -> None:
        """Look around; done once a minute."""

    def finish(self) -> None:
        """Look at the whole; done once, at the end."""

    def scores(self) -> dict[str, dict[str, float]]:
        """Return what was measured on the way: by name of the figure, then by service."""
        return {}
