"""The alert machine: what every event does to one rule about one service.

Like `lifecycle`, it decides everything and touches nothing: `step(ctx, event)` returns the next context and the actions
that follow. There is one context for each pair of a rule and a service.

How to read it. OK: nothing is wrong. PENDING: the condition holds, but not for long enough yet. FIRING: it held long
enough. CLEARING: it holds no longer, but not for long enough yet. Three flags stand beside the state:

* `notified`: people were told and do not know yet that it is over.
* `cool`: they were told so lately that they are not told again.
* `muted`: they do not want to be told now; somebody silenced it, or a greater trouble explains it.

Nothing that fires is forgotten: what could not be told while cooling or muted is told as soon as it can be, if it
still fires then; and whoever was told of a beginning is told of its end, muted or not. A timer runs exactly while its
state or flag lasts: FOR in PENDING, KEEP in CLEARING, COOL while `cool`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Any, Final

import attrs

__all__ = ["QUIET", "TABLE", "AlertAction", "AlertContext", "AlertEvent", "AlertRow", "AlertState", "step"]


class AlertState(StrEnum):
    """How far an incident has come."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    CLEARING = "clearing"


class AlertEvent(Enum):
    """What happens to a rule about a service."""

    TRUE = "its condition holds"
    FALSE = "its condition does not hold"
    ERROR = "nobody can tell whether its condition holds"
    FOR = "it has held long enough"
    KEEP = "it has not held for long enough"
    COOL = "the time after a notice is over"
    MUTE = "people do not want to be told"
    UNMUTE = "they do again"
    GONE = "the service was stopped or removed, or the rule was"


class AlertAction(Enum):
    """What is to be done now."""

    FIRE = "say that it began"
    RESOLVE = "say that it is over"
    REMIND = "say that it goes on"
    ARM_FOR = "start the time it must hold"
    DISARM_FOR = "stop it"
    ARM_KEEP = "start the time it must not hold"
    DISARM_KEEP = "stop that one"
    ARM_COOL = "start the time after a notice"


@attrs.frozen(kw_only=True)
class AlertContext:
    """What the machine remembers of a rule about a service.

    Attributes:
        state: How far the incident has come.
        notified: Whether people were told of it.
        cool: Whether they were told so lately that they are not told again.
        muted: Whether they do not want to be told now.
    """

    state: AlertState = AlertState.OK
    notified: bool = False
    cool: bool = False
    muted: bool = False


QUIET: Final = AlertContext()
"""Nothing is wrong and nothing is remembered: such a context need not be kept."""

OK: Final = AlertState.OK
PENDING: Final = AlertState.PENDING
FIRING: Final = AlertState.FIRING
CLEARING: Final = AlertState.CLEARING


def step(
    ctx: AlertContext, event: AlertEvent, *, reminders: bool = False
) -> tuple[AlertContext, tuple[AlertAction, ...]]:
    """Return what becomes of an alert when something happens to it, and what is to be done now.

    Total (every event is accepted in every context) and deterministic.

    Args:
        ctx: What the machine remembers.
        event: What happened.
        reminders: Whether people are told again after each cool-down while it goes on.
    """
    for row in _ROWS[event]:
        if row.when(ctx):
            move = _Transition(ctx, reminders=reminders)
            row.then(move)
            return move.done()
    return ctx, ()


class _Transition:
    """A step being taken: the vocabulary in which the rows are written."""

    def __init__(self, ctx: AlertContext, *, reminders: bool) -> None:
        self.ctx: AlertContext = ctx
        self.reminders: bool = reminders
        self.actions: list[AlertAction] = []

    def done(self) -> tuple[AlertContext, tuple[AlertAction, ...]]:
        return self.ctx, tuple(self.actions)

    def set(self, **changes: Any) -> None:
        self.ctx = attrs.evolve(self.ctx, **changes)

    def to(self, state: AlertState, *actions: AlertAction) -> None:
        self.set(state=state)
        self.actions.extend(actions)

    def speak(self) -> None:
        """Say what there is to say, if it may be said now."""
        if self.ctx.state is not FIRING or self.ctx.cool or self.ctx.muted:
            return
        if not self.ctx.notified:
            self._say(AlertAction.FIRE)
        elif self.reminders:
            self._say(AlertAction.REMIND)

    def tell_if_untold(self) -> None:
        """Say that it began, if that may be said now and was not."""
        if not self.ctx.notified:
            self.speak()

    def resolve(self) -> None:
        """Be done with it; who was told is told that it is over."""
        self.to(OK)
        if self.ctx.notified:
            self.set(notified=False)
            self.actions.append(AlertAction.RESOLVE)

    def _say(self, action: AlertAction) -> None:
        self.set(notified=True, cool=True)
        self.actions += (action, AlertAction.ARM_COOL)


# --- what the rows do --------------------------------------------------------------------------------------


def _a1_begins(m: _Transition) -> None:
    m.to(PENDING, AlertAction.ARM_FOR)


def _a2_again(m: _Transition) -> None:
    m.to(FIRING, AlertAction.DISARM_KEEP)
    m.tell_if_untold()


def _a3_was_nothing(m: _Transition) -> None:
    m.to(OK, AlertAction.DISARM_FOR)


def _a4_seems_over(m: _Transition) -> None:
    m.to(CLEARING, AlertAction.ARM_KEEP)


def _a5_fires(m: _Transition) -> None:
    m.to(FIRING)
    m.tell_if_untold()


def _a6_over(m: _Transition) -> None:
    m.resolve()


def _a7_cooled_down(m: _Transition) -> None:
    m.set(cool=False)
    m.speak()


def _a8_muted(m: _Transition) -> None:
    m.set(muted=True)


def _a9_unmuted(m: _Transition) -> None:
    m.set(muted=False)
    m.speak()


def _a10_gone_early(m: _Transition) -> None:
    m.to(OK, AlertAction.DISARM_FOR)


def _a11_gone(m: _Transition) -> None:
    m.resolve()


def _a12_gone_late(m: _Transition) -> None:
    m.actions.append(AlertAction.DISARM_KEEP)
    m.resolve()


# --- the table ---------------------------------------------------------------------------------------------


def _in(state: AlertState) -> Callable[[AlertContext], bool]:
    return lambda ctx: ctx.state is state


def _cooling(ctx: AlertContext) -> bool:
    return ctx.cool


def _muted(ctx: AlertContext) -> bool:
    return ctx.muted


def _not_muted(ctx: AlertContext) -> bool:
    return not ctx.muted


@attrs.frozen
class AlertRow:
    """A row of the table.

    Attributes:
        name: Its name.
        event: The event it answers.
        when: Whether it is for this context.
        then: What it does.
    """

    name: str
    event: AlertEvent
    when: Callable[[AlertContext], bool]
    then: Callable[[_Transition], None]


TABLE: Final = (
    AlertRow("A1", AlertEvent.TRUE, _in(OK), _a1_begins),
    AlertRow("A2", AlertEvent.TRUE, _in(CLEARING), _a2_again),
    AlertRow("A3", AlertEvent.FALSE, _in(PENDING), _a3_was_nothing),
    AlertRow("A4", AlertEvent.FALSE, _in(FIRING), _a4_seems_over),
    # ERROR has no row: who cannot tell changes nothing
    AlertRow("A5", AlertEvent.FOR, _in(PENDING), _a5_fires),
    AlertRow("A6", AlertEvent.KEEP, _in(CLEARING), _a6_over),
    AlertRow("A7", AlertEvent.COOL, _cooling, _a7_cooled_down),
    AlertRow("A8", AlertEvent.MUTE, _not_muted, _a8_muted),
    AlertRow("A9", AlertEvent.UNMUTE, _muted, _a9_unmuted),
    AlertRow("A10", AlertEvent.GONE, _in(PENDING), _a10_gone_early),
    AlertRow("A11", AlertEvent.GONE, _in(FIRING), _a11_gone),
    AlertRow("A12", AlertEvent.GONE, _in(CLEARING), _a12_gone_late),
)

_ROWS: Final[dict[AlertEvent, tuple[AlertRow, ...]]] = {
    event: tuple(row for row in TABLE if row.event is event) for event in AlertEvent
}
