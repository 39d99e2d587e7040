"""Runs one service: feeds its events to the lifecycle machine and performs the actions that it returns.

The kernel loop is `ServiceRunner.post` -> `_dispatch` (one `step`) -> `_perform` (its actions). Everything else is a
part with a name: `calls` (call gate), `checks` (check intake), `catalog` (publisher), timers, recovery, session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import attrs

from mcpstore.core import actions as act
from mcpstore.core import events as ev
from mcpstore.core.actions import Action
from mcpstore.core.context import Act, Context, Desired, run_status
from mcpstore.core.events import Event, Failure, Undecided
from mcpstore.core.lifecycle import step
from mcpstore.hooks.events import StateChange
from mcpstore.models.buffer import Buffer
from mcpstore.models.catalog import Catalog
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState, ServiceSpec
from mcpstore.runtime.call_gate import CallGate
from mcpstore.runtime.catalog_publisher import CatalogPublisher
from mcpstore.runtime.check_intake import CheckIntake
from mcpstore.runtime.logs import LogLine, LogRing
from mcpstore.runtime.pinning import ServicePins
from mcpstore.runtime.recovery import Recovery
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.service_history import ServiceHistory
from mcpstore.runtime.session import Session
from mcpstore.runtime.timers import Timers

__all__ = ["ServiceRunner"]

_log = logging.getLogger("mcpstore.runtime")


class ServiceRunner:
    """Keeps one service in its desired state.

    Events are processed one at a time, in order of arrival. Each is one step of the lifecycle machine; the actions that
    the step returns are started at once.

    Args:
        spec: Specification of the service.
        shared: Objects that all runners of the store share.
        on_forgotten: Called with the name when a removed service is closed.

    Attributes:
        spec: Specification of the service.
        ctx: Context of the lifecycle machine.
        session: The connection, from opening to close.
        history: Record of checks and errors, for reports.
        log: The last lines of its stderr.
        pins: The approved definitions of its tools.
        calls: The gate through which requests reach the service.
        checks: Its health checks.
    """

    def __init__(self, spec: ServiceSpec, shared: RunnerServices, on_forgotten: Callable[[str], None]) -> None:
        self.spec: ServiceSpec = spec
        self.ctx: Context = Context()
        self.session: Session | None = None
        self.history: ServiceHistory = ServiceHistory()
        self.log: LogRing = LogRing()
        self.pins: ServicePins = shared.pinboard.of(spec.name)
        random_source = shared.clock.dice(spec.name)
        self.checks: CheckIntake = CheckIntake(self, shared, self.post)
        self.calls: CallGate = CallGate(self, shared, self.checks.check_soon)
        self._catalog = CatalogPublisher(self, self.pins, shared)
        self._recovery = Recovery(self, shared, random_source)
        self._timers = Timers(self, shared, self._recovery, random_source, self.post)
        self._shared = shared
        self._on_forgotten = on_forgotten
        self._inbox: list[Event] = []
        self._is_dispatching = False
        self._was_open = False
        self._waiters: dict[
            asyncio.Future[None], None
        ] = {}  # a dict wakes them in a deterministic order; a set does not

    # --- the kernel loop: events in, steps, actions out

    def post(self, event: Event) -> None:
        """Process an event, and every event that follows from it at once."""
        self._inbox.append(event)
        if self._is_dispatching:
            return
        self._is_dispatching = True
        try:
            while self._inbox:
                self._dispatch(self._inbox.pop(0))
        finally:
            self._is_dispatching = False
        self._wake()

    def _dispatch(self, event: Event) -> None:
        before = self.ctx
        self.ctx, actions = step(before, self._recovery.marked(event), self._shared.limits)
        self._record(event, before)
        self._recovery.stepped(event, before)
        for action in actions:
            try:
                self._perform(action)
            except Exception:  # noqa: BLE001 - a bug of ours must not end the supervision of the service
                _log.exception("service %r: %r failed. This is a bug; please report it", self.spec.name, action)
                self._inbox += _completion_of_failed(action)
        self._timers.follow(self.ctx)
        if _visible(self.ctx) != _visible(before):
            self._shared.bus.publish_context(self.spec.name, self.ctx)

    def _perform(self, action: Action) -> None:
        match action:
            case act.Open():
                self._open(action.epoch)
            case act.Probe():
                self._timers.set_deadline(action.epoch, self.checks.timeout)
                self.checks.start()
            case act.Close():
                self._close(action.epoch)
            case act.Arm():
                self._timers.start(action)
            case act.Edge():
                self._publish_edge(action)
            case act.Publish():
                assert self.session is not None  # noqa: S101 - it has just been opened
                self._was_open = True
                self._catalog.publish(self.session.catalog)
            case act.Withdraw():
                self._catalog.withdraw()
            case _:
                self._forget()

    def _open(self, epoch: int) -> None:
        reset_learned = self._recovery.opening()
        self.session = Session(
            self.spec,
            epoch,
            self._shared,
            report=self._on_session_event,
            on_admitted=self._on_admitted,
            on_log=self._on_log_line,
            on_catalog=self._on_catalog,
            before_closed=self._recovery.decide,
            is_first=reset_learned or not self._was_open,
            reset_learned=reset_learned,
        )

    def _close(self, epoch: int) -> None:
        session = self.session
        assert session is not None  # noqa: S101 - the machine closes only what it has opened
        self.checks.cancel()
        self._timers.set_deadline(epoch, self._shared.timing.close_timeout)
        session.close()

    def _publish_edge(self, action: act.Edge) -> None:
        clock, bus = self._shared.clock, self._shared.bus
        self.history.entered, self.history.since, self.history.edge_id = clock.wall(), clock.now(), bus.next_edge_id()
        change = StateChange(
            id=self.history.edge_id,
            service=self.spec.name,
            old=action.old,
            new=action.new,
            run_status=run_status(self.ctx),
            metadata=attrs.evolve(self.history.metadata(self.ctx), error_message=self.history.error),
            monotonic=clock.now(),
            timestamp=self.history.entered,
        )
        bus.publish_edge(change, self.ctx)

    def _forget(self) -> None:
        self._timers.cancel()
        self._shared.guard.passed(self.spec.name)
        self._on_forgotten(self.spec.name)

    def _record(self, event: Event, before: Context) -> None:
        """Record in the history what an event says."""
        if before is self.ctx:
            return
        now, session = self._shared.clock.wall(), self.session
        if isinstance(event, ev.OpenOk):
            self.history.succeeded(now)
            self.checks.verified()
        elif isinstance(event, ev.OpenFail | ev.Lost | ev.CloseFail):
            self.history.failed(now, session.error if session else None, session.exit if session else None)
        elif isinstance(event, ev.Overdue):
            self.history.failed(now, f"{before.activity.value} did not end in time")

    # --- reports of the session

    def _on_session_event(self, event: Event) -> None:
        if isinstance(event, ev.Completion) and self.session is not None and self.session.epoch == event.epoch:
            self._timers.clear_deadline()
            self.post(event)

    def _on_admitted(self, limit: float) -> None:
        if self.ctx.activity is Act.CONNECT:
            self._timers.set_deadline(self.ctx.epoch, limit)

    def _on_log_line(self, line: str) -> None:
        self.log.add(LogLine(service=self.spec.name, timestamp=self._shared.clock.wall(), text=line))

    def _on_catalog(self, catalog: Catalog) -> None:
        self._catalog.update(catalog)
        self._wake()

    # --- operations

    def stop(self, *, force: bool = False) -> None:
        """Stop the service; with `force`, without the grace periods."""
        if force and self.session is not None:
            self.session.closing.forced.set()
        self.post(ev.Stop())

    def update(self, spec: ServiceSpec) -> None:
        """Replace the specification; the service is reconnected if its connection fields differ."""
        reconnect = not self.spec.connects_like(spec)
        same_pinning = self.spec.tool_pinning is spec.tool_pinning
        self.spec = spec
        self.post(ev.Update(reconnect=reconnect))
        if not same_pinning:
            self.republish()

    def republish(self) -> None:
        """Publish the catalog again: a tool was approved, or the pinning option changed."""
        self._catalog.republish()
        self._wake()

    def reset_learned(self) -> None:
        """Discard everything learned about the service at the next opening."""
        self._recovery.reset_learned()

    async def until(self, holds: Callable[[], bool], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Wait until a condition holds; returns whether it did within `timeout` seconds."""
        deadline = None if timeout is None else self._shared.clock.now() + timeout
        while not holds():
            left = None if deadline is None else deadline - self._shared.clock.now()
            if left is not None and left <= 0:
                return False
            waiter = asyncio.get_running_loop().create_future()
            self._waiters[waiter] = None
            try:
                await asyncio.wait([waiter], timeout=left)
            finally:
                del self._waiters[waiter]
        return True

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    # --- state

    @property
    def is_live(self) -> bool:
        """Whether its tools can be called."""
        return self.ctx.connection in LIVE_STATES

    @property
    def is_settled(self) -> bool:
        """Whether it is neither being opened nor being closed: usable, stopped, or waiting for its next attempt."""
        return self.ctx.activity not in (Act.CONNECT, Act.CLOSE)

    @property
    def is_checking(self) -> bool:
        """Whether a health check is under way."""
        return self.ctx.activity is Act.CHECK

    @property
    def is_parked(self) -> bool:
        """Whether it is stopped and completely closed."""
        return self.ctx.desired is not Desired.RUN and not self.ctx.live

    @property
    def uptime(self) -> float:
        """Seconds since its connection was opened; 0 without one."""
        if self.session is None or not self.is_live:
            return 0.0
        return self._shared.clock.now() - self.session.opened_at

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """Fill level and bound of each buffer, apart from those of the connection."""
        checks, log = self.history.checks, self.log
        return (
            Buffer(name="log", used=log.size, bound=log.bound, unit="characters"),
            Buffer(name="past checks", used=len(checks), bound=checks.maxlen or 0, unit="checks"),
        )


def _visible(ctx: Context) -> tuple[ServiceConnectionState, Desired, bool]:
    """Return the part of a context that metrics and alerting depend on."""
    return ctx.connection, ctx.desired, ctx.by_operator


def _completion_of_failed(action: Action) -> list[Event]:
    """Return the completion of an action that raised; without one, the service would wait until the deadline."""
    match action:
        case act.Open(epoch):
            return [ev.OpenFail(epoch=epoch, failure=Failure.TRANSIENT)]
        case act.Probe(epoch):
            return [ev.CheckUndecidable(epoch=epoch, cause=Undecided.LOCAL)]
        case act.Close(epoch):
            return [ev.CloseFail(epoch=epoch)]
        case _:
            return []
