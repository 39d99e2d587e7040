"""Adversarial search: hill climbing for the server behaviour that causes the most work or the latest detection."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from tests.simulation.fleet import Plan, simulate
from tests.simulation.oracle import Broken
from tests.simulation.worlds import GOOD, Behaviour, Opening, World

__all__ = ["AIMS", "Aim", "Found", "Moves", "climb", "search"]

HOUR: Final = 3600.0
DAY: Final = 86_400.0
CROWD: Final = 12
"""Number of worlds that are tried at a time."""

LIVES: Final = (0.0, 1.0, 20.0, 60.0, 89.0, 119.0, 121.0, 240.0, 599.0, 601.0)
"""Lifetimes an adversary may choose from, in seconds."""

PAUSES: Final = (0.5, 5.0, 9.0, 11.0, 26.0, 28.0, 31.0, 33.0, 40.0, 70.0, 200.0)
"""Lengths of silent periods and of the periods between them, in seconds."""

Moves = tuple[float | None, ...]
"""A repeated sequence of lifetimes of connections (None: the attempt fails), or of periods, in seconds."""


CLOSED: Final = Behaviour(opening=Opening.FAILS)
"""New connections are refused; open ones are answered."""


class Sly(World):
    """A world that ends attempts by a list of moves, until it becomes good.

    Args:
        moves: Lifetime of each connection in seconds; None if the attempt fails.
        heals: Time at which it becomes good, in seconds.
    """

    def __init__(self, moves: Moves, heals: float) -> None:
        super().__init__("sly", [(0.0, CLOSED), (heals, GOOD)])
        self._moves = moves
        self._heals = heals
        self._made = 0

    def attempt(self, now: float) -> Behaviour:
        """Return the end of the next attempt."""
        if now >= self._heals:
            return GOOD
        move = self._moves[self._made % len(self._moves)]
        self._made += 1
        return CLOSED if move is None else Behaviour(lives=move)


def _rhythm(moves: Moves, length: float) -> World:
    """Return a world that alternates between answers and silence."""
    phases: list[tuple[float, Behaviour]] = [(0.0, GOOD)]
    at, turn = 0.0, 0
    while at < length:
        at += moves[turn % len(moves)] or 0.1
        turn += 1
        phases.append((at, Behaviour(answers=None) if turn % 2 else GOOD))
    return World("rhythm", phases)


@attrs.frozen(kw_only=True)
class Aim:
    """An aim of an adversary.

    Attributes:
        figure: The figure that is maximized.
        choices: The possible moves.
        make: Creates a world from moves and the length of the simulation, in seconds.
        days: Length of each simulation, in days.
        interval: Seconds between health checks.
    """

    figure: str
    choices: Moves
    make: Callable[[Moves, float], World]
    days: float = 0.5
    interval: float = 300.0


ENDINGS: Final[Moves] = (None, None, *LIVES)

AIMS: Final = (
    Aim(figure="most openings in 600 s", choices=ENDINGS, make=Sly),
    Aim(figure="most openings in a day", choices=ENDINGS, make=Sly, days=1.0),
    Aim(figure="slowest recovery", choices=ENDINGS, make=lambda moves, length: Sly(moves, length / 2), days=0.2),
    Aim(figure="longest silence", choices=PAUSES, make=_rhythm, days=0.2, interval=30.0),
)
"""The aims of the adversaries."""


@attrs.frozen(kw_only=True)
class Found:
    """The worst world of a search.

    Attributes:
        aim: The aim.
        value: Value of the figure.
        moves: The moves of the world.
        tried: Number of worlds that were tried.
        broken: The promise that it broke, or None.
    """

    aim: Aim
    value: float
    moves: Moves
    tried: int
    broken: Broken | None = None

    def __str__(self) -> str:
        message = " ".join("fail" if move is None else f"{move:g}" for move in self.moves)
        text = f"{self.aim.figure}: {self.value:g} at worst, of {self.tried} worlds tried: {message}"
        return text if self.broken is None else f"{text}\n{self.broken}"


def search(rounds: int, seed: int) -> Iterator[Found]:
    """Search the worst world for every aim; ends at the first broken promise.

    Args:
        rounds: Number of improvement rounds.
        seed: Seed of all random decisions.
    """
    for aim in AIMS:
        result = climb(aim, rounds, seed)
        yield result
        if result.broken is not None:
            return


def climb(aim: Aim, rounds: int, seed: int) -> Found:
    """Search the worst world for one aim.

    Args:
        aim: The aim.
        rounds: Number of improvement rounds.
        seed: Seed of all random decisions.
    """
    dice = random.Random(f"{seed}/{aim.figure}")
    crowd = [_fresh(aim, dice) for _ in range(CROWD)]
    best = Found(aim=aim, value=float("-inf"), moves=(), tried=0)
    for number in range(rounds):
        result = _tried(aim, crowd, seed + number)
        tried = best.tried + len(crowd)
        best = attrs.evolve(result if result.value >= best.value else best, tried=tried, broken=result.broken)
        if best.broken is not None:
            break
        crowd = [_changed(best.moves, aim, dice) for _ in range(CROWD - 2)] + [_fresh(aim, dice) for _ in range(2)]
    return best


def _tried(aim: Aim, crowd: list[Moves], seed: int) -> Found:
    """Simulate several worlds beside as many good ones (if most fail at once, the manager suspects itself)."""
    length = aim.days * DAY
    worlds = {f"w{number:02}": aim.make(moves, length) for number, moves in enumerate(crowd)}
    good = {f"good{number:02}": World("perfect", [(0.0, GOOD)]) for number in range(CROWD)}
    plan = Plan(seed=seed, services=2 * CROWD, days=aim.days, orders=0.0, happenings=0.0, interval=aim.interval)
    result = simulate(plan, {**worlds, **good})
    scores = result.scores[aim.figure]
    name = max(worlds, key=lambda name: scores.get(name, 0.0))
    if result.broken is not None and result.broken.service in worlds:
        name = result.broken.service
    return Found(
        aim=aim,
        value=scores.get(name, 0.0),
        moves=crowd[list(worlds).index(name)],
        tried=len(crowd),
        broken=result.broken,
    )


def _fresh(aim: Aim, dice: random.Random) -> Moves:
    return tuple(dice.choices(aim.choices, k=dice.choice((1, 2, 3, 4, 6, 8, 12))))


def _changed(moves: Moves, aim: Aim, dice: random.Random) -> Moves:
    """Return moves that differ in one place: one inserted, removed or replaced."""
    changed, place = list(moves), dice.randrange(len(moves))
    how = dice.choice("+-=*")
    if how == "+":
        changed.insert(place, dice.choice(aim.choices))
    elif how == "-" and len(changed) > 1:
        del changed[place]
    elif how == "*":
        changed += changed[place:]
    else:
        changed[place] = dice.choice(aim.choices)
    return tuple(changed[:40])
