"""Behaviour of servers over time: the worlds of a fleet."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import attrs

__all__ = ["GOOD", "WORLDS", "Behaviour", "Opening", "World", "make_worlds", "reach"]

HOUR: Final = 3600.0
DAY: Final = 86_400.0


class Opening(StrEnum):
    """How an attempt to open ends."""

    OPENS = "opens"
    FAILS = "fails"
    REFUSES = "refuses"
    HANGS = "hangs"


@attrs.frozen(kw_only=True)
class Behaviour:
    """Behaviour of a server during one phase.

    Attributes:
        opening: How an attempt to open ends.
        takes: Duration of an attempt, in seconds.
        lives: Lifetime of a connection, in seconds; None for no limit.
        answers: Latency of an answer, in seconds; None for no answer.
        cuts: Whether open connections end when the phase begins.
        clings: Number of closes that leave survivors before one succeeds.
    """

    opening: Opening = Opening.OPENS
    takes: float = 0.05
    lives: float | None = None
    answers: float | None = 0.002
    cuts: bool = False
    clings: int = 0

    @property
    def is_good(self) -> bool:
        """Whether a service can be usable in this phase."""
        return self.opening is Opening.OPENS and self.lives is None and self.answers is not None


GOOD: Final = Behaviour()
REFUSES: Final = Behaviour(opening=Opening.REFUSES, answers=None)
DOWN: Final = Behaviour(opening=Opening.FAILS, answers=None, cuts=True)


class World:
    """The server of one service: a sequence of behaviours.

    Args:
        kind: Its name.
        phases: Start of each behaviour, in seconds, in order; the first one at 0.
    """

    def __init__(self, kind: str, phases: Sequence[tuple[float, Behaviour]]) -> None:
        self.kind: str = kind
        self._begins: list[float] = [begin for begin, _ in phases]
        self._behaviours: list[Behaviour] = [behaviour for _, behaviour in phases]

    def at(self, now: float) -> Behaviour:
        """Return the behaviour at a time, in seconds."""
        return self._behaviours[bisect_right(self._begins, now) - 1]

    @property
    def refuses(self) -> bool:
        """Whether it ever refuses, so that a long cool-down is correct."""
        return any(behaviour.opening is Opening.REFUSES for behaviour in self._behaviours)

    def attempt(self, now: float) -> Behaviour:
        """Return the end of an attempt that begins now; called once for each attempt."""
        return self.at(now)

    def cut_after(self, now: float) -> float | None:
        """Return when connections that are open now are cut, or None."""
        for begin, behaviour in zip(self._begins, self._behaviours, strict=True):
            if begin > now and behaviour.cuts:
                return begin
        return None

    def good_since(self, now: float) -> float | None:
        """Return since when it has been good without interruption; None if it is not good."""
        return self._since(now, lambda behaviour: behaviour.is_good)

    def silent_since(self, now: float) -> float | None:
        """Return since when nothing has been answered, without interruption; None if requests are answered."""
        return self._since(now, lambda behaviour: behaviour.answers is None)

    def _since(self, now: float, holds: Callable[[Behaviour], bool]) -> float | None:
        index = bisect_right(self._begins, now) - 1
        if not holds(self._behaviours[index]):
            return None
        while index > 0 and holds(self._behaviours[index - 1]) and not self._behaviours[index].cuts:
            index -= 1
        return self._begins[index]


# --- kinds of worlds: each is made from dice and the length of the simulation in seconds --------------------

Maker = Callable[[random.Random, float], list[tuple[float, Behaviour]]]

LIVES: Final = (0.0, 1.0, 20.0, 60.0, 119.0, 121.0, 300.0, 599.0, 601.0, 1800.0)
"""Lifetimes that are the most difficult for the restart rules, in seconds."""


def reach(dice: random.Random, length: float) -> World:
    """Return when receivers of alerts are reachable: not always, but at the end."""
    end = max(0.0, length - HOUR)
    phases = [(at, what) for at, what in _alternating(dice, end, (HOUR, 12 * HOUR), (30.0, 4 * HOUR), DOWN) if at < end]
    return World("people", [*phases, (end, GOOD)] if end else [(0.0, GOOD)])


def _always(behaviour: Behaviour) -> Maker:
    return lambda _dice, _length: [(0.0, behaviour)]


def _dying(dice: random.Random, _length: float) -> list[tuple[float, Behaviour]]:
    return [(0.0, Behaviour(lives=dice.choice(LIVES)))]


def _flapping(dice: random.Random, length: float) -> list[tuple[float, Behaviour]]:
    return _alternating(dice, length, (5.0, 900.0), (1.0, 180.0), DOWN)


def _freezing(dice: random.Random, length: float) -> list[tuple[float, Behaviour]]:
    return _alternating(dice, length, (HOUR, 8 * HOUR), (30.0, 1800.0), Behaviour(answers=None))


def _healing(dice: random.Random, length: float) -> list[tuple[float, Behaviour]]:
    begin = dice.uniform(0, length / 4)
    outage = min(10 ** dice.uniform(0, 5), length / 2)  # from a second to a day
    return [(0.0, GOOD), (begin, DOWN), (begin + outage, GOOD)]


def _locked(dice: random.Random, length: float) -> list[tuple[float, Behaviour]]:
    """Return a world that refuses until a login."""
    return [(0.0, REFUSES), (dice.uniform(0, length / 2), GOOD)]


def _blips(dice: random.Random, length: float) -> list[tuple[float, Behaviour]]:
    times, at = [(0.0, GOOD)], dice.uniform(0, DAY)
    while at < length:
        times.append((at, Behaviour(cuts=True)))
        at += DAY
    return times


def _alternating(
    dice: random.Random, length: float, good: tuple[float, float], bad: tuple[float, float], behaviour: Behaviour
) -> list[tuple[float, Behaviour]]:
    phases, at = [(0.0, GOOD)], dice.uniform(*good)
    while at < length:
        phases.append((at, behaviour))
        at += dice.uniform(*bad)
        phases.append((at, GOOD))
        at += dice.uniform(*good)
    return phases


WORLDS: Final[Mapping[str, Maker]] = {
    "perfect": _always(GOOD),
    "slow": _always(Behaviour(answers=3.0)),
    "dead": _always(DOWN),
    "refusing": _always(REFUSES),
    "locked": _locked,
    "hanging": _always(Behaviour(opening=Opening.HANGS, answers=None)),
    "mute": _always(Behaviour(answers=None)),
    "clinging": _always(Behaviour(lives=1200.0, clings=2)),
    "dying": _dying,
    "flapping": _flapping,
    "freezing": _freezing,
    "healing": _healing,
    "blips": _blips,
}
"""All kinds of worlds of a single service."""

OUTAGE: Final = "outage"
"""The shared world: all of its services fail at the same times."""


def make_worlds(names: Sequence[str], kinds: Sequence[str], dice: random.Random, length: float) -> dict[str, World]:
    """Return a world for each service: the kinds in turn; all `outage` services share one world.

    Args:
        names: The services.
        kinds: Kinds of worlds.
        dice: Source of randomness.
        length: Length of the simulation, in seconds.
    """
    shared = World(OUTAGE, _alternating(dice, length, (2 * HOUR, DAY), (10.0, HOUR), DOWN))
    by_name: dict[str, World] = {}
    for number, name in enumerate(names):
        kind = kinds[number % len(kinds)]
        by_name[name] = shared if kind == OUTAGE else World(kind, WORLDS[kind](dice, length))
    return by_name
