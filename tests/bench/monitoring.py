"""Measuring: what it costs a call, what history costs, how fast a dashboard has its figures, and what it all weighs."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcpstore import AsyncMCPStore
from mcpstore.hooks import HistoryBatch, HistoryLocation, HistoryQuery
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.monitoring.metrics import ServiceMeter, encode_sample, step_for
from mcpstore_plugins.sqlite_history import functions, schema, statements
from mcpstore_plugins.sqlite_history.database import SqliteHistory

from .result import Result, paired
from .servers import fastmcp_command, light_command

ROUNDS = 250
CALLS = 12
SERVICES = 100
DAYS = 7
STEP = 30
NOW = 1_700_000_000
POINTS = 100
COUNTED = 20_000
BATCHES = 240
QUERIES = 25
METERS, METER_CALLS, METER_CHECKS = 20, 3000, 300


async def _calls(command: list[str]) -> dict[str, list[float]]:
    """Return the seconds a call took in each round, with what is measured and without."""
    config = {"mcpServers": {"bench": {"command": command[0], "args": command[1:]}}}
    times: dict[str, list[float]] = {"on": [], "off": []}
    async with AsyncMCPStore(config) as store:
        assert await store.wait_service("bench", timeout=120)
        # The same store and the same process for both: two of them differ by more than what is measured here.
        metering = store._manager.parts.collector
        for turn in range(ROUNDS + 1):
            # short turns, and each first as often as the other: this machine is never the same for long
            for name in ("on", "off") if turn % 2 else ("off", "on"):
                metering.counts_calls = name == "on"
                began = time.perf_counter()
                for _ in range(CALLS):
                    await store.call_tool("echo", {"text": "hello"})
                if turn:
                    times[name].append((time.perf_counter() - began) / CALLS)
        metrics = await store.get_service_metrics("bench")
        assert metrics is not None
        assert metrics.total_calls == (ROUNDS + 1) * CALLS
    return times


def _told(server: str, times: dict[str, list[float]], aim: float | None) -> Result:
    ours, theirs = (statistics.median(times[name]) * 1e6 for name in ("on", "off"))
    return Result(
        what=f"{server}: call_tool with metrics against without (latency)",
        ours=f"{ours:.0f} us", theirs=f"{theirs:.0f} us", ratio=paired(times["on"], times["off"]), aim=aim,
    )  # fmt: skip


def _counting() -> Result:
    meter, durations = ServiceMeter(0.0), [random.lognormvariate(-6, 1) for _ in range(COUNTED)]
    began = time.perf_counter()
    for number, duration in enumerate(durations):
        meter.record_call("echo", duration, number / 100, 1e9, error=None, slow=False)
    return Result(what="counting one call", ours=f"{(time.perf_counter() - began) / len(durations) * 1e6:.2f} us")


def _name(service: int) -> str:
    return f"service-{service:03}"


def _sample(service: int, at: float) -> MetricsSample:
    return MetricsSample(
        service_name=_name(service), timestamp=at, duration=float(STEP), connection_state=State.HEALTHY,
        calls=service % 7, avg_response_time=0.0123, p95=0.05, max_response_time=0.07, checks=1, response_time=3.2,
        wanted=float(STEP), usable=float(STEP), cpu_percent=1.5, memory_bytes=40_000_000 + service,
    )  # fmt: skip


def _writing(folder: Path) -> Result:
    """Write what a fleet writes in two hours, a batch for each half minute, and the bare rows beside it."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    history = SqliteHistory(HistoryLocation(folder=folder, retention=7 * 86_400.0))
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {schema.SCHEMA}")
    for turn in range(BATCHES):
        at = NOW + turn * float(STEP)
        batch = HistoryBatch(now=at, samples=[_sample(service, at) for service in range(SERVICES)])
        rows = [schema.row_of(sample, number) for number, sample in enumerate(batch.samples)]
        began = time.perf_counter()
        history.write(batch)
        times["ours"].append(time.perf_counter() - began)
        began = time.perf_counter()
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany(statements.INSERT, rows)
        bare.execute("COMMIT")
        times["theirs"].append(time.perf_counter() - began)
    history.close()
    bare.close()
    ours, theirs = (SERVICES / statistics.median(times[name]) for name in ("ours", "theirs"))
    return Result(
        what=f"history: rows written in batches of {SERVICES}, against bare inserts without hourly sums (throughput)",
        ours=f"{ours:.0f}/s", theirs=f"{theirs:.0f}/s", ratio=paired(times["theirs"], times["ours"]), at_most=False,
    )  # fmt: skip


def _fill(folder: Path) -> Path:
    """Make the history of a fleet, as if it had been written sample by sample."""
    history = SqliteHistory(HistoryLocation(folder=folder, retention=3 * DAYS * 86_400.0))
    history.write(
        HistoryBatch(now=float(NOW), samples=[_sample(number, float(NOW - STEP)) for number in range(SERVICES)])
    )
    history.close()
    path = folder / "history.db"
    columns = ", ".join((*schema.COLUMNS, "durations"))
    db = sqlite3.connect(path, isolation_level=None)
    functions.install(db)
    db.executescript(f"""
        BEGIN;
        CREATE TEMP TABLE one AS SELECT * FROM samples;
        DELETE FROM samples; DELETE FROM hours;
        WITH RECURSIVE times (at) AS (
            SELECT {(NOW - DAYS * 86_400) * 1000} UNION ALL SELECT at + {STEP * 1000} FROM times WHERE at < {NOW * 1000}
        )
        INSERT INTO samples (service, at, state, {columns})
        SELECT service, times.at, state, {columns} FROM one CROSS JOIN times ORDER BY service, times.at;
        INSERT INTO hours (service, hour, at, state, {columns})
        SELECT service, at / {schema.HOUR}, max(at), state, {statements.TOTALS} FROM samples GROUP BY 1, 2;
        COMMIT;
    """)
    db.close()
    return path


def _asking(folder: Path) -> list[Result]:
    path = _fill(folder)
    since, until = NOW - DAYS * 86_400.0, float(NOW)
    dashboard = HistoryQuery(since=since, until=until, step=step_for(since, NOW, POINTS))
    history = SqliteHistory(HistoryLocation(folder=folder, retention=3 * DAYS * 86_400.0))
    bare = sqlite3.connect(path)
    functions.install(bare)
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    statement = statements.MERGED.format(table="hours", condition="1")
    values = {"since": int(since) * 1000, "until": NOW * 1000, "step": int(dashboard.step) * 1000}
    count = bare.execute("SELECT count(*) FROM samples").fetchone()[0]

    def clocked(name: str, ask: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        answer = ask()
        times[name].append(time.perf_counter() - began)
        return answer

    for _ in range(QUERIES):
        samples = clocked("ours", lambda: history.samples(dashboard))
        rows = clocked("theirs", lambda: bare.execute(statement, values).fetchall())
        assert len(samples) == len(rows) <= SERVICES * POINTS
    began = time.perf_counter()
    few = history.samples(HistoryQuery(service=_name(SERVICES // 2), since=since, until=until, step=600.0))
    seconds = time.perf_counter() - began
    history.close()
    bare.close()
    ours, theirs = (statistics.median(times[name]) * 1000 for name in ("ours", "theirs"))
    return [
        Result(
            what=f"dashboard: {DAYS} days of {SERVICES} services, {POINTS} points each, against bare SQL",
            ours=f"{ours:.0f} ms", theirs=f"{theirs:.0f} ms", ratio=paired(times["ours"], times["theirs"]), aim=2.0,
        ),
        Result(what=f"history: {DAYS} days of one service, {len(few)} points",
               ours=f"{seconds * 1000:.0f} ms"),
        Result(what="history: file, per sample", ours=f"{path.stat().st_size / count:.0f} bytes"),
    ]  # fmt: skip


def _weight() -> list[Result]:
    """Fill the windows of services that are in constant use, five tools each."""
    dice = random.Random(1)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    meters = [ServiceMeter(0.0) for _ in range(METERS)]
    for meter in meters:
        for number in range(METER_CALLS):
            meter.record_call(f"tool{number % 5}", dice.lognormvariate(-6, 1), number / 10, 1e9, error=None, slow=False)
        for _ in range(METER_CHECKS):
            meter.record_change(300.0, None)
    windows = tracemalloc.get_traced_memory()[0]
    kept = deque(encode_sample(_sample(0, float(at))) for at in range(1000))
    history = tracemalloc.get_traced_memory()[0] - windows
    tracemalloc.stop()
    assert len(kept) == 1000
    return [
        Result(
            what="memory of a service whose windows are full, with 5 tools",
            ours=f"{(windows - before) / METERS / 1024:.0f} KiB",
        ),
        Result(what="memory of its last 1000 samples, where there is no disk", ours=f"{history / 1024:.0f} KiB"),
    ]


def measure(folder: Path) -> list[Result]:
    """Measure all of it."""
    heavy = asyncio.run(_calls(fastmcp_command(folder)))
    light = asyncio.run(_calls(light_command(folder)))
    places = [folder / "writing", folder / "asking"]
    for place in places:
        place.mkdir()
    return [
        _told("FastMCP server", heavy, 1.03),
        _told("light server", light, None),
        _counting(),
        _writing(places[0]),
        *_asking(places[1]),
        *_weight(),
    ]
