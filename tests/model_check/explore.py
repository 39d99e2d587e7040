"""The check itself: every context the machine can reach, every event in each of them, every invariant on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from mcpstore.core.actions import Action
from mcpstore.core.context import Context, Limits
from mcpstore.core.events import Event
from mcpstore.core.lifecycle import Row
from mcpstore.models.service import ServiceConnectionState, ServiceStatus
from tests.model_check.alphabet import ALPHABET, NOW
from tests.model_check.contexts import OF_CONTEXTS
from tests.model_check.futures import OF_FUTURES
from tests.model_check.kernel import KERNEL, Kernel
from tests.model_check.listed import AUTOMATIC_EDGES, GRID, OPERATOR_EDGES, RUN_EDGES, heard
from tests.model_check.notation import context_text, event_kind, event_text, situation
from tests.model_check.steps import OF_STEPS
from tests.model_check.taken import Taken

__all__ = ["SMALL", "Report", "Violation", "check"]

SMALL: Final = Limits(failures=3, undecided=3, attempts=3, max_backoff_exponent=2, max_failed_rounds=2)
"""Limits that keep the number of contexts small; nothing in the machine depends on how large they are."""

_START: Final = attrs.evolve(Context(), epoch=NOW)

_Edge = tuple[ServiceConnectionState, ServiceConnectionState]


class Violation(AssertionError):
    """An invariant does not hold.

    Attributes:
        invariant: Its name.
        path: The shortest series of events, from a new service on, that shows it.
    """

    def __init__(self, invariant: str, words: str, path: Sequence[Event], story: Sequence[str]) -> None:
        self.invariant: Final = invariant
        self.path: Final = tuple(path)
        super().__init__("\n    ".join([f"{invariant}: {words}", *story]))


@attrs.frozen(kw_only=True)
class Report:
    """What a check has seen.

    Attributes:
        states: Contexts reached.
        transitions: Pairs of context and event tried.
        moves: Those among them that changed something.
    """

    states: int
    transitions: int
    moves: int


def check(
    kernel: Kernel = KERNEL,
    limits: Limits = SMALL,
    *,
    watch: Callable[[Taken], None] | None = None,
    only: str = "",
    most: int = 50_000,
) -> Report:
    """Check every invariant in every reachable context, breadth first.

    Args:
        kernel: The machine.
        limits: How often is too often.
        watch: Called with every step that changed something.
        only: Name of the one invariant to check; all by default.
        most: Contexts that are too many: a machine whose counters grow without bound has no end of them.

    Raises:
        Violation: The first one found; breadth first, so its path is as short as can be.
    """
    return _Search(kernel, limits, watch, only, most).run()


class _Search:
    """A check under way."""

    def __init__(
        self, kernel: Kernel, limits: Limits, watch: Callable[[Taken], None] | None, only: str, most: int
    ) -> None:
        self.kernel = kernel
        self.limits = limits
        self.watch = watch
        self.only = only
        self.most = most
        self.moves = 0
        self.edges = set[tuple[type[Event], _Edge]]()
        self.run_edges = set[tuple[ServiceStatus, ServiceStatus | None]]()
        self.rows = set[Row | None]()
        self.situations = set[str]()
        self.origins: dict[Context, tuple[Context, Event] | None] = {_START: None}
        self.queue = deque([_START])

    def run(self) -> Report:
        """Visit every context, then look whether all there should be was seen."""
        while self.queue:
            ctx = self.queue.popleft()
            self._visit(ctx)
            for event in ALPHABET:
                self._try(ctx, event)
        for missing in self._missing():
            self._fail("i1_everything_occurs", "I1: every row, edge and situation occurs.", _START, missing)
        states = len(self.origins)
        return Report(states=states, transitions=states * len(ALPHABET), moves=self.moves)

    def _visit(self, ctx: Context) -> None:
        self.situations.add(situation(ctx))
        for holds in OF_CONTEXTS:
            if not holds(ctx, self.limits):
                self._fail(holds.__name__, holds.__doc__, ctx, f"in {context_text(ctx)}")
        for comes in OF_FUTURES:
            if not comes(ctx, self._then):
                self._fail(comes.__name__, comes.__doc__, ctx, f"in {context_text(ctx)}")

    def _then(self, ctx: Context, event: Event) -> Context:
        return _renumbered(self._step(ctx, event)[0])

    def _step(self, ctx: Context, event: Event) -> tuple[Context, tuple[Action, ...]]:
        try:
            return self.kernel.step(ctx, event, self.limits)
        except Exception as error:
            text = f"{event_text(event)} in {context_text(ctx)}"
            raise Violation("i1_total", "I1: every event is accepted everywhere.", (), (text,)) from error

    def _try(self, ctx: Context, event: Event) -> None:
        after, actions = self._step(ctx, event)
        moved = bool(actions) or after != ctx
        expected = heard(ctx, event)
        if expected is not None and moved is not expected:
            text = f"{event_text(event)} in {situation(ctx)} {'changes something' if moved else 'changes nothing'}"
            self._fail("i1_heard_where_listed", "I1: an event changes something exactly where it is listed.", ctx, text)
        if moved:
            self._moved(Taken(before=ctx, event=event, after=after, actions=actions, limits=self.limits))

    def _moved(self, taken: Taken) -> None:
        for holds in OF_STEPS:
            if not holds(taken):
                self._fail(holds.__name__, holds.__doc__, taken.before, str(taken))
        self.moves += 1
        self.edges.update((type(taken.event), (edge.old, edge.new)) for edge in taken.edges)
        self._note_run_status(taken)
        self.rows.add(self.kernel.row(taken.before, taken.event, self.limits))
        if self.watch is not None:
            self.watch(taken)
        after = _renumbered(taken.after)
        if after not in self.origins:
            self.origins[after] = (taken.before, taken.event)
            self.queue.append(after)
        if len(self.origins) > self.most:
            text = f"one of them is {context_text(after)}"
            raise Violation("finite", f"There are more than {self.most} contexts.", (), (text,))

    def _note_run_status(self, taken: Taken) -> None:
        old = self.kernel.run_status(taken.before)
        new = None if taken.after.removed else self.kernel.run_status(taken.after)
        if old is new:
            return
        self.run_edges.add((old, new))
        if (old, new) not in RUN_EDGES:
            text = f"{old} -> {new or 'removed'}: {taken}"
            self._fail("run_status", "Only the listed changes of the run status occur.", taken.before, text)

    def _missing(self) -> Iterator[str]:
        """Say what is listed but was not seen; what was seen but not listed has been found on the way."""
        automatic = {edge for kind, edge in self.edges if kind not in OPERATOR_EDGES}
        yield from (f"automatic edge {_written(edge)}" for edge in AUTOMATIC_EDGES - automatic)
        for kind, edges in OPERATOR_EDGES.items():
            yield from (
                f"edge {_written(edge)} by {event_kind(kind)}" for edge in edges if (kind, edge) not in self.edges
            )
        yield from (f"run status {old} -> {new or 'removed'}" for old, new in RUN_EDGES - self.run_edges)
        yield from (f"row {row.name}, {event_kind(row.event)}" for row in self.kernel.table if row not in self.rows)
        yield from (f"situation {where}" for where in GRID.keys() - self.situations)

    def _fail(self, invariant: str, words: str | None, ctx: Context, problem: str) -> None:
        if self.only not in ("", invariant):
            return
        path: list[Event] = []
        story = [problem]
        while origin := self.origins[ctx]:
            before, event = origin
            path.insert(0, event)
            story.insert(0, f"{event_text(event):28} -> {situation(ctx)}")
            ctx = before
        raise Violation(invariant, words or "", path, [situation(ctx), *story])


def _renumbered(ctx: Context) -> Context:
    return ctx if ctx.epoch == NOW else attrs.evolve(ctx, epoch=NOW)


def _written(edge: _Edge) -> str:
    return f"{edge[0].name} -> {edge[1].name}"
