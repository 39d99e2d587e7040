"""One service: its machine, its timers, its connection. Says what happened, does what follows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from mcpstore.core.backoff import jittered
from mcpstore.core.context import Act, Context, Desired, run_status
from mcpstore.core.lifecycle import step
from mcpstore.core.models import actions as act
from mcpstore.core.models import events as ev
from mcpstore.core.models.actions import Action
from mcpstore.core.models.catalog import Catalog
from mcpstore.core.models.events import Event, Timer
from mcpstore.core.models.service import LIVE_STATES, ServiceConnectionState, ServiceSpec
from mcpstore.errors import ConnectionLost, ServiceUnavailable
from mcpstore.hooks.connection import ProgressFn
from mcpstore.hooks.notice import StateChange
from mcpstore.runtime.logs import LogLine, LogRing
from mcpstore.runtime.probe import Verdict, check
from mcpstore.runtime.record import History
from mcpstore.runtime.recovery import NOTHING, decide
from mcpstore.runtime.session import Session
from mcpstore.runtime.shared import Shared
from mcpstore.runtime.timers import Timers
from mcpstore.runtime.window import RestartWindow

__all__ = ["Runner"]

LOOK_AGAIN: Final = 5.0
"""Seconds between checks that are pulled forward because a call failed."""

_log = logging.getLogger("mcpstore.runtime")


class Runner:
    """Keeps one service in the state that is wanted.

    Everything that happens to the service is an event. Events are taken one at a time, in the order in which they came;
    each is one step of the lifecycle machine, and the actions it asks for are started at once.

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
    """

    def __init__(self, spec: ServiceSpec, shared: Shared, on_forgotten: Callable[[str], None]) -> None:
        self.spec = spec
        self.ctx = Context()
        self.history = History()
        self.log = LogRing()
        self.session: Session | None = None
        self._shared = shared
        self._on_forgotten = on_forgotten
        self._dice = shared.clock.dice(spec.name)
        self._window = RestartWindow(shared.timing.window_burst, shared.timing.window)
        self._timers = Timers(shared.clock, self.post)
        self._inbox: list[Event] = []
        self._is_taking = False
        self._decision = NOTHING
        self._probe: asyncio.Task[None] | None = None
        self._looked = float("-inf")
        self._was_open = False
        self._waiters: set[asyncio.Future[None]] = set()

    # --- events in

    def post(self, event: Event) -> None:
        """Take an event, and everything it leads to at once."""
        self._inbox.append(event)
        if self._is_taking:
            return
        self._is_taking = True
        try:
            while self._inbox:
                self._take(self._inbox.pop(0))
        finally:
            self._is_taking = False
        self._wake()

    def stop(self, *, force: bool = False) -> None:
        """Stop the service; with `force`, without the polite steps."""
        if force and self.session is not None:
            self.session.closing.forced.set()
        self.post(ev.Stop())

    def update(self, spec: ServiceSpec) -> None:
        """Give the service another configuration."""
        reconnect = not self.spec.connects_like(spec)
        self.spec = spec
        self.post(ev.Update(reconnect=reconnect))

    def look_again(self) -> None:
        """Check the connection now, if there is one; unlike an operator's RECHECK this hurries no attempt."""
        if self.ctx.timer in (Timer.CHECK, Timer.FAST):
            self.post(ev.Recheck())

    async def until(self, holds: Callable[[], bool], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Wait until something holds; returns whether it did within `timeout` seconds."""
        deadline = None if timeout is None else self._shared.clock.now() + timeout
        while not holds():
            left = None if deadline is None else deadline - self._shared.clock.now()
            if left is not None and left <= 0:
                return False
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait([waiter], timeout=left)
            finally:
                self._waiters.discard(waiter)
        return True

    # --- questions

    @property
    def is_live(self) -> bool:
        """Whether its tools can be called."""
        return self.ctx.conn in LIVE_STATES

    @property
    def is_settled(self) -> bool:
        """Whether it is neither being opened nor being closed: usable, at rest, or waiting for its next try."""
        return self.ctx.act not in (Act.CONNECT, Act.CLOSE)

    @property
    def is_checking(self) -> bool:
        """Whether a health check is under way."""
        return self.ctx.act is Act.CHECK

    @property
    def is_parked(self) -> bool:
        """Whether it is stopped and nothing of it is left."""
        return self.ctx.desired is not Desired.RUN and not self.ctx.live

    @property
    def call_timeout(self) -> float:
        """Seconds a call may go without a result and without progress, unless the caller says."""
        stated = self.spec.timeouts.call
        return self._shared.timing.call_timeout if stated is None else stated

    @property
    def uptime(self) -> float:
        """Seconds since its connection was opened; 0 without one."""
        if self.session is None or not self.is_live:
            return 0.0
        return self._shared.clock.now() - self.session.opened_at

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        *,
        timeout: float | None,  # noqa: ASYNC109 - the service is told when it runs out
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Send a request over the connection.

        Raises:
            ServiceUnavailable: There is no connection; the text says why and when there will be one.
            CallError: It did not end well.
        """
        session = self.session
        if session is None or session.connection is None or not self.is_live:
            raise self.unavailable()
        session.calls += 1
        try:
            return await session.connection.request(method, params, timeout=timeout, on_progress=on_progress)
        except ConnectionLost:
            self._look_soon()
            raise
        finally:
            session.calls -= 1

    def unavailable(self) -> ServiceUnavailable:
        """Return why the service cannot be called."""
        told = [self.history.note or self.history.error or self.ctx.reason.value]
        if self.history.next_retry is not None and not self.is_live:
            told.append(f"next try at {self.history.next_retry:%H:%M:%S}")
        return ServiceUnavailable(self.spec.name, self.ctx.conn.value, "; ".join(part for part in told if part))

    # --- one event

    def _take(self, event: Event) -> None:
        before = self.ctx
        try:
            self.ctx, actions = step(before, self._marked(event), self._shared.limits)
            self._note(event, before)
            for action in actions:
                self._carry_out(action)
            self._timers.follow(self.ctx)
        except Exception:  # noqa: BLE001 - a bug of ours must not stop the supervision of the service
            _log.exception("service %r: taking %r failed; please report this", self.spec.name, event)

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
        elif isinstance(event, ev.OpenFail | ev.Lost | ev.CloseFail) and before is not self.ctx:
            self.history.failed(now, session.error if session else None)
        elif isinstance(event, ev.Overdue) and before is not self.ctx:
            self.history.failed(now, f"{before.act.value} did not end in time")
        if isinstance(event, _CAN_END) and before.conn in LIVE_STATES and self.ctx.conn not in LIVE_STATES:
            self._window.add(self._shared.clock.now())
        elif isinstance(event, ev.Start | ev.Restart | ev.Update) and before is not self.ctx:
            self._window.clear()  # an operator's word begins a new story

    # --- actions

    def _carry_out(self, action: Action) -> None:
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
        self.session = Session(
            self.spec,
            epoch,
            self._shared,
            report=self._reported,
            on_admitted=self._admitted,
            on_log=self._logged,
            on_catalog=self._listed,
            before_closed=self._decide,
            is_first=not self._was_open,
        )

    def _check(self, epoch: int) -> None:
        session = self.session
        assert session is not None  # noqa: S101 - the machine probes live connections only
        limit = self._shared.timing.check_timeout if self.spec.timeouts.check is None else self.spec.timeouts.check
        self._timers.overdue(epoch, limit + self._shared.timing.deadline_margin)
        self._probe = asyncio.create_task(self._checked(session), name=f"mcpstore-check-{self.spec.name}")

    async def _checked(self, session: Session) -> None:
        timing = self._shared.timing
        in_warning = self.ctx.conn is ServiceConnectionState.WARNING
        verdict: Verdict = await check(
            self.spec, session, self._shared, timing.slow_leave if in_warning else timing.slow_enter
        )
        if self.ctx.act is not Act.CHECK or self.session is not session:
            return
        now, history = self._shared.clock.wall(), self.history
        if verdict.answered is not None:
            history.checks.append(verdict.answered)
        if verdict.answered:
            history.succeeded(now)
            history.response_time = verdict.took * 1000
            history.error = verdict.error
        elif verdict.answered is False:
            history.failed(now, verdict.error)
        else:
            history.error = verdict.error
        self._probe = None
        self.post(verdict.event)

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
            delay = self._until_check()
        elif timer in (Timer.RETRY, Timer.COOL):
            delay = None if action.never or self._decision.gives_up else self._decision.delay
            self._explain_pause(delay)
        else:
            delay = {Timer.FAST: timing.fast_interval, Timer.REAP: timing.reap_interval, Timer.STABLE: timing.stable}[
                timer
            ]
        self._timers.arm(timer, delay)

    def _until_check(self) -> float:
        timing, u = self._shared.timing, self._dice.random()
        if self.ctx.conn is ServiceConnectionState.WARNING:
            return jittered(timing.check_interval_warning, timing.check_jitter, u)
        if not self.history.checks:  # the first checks of a fleet are spread over one interval
            return timing.check_interval * max(u, timing.check_jitter)
        return jittered(timing.check_interval, timing.check_jitter, u)

    def _explain_pause(self, delay: float | None) -> None:
        clock = self._shared.clock
        self.history.next_retry = None if delay is None else clock.wall_at(clock.now() + delay)
        if self._decision.gives_up:
            self.history.error = "; ".join(filter(None, (self.history.error, f"given up: {self._decision.gives_up}")))

    def _announce(self, action: act.Edge) -> None:
        clock = self._shared.clock
        self.history.entered = clock.wall()
        change = StateChange(
            service=self.spec.name,
            old=action.old,
            new=action.new,
            run_status=run_status(self.ctx),
            metadata=attrs.evolve(self.history.metadata(self.ctx), error_message=self.history.error),
            monotonic=clock.now(),
            timestamp=self.history.entered,
        )
        self._shared.bus.announce(change)
        self._shared.plugins.notify("mcpstore_state_changed", change=change)

    def _publish(self) -> None:
        assert self.session is not None  # noqa: S101 - it has just been opened
        self._was_open = True
        self._shared.registry.publish(self.spec.name, self.session.catalog)
        self._tell_tools(self.session.catalog)

    def _forget(self) -> None:
        self._timers.cancel()
        self._shared.guard.passed(self.spec.name)
        self._on_forgotten(self.spec.name)

    # --- what a session reports

    def _reported(self, event: Event) -> None:
        if isinstance(event, ev.Completion) and self.session is not None and self.session.epoch == event.epoch:
            self._timers.in_time()
            self.post(event)

    def _admitted(self, allowed: float) -> None:
        if self.ctx.act is Act.CONNECT:
            self._timers.overdue(self.ctx.epoch, allowed + self._shared.timing.deadline_margin)

    def _logged(self, line: str) -> None:
        self.log.add(LogLine(service=self.spec.name, timestamp=self._shared.clock.wall(), text=line))

    def _listed(self, catalog: Catalog) -> None:
        if not self.is_live:
            return
        old = self._shared.registry.catalog(self.spec.name)
        self._shared.registry.publish(self.spec.name, catalog)
        if [tool.raw for tool in old.tools] != [tool.raw for tool in catalog.tools]:
            self._tell_tools(catalog)
        self._wake()

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
        )
        return bool(self._decision.gives_up)

    # --- helpers

    def _look_soon(self) -> None:
        """Pull the next check forward, because a call met a broken connection."""
        now = self._shared.clock.now()
        if now - self._looked >= LOOK_AGAIN:
            self._looked = now
            self.look_again()

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


_CAN_END: Final = (ev.Lost, ev.CheckFail, ev.CheckTimeout, ev.CheckUndecidable, ev.Overdue)
"""Events that can end a connection without being asked to."""
