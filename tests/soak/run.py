"""A complete run of the soak test, and the check for leftovers."""

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
"""Time after the close until nothing may be left, in seconds."""

Report = Callable[[Soak, Figures, float], None]


@attrs.define
class Outcome:
    """Results of a soak test.

    Attributes:
        rows: The figures.
        done: Number of injected faults by kind.
        calls: Number of calls by outcome.
        wrong: Errors and leftovers; there must be none.
        grown: Types of objects that grew after the warm-up, and by how many.
    """

    rows: list[Row] = attrs.field(factory=list)
    done: dict[str, int] = attrs.field(factory=dict)
    calls: dict[str, int] = attrs.field(factory=dict)
    wrong: list[str] = attrs.field(factory=list)
    grown: dict[str, int] = attrs.field(factory=dict)

    @property
    def is_missed(self) -> bool:
        return bool(self.wrong) or any(row.is_met is False for row in self.rows)


async def run(folder: Path, plan: Plan, minutes: float, report: Report) -> Outcome:
    """Run the soak test for some minutes, at least two rounds; Ctrl-C ends it after the current round."""
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
                    await _rounds(soak, 60 * minutes, report, outcome, over)
                    _note(soak, outcome)
            except* Stuck as stuck:
                outcome.wrong += map(str, stuck.exceptions)
            outcome.wrong += [f"process {pid} of a service is left: {what}" for pid, what in marked(home).items()]
            outcome.wrong += [f"process {pid} could not be ended" for pid in await subreaper.close()]
    except AssertionError as error:
        outcome.wrong.append(str(error))
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    return outcome


async def _rounds(soak: Soak, seconds: float, report: Report, outcome: Outcome, over: asyncio.Event) -> None:
    watching = asyncio.create_task(_watch(soak, report))
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


async def _watch(soak: Soak, report: Report) -> None:
    """Report the counts and the latency of `status` once a second."""
    while True:
        await asyncio.sleep(SECOND)
        figures = await look(soak.world)
        report(soak, figures, await soak.status())


def _note(soak: Soak, outcome: Outcome) -> None:
    outcome.rows = list(rows(soak.calms, soak.latencies, soak.without, soak.hours))
    outcome.done = dict(soak.injector.done) | {"refused": soak.injector.refused}
    outcome.calls = dict(soak.load.done)
    outcome.wrong += [*soak.load.wrong, *soak.log.wrong]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON."""
    return {**attrs.asdict(outcome), "is_missed": outcome.is_missed}
