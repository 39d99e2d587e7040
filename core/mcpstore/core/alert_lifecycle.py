"""The alert machine: the effect of every event on one alert, that is, one rule applied to one service.

Like `lifecycle`, it is a pure function: `step(ctx, event)` returns the next context and the actions. There is one
context for each pair of a rule and a service.

States: OK: the condition does not hold. PENDING: the condition holds, but not long enough. FIRING: the condition has
held long enough. CLEARING: the condition does not hold any more, but not long enough. Three flags complete the state:

* `notified`: the notification of the alert was sent, and that of its end was not.
* `cool`: the cooldown after a notification runs, so no further one is sent.
* `muted`: no notification is sent, because of a silence or because another alert covers this one.

A notification that is held back by the cooldown or a mute is sent when both are over, if the alert still fires. If the
notification of an alert was sent, so is that of its end, even while muted. Each timer runs exactly as long as its state
or flag lasts: FOR in PENDING, KEEP in CLEARING, COOL while `cool`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Any, Final

import attrs

__all__ = ["QUIET", "TABLE", "AlertAction", "AlertContext", "AlertEvent", "AlertRow", "AlertState", "step"]


class AlertState(StrEnum):
    """State of an alert."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    CLEARING = "clearing"


class AlertEvent(Enum):
    """Event of an alert."""

    TRUE = "the condition holds"
    FALSE = "the condition does not hold"
    ERROR = "the condition cannot be evaluated"
    FOR = "the condition has held long enough"
    KEEP = "the condition has been false long enough"
    COOL = "the cooldown after a notification is over"
    MUTE = "the alert is muted"
    UNMUTE = "the alert is no longer muted"
    GONE = "the service is stopped or removed, or the rule is removed"


class AlertAction(Enum):
    """Action of the alert machine."""

    FIRE = "send the notification that the alert fires"
    RESOLVE = "send the notification that the alert is resolved"
    REMIND = "send the notification that the alert still fires"
    ARM_FOR = "start the timer FOR"
    DISARM_FOR = "stop the timer FOR"
    ARM_KEEP = "start the timer KEEP"
    DISARM_KEEP = "stop the timer KEEP"
    ARM_COOL = "start the timer COOL"


@attrs.frozen(kw_only=True)
class AlertContext:
    """State of the machine for one alert.

    Attributes:
        state: State of the alert.
        notified: Whether the notification of the alert was sent, and that of its end was not.
        cool: Whether the cooldown after a notification runs.
        muted: Whether notifications are muted.
    """

    state: AlertState = AlertState.OK
    notified: bool = False
    cool: bool = False
    muted: bool = False


QUIET: Final = AlertContext()
"""Initial context; an alert in this context need not be stored."""

OK: Final = AlertState.OK
PENDING: Final = AlertState.PENDING
FIRING: Final = AlertState.FIRING
CLEARING: Final = AlertState.CLEARING


def step(
    ctx: AlertContext, event: AlertEvent, *, reminders: bool = False
) -> tuple[AlertContext, tuple[AlertAction, ...]]:
    """Return the context after an event, and the actions to carry out.

    The function is total (it accepts every event in every context) and deterministic.

    Args:
        ctx: Context before the event.
        event: The event.
        reminders: Whether a reminder is sent after each cooldown while the alert fires.
    """
    for row in _ROWS[event]:
        if row.when(ctx):
            transition = _Transition(ctx, reminders=reminders)
            row.then(transition)
            return transition.done()
    return ctx, ()


class _Transition:
    """One step of the machine: the operations of which the rows consist."""

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

    def notify(self) -> None:
        """Send the notification or the reminder of a firing alert, unless it is cooling down or muted."""
        if self.ctx.state is not FIRING or self.ctx.cool or self.ctx.muted:
            return
        if not self.ctx.notified:
            self._send(AlertAction.FIRE)
        elif self.reminders:
            self._send(AlertAction.REMIND)

    def notify_once(self) -> None:
        """Send the notification of a firing alert, unless it was sent, is cooling down or muted."""
        if not self.ctx.notified:
            self.notify()

    def resolve(self) -> None:
        """End the alert; if its notification was sent, send that of its end."""
        self.to(OK)
        if self.ctx.notified:
            self.set(notified=False)
            self.actions.append(AlertAction.RESOLVE)

    def _send(self, action: AlertAction) -> None:
        self.set(notified=True, cool=True)
        self.actions += (action, AlertAction.ARM_COOL)


# --- effects of the rows -----------------------------------------------------------------------------------


def _a1_begins(m: _Transition) -> None:
    m.to(PENDING, AlertAction.ARM_FOR)


def _a2_holds_again(m: _Transition) -> None:
    m.to(FIRING, AlertAction.DISARM_KEEP)
    m.notify_once()


def _a3_not_held(m: _Transition) -> None:
    m.to(OK, AlertAction.DISARM_FOR)


def _a4_clearing(m: _Transition) -> None:
    m.to(CLEARING, AlertAction.ARM_KEEP)


def _a5_fires(m: _Transition) -> None:
    m.to(FIRING)
    m.notify_once()


def _a6_resolved(m: _Transition) -> None:
    m.resolve()


def _a7_cooled_down(m: _Transition) -> None:
    m.set(cool=False)
    m.notify()


def _a8_muted(m: _Transition) -> None:
    m.set(muted=True)


def _a9_unmuted(m: _Transition) -> None:
    m.set(muted=False)
    m.notify()


def _a10_gone_while_pending(m: _Transition) -> None:
    m.to(OK, AlertAction.DISARM_FOR)


def _a11_gone_while_firing(m: _Transition) -> None:
    m.resolve()


def _a12_gone_while_clearing(m: _Transition) -> None:
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
    """Row of the table.

    Attributes:
        name: Name of the row.
        event: The event.
        when: Guard.
        then: Effect.
    """

    name: str
    event: AlertEvent
    when: Callable[[AlertContext], bool]
    then: Callable[[_Transition], None]


TABLE: Final = (
    AlertRow("A1", AlertEvent.TRUE, _in(OK), _a1_begins),
    AlertRow("A2", AlertEvent.TRUE, _in(CLEARING), _a2_holds_again),
    AlertRow("A3", AlertEvent.FALSE, _in(PENDING), _a3_not_held),
    AlertRow("A4", AlertEvent.FALSE, _in(FIRING), _a4_clearing),
    # ERROR has no row: a condition that cannot be evaluated changes nothing
    AlertRow("A5", AlertEvent.FOR, _in(PENDING), _a5_fires),
    AlertRow("A6", AlertEvent.KEEP, _in(CLEARING), _a6_resolved),
    AlertRow("A7", AlertEvent.COOL, _cooling, _a7_cooled_down),
    AlertRow("A8", AlertEvent.MUTE, _not_muted, _a8_muted),
    AlertRow("A9", AlertEvent.UNMUTE, _muted, _a9_unmuted),
    AlertRow("A10", AlertEvent.GONE, _in(PENDING), _a10_gone_while_pending),
    AlertRow("A11", AlertEvent.GONE, _in(FIRING), _a11_gone_while_firing),
    AlertRow("A12", AlertEvent.GONE, _in(CLEARING), _a12_gone_while_clearing),
)

_ROWS: Final[dict[AlertEvent, tuple[AlertRow, ...]]] = {
    event: tuple(row for row in TABLE if row.event is event) for event in AlertEvent
}
