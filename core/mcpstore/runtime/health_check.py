"""Checking a service: its health strategy asks, what comes back becomes an event."""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import Any, Final

import attrs

from mcpstore.core import events as ev
from mcpstore.core.events import Event, Undecided
from mcpstore.core.health_mapping import HealthResult, health_event
from mcpstore.errors import CallError, CallTimeout, ServiceBusy
from mcpstore.hooks.health import Check, HealthStrategy
from mcpstore.models.service import ServiceSpec
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.session import Session
from mcpstore.runtime.validation import validated

__all__ = ["CheckOutcome", "check", "reported"]

_log = logging.getLogger("mcpstore.runtime")

OUT_OF: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
"""Errors that say this machine is out of something; they say nothing about a service."""


@attrs.frozen(kw_only=True)
class CheckOutcome:
    """What a check found.

    Attributes:
        event: What it means for the lifecycle.
        took: Seconds it took.
        answered: Whether the service answered; None if the check decided nothing.
        error: What was wrong, in words.
    """

    event: Event
    took: float
    answered: bool | None
    error: str | None = None


async def check(spec: ServiceSpec, session: Session, shared: RunnerServices, slow_after: float) -> CheckOutcome:
    """Check a service once.

    Args:
        spec: The service.
        session: Its connection.
        shared: What the runners share.
        slow_after: Seconds beyond which an answer is slow.
    """
    epoch, began = session.epoch, shared.clock.now()
    limit = shared.timing.check_timeout if spec.timeouts.check is None else spec.timeouts.check
    event: Event
    answered: bool | None = True
    error: str | None = None
    try:
        async with asyncio.timeout(limit):
            await _probe(spec, session, shared, limit)
    except Exception as raised:  # noqa: BLE001 - each kind of exception means something, see _judge
        event, answered, error = _judge(raised, spec, session, shared, began=began, limit=limit)
    else:
        shared.guard.passed(spec.name)
        slow = shared.clock.now() - began > slow_after
        event = ev.CheckSlow(epoch=epoch) if slow else ev.CheckOk(epoch=epoch)
    took = shared.clock.now() - began
    return CheckOutcome(event=event, took=took, answered=answered, error=session.redact(error) if error else None)


def reported(
    result: HealthResult, spec: ServiceSpec, session: Session, shared: RunnerServices, *, took: float, error: str | None
) -> CheckOutcome:
    """Return what somebody else's check found, as if it were one of ours.

    Args:
        result: What was found.
        spec: The service.
        session: Its connection.
        shared: What the runners share.
        took: Seconds the check took.
        error: What was wrong, in words.
    """
    failed = result in (HealthResult.UNHEALTHY, HealthResult.TIMEOUT)
    answered = None if result is HealthResult.UNKNOWN else not failed
    if failed and (ours := _our_fault(spec, shared, float("inf"))) is not None:
        result, answered, error = HealthResult.UNKNOWN, None, ours
    elif failed:
        error = error or f"a check from outside found it {result}"
    elif answered:
        shared.guard.passed(spec.name)
    return CheckOutcome(
        event=health_event(result, session.epoch),
        took=took,
        answered=answered,
        error=session.redact(error) if error else None,
    )


def _judge(
    error: Exception, spec: ServiceSpec, session: Session, shared: RunnerServices, *, began: float, limit: float
) -> tuple[Event, bool | None, str]:
    """Return what a failed check means: its event, whether the service answered, and what was wrong."""
    epoch, told = session.epoch, str(error)
    blind = ev.CheckUndecidable(epoch=epoch, cause=Undecided.LOCAL)
    if isinstance(error, ServiceBusy):
        session.busy_until = shared.clock.now() + (error.retry_after or 0.0)
        return ev.CheckSlow(epoch=epoch), True, told
    if isinstance(error, TimeoutError) and session.calls:
        busy = ev.CheckUndecidable(epoch=epoch, cause=Undecided.SERVICE)
        return busy, None, "no answer to a health check while a call is under way"
    if not isinstance(error, TimeoutError | CallError):
        told = f"health strategy {spec.health.name!r} {describe_error(error)}"
        if not (isinstance(error, OSError) and error.errno in OUT_OF):
            _log.warning("service %r: %s", spec.name, session.redact(told))
        return blind, None, told
    if (ours := _our_fault(spec, shared, began)) is not None:
        return blind, None, ours
    if isinstance(error, TimeoutError):
        silence = ev.CheckTimeout(epoch=epoch)
        return silence, False, told if isinstance(error, CallTimeout) else f"no answer within {limit:g} s"
    return ev.CheckFail(epoch=epoch), False, told


def _our_fault(spec: ServiceSpec, shared: RunnerServices, began: float) -> str | None:
    """Return why a failed check says more about this machine than about the service, if it does."""
    if shared.last_trouble() >= began:
        return "this process stood still during the health check"
    if shared.guard.failed(spec.name, shared.live(), shared.clock.now()):
        _log.warning("most services fail their checks at once, so the check of %r counts for nothing", spec.name)
        return "most services failed their checks at once"
    return None


async def _probe(spec: ServiceSpec, session: Session, shared: RunnerServices, limit: float) -> None:
    connection = session.connection
    assert connection is not None  # noqa: S101 - only live connections are checked
    strategy: HealthStrategy[Any] = await shared.plugins.get_offer_async("health strategy", spec.health.name)
    options = validated(strategy.config, dict(spec.health.options), strategy.name)
    await strategy.probe(Check(service=spec.name, connection=connection, timeout=limit, memory=session.memory), options)
