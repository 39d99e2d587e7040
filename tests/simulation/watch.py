"""One place for all events of a fleet: they are recorded and passed to the oracles."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mcpstore.core.context import Context
from mcpstore.core.events import Event
from mcpstore.models.alert import Alert
from mcpstore.models.state_history import StateEdge
from mcpstore.runtime.metrics_history import MetricsHistory
from mcpstore.runtime.service_runner import ServiceRunner
from tests.simulation.journal import Journal
from tests.simulation.oracle import Broken, Oracle

if TYPE_CHECKING:
    from mcpstore.models.service import ServiceSpec
    from mcpstore.runtime.runner_services import RunnerServices

__all__ = ["BugFinder", "HeardArchive", "Watch", "WatchedRunner"]


class Watch:
    """Records all events and passes them to the oracles.

    Args:
        now: Returns the monotonic time, in seconds.

    Attributes:
        journal: The recorded events.
        broken: The first broken promise, or None.
        on_broken: Called when a promise is broken.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.journal: Journal = Journal()
        self.broken: Broken | None = None
        self.on_broken: Callable[[], None] = lambda: None
        self._now = now
        self._oracles: list[Oracle] = []
        self._steps: list[Callable[[ServiceRunner, Event, Context], None]] = []
        self._asks: list[Callable[[str], None]] = []

    def consult(self, oracles: Iterable[Oracle]) -> None:
        """Pass all further events to these oracles."""
        self._oracles = list(oracles)
        # Nearly all events are answered checks: they are passed only to oracles that use them.
        self._steps = [o.stepped for o in self._oracles if type(o).stepped is not Oracle.stepped]
        self._asks = [o.asked for o in self._oracles if type(o).asked is not Oracle.asked]

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Figures of the oracles: by name of the figure, then by service."""
        return {name: dict(values) for oracle in self._oracles for name, values in oracle.scores().items()}

    def ordered(self, service: str, verb: str) -> None:
        """Record a command."""
        self._note(service, verb.upper())
        self._ask([oracle.ordered for oracle in self._oracles], service, verb)

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Record a step."""
        self.journal.step(self._now(), runner.spec.name, event, runner.ctx)
        self._ask(self._steps, runner, event, before)

    def noted(self, edge: StateEdge) -> None:
        """Check a recorded edge."""
        self._ask([oracle.noted for oracle in self._oracles], edge)

    def sent(self, alert: Alert) -> None:
        """Record that an alert is to be sent."""
        self._note(alert.service, f"{alert.rule_name} {alert.kind.value}")
        self._ask([oracle.sent for oracle in self._oracles], alert)

    def delivered(self, alert: Alert) -> None:
        """Record that an alert was delivered."""
        for one in alert.alerts or (alert,):
            self._note(one.service, f"{one.rule_name} {one.kind.value} arrived")
        self._ask([oracle.delivered for oracle in self._oracles], alert)

    def opening(self, service: str) -> None:
        """Record the start of an opening."""
        self._note(service, "opening")
        self._ask([oracle.opening for oracle in self._oracles], service)

    def opened(self, service: str) -> None:
        """Record that a connection is open."""
        self._ask([oracle.opened for oracle in self._oracles], service)

    def asked(self, service: str) -> None:
        """Record a request."""
        self._ask(self._asks, service)

    def ended(self, service: str) -> None:
        """Record that a connection ended by itself."""
        self._note(service, "ended by itself")
        self._ask([oracle.ended for oracle in self._oracles], service)

    def closed(self, service: str) -> None:
        """Record the end of a close: nothing of the connection is left."""
        self._note(service, "closed")
        self._ask([oracle.closed for oracle in self._oracles], service)

    def happened(self, text: str) -> None:
        """Record an event of the whole host."""
        self._note("*", text)

    def sweep(self) -> None:
        """Let every oracle check."""
        self._ask([oracle.sweep for oracle in self._oracles])

    def finish(self) -> None:
        """Let every oracle check the whole run."""
        self._ask([oracle.finish for oracle in self._oracles])

    def found(self, broken: Broken) -> None:
        """Record a broken promise; only the first one counts."""
        if self.broken is None:
            self.broken = broken
            broken.journal = self.journal.last(broken.service)
            self.on_broken()

    def _note(self, service: str, text: str) -> None:
        self.journal.note(self._now(), service, text)

    def _ask(self, listeners: Iterable[Callable[..., None]], *arguments: object) -> None:
        try:
            for listener in listeners:
                listener(*arguments)
        except Broken as broken:
            self.found(broken)


class WatchedRunner(ServiceRunner):
    """The runner of a service, observed by the oracles."""

    def __init__(
        self, spec: ServiceSpec, shared: RunnerServices, on_forgotten: Callable[[str], None], watch: Watch
    ) -> None:
        super().__init__(spec, shared, on_forgotten)
        self._watch = watch

    def _dispatch(self, event: Event) -> None:
        before = self.ctx
        super()._dispatch(event)
        self._watch.stepped(self, event, before)


class HeardArchive(MetricsHistory):
    """The metrics history of a store, observed by the oracles."""

    watch: Watch

    def note(self, edge: StateEdge) -> None:
        """Record an edge."""
        super().note(edge)
        self.watch.noted(edge)


class BugFinder(logging.Handler):
    """Treats every report of a bug in the manager as a broken promise."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.ERROR)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """Check a log record."""
        if record.exc_info is not None:
            message = record.getMessage()
            self._watch.found(Broken("bug", "*", f"{message}: {record.exc_info[1]!r}"))
