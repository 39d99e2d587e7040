"""Everything that can happen to a service whose newest connection has number 1."""

from __future__ import annotations

from typing import Final

import attrs

from mcpstore.core import events as ev
from mcpstore.core.events import Completion, Event, Failure, Timer, Undecided

__all__ = ["ALPHABET", "NOW", "OPERATOR", "is_operator"]

NOW: Final = 1
"""Epochs are only ever compared, so the newest one may always be called 1: then there are finitely many contexts."""

OPERATOR: Final[tuple[Event, ...]] = (
    ev.Start(),
    ev.Stop(),
    ev.Restart(),
    ev.Update(reconnect=True),
    ev.Update(reconnect=False),
    ev.Remove(),
    ev.Recheck(),
)
"""What a person can ask for."""

_TYPES: Final = tuple(type(event) for event in OPERATOR)

_FRESH: Final[tuple[Completion, ...]] = (
    ev.OpenOk(epoch=NOW),
    *(ev.OpenFail(epoch=NOW, failure=failure) for failure in Failure),
    ev.CheckOk(epoch=NOW),
    ev.CheckSlow(epoch=NOW),
    *(kind(epoch=NOW, intensity=full) for kind in (ev.CheckFail, ev.CheckTimeout) for full in (False, True)),
    *(ev.CheckUndecidable(epoch=NOW, cause=cause, intensity=full) for cause in Undecided for full in (False, True)),
    *(ev.Closed(epoch=NOW, give_up=give_up) for give_up in (False, True)),
    ev.CloseFail(epoch=NOW),
    *(kind(epoch=NOW, intensity=full) for kind in (ev.Lost, ev.Overdue) for full in (False, True)),
)

ALPHABET: Final[tuple[Event, ...]] = (
    *OPERATOR,
    *_FRESH,
    *(attrs.evolve(event, epoch=epoch) for event in _FRESH for epoch in (NOW - 1, NOW + 1)),
    *(ev.Expired(timer) for timer in Timer),
)
"""Every event, with every flag; completions and signals also from an older and from an impossible later connection."""


def is_operator(event: Event) -> bool:
    """Whether a person asked for it."""
    return isinstance(event, _TYPES)
