"""How contexts, events and actions are written in tables, in violations and in the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from mcpstore.core import actions as ac
from mcpstore.core import events as ev
from mcpstore.core.actions import Action
from mcpstore.core.context import Act, Context, Desired
from mcpstore.core.events import Completion, Event, Timer
from tests.model_check.alphabet import NOW

__all__ = ["action_text", "context_text", "event_kind", "event_text", "situation"]

_KINDS: Final[Mapping[type[Event], str]] = {
    ev.Start: "START",
    ev.Stop: "STOP",
    ev.Restart: "RESTART",
    ev.Update: "UPDATE",
    ev.Remove: "REMOVE",
    ev.Recheck: "RECHECK",
    ev.OpenOk: "OPEN_OK",
    ev.OpenFail: "OPEN_FAIL",
    ev.CheckOk: "CHECK_OK",
    ev.CheckSlow: "CHECK_SLOW",
    ev.CheckFail: "CHECK_FAIL",
    ev.CheckTimeout: "CHECK_TIMEOUT",
    ev.CheckUndecidable: "CHECK_UNDECIDABLE",
    ev.Closed: "CLOSED",
    ev.CloseFail: "CLOSE_FAIL",
    ev.Lost: "LOST",
    ev.Overdue: "OVERDUE",
    ev.Expired: "T",
}


def event_kind(kind: type[Event]) -> str:
    """Return the name the specification gives to a type of events."""
    return _KINDS[kind]


def event_text(event: Event) -> str:
    """Return an event as people write it: `OPEN_FAIL(timeout)`, `T(RETRY)`, `LOST(window full)`, `CLOSED (stale)`."""
    notes: list[str] = []
    match event:
        case ev.Update(reconnect=reconnect):
            notes.append("connection" if reconnect else "policy")
        case ev.OpenFail(failure=failure):
            notes.append(failure.value)
        case ev.CheckUndecidable(cause=cause):
            notes.append(cause.value)
        case ev.Closed(give_up=True):
            notes.append("give up")
        case ev.Expired(timer=timer):
            notes.append(timer.name)
        case _:
            pass
    if getattr(event, "intensity", False):
        notes.append("window full")
    text = event_kind(type(event)) + (f"({', '.join(notes)})" if notes else "")
    return text + (" (stale)" if isinstance(event, Completion) and event.epoch != NOW else "")


def action_text(action: Action) -> str:
    """Return an action as people write it: `OPEN(2)`, `ARM(RETRY, exp=1)`, `EDGE(HEALTHY -> WARNING)`, `PUBLISH`."""
    name = type(action).__name__.upper()
    match action:
        case ac.Open(epoch=epoch) | ac.Probe(epoch=epoch) | ac.Close(epoch=epoch):
            return f"{name}({epoch})"
        case ac.Edge(old=old, new=new):
            return f"{name}({old.name} -> {new.name})"
        case ac.Arm(timer=timer):
            more = attrs.asdict(action, filter=lambda field, value: bool(value) and field.name != "timer")
            return f"{name}({', '.join([timer.name, *(f'{key}={value}' for key, value in more.items())])})"
        case _:
            return name


def situation(ctx: Context) -> str:
    """Return where a service is, in the notation of the table: `RECONNECTING⟨CLOSE→BACKOFF⟩`, `HEALTHY⏲CHECK`.

    X⟨A⟩ is state X with action A in flight, X⏲T is state X with timer T armed; an arrow tells what follows a close.
    """
    follows = f"→{ctx.next_act.name}" if ctx.next_act else ""
    flight = f"⟨{ctx.activity.name}{follows}⟩" if ctx.activity is not Act.NONE else ""
    armed = f"⏲{ctx.timer.name}{'' if flight else follows}" if ctx.timer is not Timer.NONE else ""
    parked = "" if flight or armed else {Desired.GONE: " gone", Desired.STOP: " parked"}.get(ctx.desired, " stuck")
    return f"{ctx.connection.name}{flight}{armed}{parked}"


def context_text(ctx: Context) -> str:
    """Return where a service is and whatever differs from the memory of a new one."""
    new = Context().to_json()
    message = (f"{name}={value}" for name, value in ctx.to_json().items() if value != new[name])
    return f"{situation(ctx)} with {', '.join(message)}"
