"""What must be possible from every context: that it moves, that it stops when told to, that it heals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Act, Context, Desired
from mcpstore.core.events import Event, Timer
from mcpstore.models.service import ServiceConnectionState
from tests.model_check.taken import is_parked

__all__ = ["HEALS_WITHIN", "OF_FUTURES", "Future", "good_news"]

Future = Callable[[Context, Event], Context]
"""Where an event leads."""

HEALS_WITHIN: Final = 4
"""Events that are enough to be healthy in a good world: REAP, CLOSED, RETRY, OPEN_OK."""

_PARKS_WITHIN: Final = 2  # REAP, CLOSED


def good_news(ctx: Context) -> Event:
    """Return what happens next in a good world: the action in flight succeeds, or the timer runs out."""
    endings: dict[Act, Event] = {
        Act.CONNECT: ev.OpenOk(epoch=ctx.epoch),
        Act.CHECK: ev.CheckOk(epoch=ctx.epoch),
        Act.CLOSE: ev.Closed(epoch=ctx.epoch),
    }
    return endings.get(ctx.activity) or ev.Expired(ctx.timer)


def i3_moves_by_itself(c: Context, then: Future) -> bool:
    """I3: where nothing but timers and deadlines happens, whatever is not parked still moves."""
    if is_parked(c):
        return True
    return then(c, ev.Expired(c.timer) if c.activity is Act.NONE else ev.Overdue(epoch=c.epoch)) != c


def i4_stop_is_obeyed(c: Context, then: Future) -> bool:
    """I4: STOP and REMOVE take effect at once, everywhere; then at most a REAP and a CLOSED come before the end."""
    stopped, removed = then(c, ev.Stop()), then(c, ev.Remove())
    if stopped.desired is Desired.RUN or removed.desired is not Desired.GONE:
        return False
    return all(is_parked(_in_a_good_world(start, then, _PARKS_WITHIN)) for start in (stopped, removed))


def i10_heals(c: Context, then: Future) -> bool:
    """I10: in a good world whatever is wanted is HEALTHY after at most four events."""
    return c.desired is not Desired.RUN or _is_healthy(_in_a_good_world(c, then, HEALS_WITHIN))


def i10_heals_when_asked(c: Context, then: Future) -> bool:
    """I10: a rest that a recovery policy made endless is a decision; any word of the operator ends it in a good world.

    The context does not tell an endless rest from an ordinary one, so this holds for every rest: START and RECHECK
    open at once, RESTART and a new configuration too.
    """
    if c.timer is not Timer.COOL:
        return True
    words = (ev.Start(), ev.Recheck(), ev.Restart(), ev.Update(reconnect=True))
    return all(_is_healthy(_in_a_good_world(then(c, word), then, 1)) for word in words)


OF_FUTURES: Final[tuple[Callable[[Context, Future], bool], ...]] = (
    i3_moves_by_itself,
    i4_stop_is_obeyed,
    i10_heals,
    i10_heals_when_asked,
)


def _in_a_good_world(ctx: Context, then: Future, events: int) -> Context:
    for _ in range(events):
        if is_parked(ctx) or _is_healthy(ctx):
            break
        ctx = then(ctx, good_news(ctx))
    return ctx


def _is_healthy(ctx: Context) -> bool:
    return ctx.connection is ServiceConnectionState.HEALTHY
