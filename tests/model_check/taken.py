"""A step that was taken."""

from __future__ import annotations

import attrs

from mcpstore.core.actions import Action, Arm, Close, Edge, Open, Probe
from mcpstore.core.context import Act, Context, Desired, Limits
from mcpstore.core.events import Event, Timer
from tests.model_check.alphabet import is_operator
from tests.model_check.notation import action_text, event_text, situation

__all__ = ["Taken", "is_parked"]


@attrs.frozen(kw_only=True)
class Taken:
    """A step of the machine that changed something or asked for something.

    Attributes:
        before: The context it started from.
        event: What happened.
        after: The context it led to.
        actions: What it asked for.
        limits: How often was too often.
    """

    before: Context
    event: Event
    after: Context
    actions: tuple[Action, ...]
    limits: Limits

    @property
    def by_operator(self) -> bool:
        """Whether a person asked for it."""
        return is_operator(self.event)

    @property
    def edges(self) -> list[Edge]:
        """The changes of the connection state, in order."""
        return [action for action in self.actions if isinstance(action, Edge)]

    @property
    def orders(self) -> list[Open | Probe | Close]:
        """What the runner was told to carry out."""
        return [action for action in self.actions if isinstance(action, Open | Probe | Close)]

    @property
    def arms(self) -> list[Arm]:
        """The timers armed."""
        return [action for action in self.actions if isinstance(action, Arm)]

    def asks_for(self, kind: type[Action]) -> bool:
        """Whether an action of this kind is among the actions."""
        return any(isinstance(action, kind) for action in self.actions)

    def __str__(self) -> str:
        text = ", ".join(map(action_text, self.actions)) or "nothing"
        return f"{situation(self.before)} -- {event_text(self.event)} --> {situation(self.after)}, asking for {text}"


def is_parked(ctx: Context) -> bool:
    """Whether nothing is left to happen by itself: not wanted, nothing in flight, nothing armed."""
    return ctx.desired is not Desired.RUN and ctx.activity is Act.NONE and ctx.timer is Timer.NONE
