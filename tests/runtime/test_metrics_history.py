"""Samples and edges wait for a backend, within bounds; a backend that fails affects only the history."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from mcpstore.hooks import HistoryBatch, HistoryQuery, HistoryStore
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.state_history import StateEdge
from mcpstore.runtime import metrics_history as module
from mcpstore.runtime.metrics_history import MetricsHistory
from mcpstore.testing.loop import FakeClock

EVERYTHING = HistoryQuery(since=0.0, until=1e12)


def sample(at: float, service: str = "s") -> MetricsSample:
    return MetricsSample(
        service_name=service, timestamp=at, duration=30.0, connection_state=State.HEALTHY, calls=1, checks=1
    )


def edge(at: float, service: str = "s", state: State = State.HEALTHY) -> StateEdge:
    return StateEdge(service_name=service, timestamp=at, monotonic=at, state=state, wanted=True)


@attrs.define(slots=False)
class Backend:
    """A backend that accepts every batch until it is set to fail."""

    trouble: Exception | None = None
    batches: list[HistoryBatch] = attrs.field(factory=list)
    opened: int = 0
    closed: int = 0
    threads: set[str] = attrs.field(factory=set)
    at_work: Callable[[], Any] = lambda: None

    def open(self) -> HistoryStore:
        self.opened += 1
        return self

    def write(self, batch: HistoryBatch) -> None:
        self.threads.add(threading.current_thread().name)
        self.at_work()
        if self.trouble is not None:
            raise self.trouble
        self.batches.append(batch)

    def samples(self, query: HistoryQuery) -> list[MetricsSample]:
        if self.trouble is not None:
            raise self.trouble
        return [sample for batch in self.batches for sample in batch.samples]

    def edges(self, query: HistoryQuery) -> list[StateEdge]:
        if self.trouble is not None:
            raise self.trouble
        return [edge for batch in self.batches for edge in batch.edges]

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def backend() -> Backend:
    return Backend()


async def test_without_a_backend_the_newest_samples_of_each_service_are_in_memory():
    kept = MetricsHistory(FakeClock(), 3)
    for at in range(1, 6):
        kept.add(sample(float(at), "b"))
    kept.add(sample(1.0, "a"))
    samples = await kept.samples(EVERYTHING)
    assert [(s.service_name, s.timestamp) for s in samples] == [("a", 1), ("b", 3), ("b", 4), ("b", 5)]
    assert kept.dropped == 0
    assert [s.timestamp for s in await kept.samples(HistoryQuery(service="b", since=3.0, until=4.0))] == [4]
    (one,) = await kept.samples(HistoryQuery(service="b", since=0.0, until=9.0, step=100.0))
    assert one.calls == 3
    kept.forget("b")
    assert {s.service_name for s in await kept.samples(EVERYTHING)} == {"a"}
    await kept.close()


async def test_edges_in_memory_come_with_the_last_one_before_them():
    kept = MetricsHistory(FakeClock(), 10)
    edges = [edge(1.0), edge(2.0, state=State.WARNING), edge(3.0), edge(9.0)]
    for each in edges:
        kept.note(each)
    kept.note(edge(2.5, "t"))
    assert await kept.edges(HistoryQuery(service="s", since=2.0, until=5.0)) == edges[1:3]
    assert await kept.edges(HistoryQuery(since=2.7, until=5.0)) == [edges[1], edges[2], edge(2.5, "t")]
    await kept.close()


async def test_a_backend_receives_the_queue_in_one_thread_and_then_serves_its_records(backend):
    kept = MetricsHistory(FakeClock(), 10, backend.open)
    await kept.flush()
    assert backend.opened == 0
    kept.add(sample(1.0))
    kept.note(edge(1.0))
    await kept.flush()
    await kept.flush()
    assert [(len(batch.samples), len(batch.edges)) for batch in backend.batches] == [(1, 1)]
    kept.add(sample(2.0))
    assert [s.timestamp for s in await kept.samples(EVERYTHING)] == [1, 2]
    kept.note(edge(2.0))
    kept.forget("s")
    await kept.close()
    assert [s.timestamp for s in backend.edges(EVERYTHING)] == [1, 2]
    assert (kept.written, kept.dropped, backend.opened, backend.closed) == (4, 0, 1, 1)
    assert backend.threads == {"mcpstore-history"}


async def test_a_refused_batch_is_offered_again_and_dropped_records_are_counted(backend, caplog):
    backend.trouble = OSError(28, "No space left on device")
    kept = MetricsHistory(FakeClock(), 3, backend.open)
    for at in range(1, 6):
        kept.add(sample(float(at)))
        kept.note(edge(float(at)))
        await kept.flush()
    assert kept.dropped == 4
    assert [s.timestamp for s in await kept.samples(EVERYTHING)] == [3, 4, 5]
    assert [e.timestamp for e in await kept.edges(EVERYTHING)] == [3, 4, 5]
    assert caplog.text.count("history cannot be kept at the moment") == 1
    assert "No space left on device" in caplog.text
    backend.trouble = None
    await kept.flush()
    assert [s.timestamp for s in backend.batches[0].samples] == [3, 4, 5]
    assert "history is kept again; 4 records were lost" in caplog.text
    await kept.close()


async def test_service_names_do_not_accumulate_while_a_backend_fails(backend, monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    backend.trouble = OSError("the disk is full")
    kept = MetricsHistory(FakeClock(), 10, backend.open)
    for number in range(20):
        kept.add(sample(number, f"new{number:02}"))
        kept.note(edge(number, f"new{number:02}"))
        await kept.flush()
        kept.forget(f"new{number:02}")
    backend.trouble = None
    await kept.flush()
    (batch,) = backend.batches
    names = ["new17", "new18", "new19"]
    assert [record.service_name for record in batch.samples] == names
    assert [record.service_name for record in batch.edges] == names
    assert kept.dropped == 2 * 17
    await kept.close()


async def test_records_that_arrive_during_a_write_wait_for_the_next_batch(backend):
    kept = MetricsHistory(FakeClock(), 10, backend.open)
    kept.add(sample(1.0))
    backend.at_work = lambda: kept.add(sample(2.0)) if not backend.batches else None
    await kept.flush()
    await kept.flush()
    assert [[s.timestamp for s in batch.samples] for batch in backend.batches] == [[1], [2]]
    await kept.close()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # virtual time stands still while a thread is at work
async def test_a_hanging_backend_is_abandoned(backend, caplog, monkeypatch):
    monkeypatch.setattr(module, "LIMIT", 0.05)
    done = threading.Event()
    backend.at_work = lambda: done.wait(20)
    kept = MetricsHistory(FakeClock(), 10, backend.open)
    kept.add(sample(1.0))
    await kept.flush(0.05)
    assert "history is kept in memory from now on: writing it took longer than 0.05 s" in caplog.text
    assert [s.timestamp for s in await kept.samples(EVERYTHING)] == [1]
    done.set()
    await kept.close()
    assert backend.closed == 0


async def test_a_backend_that_cannot_be_opened_or_closed_affects_nothing_else(backend, caplog):
    attempts = []

    def refuse() -> HistoryStore:
        attempts.append(1)
        if len(attempts) < 3:
            raise PermissionError(13, "Permission denied")
        return backend

    kept = MetricsHistory(FakeClock(), 10, refuse)
    kept.add(sample(1.0))
    await kept.flush()
    assert [s.timestamp for s in await kept.samples(EVERYTHING)] == [1]
    assert "history is kept again" in caplog.text
    kept.note(edge(1.0))
    await kept.flush()
    backend.close = lambda: (_ for _ in ()).throw(RuntimeError("no"))  # type: ignore[method-assign]
    await kept.close()


async def test_a_read_only_history_writes_nothing_and_logs_nothing(backend, caplog):
    kept = MetricsHistory(FakeClock(), 10, backend.open, is_read_only=True)
    kept.add(sample(1.0))
    backend.trouble = FileNotFoundError("does not exist yet")
    assert [s.timestamp for s in await kept.samples(EVERYTHING)] == [1]
    backend.trouble = None
    await kept.close()
    assert (backend.batches, caplog.text) == ([], "")
