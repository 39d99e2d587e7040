"""Contexts and events that the tests of the table start from."""

from __future__ import annotations

from functools import partial

import attrs

from mcpstore.core.context import Limits
from mcpstore.core.events import (
    CheckFail,
    CheckSlow,
    CheckUndecidable,
    Closed,
    CloseFail,
    Completion,
    Expired,
    Failure,
    OpenFail,
    OpenOk,
    Recheck,
    Remove,
    Restart,
    Start,
    Stop,
    Timer,
    Undecided,
    Update,
)
from mcpstore.models.service import ServiceConnectionState
from tests.model_check.alphabet import NOW

S = ServiceConnectionState
START, STOP, RESTART, REMOVE, RECHECK = Start(), Stop(), Restart(), Remove(), Recheck()
NEW_CONNECTION, NEW_POLICY = Update(reconnect=True), Update(reconnect=False)
FAILED = partial(OpenFail, failure=Failure.TRANSIENT)
LATE = partial(OpenFail, failure=Failure.TIMEOUT)
REFUSED = partial(OpenFail, failure=Failure.PERMANENT)
BLIND = partial(CheckUndecidable, cause=Undecided.LOCAL)
BUSY = partial(CheckUndecidable, cause=Undecided.SERVICE)
GIVEN_UP = partial(Closed, give_up=True)
CHECK, FAST, RETRY, COOL = (Expired(timer) for timer in (Timer.CHECK, Timer.FAST, Timer.RETRY, Timer.COOL))
REAP, STABLE = Expired(Timer.REAP), Expired(Timer.STABLE)

HEALTHY = (START, OpenOk)
WARNING = (*HEALTHY, CHECK, CheckSlow)
UNHEALTHY = (*HEALTHY, CHECK, CheckFail)
UNKNOWN = (*HEALTHY, CHECK, BLIND)
WAITING = (START, FAILED, Closed)
RESTING = (START, REFUSED, Closed)
SURVIVED = (*HEALTHY, STOP, CloseFail)

LAST_ATTEMPT = Limits(attempts=1)


def renumbered(event, ctx):
    return attrs.evolve(event, epoch=ctx.epoch + event.epoch - NOW) if isinstance(event, Completion) else event


def budget(ctx):
    return ctx.attempts, ctx.backoff_exponent, ctx.failed_rounds, ctx.on_probation
