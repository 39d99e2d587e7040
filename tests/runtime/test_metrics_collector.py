"""Metrics of a fleet over hours of virtual time, checked against the actual events."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

import attrs
import pytest

from mcpstore.errors import ServiceNotFound
from mcpstore.hooks import HistoryQuery
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.service import ServiceStatus
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.monitoring import MonitoringConfig
from mcpstore.monitoring.metrics import Usage, intervals, uptime_share
from mcpstore.runtime import metrics_collector as module
from mcpstore.runtime.event_bus import Observer
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.metrics_history import MetricsHistory
from mcpstore.testing.loop import EPOCH

EVERYTHING = HistoryQuery(since=0.0, until=1e12)
HOUR = 3600.0


class Listener(Observer):
    """Calls a function with the name of the service at every event but edges; the name is empty for the machine."""

    def __init__(self, function: Callable[[str], Any]) -> None:
        self._function = function

    def on_context(self, service: str, ctx: Any) -> None:
        self._function(service)

    def on_check(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:
        self._function(service)

    def on_metrics(self, service: str) -> None:
        self._function(service)

    def on_removal(self, service: str) -> None:
        self._function(service)


@attrs.define
class Measured:
    """A fleet, and what is measured of it."""

    fleet: Any
    metering: MetricsCollector
    archive: MetricsHistory

    def of(self, name: str) -> ServiceMetrics:
        return self.metering.metrics(name)


@pytest.fixture
async def measure(make_fleet: Callable[..., Any]) -> AsyncGenerator[Callable[..., Measured]]:
    worlds: list[Measured] = []

    def make(**settings: Any) -> Measured:
        fleet = make_fleet(timing=settings.pop("timing", DEFAULT_TIMING))
        archive = MetricsHistory(fleet.clock, settings.pop("size", 100_000))
        metering = MetricsCollector(fleet.registry, MonitoringConfig(**settings), fleet.clock, archive)
        metering.open(fleet.supervisor)
        worlds.append(Measured(fleet, metering, archive))
        return worlds[-1]

    yield make
    for each in worlds:
        await each.fleet.supervisor.shutdown(force=True)
        await each.metering.close()


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is really looked at, other tests see to."""
    monkeypatch.setattr(module, "host_metrics", lambda posix, path: (posix, path))


async def test_a_service_that_was_never_started_has_empty_metrics(measure):
    world = measure()
    world.fleet.add("a")
    metrics = world.of("a")
    state = (metrics.status, metrics.connection_state, metrics.reason)
    assert state == (ServiceStatus.NOT_STARTED, State.DISCONNECTED, "new")
    assert (metrics.total_calls, metrics.availability, metrics.uptime, metrics.tools_count) == (0, 100.0, 0.0, 0)
    assert metrics.timestamp == EPOCH + world.fleet.clock.now()
    with pytest.raises(ServiceNotFound):
        world.of("b")


async def test_every_check_is_counted(measure):
    world = measure()
    server = world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    await asyncio.sleep(HOUR)
    checks = sum(method in ("ping", "tools/list") for method, _ in server.connection.requests) - 1  # and one list
    metrics = world.of("a")
    assert 100 < checks < 150
    assert (metrics.total_checks, metrics.failed_checks) == (checks, 0)
    assert (metrics.tools_count, metrics.active_connections, metrics.restarts) == (1, 1, 0)
    assert metrics.uptime == pytest.approx(HOUR, abs=1)
    server.silent = {"ping", "tools/list"}
    await asyncio.sleep(60)
    assert world.of("a").failed_checks >= 2
    assert "no answer" in (world.of("a").last_error or "")


async def test_samples_cover_time_without_gaps_or_overlaps(measure):
    world = measure()
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    world.metering.called("a", "echo", world.fleet.clock.now(), 0.25, None)
    await asyncio.sleep(HOUR)
    samples = await world.archive.samples(EVERYTHING)
    assert 110 < len(samples) <= 121
    for before, after in itertools.pairwise(samples):
        assert after.timestamp - after.duration == pytest.approx(before.timestamp, abs=1e-5)
    assert sum(s.calls for s in samples) == 1
    assert sum(s.checks for s in samples) == pytest.approx(world.of("a").total_checks, abs=1)
    (rest,) = world.metering.fresh_samples("a")
    assert rest.timestamp - rest.duration == pytest.approx(samples[-1].timestamp, abs=1e-5)


async def test_availability_over_a_day_of_failures_equals_the_actual_availability(measure):
    world, dice = measure(), random.Random(7)
    server = world.fleet.add("a")
    supervisor, runner = world.fleet.supervisor, world.fleet.runner("a")
    truth = {"wanted": 0.0, "usable": 0.0}
    clock, seen = world.fleet.clock, [world.fleet.clock.now(), False, False]

    def account(*_: Any) -> None:
        since, wanted, usable = seen
        truth["wanted"] += (clock.now() - since) * wanted
        truth["usable"] += (clock.now() - since) * (wanted and usable)
        seen[:] = [clock.now(), runner.ctx.desired == "run", runner.ctx.connection in (State.HEALTHY, State.WARNING)]

    world.fleet.supervisor.bus.attach(Listener(account))
    await supervisor.start("a")
    for _ in range(60):
        await asyncio.sleep(dice.uniform(1, 2000))
        match dice.randrange(6):
            case 0:
                server.die(1)
            case 1:
                server.silent = {"ping", "tools/list"}
            case 2:
                server.silent = set()
            case 3:
                await supervisor.stop("a")
            case 4:
                server.delay = dice.choice([0.0, 1.5])
            case _:
                server.silent = set()
                await supervisor.start("a")
    account()
    assert truth["wanted"] > 2 * HOUR
    expected = 100.0 * truth["usable"] / truth["wanted"]
    assert 1.0 < expected < 99.0
    assert world.of("a").availability == pytest.approx(expected)
    spans = intervals(await world.archive.edges(EVERYTHING), EPOCH + clock.now())
    assert uptime_share(spans) == pytest.approx(expected, abs=1e-4)
    for before, after in itertools.pairwise(spans):
        assert before.until == after.since
    samples = [*await world.archive.samples(EVERYTHING), *world.metering.fresh_samples()]
    assert sum(s.wanted for s in samples) == pytest.approx(truth["wanted"])
    assert sum(s.usable for s in samples) == pytest.approx(truth["usable"])


async def test_every_edge_is_stored_once_even_if_its_state_lasts_no_time(measure):
    world = measure()
    server = world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    server.die(3)
    await world.fleet.until("a", State.RECONNECTING)
    await world.fleet.until("a", State.HEALTHY)
    await world.fleet.supervisor.stop("a")
    await world.fleet.supervisor.bus.flush()
    edges = await world.archive.edges(EVERYTHING)
    assert [edge.state.value for edge in edges] == world.fleet.states("a")
    assert [edge.state.value for edge in edges] == [
        "initializing", "healthy", "unhealthy", "reconnecting", "healthy", "disconnected",
    ]  # fmt: skip
    assert [edge.begins for edge in edges] == [True] + [False] * 5
    assert [edge.wanted for edge in edges] == [True] * 5 + [False]
    assert edges[-1].reason == "operator"
    assert "exited with code 3" in (edges[3].error or "")
    assert all(edge.timestamp == pytest.approx(EPOCH + edge.monotonic) for edge in edges)
    assert world.of("a").restarts == 1
    assert world.of("a").changes == 3


async def test_a_requested_restart_is_marked_until_it_fails(measure):
    world = measure()
    server = world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    await world.fleet.supervisor.restart("a")
    assert (world.of("a").restarts, world.of("a").changes) == (0, 0)
    server.open_error = OSError("no")
    assert await world.fleet.supervisor.restart("a") is False
    server.open_error = None
    await world.fleet.until("a", State.HEALTHY)
    edges = await world.archive.edges(EVERYTHING)
    assert [(edge.state.value, edge.reason) for edge in edges] == [
        ("initializing", ""), ("healthy", ""), ("reconnecting", "operator"), ("healthy", ""),
        ("reconnecting", "operator"), ("reconnecting", ""), ("healthy", ""),
    ]  # fmt: skip


async def test_a_stop_that_changes_no_state_is_recorded_as_an_edge(measure):
    world = measure()
    server = world.fleet.add("a")
    server.open_error = RuntimeError("no")
    await world.fleet.supervisor.start("a")
    await world.fleet.until("a", State.DISCONNECTED)
    before = len(await world.archive.edges(EVERYTHING))
    await world.fleet.supervisor.stop("a")
    edges = await world.archive.edges(EVERYTHING)
    assert [(edge.state, edge.wanted) for edge in edges[before - 1 :]] == [
        (State.DISCONNECTED, True),
        (State.DISCONNECTED, False),
    ]


async def test_calls_are_counted_over_a_sliding_window(measure):
    world = measure(tool_monitoring={"slow_call_threshold": 2.0})
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    heard: list[str] = []
    world.fleet.supervisor.bus.attach(Listener(heard.append))
    for duration, error in [(1.0, None), (3.0, "no"), (2.0, None), (2.0, None)]:
        world.metering.called("a", "echo", world.fleet.clock.now(), duration, error)
    metrics = world.of("a")
    assert (metrics.total_calls, metrics.failed_calls, metrics.slow_calls, metrics.error_rate) == (4, 1, 1, 0.25)
    assert (metrics.avg_response_time, metrics.p50, metrics.p99) == (2.0, 2.0, 3.0)
    assert metrics.throughput == 4.0
    assert metrics.last_activity == EPOCH + world.fleet.clock.now()
    assert metrics.tools[0].name == "echo"
    assert heard == ["a"]
    await asyncio.sleep(301)
    later = world.of("a")
    assert (later.total_calls, later.failed_calls, later.last_error) == (4, 1, "no")
    assert (later.error_rate, later.avg_response_time, later.throughput) == (0.0, 0.0, 0.0)


async def test_the_metrics_of_a_removed_service_are_deleted(measure):
    world = measure()
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    await world.fleet.supervisor.remove("a")
    assert await world.archive.edges(EVERYTHING) == []
    assert world.metering._meters == {}


async def test_nothing_is_measured_while_monitoring_is_off(measure):
    world = measure(enabled=False)
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    world.metering.called("a", "echo", world.fleet.clock.now(), 1.0, None)
    await asyncio.sleep(HOUR)
    metrics = world.of("a")
    assert (metrics.total_calls, metrics.total_checks, metrics.changes) == (0, 0, 0)
    assert metrics.status is ServiceStatus.RUNNING
    assert not world.metering.counts_calls
    assert world.metering.machine is None
    assert await world.archive.samples(EVERYTHING) == await world.archive.edges(EVERYTHING) == []


async def test_calls_and_processes_are_not_measured_while_performance_monitoring_is_off(measure):
    world = measure(performance_monitoring=False)
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    world.metering.called("a", "echo", world.fleet.clock.now(), 1.0, None)
    await asyncio.sleep(100)
    metrics = world.of("a")
    assert (metrics.total_calls, metrics.cpu_percent) == (0, None)
    assert metrics.total_checks > 0
    assert world.metering.machine is None
    assert await world.archive.samples(EVERYTHING)


async def test_processes_are_measured_every_ten_seconds_until_their_service_is_removed(measure, monkeypatch):
    world = measure()
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    session = world.fleet.runner("a").session
    session.connection.pid = 4711
    looks: list[dict[str, int]] = []

    def look(leaders: dict[str, int]) -> dict[str, Usage]:
        looks.append(dict(leaders))
        return {name: Usage(cpu_percent=12.5, memory_bytes=4096, processes=3) for name in leaders}

    monkeypatch.setattr(world.metering._sampler, "look", look)
    updates: list[int] = []
    world.fleet.supervisor.bus.attach(Listener(lambda name: updates.append(1) if not name else None))
    await asyncio.sleep(65)
    assert looks == [{"a": 4711}] * 6
    assert len(updates) == 6
    metrics = world.of("a")
    assert (metrics.cpu_percent, metrics.memory_bytes, metrics.processes) == (12.5, 4096, 3)
    assert world.metering.machine == (pytest.approx(EPOCH + 60, abs=3), "/")
    await world.fleet.supervisor.stop("a")
    await asyncio.sleep(15)
    metrics = world.of("a")
    assert (metrics.cpu_percent, metrics.memory_bytes, metrics.processes) == (None, None, 0)


async def test_a_failed_process_scan_affects_nothing_else(measure, monkeypatch):
    world = measure()
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")

    def fail(_posix: float, _path: str) -> None:
        raise OSError("no")

    monkeypatch.setattr(module, "host_metrics", fail)
    await asyncio.sleep(HOUR)
    assert world.metering.machine is None
    assert len(await world.archive.samples(EVERYTHING)) > 100


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # virtual time stands still while a thread is at work
async def test_a_hanging_process_scan_is_abandoned_and_calls_are_still_counted(measure, monkeypatch, caplog):
    world = measure()
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")
    done = threading.Event()
    monkeypatch.setattr(module, "SAMPLE_LIMIT", 0.05)
    monkeypatch.setattr(module, "host_metrics", lambda _posix, _path: done.wait(20))
    await world.metering._sample_processes(world.fleet.supervisor.runners())
    assert "sampling of processes took longer than 0.05 s; it is switched off" in caplog.text
    await world.metering._sample_processes(world.fleet.supervisor.runners())
    assert caplog.text.count("switched off") == 1
    world.metering.called("a", "echo", world.fleet.clock.now(), 0.1, None)
    assert world.of("a").total_calls == 1
    done.set()


async def test_process_scans_are_at_least_a_second_apart(measure):
    world = measure(timing=DEFAULT_TIMING.scaled(1 / 300))
    world.fleet.add("a")
    looks: list[int] = []
    world.fleet.supervisor.bus.attach(Listener(lambda name: looks.append(1) if not name else None))
    await asyncio.sleep(10.5)
    assert 5 <= len(looks) <= 11


async def test_a_bug_in_our_code_ends_neither_sampling_nor_supervision(measure, monkeypatch, caplog):
    world = measure()
    world.fleet.add("a")
    await world.fleet.supervisor.start("a")

    def fail(*_: Any) -> None:
        raise RuntimeError("a bug")

    world.fleet.supervisor.bus.attach(Listener(fail))
    world.metering.called("a", "echo", world.fleet.clock.now(), 0.1, None)
    await asyncio.sleep(1)
    assert "service 'a': an observer failed. This is a bug; please report it" in caplog.text
    with monkeypatch.context() as patch:
        patch.setattr(world.metering._sampler, "look", fail)
        patch.setattr(world.metering, "_take_samples", fail)
        await asyncio.sleep(40)
    assert "This is a bug; please report it" in caplog.text
    assert "sampling failed; the next one is in 30 s" in caplog.text
    await asyncio.sleep(HOUR)
    assert len(await world.archive.samples(EVERYTHING)) > 100
