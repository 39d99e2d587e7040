"""Figures of simulated fleets: the real engine, simulated servers, virtual time."""

from __future__ import annotations

import random
from collections import deque

from mcpstore.models.alert import Alert, AlertKind
from tests.simulation import Behaviour, Opening, Oracle, Plan, Result, Scene, World, simulate
from tests.simulation.worlds import DOWN, GOOD

from .figure import Part, Work

DAY, HOUR = 86_400.0, 3600.0
QUIET = {"orders": 0.0, "happenings": 0.0}
HANDSHAKE = 60.0
DYING, DYING_DAYS = 20, 1.0
HEALING = 100
DROPPED = 1000
ALERTING = 40
SILENT = Behaviour(answers=None)
HANGING = Behaviour(opening=Opening.HANGS, answers=None, cuts=True)


def respawns(work: Work) -> list[Part]:
    work.say(f"{DYING} services for {DYING_DAYS:g} days")
    dying = {f"dying{number:02}": World("dying", [(0.0, Behaviour(lives=20.0))]) for number in range(DYING)}
    result = _sound(simulate(Plan(services=DYING, days=DYING_DAYS, interval=300.0, **QUIET), dying))
    worst = max(result.scores["most openings in a day"].values())
    return [Part(what=f"at most, of {DYING} services", measured=worst, aim=300, unit="a day")]


def healing(work: Work) -> list[Part]:
    slow = 30.0 if work.long else 300.0
    short, long = (0.0, 1.7782), (1.7782, 4.9365)  # powers of ten: a second to a minute, a minute to a day
    parts: list[Part] = []
    given_up = 0
    for what, during, interval, lengths, aim in (
        ("slowest, outages of 60 s at most", (DOWN, SILENT, HANGING), 30.0, short, 60.0),
        ("slowest, outages of up to a day", (DOWN,), slow, long, 360.0),
        # an attempt that hangs when the world becomes good is waited for
        ("the same, where attempts hang; and a handshake", (SILENT, HANGING), slow, long, 360.0 + HANDSHAKE),
    ):
        work.say(f"{HEALING} services, {what}")
        dice = random.Random(1)
        worlds = {f"s{number:03}": _outage(dice, lengths, during[number % len(during)]) for number in range(HEALING)}
        days = (5400 + 10 ** lengths[1] + HOUR) / DAY
        scores = _sound(simulate(Plan(services=HEALING, days=days, interval=interval, **QUIET), worlds)).scores
        recovered = scores["slowest recovery"]
        hit = {name for name, count in scores["openings"].items() if count > 1}
        given_up += len(hit - recovered.keys())
        parts.append(Part(what=what, measured=max(recovered.values()), aim=aim, unit="s"))
    return [*parts, Part(what="services given up", measured=given_up, aim=0)]


def _outage(dice: random.Random, lengths: tuple[float, float], during: Behaviour) -> World:
    begin = dice.uniform(1800, 5400)
    return World("outage", [(0.0, GOOD), (begin, during), (begin + 10 ** dice.uniform(*lengths), GOOD)])


def drop(work: Work) -> list[Part]:
    work.say(f"{DROPPED} services for an hour")
    slow, cut = Behaviour(takes=0.5), Behaviour(opening=Opening.FAILS, takes=0.5, answers=None, cuts=True)
    link = World("drop", [(0.0, slow), (900.0, cut), (990.0, slow)])
    worlds = {f"s{number:04}": link for number in range(DROPPED)}
    plan = Plan(services=DROPPED, days=1 / 24, interval=300.0, **QUIET)
    scores = _sound(simulate(plan, worlds, also=[Crowd])).scores
    recovered = scores["slowest recovery"]
    return [
        Part(what="openings at once", measured=scores["openings at once"]["*"], aim=16),
        Part(what="openings in any second", measured=scores["openings in a second"]["*"], aim=20),
        Part(what="until all are healthy", measured=max(recovered.values()), aim=120, unit="s"),
        Part(what="healthy again", measured=len(recovered), aim=DROPPED, at_least=True),
    ]


def alerts(work: Work) -> list[Part]:
    work.say(f"{ALERTING} services in trouble for half a day")
    kinds = ("flapping", "dying", "freezing", "outage", "dead", "healing")
    people = World("people", [(0.0, GOOD), (4 * HOUR, DOWN), (5 * HOUR, GOOD)])
    plan = Plan(services=ALERTING, days=0.5, kinds=kinds, orders=2.0, happenings=0.0)
    scores = _sound(simulate(plan, people=people, also=[Notices])).scores
    text = f"of {scores['sent']['*']:.0f}; {scores['sent with the end']['*']:.0f} beginnings sent with their ends"
    return [
        Part(what="lost", measured=scores["lost"]["*"], aim=0, note=text),
        Part(what="out of order", measured=scores["out of order"]["*"], aim=0),
        Part(what="doubled", measured=scores["doubled"]["*"], aim=0),
        Part(
            what="that began or ended while the receiver was unreachable",
            measured=scores["meanwhile"]["*"], aim=1, at_least=True,
        ),
    ]  # fmt: skip


def _sound(result: Result) -> Result:
    """Return a result; raises an error if a promise was broken."""
    if result.broken is not None:
        raise result.broken
    return result


class Crowd(Oracle):
    """Counts concurrent openings, and openings that begin within a second."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._under_way: set[str] = set()
        self._begun: deque[float] = deque()
        self._at_once = self._in_a_second = 0

    def opening(self, service: str) -> None:
        now = self.scene.now()
        self._under_way.add(service)
        self._begun.append(now)
        while self._begun[0] <= now - 1.0:
            self._begun.popleft()
        self._at_once = max(self._at_once, len(self._under_way))
        self._in_a_second = max(self._in_a_second, len(self._begun))

    def opened(self, service: str) -> None:
        self._under_way.discard(service)

    def closed(self, service: str) -> None:
        self._under_way.discard(service)

    def scores(self) -> dict[str, dict[str, float]]:
        return {"openings at once": {"*": self._at_once}, "openings in a second": {"*": self._in_a_second}}


LATE = 900.0
"""Time within which a notification must arrive at a reachable receiver, in seconds."""


class Notices(Oracle):
    """Counts notifications that are lost, duplicated, or out of order."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._sent: dict[tuple[str, AlertKind], tuple[int, float]] = {}
        self._arrived: set[tuple[str, AlertKind]] = set()
        self._last: dict[tuple[str, str], int] = {}
        self._doubled = self._misplaced = 0

    def sent(self, alert: Alert) -> None:
        if alert.kind is not AlertKind.REMINDED:  # there may be many of them
            self._sent[alert.incident, alert.kind] = (len(self._sent), self.scene.now())

    def delivered(self, alert: Alert) -> None:
        for one in alert.alerts or (alert,):
            key, where = (one.incident, one.kind), (one.rule_name, one.service)
            if one.kind is AlertKind.REMINDED:
                continue
            self._doubled += key in self._arrived
            self._arrived.add(key)
            number, _ = self._sent[key]
            self._misplaced += number < self._last.get(where, -1)
            self._last[where] = number

    def scores(self) -> dict[str, dict[str, float]]:
        due = self.scene.now() - LATE
        missing = [(key, when) for key, (_, when) in self._sent.items() if when < due and key not in self._arrived]
        # What began and ended before the receiver was reachable is one notification, that of the end.
        joined = sum((incident, AlertKind.RESOLVED) in self._arrived for (incident, _), _ in missing)
        meanwhile = sum(4 * HOUR < when < 5 * HOUR for _, when in self._sent.values())
        counts = {
            "sent": len(self._sent),
            "lost": len(missing) - joined,
            "sent with the end": joined,
            "out of order": self._misplaced,
            "doubled": self._doubled,
            "meanwhile": meanwhile,
        }
        return {name: {"*": count} for name, count in counts.items()}
