"""The heart of a runner: from events to steps of the machine, from steps to actions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import attrs

from mcpstore.core import actions as act
from mcpstore.core import events as ev
from mcpstore.core.actions import Action
from mcpstore.core.backoff import jittered
from mcpstore.core.context import Act, Context, Desired, run_status
from mcpstore.core.events import Event, Failure, Timer, Undecided
from mcpstore.core.lifecycle import step
from mcpstore.hooks.events import StateChange
from mcpstore.models.catalog import Catalog
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState, ServiceSpec
from mcpstore.runtime.health_check import CheckOutcome, check
from mcpstore.runtime.logs import LogLine, LogRing
from mcpstore.runtime.pinning import ServicePins
from mcpstore.runtime.recovery_policy import NOTHING, decide
from mcpstore.runtime.restart_intensity import RestartWindow
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.service_history import ServiceHistory
from mcpstore.runtime.session import Session
from mcpstore.runtime.timers import Timers

__all__ = ["ServiceLoop"]

_log = logging.getLogger("mcpstore.runtime")


class ServiceLoop:
    """Takes the events of one service, one at a time, and does what follows.

    Events are taken in the order in which they came; each is one step of the lifecycle machine, and the actions it asks
    for are started at once.

    Args:
        spec: The service.
        shared: What the runners share.
        on_forgotten: Called when nothing is left of the service after it was removed.

    Attributes:
        spec: The service.
        ctx: What the machine remembers.
        history: What people may read about it.
        log: The last lines it wrote to stderr.
        session: Its connection, from opening to close.
        pins: What its tools were when somebody approved them.
    """

    def __init__(self, spec: ServiceSpec, shared: RunnerServices, on_forgotten: Callable[[str], None]) -> None:
        self.spec = spec
        self.ctx: Context = Context()
        self.history: ServiceHistory = ServiceHistory()
        self.log: LogRing = LogRing()
        self.session: Session | None = None
        self.pins: ServicePins = shared.pinboard.of(spec.name)
        self._shared = shared
        self._on_forgotten = on_forgotten
        self._dice = shared.clock.dice(spec.name)
        self._window = RestartWindow(shared.timing.window_burst, shared.timing.window)
        self._timers = Timers(shared.clock, self.post)
        self._inbox: list[Event] = []
        self._is_taking = False
        self._offered = Catalog()
        self._decision = NOTHING
        self._probe: asyncio.Task[None] | None = None
        self._external_result: CheckOutcome | None = None
        self._attempts: tuple[float, ...] = ()
        self._seen = float("-inf")
        self._slept = 0.0
        self._was_open = False
        self._reset_learned = False
        self._waiters: dict[asyncio.Future[None], None] = {}  # a set would wake them in another order every time

    # --- events in

    def post(self, event: Event) -> None:
        """Take an event, and everything it leads to at once."""
        self._inbox.append(event)
        if self._is_taking:
            return
        self._is_taking = True
        try:
            while self._inbox:
                self._dispatch(self._inbox.pop(0))
        finally:
            self._is_taking = False
        self._wake()

    @property
    def is_live(self) -> bool:
        """Whether its tools can be called."""
        return self.ctx.connection in LIVE_STATES

    def republish(self) -> None:
        """Look again at what the service offers: something of it was approved, or another pinning is wanted."""
        self._listed(self._offered)

    # --- one event

    def _dispatch(self, event: Event) -> None:
        before = self.ctx
        self.ctx, actions = step(before, self._marked(event), self._shared.limits)
        self._note(event, before)
        for action in actions:
            try:
                self._perform(action)
            except Exception:  # noqa: BLE001 - a bug of ours must not end the supervision of the service
                _log.exception("service %r: %r failed; please report this", self.spec.name, action)
                self._inbox += _said_instead(action)
        self._timers.follow(self.ctx)
        if _visible(self.ctx) != _visible(before):
            self._shared.witness.moved(self.spec.name, self.ctx)

    def _marked(self, event: Event) -> Event:
        """Return the event with the mark of a full restart window."""
        if isinstance(event, _CAN_END) and self._window.is_full(self._shared.clock.now()):
            return attrs.evolve(event, intensity=True)
        return event

    def _note(self, event: Event, before: Context) -> None:
        """Take down for people what the event says."""
        now, session = self._shared.clock.wall(), self.session
        if isinstance(event, ev.OpenOk) and before is not self.ctx:
            self.history.succeeded(now)
            self._seen_now()
        elif isinstance(event, ev.OpenFail | ev.Lost | ev.CloseFail) and before is not self.ctx:
            self.history.failed(now, session.error if session else None, session.exit if session else None)
        elif isinstance(event, ev.Overdue) and before is not self.ctx:
            self.history.failed(now, f"{before.activity.value} did not end in time")
        if isinstance(event, _CAN_END) and before.connection in LIVE_STATES and self.ctx.connection not in LIVE_STATES:
            self._window.add(self._shared.clock.now())
        elif isinstance(event, ev.Start | ev.Restart | ev.Update) and before is not self.ctx:
            self._window.clear()  # an operator's word begins a new story
            self._attempts = ()

    # --- actions

    def _perform(self, action: Action) -> None:
        match action:
            case act.Open():
                self._open(action.epoch)
            case act.Probe():
                self._check(action.epoch)
            case act.Close():
                self._close(action.epoch)
            case act.Arm():
                self._arm(action)
            case act.Edge():
                self._announce(action)
            case act.Publish():
                self._publish()
            case act.Withdraw():
                self._shared.registry.withdraw(self.spec.name)
            case _:
                self._forget()

    def _open(self, epoch: int) -> None:
        self.history.next_retry = None
        self._decision = NOTHING
        if not self.ctx.by_operator:
            self._attempts = (*self._attempts[1 - ATTEMPTS_KEPT :], self._shared.clock.now())
        anew, self._reset_learned = self._reset_learned, False
        self.session = Session(
            self.spec,
            epoch,
            self._shared,
            report=self._on_session_event,
            on_admitted=self._admitted,
            on_log=self._logged,
            on_catalog=self._listed,
            before_closed=self._decide,
            is_first=anew or not self._was_open,
            is_anew=anew,
        )

    def _check(self, epoch: int) -> None:
        session = self.session
        assert session is not None  # noqa: S101 - the machine probes live connections only
        limit = self._shared.timing.check_timeout if self.spec.timeouts.check is None else self.spec.timeouts.check
        self._timers.overdue(epoch, limit + self._shared.timing.deadline_margin)
        told, self._external_result = self._external_result, None
        if told is not None:
            self._apply_check(told)
            return
        self._probe = asyncio.create_task(self._checked(session), name=f"mcpstore-check-{self.spec.name}")

    async def _checked(self, session: Session) -> None:
        timing = self._shared.timing
        in_warning = self.ctx.connection is ServiceConnectionState.WARNING
        verdict: CheckOutcome = await check(
            self.spec, session, self._shared, timing.slow_leave if in_warning else timing.slow_enter
        )
        if self.ctx.activity is not Act.CHECK or self.session is not session:
            return
        self._probe = None
        self._apply_check(verdict)

    def _apply_check(self, verdict: CheckOutcome) -> None:
        """Take down what a check found, and let the machine hear of it."""
        now = self._shared.clock.wall()
        if verdict.answered is not None:
            self._seen_now()
        self.history.checked(now, verdict.took, answered=verdict.answered, error=verdict.error)
        self._shared.witness.checked(self.spec.name, verdict.took, answered=verdict.answered, error=verdict.error)
        self.post(verdict.event)

    def _seen_now(self) -> None:
        self._seen, self._slept = self._shared.clock.now(), self._shared.clock.slept()

    def _close(self, epoch: int) -> None:
        session = self.session
        assert session is not None  # noqa: S101 - the machine closes what it has opened
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
        self._timers.overdue(epoch, self._shared.timing.close_timeout + self._shared.timing.deadline_margin)
        session.close()

    def _arm(self, action: act.Arm) -> None:
        timing, timer = self._shared.timing, action.timer
        delay: float | None
        if timer is Timer.CHECK:
            delay = max(self._until_check(), self._until_free())
        elif timer in (Timer.RETRY, Timer.COOL):
            delay = None if action.never or self._decision.gives_up else self._decision.delay
            self._explain_pause(delay)
        elif timer is Timer.FAST:
            delay = self._until_second_look()
        else:
            delay = {Timer.REAP: timing.reap_interval, Timer.STABLE: timing.stable}[timer]
        self._timers.arm(timer, delay)

    def _until_check(self) -> float:
        timing, u = self._shared.timing, self._dice.random()
        if self.ctx.connection is ServiceConnectionState.WARNING:
            return jittered(timing.check_interval_warning, timing.check_jitter, u)
        if not self.history.checks:  # the first checks of a fleet are spread over one interval
            return timing.check_interval * max(u, timing.check_jitter)
        return jittered(timing.check_interval, timing.check_jitter, u)

    def _until_second_look(self) -> float:
        """Return how soon a doubt is looked into; while a call keeps the service busy there is no hurry."""
        timing, session = self._shared.timing, self.session
        is_busy = self.ctx.connection is ServiceConnectionState.UNKNOWN and session is not None and session.calls > 0
        return timing.check_interval if is_busy else timing.fast_interval

    def _until_free(self) -> float:
        """Return how long the service asked to be left alone; until then only calls reach it."""
        return 0.0 if self.session is None else self.session.busy_until - self._shared.clock.now()

    def _explain_pause(self, delay: float | None) -> None:
        clock = self._shared.clock
        self.history.next_retry = None if delay is None else clock.wall_at(clock.now() + delay)
        if self._decision.gives_up:
            self.history.error = "; ".join(filter(None, (self.history.error, f"given up: {self._decision.gives_up}")))

    def _announce(self, action: act.Edge) -> None:
        clock = self._shared.clock
        self.history.entered, self.history.since = clock.wall(), clock.now()
        change = StateChange(
            service=self.spec.name,
            old=action.old,
            new=action.new,
            run_status=run_status(self.ctx),
            metadata=attrs.evolve(self.history.metadata(self.ctx), error_message=self.history.error),
            monotonic=clock.now(),
            timestamp=self.history.entered,
        )
        self._shared.witness.changed(change, self.ctx)
        self._shared.bus.announce(change)
        self._shared.plugins.notify("mcpstore_state_changed", change=change)

    def _publish(self) -> None:
        assert self.session is not None  # noqa: S101 - it has just been opened
        self._was_open = True
        catalog = self._pinned(self.session.catalog)
        self._shared.registry.publish(self.spec.name, catalog)
        self._tell_tools(catalog)

    def _forget(self) -> None:
        self._timers.cancel()
        self._shared.guard.passed(self.spec.name)
        self._on_forgotten(self.spec.name)

    # --- what a session reports

    def _on_session_event(self, event: Event) -> None:
        if isinstance(event, ev.Completion) and self.session is not None and self.session.epoch == event.epoch:
            self._timers.in_time()
            self.post(event)

    def _admitted(self, allowed: float) -> None:
        if self.ctx.activity is Act.CONNECT:
            self._timers.overdue(self.ctx.epoch, allowed + self._shared.timing.deadline_margin)

    def _logged(self, line: str) -> None:
        self.log.add(LogLine(service=self.spec.name, timestamp=self._shared.clock.wall(), text=line))

    def _listed(self, catalog: Catalog) -> None:
        if not self.is_live:
            return
        catalog = self._pinned(catalog)
        old = self._shared.registry.catalog(self.spec.name)
        self._shared.registry.publish(self.spec.name, catalog)
        if [tool.raw for tool in old.tools] != [tool.raw for tool in catalog.tools]:
            self._tell_tools(catalog)
        self._wake()

    def _pinned(self, catalog: Catalog) -> Catalog:
        """Return what may be published of a catalog, and tell which tools are not what they were."""
        self._offered = catalog
        if self.session is not None:
            self.pins.redact = self.session.redact
        published, told = self.pins.examine(catalog, self.spec.tool_pinning, self._shared.clock.posix())
        self._shared.pinboard.changed(self.spec.name)
        for change in told:
            _log.warning("service %r: %s", self.spec.name, change)
        if told:
            self._shared.witness.differed(self.spec.name, told)
        return published

    def _tell_tools(self, catalog: Catalog) -> None:
        self._shared.plugins.notify("mcpstore_tools_changed", service=self.spec.name, tools=catalog.tools)

    async def _decide(self) -> bool:
        session = self.session
        exit_code = session.exit.code if session and session.exit else None
        self._decision = await decide(
            self.spec,
            self.ctx,
            self._shared,
            self._dice,
            exit_code=exit_code,
            error=self.history.error or "",
            retry_after=session.retry_after if session else None,
            attempts=self._attempts,
        )
        if self._decision.anew:
            self._reset_learned = True
            self._shared.reread()
        return bool(self._decision.gives_up)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


ATTEMPTS_KEPT: Final = 100
"""Attempts nobody asked for whose times are kept: recovery policies may count them."""


def _visible(ctx: Context) -> tuple[ServiceConnectionState, Desired, bool]:
    """Return what others see of a context."""
    return ctx.connection, ctx.desired, ctx.by_operator


_CAN_END: Final = (ev.Lost, ev.CheckFail, ev.CheckTimeout, ev.CheckUndecidable, ev.Overdue)
"""Events that can end a connection without being asked to."""


def _said_instead(action: Action) -> list[Event]:
    """Return how an action ended that failed by a bug of ours: no service may be left waiting for an end."""
    match action:
        case act.Open(epoch):
            return [ev.OpenFail(epoch=epoch, failure=Failure.TRANSIENT)]
        case act.Probe(epoch):
            return [ev.CheckUndecidable(epoch=epoch, cause=Undecided.LOCAL)]
        case act.Close(epoch):
            return [ev.CloseFail(epoch=epoch)]
        case _:
            return []
