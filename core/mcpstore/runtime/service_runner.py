"""One service, as the supervisor sees it: what can be asked of it, and what can be done with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcpstore.core import events as ev
from mcpstore.core.context import Act, Desired
from mcpstore.core.events import Timer
from mcpstore.core.health_mapping import HealthResult
from mcpstore.errors import CallError, ConnectionLost, ServiceError, ServiceUnavailable
from mcpstore.hooks.connection import ProgressFn
from mcpstore.models.buffer import Buffer
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceSpec
from mcpstore.runtime.health_check import reported
from mcpstore.runtime.service_loop import ServiceLoop

__all__ = ["ServiceRunner"]

_log = logging.getLogger("mcpstore.runtime")

LOOK_AGAIN: Final = 5.0
"""Seconds between checks that are pulled forward because a call failed."""


class ServiceRunner(ServiceLoop):
    """Keeps one service in the state that is wanted."""

    _looked = float("-inf")

    def stop(self, *, force: bool = False) -> None:
        """Stop the service; with `force`, without the polite steps."""
        if force and self.session is not None:
            self.session.closing.forced.set()
        self.post(ev.Stop())

    def update(self, spec: ServiceSpec) -> None:
        """Give the service another configuration."""
        reconnect = not self.spec.connects_like(spec)
        is_pinned_alike = self.spec.tool_pinning is spec.tool_pinning
        self.spec = spec
        self.post(ev.Update(reconnect=reconnect))
        if not is_pinned_alike:
            self.republish()

    def reset_learned(self) -> None:
        """Let the next opening be like the first: forget what was learned of the service."""
        self._is_anew = True

    def check_now(self) -> None:
        """Check the connection now, if there is one; unlike an operator's RECHECK this hurries no attempt."""
        if self.ctx.timer in (Timer.CHECK, Timer.FAST):
            self.post(ev.Recheck())

    def accept_check_result(self, result: HealthResult, *, took: float = 0.0, error: str | None = None) -> bool:
        """Take the word of somebody else's check for that of one of ours; returns whether there was one to be made."""
        session, is_checking = self.session, self.ctx.activity is Act.CHECK
        if session is None or not (is_checking or self.ctx.timer in (Timer.CHECK, Timer.FAST)):
            return False
        verdict = reported(result, self.spec, session, self._shared, took=took, error=error)
        if is_checking:
            if self._probe is not None:
                self._probe.cancel()
                self._probe = None
            self._apply_check(verdict)
        else:
            self._external_result = verdict
            self.post(ev.Recheck())
        return True

    def expire_stale_state(self) -> None:
        """Take the service for unknown if what its state rests on is too old to tell: somebody does not do his work."""
        clock, timing, session = self._shared.clock, self._shared.timing, self.session
        if session is None or not self.is_live or self.ctx.connection is ServiceConnectionState.UNKNOWN:
            return
        # Without the sleep of the machine, after which all are looked at anyhow, and the rest a service asked for.
        age = clock.now() - max(self._seen, session.busy_until)
        limit = timing.check_timeout if self.spec.timeouts.check is None else self.spec.timeouts.check
        due = timing.check_interval * (1 + timing.check_jitter) + limit + timing.deadline_margin
        if age > max(2 * timing.check_interval, due):
            told = f"no check has come to an end for {age:.0f} s"
            _log.warning("service %r: %s, so nobody knows how it is; please report this", self.spec.name, told)
            self.accept_check_result(HealthResult.UNKNOWN, error=told)

    async def until(self, holds: Callable[[], bool], timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Wait until something holds; returns whether it did within `timeout` seconds."""
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

    # --- questions

    @property
    def is_settled(self) -> bool:
        """Whether it is neither being opened nor being closed: usable, at rest, or waiting for its next try."""
        return self.ctx.activity not in (Act.CONNECT, Act.CLOSE)

    @property
    def is_checking(self) -> bool:
        """Whether a health check is under way."""
        return self.ctx.activity is Act.CHECK

    @property
    def is_parked(self) -> bool:
        """Whether it is stopped and nothing of it is left."""
        return self.ctx.desired is not Desired.RUN and not self.ctx.live

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """What is kept of it apart from its connection, and how much of that may be."""
        checks, log = self.history.checks, self.log
        return (
            Buffer(name="log", used=log.size, bound=log.bound, unit="characters"),
            Buffer(name="past checks", used=len(checks), bound=checks.maxlen or 0, unit="checks"),
        )

    @property
    def call_timeout(self) -> float:
        """Seconds a call may go without a result and without progress, unless the caller says."""
        stated = self.spec.timeouts.call
        return self._shared.timing.call_timeout if stated is None else stated

    @property
    def last_verified_age(self) -> float | None:
        """Seconds since its connection was opened or a check last decided something; None without a connection."""
        clock = self._shared.clock
        return clock.now() - self._seen + clock.slept() - self._slept if self.is_live else None

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
        except ServiceError as error:  # whoever calls need not be the one who knows the secrets
            message, data = session.redact(error.message), session.redact.redact_json(error.data)
            if (message, data) == (error.message, error.data):
                raise
            raise ServiceError(error.code, message, data) from None
        except CallError as error:
            error.args = tuple(map(session.redact.redact_json, error.args))
            if isinstance(error, ConnectionLost):
                self._check_soon()
            raise
        finally:
            session.calls -= 1
            if not session.calls and self.ctx.connection is ServiceConnectionState.UNKNOWN:
                self._check_soon()  # it was busy, perhaps, and is no longer

    def unavailable(self) -> ServiceUnavailable:
        """Return why the service cannot be called."""
        if self.ctx.desired is not Desired.RUN and not self.history.note:
            return self._unwanted()
        told = [self.history.note or self.history.error or self.ctx.reason.value]
        if self.history.next_retry is not None and not self.is_live:
            told.append(f"next try at {self.history.next_retry:%H:%M:%S}")
        return ServiceUnavailable(self.spec.name, self.ctx.connection.value, "; ".join(part for part in told if part))

    def _unwanted(self) -> ServiceUnavailable:
        if self.ctx.reason is Reason.NEW:
            why = "it has not been started yet" if self.spec.enabled else "it is switched off in its entry"
        else:
            when = self.history.entered
            why = "it was stopped on request" + (f" at {when:%Y-%m-%d %H:%M:%S}" if when is not None else "")
            if not self.spec.enabled:
                why += ", and is switched off in its entry"
        return ServiceUnavailable(
            self.spec.name, self.ctx.connection.value, why, remedy=f"start it: mcpstore start {self.spec.name}"
        )

    def _check_soon(self) -> None:
        """Pull the next check forward, because a call met a broken connection."""
        now = self._shared.clock.now()
        if now - self._looked >= LOOK_AGAIN:
            self._looked = now
            self.check_now()
