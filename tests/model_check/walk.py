"""Bringing a service to where a test begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mcpstore.core.context import Context, Limits
from mcpstore.core.events import Event
from mcpstore.core.lifecycle import step
from tests.model_check.taken import Taken

__all__ = ["walk"]

_NEW: Final = Context()
_LIMITS: Final = Limits()


def walk(*events: Event | Callable[..., Event], start: Context = _NEW, limits: Limits = _LIMITS) -> Taken:
    """Let a series of events happen and return the last step.

    `walk(Start(), OpenOk, Lost).after` is a service that has just been lost. Where a class (or any other callable)
    stands instead of an event, it is called with the epoch of the connection that is the newest by then.

    Args:
        events: At least one event or class of events.
        start: Where to begin; a service that was never started by default.
        limits: How often is too often.
    """
    taken: Taken | None = None
    for given in events:
        before = taken.after if taken else start
        event = given if isinstance(given, Event) else given(epoch=before.epoch)
        after, actions = step(before, event, limits)
        taken = Taken(before=before, event=event, after=after, actions=actions, limits=limits)
    if taken is None:
        raise ValueError("a walk needs at least one event")
    return taken
