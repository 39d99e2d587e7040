"""What the tables look like, and how records become rows of them.

Everything is kept as whole numbers (µs, ms, bytes), because SQLite stores small whole numbers in few bytes: a sample in
which nothing happened takes about 40. All columns but the time and the state add up (or have a maximum), so that the
table `hours`, which keeps one row for each service and hour, has the same columns and answers the same questions. How
long calls took is a blob, which functions of ours add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from typing import Any, Final

from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.state_history import StateEdge

__all__ = [
    "COLUMNS",
    "HOUR",
    "READ_ONLY_VIEWS",
    "SCHEMA",
    "STATES",
    "UPGRADES",
    "VERSION",
    "edge_of",
    "row_of",
    "row_of_edge",
    "sample_of",
]

VERSION: Final = 3
HOUR: Final = 3_600_000
"""An hour, in ms."""

STATES: Final = tuple(ServiceConnectionState)
_CODES: Final = {state: code for code, state in enumerate(STATES)}

ADDED: Final = (
    "duration", "calls", "failed", "busy", "checks", "failed_checks", "answered", "answering", "wanted", "usable",
    "cpu", "cpu_span",
)  # fmt: skip
HIGHEST: Final = ("p95", "longest", "memory")
COLUMNS: Final = (*ADDED, *HIGHEST)

_FIGURES: Final = ", ".join([*(f"{column} INTEGER" for column in COLUMNS), "durations BLOB"])
UPGRADES: Final[Mapping[int, str]] = {
    1: "ALTER TABLE samples ADD COLUMN durations BLOB; ALTER TABLE hours ADD COLUMN durations BLOB;",
    2: "ALTER TABLE edges ADD COLUMN edge TEXT NOT NULL DEFAULT '';",
}
"""Statements that turn a file of a version into one of the next version."""

READ_ONLY_VIEWS: Final[Mapping[int, str]] = {
    2: "CREATE TEMP VIEW edges AS SELECT *, '' AS edge FROM main.edges",
}
"""Statement that lets a file of an older version be read without a change."""

SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS services (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS samples (
    service INTEGER, at INTEGER, state INTEGER, {_FIGURES}, PRIMARY KEY (service, at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hours (
    service INTEGER, hour INTEGER, at INTEGER, state INTEGER, {_FIGURES}, PRIMARY KEY (service, hour)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS edges (
    id INTEGER PRIMARY KEY, service INTEGER, at INTEGER, monotonic REAL, state INTEGER, wanted INTEGER, reason TEXT,
    error TEXT, begins INTEGER, edge TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS edges_in_order ON edges (service, at, id);
PRAGMA user_version = {VERSION};
"""


def row_of(sample: MetricsSample, service: int) -> tuple[Any, ...]:
    """Return a row: service, at, state, the columns in order, and how long the calls took."""
    answered = max(1, sample.checks - sample.failed_checks) if sample.response_time is not None else 0
    span = 0 if sample.cpu_percent is None else round(sample.duration * 1000)
    return (
        service,
        round(sample.timestamp * 1000),
        _CODES[sample.connection_state],
        round(sample.duration * 1000),
        sample.calls,
        sample.failed_calls,
        round(sample.avg_response_time * sample.calls * 1e6),
        sample.checks,
        sample.failed_checks,
        answered,
        round((sample.response_time or 0.0) * answered * 1000),
        round(sample.wanted * 1000),
        round(sample.usable * 1000),
        round((sample.cpu_percent or 0.0) * span),
        span,
        round(sample.p95 * 1e6),
        round(sample.max_response_time * 1e6),
        sample.memory_bytes,
        sample.durations or None,
    )


def sample_of(row: tuple[Any, ...], names: Mapping[int, str]) -> MetricsSample:
    """Return the sample of a row: service, at, state, the columns in order, and how long the calls took."""
    (
        service, at, state,
        duration, calls, failed, busy, checks, failed_checks, answered, answering, wanted, usable, cpu, span,
        p95, longest, memory, durations,
    ) = row  # fmt: skip
    return MetricsSample(
        service_name=names[service],
        timestamp=at / 1000,
        duration=duration / 1000,
        connection_state=STATES[int(state)],
        calls=calls,
        failed_calls=failed,
        avg_response_time=busy / calls / 1e6 if calls else 0.0,
        p95=p95 / 1e6,
        max_response_time=longest / 1e6,
        checks=checks,
        failed_checks=failed_checks,
        response_time=answering / answered / 1000 if answered else None,
        wanted=wanted / 1000,
        usable=usable / 1000,
        cpu_percent=cpu / span if span else None,
        memory_bytes=memory,
        durations=durations or b"",
    )


def row_of_edge(edge: StateEdge, service: int) -> tuple[Any, ...]:
    """Return a row of the table `edges`, without its number."""
    return (
        service,
        # Rounded up, it would lie ahead of whoever asks at once, who would be told of the state before.
        floor(edge.timestamp * 1000 + 0.01),
        edge.monotonic,
        _CODES[edge.state],
        edge.wanted,
        edge.reason,
        edge.error,
        edge.begins,
        edge.id,
    )


def edge_of(row: Sequence[Any], name: str) -> StateEdge:
    """Return the edge of a row: at, monotonic, state, wanted, reason, error, begins, edge."""
    at, monotonic, state, wanted, reason, error, begins, edge = row
    return StateEdge(
        service_name=name,
        timestamp=at / 1000,
        monotonic=monotonic,
        state=STATES[int(state)],
        wanted=bool(wanted),
        reason=reason,
        error=error,
        begins=bool(begins),
        id=edge,
    )
