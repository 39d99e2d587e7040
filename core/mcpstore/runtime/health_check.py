"""One health check: runs the health strategy of a service and classifies its result as a lifecycle event."""

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

__all__ = ["CheckOutcome", "check", "external_outcome"]

_log = logging.getLogger("mcpstore.runtime")

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
"""Errors of a machine that lacks a resource; they say nothing about the service."""


@attrs.frozen(kw_only=True)
class CheckOutcome:
    """Result of one health check.

    Attributes:
        event: Event for the lifecycle machine.
        took: Duration, in seconds.
        answered: Whether the service answered; None if the check was undecided.
        error: Error message, if there was an error.
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
        shared: Objects that all runners of the store share.
        slow_after: Duration above which an answer counts as slow, in seconds.
    """
    epoch, began = session.epoch, shared.clock.now()
    limit = shared.timing.check_timeout if spec.timeouts.check is None else spec.timeouts.check
    event: Event
    answered: bool | None = True
    error: str | None = None
    try:
        async with asyncio.timeout(limit):
            await _probe(spec, session, shared, limit)
    except Exception as raised:  # noqa: BLE001 - _judge classifies every exception
        event, answered, error = _judge(raised, spec, session, shared, began=began, limit=limit)
    else:
        shared.guard.passed(spec.name)
        slow = shared.clock.now() - began > slow_after
        event = ev.CheckSlow(epoch=epoch) if slow else ev.CheckOk(epoch=epoch)
    took = shared.clock.now() - began
    return CheckOutcome(event=event, took=took, answered=answered, error=session.redact(error) if error else None)


def external_outcome(
    result: HealthResult, spec: ServiceSpec, session: Session, shared: RunnerServices, *, took: float, error: str | None
) -> CheckOutcome:
    """Return the outcome of an external check, classified like an internal one.

    Args:
        result: Result of the external check.
        spec: The service.
        session: Its connection.
        shared: Objects that all runners of the store share.
        took: Duration, in seconds.
        error: Error message, if there was an error.
    """
    failed = result in (HealthResult.UNHEALTHY, HealthResult.TIMEOUT)
    answered = None if result is HealthResult.UNKNOWN else not failed
    if failed and (local := _local_fault(spec, shared, float("inf"))) is not None:
        result, answered, error = HealthResult.UNKNOWN, None, local
    elif failed:
        error = error or f"an external check reported {result}"
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
    """Return the event, `answered` and the message of a failed check."""
    epoch, message = session.epoch, str(error)
    undecided = ev.CheckUndecidable(epoch=epoch, cause=Undecided.LOCAL)
    if isinstance(error, ServiceBusy):
        session.busy_until = shared.clock.now() + (error.retry_after or 0.0)
        return ev.CheckSlow(epoch=epoch), True, message
    if isinstance(error, TimeoutError) and session.calls:
        busy = ev.CheckUndecidable(epoch=epoch, cause=Undecided.SERVICE)
        return busy, None, "no answer to a health check while a call is under way"
    if not isinstance(error, TimeoutError | CallError):
        message = f"health strategy {spec.health.name!r} {describe_error(error)}"
        if not (isinstance(error, OSError) and error.errno in EXHAUSTED):
            _log.warning("service %r: %s", spec.name, session.redact(message))
        return undecided, None, message
    if (local := _local_fault(spec, shared, began)) is not None:
        return undecided, None, local
    if isinstance(error, TimeoutError):
        silence = ev.CheckTimeout(epoch=epoch)
        return silence, False, message if isinstance(error, CallTimeout) else f"no answer within {limit:g} s"
    return ev.CheckFail(epoch=epoch), False, message


def _local_fault(spec: ServiceSpec, shared: RunnerServices, began: float) -> str | None:
    """Return why a failed check is the fault of this machine; None if it is the fault of the service."""
    if shared.last_trouble() >= began:
        return "this process was stalled during the health check"
    if shared.guard.failed(spec.name, shared.live(), shared.clock.now()):
        _log.warning("mass failure: most services failed their checks; the failed check of %r is ignored", spec.name)
        return "most services failed their checks at the same time"
    return None


async def _probe(spec: ServiceSpec, session: Session, shared: RunnerServices, limit: float) -> None:
    connection = session.connection
    assert connection is not None  # noqa: S101 - only live connections are checked
    strategy: HealthStrategy[Any] = await shared.plugins.get_offer_async("health strategy", spec.health.name)
    options = validated(strategy.config, dict(spec.health.options), strategy.name)
    await strategy.probe(Check(service=spec.name, connection=connection, timeout=limit, memory=session.memory), options)
