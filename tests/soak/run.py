"""A soak from its beginning to its end, and what it leaves."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from mcpstore.runtime.malloc import trim_eagerly
from mcpstore.runtime.subreaper import Subreaper
from mcpstore.testing.leftovers import nothing_left

from .figures import Figures, look, marked, objects
from .opening import soaking
from .soak import Plan, Soak, Stuck
from .verdict import WARM_UP, Row, rows

SECOND = 1.0
PATIENCE = 15.0
"""Seconds until everything must be gone after the close."""

Tell = Callable[[Soak, Figures, float], None]


@attrs.define
class Outcome:
    """What came of a soak.

    Attributes:
        rows: The figures.
        done: What happened, and how often.
        calls: What came of calls.
        wrong: What must never be.
        grown: Types of objects of which there are more at the end than after the warm-up.
    """

    rows: list[Row] = attrs.field(factory=list)
    done: dict[str, int] = attrs.field(factory=dict)
    calls: dict[str, int] = attrs.field(factory=dict)
    wrong: list[str] = attrs.field(factory=list)
    grown: dict[str, int] = attrs.field(factory=dict)

    @property
    def is_missed(self) -> bool:
        return bool(self.wrong) or any(row.is_met is False for row in self.rows)


async def run(folder: Path, plan: Plan, minutes: float, tell: Tell) -> Outcome:
    """Soak a store for some minutes, for two rounds at least; Ctrl-C ends it after the round under way."""
    trim_eagerly()  # as `mcpstore up` does, and the subreaper likewise
    outcome = Outcome()
    subreaper = Subreaper()
    home = ""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, over.set)
    try:
        async with nothing_left(PATIENCE):
            subreaper.open()
            try:
                async with soaking(folder, plan) as soak:
                    home = soak.world.home
                    await _rounds(soak, 60 * minutes, tell, outcome, over)
                    _note(soak, outcome)
            except* Stuck as stuck:
                outcome.wrong += map(str, stuck.exceptions)
            outcome.wrong += [f"process {pid} of a service is left: {what}" for pid, what in marked(home).items()]
            outcome.wrong += [f"process {pid} would not go" for pid in await subreaper.close()]
    except AssertionError as error:
        outcome.wrong.append(str(error))
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    return outcome


async def _rounds(soak: Soak, seconds: float, tell: Tell, outcome: Outcome, over: asyncio.Event) -> None:
    watching = asyncio.create_task(_watch(soak, tell))
    before, longest, since = None, 0.0, time.monotonic()
    try:
        await soak.calm()
        while not over.is_set() and (len(soak.calms) <= 2 or time.monotonic() - since + longest < seconds):
            began = time.monotonic()
            await soak.round()
            longest = max(longest, time.monotonic() - began)
            if before is None and time.monotonic() - since > WARM_UP * seconds:
                before = objects()
        if before is not None:
            outcome.grown = dict((objects() - before).most_common(20))
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch(soak: Soak, tell: Tell) -> None:
    """Count once a second, and ask for the status."""
    while True:
        await asyncio.sleep(SECOND)
        figures = await look(soak.world)
        tell(soak, figures, await soak.status())


def _note(soak: Soak, outcome: Outcome) -> None:
    outcome.rows = list(rows(soak.calms, soak.latencies, soak.without, soak.hours))
    outcome.done = dict(soak.monkey.done) | {"refused": soak.monkey.refused}
    outcome.calls = dict(soak.load.done)
    outcome.wrong += [*soak.load.wrong, *soak.ears.wrong]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome for other programs."""
    return {**attrs.asdict(outcome), "is_missed": outcome.is_missed}
