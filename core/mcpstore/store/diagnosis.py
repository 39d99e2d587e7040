"""Why a service is where it is."""

from __future__ import annotations

from typing import Final

from mcpstore.core.context import run_status
from mcpstore.core.models.events import Timer
from mcpstore.core.models.service import Reason, ServiceConnectionState, ServiceStatus
from mcpstore.runtime.runner import Runner
from mcpstore.store.remedies import remedy_for
from mcpstore.store.results import Diagnosis

__all__ = ["diagnose"]

SHOWN_LINES: Final = 5

_STATES: Final = {
    ServiceConnectionState.INITIALIZING: "it is being started",
    ServiceConnectionState.HEALTHY: "it is well",
    ServiceConnectionState.WARNING: "it answers, but slowly",
    ServiceConnectionState.UNHEALTHY: "a health check failed; it is looked at again in a few seconds",
    ServiceConnectionState.RECONNECTING: "its connection is gone and is being opened again",
    ServiceConnectionState.UNKNOWN: "the last health check decided nothing",
}
_REASONS: Final = {
    Reason.NEW: "it has not been started yet",
    Reason.OPERATOR: "it was stopped on request",
    Reason.EXHAUSTED: "a round of attempts to open it failed",
    Reason.INTENSITY: "it was lost too often in too short a time",
    Reason.PERMANENT: "it cannot be opened as it is configured",
}


def diagnose(runner: Runner) -> Diagnosis:
    """Return why a service is where it is, what that is concluded from, and what to do."""
    status, state = run_status(runner.ctx), runner.ctx.conn
    stderr = [line.text for line in runner.log.last(SHOWN_LINES)]
    error = runner.history.error or ""
    summary = _summary(runner)
    cure = ""
    if status not in (ServiceStatus.RUNNING, ServiceStatus.STARTING, ServiceStatus.STOPPED):
        known = remedy_for(error, *stderr)
        if known is not None:
            summary, cure = f"{summary}: {known.what}", known.cure
        elif status is ServiceStatus.ERROR:
            cure = f"see what it says: mcpstore logs {runner.spec.name}"
    if status is ServiceStatus.STOPPED:
        cure = f"start it: mcpstore start {runner.spec.name}"
    return Diagnosis(
        name=runner.spec.name,
        run_status=status,
        connection_state=state,
        summary=summary,
        evidence=tuple(_evidence(runner, error, stderr)),
        remedy=cure,
    )


def _summary(runner: Runner) -> str:
    if runner.history.note:
        return f"it is {runner.history.note}"
    if runner.ctx.closebad:
        return "something of it survived being closed"
    if runner.ctx.conn is ServiceConnectionState.DISCONNECTED:
        return _REASONS.get(runner.ctx.reason, "it is disconnected")
    return _STATES[runner.ctx.conn]


def _evidence(runner: Runner, error: str, stderr: list[str]) -> list[str]:
    ctx, history, session = runner.ctx, runner.history, runner.session
    found: list[str] = []
    if error and not runner.is_live:
        found.append(error)
    if session is not None and session.exit is not None and session.exit.reason not in error:
        found.append(session.exit.reason)
    if ctx.att:
        found.append(f"{ctx.att} failed attempts in this round")
    if ctx.trips:
        found.append(f"{ctx.trips} failed rounds in a row")
    if history.checks:
        found.append(f"{sum(history.checks)} of the last {len(history.checks)} health checks were answered")
    if history.next_retry is not None and ctx.timer in (Timer.RETRY, Timer.COOL):
        found.append(f"next try at {history.next_retry:%H:%M:%S}")
    if ctx.conn not in (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING):
        found += [f"stderr: {line}" for line in stderr]
    return found
