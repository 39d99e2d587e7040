"""Diagnosis of a service: why it is in its state, the evidence for that, and the remedy."""

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
"""Maximum length of one text, in characters: diagnoses are read on screens, and sent in alerts."""

WELL: Final = (ServiceStatus.RUNNING, ServiceStatus.STARTING)
IDLE: Final = (ServiceStatus.STOPPED, ServiceStatus.NOT_STARTED)

_STATES: Final = {
    ServiceConnectionState.INITIALIZING: "it is being started",
    ServiceConnectionState.HEALTHY: "it is healthy",
    ServiceConnectionState.WARNING: "it answers, but slowly",
    ServiceConnectionState.UNHEALTHY: "a health check failed; the next one follows in a few seconds",
    ServiceConnectionState.RECONNECTING: "its connection was lost and is being opened again",
    ServiceConnectionState.UNKNOWN: "the last health check was inconclusive",
}
_REASONS: Final = {
    Reason.NEW: "it has not been started yet",
    Reason.OPERATOR: "it was stopped on request",
    Reason.EXHAUSTED: "every attempt of a round to open it failed",
    Reason.INTENSITY: "it was lost too often in too short a time",
    Reason.PERMANENT: "it cannot be opened as it is configured",
}


def diagnose(runner: ServiceRunner, parts: StoreParts) -> Diagnosis:
    """Return why a service is in its state, the evidence for that, and the remedy."""
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
            summary, remedy = f"{summary}: {known.problem}", known.remedy
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
    """Return the diagnosis of a service whose entry was refused."""
    return Diagnosis(
        name=name,
        run_status=ServiceStatus.NOT_STARTED,
        connection_state=ServiceConnectionState.DISCONNECTED,
        summary="its entry in the configuration cannot be used",
        evidence=tuple(map(_clip, problems)),
        remedy="correct its entry; the configuration is read again when it is saved",
        reason=Reason.PERMANENT,
        error=_clip("; ".join(problems)),
    )


def _summary(runner: ServiceRunner) -> str:
    if runner.history.note:
        return f"it is {runner.history.note}"
    if runner.ctx.close_failed:
        return "some of its processes survived the closing of its connection"
    if runner.ctx.connection is ServiceConnectionState.DISCONNECTED:
        if runner.ctx.reason is Reason.NEW and not runner.spec.enabled:
            return "it is switched off in its entry"
        return _REASONS.get(runner.ctx.reason, "it is disconnected")
    held = len(_withheld(runner))
    waits = f", but {held} of its tools {'waits' if held == 1 else 'wait'} for approval"
    return _STATES[runner.ctx.connection] + (waits if held else "")


def _way_back(runner: ServiceRunner) -> str:
    """Return the remedy for a service whose problem is not in the list of known failures."""
    name = runner.spec.name
    if runner.ctx.timer is Timer.COOL and runner.history.next_retry is None:
        return f"it is not retried automatically; recover it: mcpstore recover {name}"
    if runner.spec.settings.get("url") is not None:
        return f"check the url in its entry, then: mcpstore check {name}"
    return f"read its log: mcpstore logs {name}"


def _waits(ctx: Context) -> bool:
    return ctx.timer in (Timer.RETRY, Timer.COOL)


def _evidence(runner: ServiceRunner, error: str, stderr: Sequence[str]) -> list[str]:
    ctx, history = runner.ctx, runner.history
    lines: list[str] = []
    if error and not runner.is_live:
        lines.append(error)
    if history.exit is not None and history.exit.reason not in error and not runner.is_live:
        lines.append(_clip(history.exit.reason))
    if ctx.attempts:
        lines.append(f"{counted(ctx.attempts, 'failed attempt')} in this round")
    if ctx.failed_rounds:
        lines.append(f"{counted(ctx.failed_rounds, 'failed round')} in a row")
    if history.checks:
        lines.append(_answered(sum(history.checks), len(history.checks)))
    lines += [f"check at {check.time:%H:%M:%S}: {_clip(check.error)}" for check in history.last_checks if check.error]
    if _waits(ctx) and history.next_retry is not None:
        lines.append(f"next try at {history.next_retry:%H:%M:%S}")
    if ctx.connection not in (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING):
        lines += [f"stderr: {line}" for line in stderr]
    return lines


def _withheld(runner: ServiceRunner) -> list[str]:
    """Return the names of the tools that are withheld until their changes are approved."""
    return list(runner.pins.changed) if runner.is_live and runner.spec.tool_pinning is ToolPinning.BLOCK else []


def _waiting(runner: ServiceRunner) -> list[str]:
    """Return one line about the tools that wait for approval, if there are any."""
    if not (held := _withheld(runner)):
        return []
    names = _clip(", ".join(map(one_line, held[:SHOWN_LINES])) + (", …" if len(held) > SHOWN_LINES else ""))
    return [f"new or changed tools wait for approval ({names}); see: mcpstore tools --changed"]


def _answered(answered: int, checks: int) -> str:
    if checks == 1:
        return f"the last health check was {'' if answered else 'not '}answered"
    return f"{answered} of the last {checks} health checks {'was' if answered == 1 else 'were'} answered"


def _missing(runner: ServiceRunner, parts: StoreParts) -> list[str]:
    """Return the dependencies that are not running: they block no start, but may explain a failure."""
    lines: list[str] = []
    for needed in runner.spec.depends_on:
        if needed not in parts.registry:
            lines.append(f"it depends on {needed!r}, which does not exist")
        elif (status := run_status(parts.supervisor.runner(needed).ctx)) is not ServiceStatus.RUNNING:
            lines.append(f"it depends on {needed!r}, which is {status}")
    return lines


def _clip(text: str) -> str:
    return truncated(text, SHOWN_TEXT)
