"""Why a service is where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcpstore.core.context import Context, run_status
from mcpstore.core.events import Timer
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceStatus, ToolPinning
from mcpstore.models.text import counted, one_line, truncated
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.known_failures import remedy_for
from mcpstore.store.parts import StoreParts
from mcpstore.store.results import Diagnosis

__all__ = ["diagnose", "diagnose_refused"]

SHOWN_LINES: Final = 5
SHOWN_TEXT: Final = 500
"""Characters of one text that are shown: a diagnosis is read by people, and travels in alerts."""

WELL: Final = (ServiceStatus.RUNNING, ServiceStatus.STARTING)
IDLE: Final = (ServiceStatus.STOPPED, ServiceStatus.NOT_STARTED)

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


def diagnose(runner: ServiceRunner, parts: StoreParts) -> Diagnosis:
    """Return why a service is where it is, what that is concluded from, and what to do."""
    ctx, history = runner.ctx, runner.history
    status = run_status(ctx)
    stderr = tuple(_clip(line.text) for line in runner.log.last(SHOWN_LINES))
    error = _clip(history.error or "")
    lasted = 0.0 if history.since is None else parts.supervisor.clock.now() - history.since
    missing = _missing(runner, parts)
    summary, remedy = _summary(runner), ""
    if status not in (*WELL, *IDLE):
        known = remedy_for(error, *stderr)
        if known is not None:
            summary, remedy = f"{summary}: {known.what}", known.cure
        elif status is ServiceStatus.ERROR:
            remedy = _way_back(runner)
    elif status is ServiceStatus.STOPPED or (status is ServiceStatus.NOT_STARTED and not runner.spec.enabled):
        remedy = f"start it: mcpstore start {runner.spec.name}"
    return Diagnosis(
        name=runner.spec.name,
        run_status=status,
        connection_state=ctx.connection,
        summary=summary,
        evidence=(*_evidence(runner, error, stderr), *_waiting(runner), *missing),
        remedy=remedy,
        reason=ctx.reason,
        lasted=lasted,
        error=error or None,
        exit_code=None if history.exit is None else history.exit.code,
        stderr=stderr,
        checks=history.last_checks,
        attempts=ctx.attempts,
        rounds=ctx.failed_rounds,
        next_retry_time=history.next_retry if _waits(ctx) else None,
        recovery=runner.spec.recovery.name,
        depends_on=runner.spec.depends_on,
    )


def diagnose_refused(name: str, problems: Sequence[str]) -> Diagnosis:
    """Return why a service is not there although there is an entry of its name."""
    return Diagnosis(
        name=name,
        run_status=ServiceStatus.NOT_STARTED,
        connection_state=ServiceConnectionState.DISCONNECTED,
        summary="its entry in the configuration cannot be used",
        evidence=tuple(map(_clip, problems)),
        remedy="correct its entry; the configuration is read again as soon as it is written",
        reason=Reason.PERMANENT,
        error=_clip("; ".join(problems)),
    )


def _summary(runner: ServiceRunner) -> str:
    if runner.history.note:
        return f"it is {runner.history.note}"
    if runner.ctx.close_failed:
        return "something of it survived being closed"
    if runner.ctx.connection is ServiceConnectionState.DISCONNECTED:
        if runner.ctx.reason is Reason.NEW and not runner.spec.enabled:
            return "it is switched off in its entry"
        return _REASONS.get(runner.ctx.reason, "it is disconnected")
    held = len(_withheld(runner))
    waits = f", but {held} of its tools {'waits' if held == 1 else 'wait'} for approval"
    return _STATES[runner.ctx.connection] + (waits if held else "")


def _way_back(runner: ServiceRunner) -> str:
    """Return what to do about a service whose trouble nobody knows."""
    name = runner.spec.name
    if runner.ctx.timer is Timer.COOL and runner.history.next_retry is None:
        return f"it is left alone until somebody asks for it: mcpstore recover {name}"
    if runner.spec.settings.get("url") is not None:
        return f"correct url in its entry if that is why, then: mcpstore check {name}"
    return f"see what it says: mcpstore logs {name}"


def _waits(ctx: Context) -> bool:
    return ctx.timer in (Timer.RETRY, Timer.COOL)


def _evidence(runner: ServiceRunner, error: str, stderr: Sequence[str]) -> list[str]:
    ctx, history = runner.ctx, runner.history
    found: list[str] = []
    if error and not runner.is_live:
        found.append(error)
    if history.exit is not None and history.exit.reason not in error and not runner.is_live:
        found.append(_clip(history.exit.reason))
    if ctx.attempts:
        found.append(f"{counted(ctx.attempts, 'failed attempt')} in this round")
    if ctx.failed_rounds:
        found.append(f"{counted(ctx.failed_rounds, 'failed round')} in a row")
    if history.checks:
        found.append(_answered(sum(history.checks), len(history.checks)))
    found += [f"check at {check.time:%H:%M:%S}: {_clip(check.error)}" for check in history.last_checks if check.error]
    if _waits(ctx) and history.next_retry is not None:
        found.append(f"next try at {history.next_retry:%H:%M:%S}")
    if ctx.connection not in (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING):
        found += [f"stderr: {line}" for line in stderr]
    return found


def _withheld(runner: ServiceRunner) -> list[str]:
    """Return the names of the tools that cannot be called because they are not what they were."""
    return list(runner.pins.changed) if runner.is_live and runner.spec.tool_pinning is ToolPinning.BLOCK else []


def _waiting(runner: ServiceRunner) -> list[str]:
    """Return which of its tools wait for approval, in words."""
    if not (held := _withheld(runner)):
        return []
    names = _clip(", ".join(map(one_line, held[:SHOWN_LINES])) + (", …" if len(held) > SHOWN_LINES else ""))
    return [f"tools that changed, or are new, wait for approval ({names}); see: mcpstore tools --changed"]


def _answered(answered: int, made: int) -> str:
    if made == 1:
        return f"the last health check was {'' if answered else 'not '}answered"
    return f"{answered} of the last {made} health checks {'was' if answered == 1 else 'were'} answered"


def _missing(runner: ServiceRunner, parts: StoreParts) -> list[str]:
    """Return which of the services it depends on are not well: that stops nothing, but may explain much."""
    found: list[str] = []
    for needed in runner.spec.depends_on:
        if needed not in parts.registry:
            found.append(f"it depends on {needed!r}, which does not exist")
        elif (status := run_status(parts.supervisor.runner(needed).ctx)) is not ServiceStatus.RUNNING:
            found.append(f"it depends on {needed!r}, which is {status}")
    return found


def _clip(text: str) -> str:
    return truncated(text, SHOWN_TEXT)
