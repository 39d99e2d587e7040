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
        invariant: Its name in docs/explanation/reliability.md.
        service: The service.
        problem: Description of the violation.
        journal: The last events of the service.
    """

    def __init__(self, invariant: str, service: str, problem: str) -> None:
        self.invariant: str = invariant
        self.service: str = service
        self.problem: str = problem
        self.journal: list[str] = []
        super().__init__(invariant, service, problem)

    def __str__(self) -> str:
        return "\n".join([f"{self.invariant}: service {self.service!r}: {self.problem}", *self.journal])


@attrs.frozen(kw_only=True)
class Scene:
    """What oracles may read.

    Attributes:
        now: Returns the monotonic time, in seconds.
        posix: Returns the time of the wall clock, in seconds.
        timing: The timing of the manager.
        worlds: The world of each service.
        runners: Returns all runners.
        metering: The metrics collector.
        alarm: The alert engine.
        excuse: Returns the time of the last trouble of the machine, in seconds.
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
    """Observes every event and raises `Broken`; the base class checks nothing.

    Args:
        scene: What it may read.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene: Scene = scene

    # --- commands of operators

    def ordered(self, service: str, verb: str) -> None:
        """Record a command: start, stop, restart, update, remove, recheck."""

    # --- steps of the machine

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Record a step that has just been taken."""

    def noted(self, edge: StateEdge) -> None:
        """Check a recorded edge."""

    def sent(self, alert: Alert) -> None:
        """Record that an alert is to be sent."""

    def delivered(self, alert: Alert) -> None:
        """Record that an alert was delivered."""

    # --- events at the server

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
        """Check everything; called once a minute."""

    def finish(self) -> None:
        """Check the whole run; called once, at the end."""

    def scores(self) -> dict[str, dict[str, float]]:
        """Return the measured figures: by name of the figure, then by service."""
        return {}
