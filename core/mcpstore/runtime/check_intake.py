"""Health checks of one service: runs its own, accepts external results, and reports each result once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Act
from mcpstore.core.events import Event, Timer
from mcpstore.core.health_mapping import HealthResult
from mcpstore.models.service import ServiceConnectionState
from mcpstore.runtime.health_check import CheckOutcome, check, external_outcome
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.service_view import ServiceView
from mcpstore.runtime.session import Session

__all__ = ["CheckIntake"]

EARLY_CHECK_SPACING: Final = 5.0
"""Least time between checks that failed calls pull forward, in seconds."""

_log = logging.getLogger("mcpstore.runtime")


class CheckIntake:
    """The health checks of one service.

    Args:
        service: The service.
        shared: Objects that all runners of the store share.
        post: Receives the events for the lifecycle machine.
    """

    __slots__ = ("_early_at", "_external", "_post", "_probe", "_service", "_shared", "_slept", "_verified")

    def __init__(self, service: ServiceView, shared: RunnerServices, post: Callable[[Event], None]) -> None:
        self._service: Final = service
        self._shared: Final = shared
        self._post: Final = post
        self._probe: asyncio.Task[None] | None = None
        self._external: CheckOutcome | None = None
        self._early_at = float("-inf")
        self._verified = float("-inf")
        self._slept = 0.0

    @property
    def timeout(self) -> float:
        """Timeout of one check, in seconds."""
        configured = self._service.spec.timeouts.check
        return self._shared.timing.check_timeout if configured is None else configured

    @property
    def last_verified_age(self) -> float | None:
        """Seconds since the connection was opened or a check last decided something; None without a connection."""
        clock = self._shared.clock
        return clock.now() - self._verified + clock.slept() - self._slept if self._service.is_live else None

    def verified(self) -> None:
        """Record that the state of the service is proven at this time."""
        self._verified, self._slept = self._shared.clock.now(), self._shared.clock.slept()

    # --- requests for a check

    def check_now(self) -> None:
        """Check a live connection now. Unlike an operator's RECHECK, this does not start a connection attempt."""
        if self._service.ctx.timer in (Timer.CHECK, Timer.FAST):
            self._post(ev.Recheck())

    def check_soon(self) -> None:
        """Check now, at most once in `EARLY_CHECK_SPACING`."""
        now = self._shared.clock.now()
        if now - self._early_at >= EARLY_CHECK_SPACING:
            self._early_at = now
            self.check_now()

    def expire_stale_state(self) -> None:
        """Set the state to UNKNOWN if its last proof is too old: a check was due and did not end."""
        clock, timing, session = self._shared.clock, self._shared.timing, self._service.session
        if session is None or not self._service.is_live:
            return
        if self._service.ctx.connection is ServiceConnectionState.UNKNOWN:
            return
        # Does not count: time the machine slept (all services are checked after it), time the service asked for.
        age = clock.now() - max(self._verified, session.busy_until)
        due = timing.check_interval * (1 + timing.check_jitter) + self.timeout + timing.deadline_margin
        if age > max(2 * timing.check_interval, due):
            error = f"no check has ended for {age:.0f} s"
            name = self._service.spec.name
            _log.warning("service %r: state unknown: %s. This is a bug; please report it", name, error)
            self.accept(HealthResult.UNKNOWN, error=error)

    # --- results

    def start(self) -> None:
        """Carry out a PROBE: apply the external result that asked for it, or run the health strategy."""
        session = self._service.session
        assert session is not None  # noqa: S101 - the machine probes only live connections
        outcome, self._external = self._external, None
        if outcome is not None:
            self._apply(outcome)
            return
        self._probe = asyncio.create_task(self._run(session), name=f"mcpstore-check-{self._service.spec.name}")

    def cancel(self) -> None:
        """Cancel the check under way, if there is one."""
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def accept(self, result: HealthResult, *, took: float = 0.0, error: str | None = None) -> bool:
        """Apply the result of an external check as if it were one of the runner's own.

        Args:
            result: The result.
            took: Duration of the check, in seconds.
            error: Error message, if it failed.

        Returns:
            Whether it was applied: the service must have a connection that can be checked.
        """
        service, session = self._service, self._service.session
        is_checking = service.ctx.activity is Act.CHECK
        if session is None or not (is_checking or service.ctx.timer in (Timer.CHECK, Timer.FAST)):
            return False
        outcome = external_outcome(result, service.spec, session, self._shared, took=took, error=error)
        if is_checking:
            self.cancel()
            self._apply(outcome)
        else:
            self._external = outcome
            self._post(ev.Recheck())
        return True

    async def _run(self, session: Session) -> None:
        timing, service = self._shared.timing, self._service
        in_warning = service.ctx.connection is ServiceConnectionState.WARNING
        slow_after = timing.slow_leave if in_warning else timing.slow_enter
        outcome = await check(service.spec, session, self._shared, slow_after)
        if service.ctx.activity is not Act.CHECK or service.session is not session:
            return
        self._probe = None
        self._apply(outcome)

    def _apply(self, outcome: CheckOutcome) -> None:
        """Record the outcome of a check and post its event."""
        service, answered, error = self._service, outcome.answered, outcome.error
        if answered is not None:
            self.verified()
        service.history.checked(self._shared.clock.wall(), outcome.took, answered=answered, error=error)
        self._shared.bus.publish_check(service.spec.name, outcome.took, answered=answered, error=error)
        self._post(outcome.event)
