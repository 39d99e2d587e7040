"""An exhaustive check of the alert machine: every context it can reach, every event, every invariant (I15).

`check()` raises `AlertViolation` with the shortest series of events that breaks an invariant. What the world has seen
of an alert (what was sent, which timers run) is kept beside the machine's own memory, which may be wrong.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import attrs

from mcpstore.core import alert_lifecycle
from mcpstore.core.alert_lifecycle import AlertAction, AlertContext, AlertEvent, AlertState

__all__ = ["OF_FUTURES", "OF_STEPS", "AlertReport", "AlertViolation", "Taken", "World", "check", "patched"]

TELLING: Final = (AlertAction.FIRE, AlertAction.REMIND)
SAYING: Final = (*TELLING, AlertAction.RESOLVE)


class Step(Protocol):
    """Takes one step of the machine."""

    def __call__(
        self, ctx: Any, event: AlertEvent, *, reminders: bool = False
    ) -> tuple[AlertContext, tuple[AlertAction, ...]]:
        """Return what becomes of a context, and what is to be done."""
        ...


class AlertViolation(AssertionError):
    """An invariant does not hold.

    Attributes:
        invariant: Its name.
        path: The shortest series of events, from a new alert on, that shows it.
    """

    def __init__(self, invariant: str, words: str, path: Sequence[AlertEvent], problem: str) -> None:
        self.invariant: Final = invariant
        self.path: Final = tuple(path)
        way = ", ".join(event.name for event in path) or "at once"
        super().__init__(f"{invariant}: {words}\n    after {way}: {problem}")


@attrs.frozen
class World:
    """What the world has seen of an alert.

    Attributes:
        ctx: What the machine remembers.
        sent: Whether the beginning was sent, and the end was not.
        muted: Whether the alert is muted.
        timers: The timers that run.
    """

    ctx: AlertContext = alert_lifecycle.QUIET
    sent: bool = False
    muted: bool = False
    timers: frozenset[str] = frozenset()


@attrs.frozen
class Taken:
    """A step that was taken."""

    before: World
    event: AlertEvent
    after: World
    actions: tuple[AlertAction, ...]
    reminders: bool


@attrs.frozen(kw_only=True)
class AlertReport:
    """What a check has seen.

    Attributes:
        states: Situations reached.
        transitions: Pairs of a situation and an event tried.
    """

    states: int
    transitions: int


# --- invariants of steps -----------------------------------------------------------------------------------


def i15_fire_and_resolve_alternate(taken: Taken) -> bool:
    """I15: a beginning is sent once, and an end only after its beginning."""
    fired, resolved = (taken.actions.count(action) for action in (AlertAction.FIRE, AlertAction.RESOLVE))
    if fired + resolved > 1:
        return False
    return not (fired and taken.before.sent) and not (resolved and not taken.before.sent)


def i15_every_end_is_sent(taken: Taken) -> bool:
    """I15: an end is sent for each beginning that was sent."""
    return not (taken.after.ctx.state is AlertState.OK and taken.after.sent)


def i15_an_end_is_an_end(taken: Taken) -> bool:
    """I15: an end is sent when the alert is over, not before."""
    return AlertAction.RESOLVE not in taken.actions or taken.after.ctx.state is AlertState.OK


def i15_nothing_while_cooling(taken: Taken) -> bool:
    """I15: no beginning and no reminder is sent during the cool-down."""
    cooling = "COOL" in taken.before.timers and taken.event is not AlertEvent.COOL
    return not (cooling and any(action in TELLING for action in taken.actions))


def i15_nothing_while_muted(taken: Taken) -> bool:
    """I15: no beginning and no reminder is sent while muted."""
    return not (taken.after.muted and any(action in TELLING for action in taken.actions))


def i15_only_firing_alerts_are_sent(taken: Taken) -> bool:
    """I15: only a firing alert is sent, and its cool-down starts then."""
    if not any(action in TELLING for action in taken.actions):
        return True
    return taken.after.ctx.state is AlertState.FIRING and "COOL" in taken.after.timers


def i15_a_free_firing_alert_is_sent(taken: Taken) -> bool:
    """I15: a firing alert that may be sent has been sent."""
    free = "COOL" not in taken.after.timers and not taken.after.muted
    return not (free and taken.after.ctx.state is AlertState.FIRING and not taken.after.sent)


def i15_an_error_changes_nothing(taken: Taken) -> bool:
    """I15: an error in a condition changes nothing."""
    return taken.event is not AlertEvent.ERROR or (taken.after == taken.before and not taken.actions)


def i15_reminders_only_where_wanted(taken: Taken) -> bool:
    """I15: a reminder is sent only after a beginning, and only if reminders are on."""
    return AlertAction.REMIND not in taken.actions or (taken.reminders and taken.before.sent)


def i15_reminders_where_wanted(taken: Taken) -> bool:
    """I15: where people want to be reminded, they are, whenever a cool-down ends or they can be told again."""
    if not (taken.reminders and taken.before.sent and taken.before.ctx.state is AlertState.FIRING):
        return True
    ended = (taken.event is AlertEvent.COOL and "COOL" in taken.before.timers and not taken.before.muted) or (
        taken.event is AlertEvent.UNMUTE and taken.before.muted and "COOL" not in taken.before.timers
    )
    return not ended or AlertAction.REMIND in taken.actions


def i15_memory_is_true(taken: Taken) -> bool:
    """I15: what the machine remembers is what the world has seen."""
    ctx, world = taken.after.ctx, taken.after
    return (ctx.notified, ctx.muted, ctx.cool) == (world.sent, world.muted, "COOL" in world.timers)


def i15_timers_run_with_their_states(taken: Taken) -> bool:
    """I15: FOR runs exactly while PENDING, KEEP exactly while CLEARING."""
    state, timers = taken.after.ctx.state, taken.after.timers
    return ("FOR" in timers, "KEEP" in timers) == (state is AlertState.PENDING, state is AlertState.CLEARING)


def i15_states_follow_the_table(taken: Taken) -> bool:
    """I15: states change as the specification lists them, and in no other way."""
    return taken.after.ctx.state is _LISTED.get((taken.before.ctx.state, taken.event), taken.before.ctx.state)


_LISTED: Final = {
    (AlertState.OK, AlertEvent.TRUE): AlertState.PENDING,
    (AlertState.CLEARING, AlertEvent.TRUE): AlertState.FIRING,
    (AlertState.PENDING, AlertEvent.FALSE): AlertState.OK,
    (AlertState.FIRING, AlertEvent.FALSE): AlertState.CLEARING,
    (AlertState.PENDING, AlertEvent.FOR): AlertState.FIRING,
    (AlertState.CLEARING, AlertEvent.KEEP): AlertState.OK,
    (AlertState.PENDING, AlertEvent.GONE): AlertState.OK,
    (AlertState.FIRING, AlertEvent.GONE): AlertState.OK,
    (AlertState.CLEARING, AlertEvent.GONE): AlertState.OK,
}

OF_STEPS: Final[tuple[Callable[[Taken], bool], ...]] = (
    i15_fire_and_resolve_alternate,
    i15_every_end_is_sent,
    i15_an_end_is_an_end,
    i15_nothing_while_cooling,
    i15_nothing_while_muted,
    i15_only_firing_alerts_are_sent,
    i15_a_free_firing_alert_is_sent,
    i15_an_error_changes_nothing,
    i15_reminders_only_where_wanted,
    i15_reminders_where_wanted,
    i15_memory_is_true,
    i15_timers_run_with_their_states,
    i15_states_follow_the_table,
)


# --- invariants of futures ---------------------------------------------------------------------------------

_Then = Callable[[World, AlertEvent], World]


def i15_a_lasting_alert_is_sent(world: World, then: _Then) -> bool:
    """I15: an alert that keeps firing is sent as soon as it may be."""
    for event in (AlertEvent.TRUE, AlertEvent.FOR, AlertEvent.UNMUTE, AlertEvent.COOL):
        world = then(world, event)
    return world.sent


def i15_an_ended_alert_leaves_nothing(world: World, then: _Then) -> bool:
    """I15: whatever has happened, trouble that ends leaves nothing behind."""
    for event in (AlertEvent.FALSE, AlertEvent.KEEP, AlertEvent.UNMUTE, AlertEvent.COOL):
        world = then(world, event)
    return world == World()


OF_FUTURES: Final[tuple[Callable[[World, _Then], bool], ...]] = (
    i15_a_lasting_alert_is_sent,
    i15_an_ended_alert_leaves_nothing,
)


# --- the check ---------------------------------------------------------------------------------------------


def check(step: Step = alert_lifecycle.step, *, watch: Callable[[Taken], None] | None = None) -> AlertReport:
    """Check every invariant in everything an alert can come to, breadth first, with and without reminders.

    Args:
        step: The machine.
        watch: Called with every step.

    Raises:
        AlertViolation: The first one found; its path is as short as can be.
    """
    states = transitions = 0
    for reminders in (False, True):
        seen = _explore(step, reminders, watch)
        states += seen
        transitions += seen * len(AlertEvent)
    return AlertReport(states=states, transitions=transitions)


def _explore(step: Step, reminders: bool, watch: Callable[[Taken], None] | None) -> int:
    def then(world: World, event: AlertEvent) -> World:
        return _seen(world, event, *step(world.ctx, event, reminders=reminders))

    paths: dict[World, tuple[AlertEvent, ...]] = {World(): ()}
    queue = deque([World()])
    while queue:
        world = queue.popleft()
        for event in AlertEvent:
            context, actions = step(world.ctx, event, reminders=reminders)
            after = _seen(world, event, context, actions)
            taken = Taken(world, event, after, actions, reminders)
            if watch is not None:
                watch(taken)
            _judge(taken, (*paths[world], event))
            if after not in paths:
                paths[after] = (*paths[world], event)
                queue.append(after)
    for world, path in paths.items():
        for comes in OF_FUTURES:
            if not comes(world, then):
                raise AlertViolation(comes.__name__, inspect.getdoc(comes) or "", path, str(world))
    return len(paths)


def _judge(taken: Taken, path: tuple[AlertEvent, ...]) -> None:
    for holds in OF_STEPS:
        if not holds(taken):
            text = f"{', '.join(action.name for action in taken.actions) or 'nothing is done'}; {taken.after}"
            raise AlertViolation(holds.__name__, inspect.getdoc(holds) or "", path, text)


def _seen(world: World, event: AlertEvent, ctx: AlertContext, actions: Iterable[AlertAction]) -> World:
    """Return what the world has seen after a step."""
    was_notified, timers = world.sent, set(world.timers) - {event.name}  # a timer that has run out does not run
    for action in actions:
        if action in SAYING:
            was_notified = action is not AlertAction.RESOLVE
        verb, _, timer = action.name.partition("_")
        if verb == "ARM":
            timers.add(timer)
        elif verb == "DISARM":
            timers.discard(timer)
    muted = {AlertEvent.MUTE: True, AlertEvent.UNMUTE: False}.get(event, world.muted)
    return World(ctx, was_notified, muted, frozenset(timers))


def patched(old: str, new: str) -> Step:
    """Return a copy of the machine with changed source text; the real one stays as it is.

    Raises:
        ValueError: The text to replace does not stand in it exactly once.
    """
    source = inspect.getsource(alert_lifecycle)
    count = source.count(old)
    if count != 1:
        raise ValueError(f"text to replace stands {count} times in alert_lifecycle; it must be once: {old!r}")
    head, mark, body = source.replace(old, new).partition("\nOK: Final")
    namespace: dict[str, Any] = dict(vars(alert_lifecycle))  # its classes stay the real ones, so that contexts compare
    code = "\n" * head.count("\n") + mark + body
    exec(compile(f"from __future__ import annotations{code}", "<patched alert_lifecycle.py>", "exec"), namespace)
    patched_step: Step = namespace["step"]
    return patched_step
