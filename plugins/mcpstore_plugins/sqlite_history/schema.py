"""Tables of the history, and the conversion between records and rows.

All values are integers (µs, ms, bytes), because SQLite stores small integers in few bytes: a sample without calls takes
about 40 bytes. All columns except time and state can be summed (or have a maximum). So the table `hours`, with one row
per service and hour, has the same columns as `samples` and is queried in the same way. Call durations are a histogram
in a blob; see `functions`.
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
"""An hour, in milliseconds."""

STATES: Final = tuple(ServiceConnectionState)
_CODES: Final = {state: code for code, state in enumerate(STATES)}

SUMMED: Final = (
    "duration", "calls", "failed", "busy", "checks", "failed_checks", "answered", "answering", "wanted", "usable",
    "cpu", "cpu_span",
)  # fmt: skip
MAXIMA: Final = ("p95", "longest", "memory")
COLUMNS: Final = (*SUMMED, *MAXIMA)

_COLUMNS: Final = ", ".join([*(f"{column} INTEGER" for column in COLUMNS), "durations BLOB"])
UPGRADES: Final[Mapping[int, str]] = {
    1: "ALTER TABLE samples ADD COLUMN durations BLOB; ALTER TABLE hours ADD COLUMN durations BLOB;",
    2: "ALTER TABLE edges ADD COLUMN edge TEXT NOT NULL DEFAULT '';",
}
"""Statements that upgrade a file of a version to the next one."""

READ_ONLY_VIEWS: Final[Mapping[int, str]] = {
    2: "CREATE TEMP VIEW edges AS SELECT *, '' AS edge FROM main.edges",
}
"""Statement that makes a file of an older version readable without changing it."""

SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS services (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS samples (
    service INTEGER, at INTEGER, state INTEGER, {_COLUMNS}, PRIMARY KEY (service, at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hours (
    service INTEGER, hour INTEGER, at INTEGER, state INTEGER, {_COLUMNS}, PRIMARY KEY (service, hour)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS edges (
    id INTEGER PRIMARY KEY, service INTEGER, at INTEGER, monotonic REAL, state INTEGER, wanted INTEGER, reason TEXT,
    error TEXT, begins INTEGER, edge TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS edges_in_order ON edges (service, at, id);
PRAGMA user_version = {VERSION};
"""


def row_of(sample: MetricsSample, service: int) -> tuple[Any, ...]:
    """Return a sample as a row: service, at, state, the columns in order, and the durations of calls."""
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
        round((sample.response_time or 0.0) * answered * 1e6),
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
    """Return the sample in a row: service, at, state, the columns in order, and the durations of calls."""
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
        response_time=answering / answered / 1e6 if answered else None,
        wanted=wanted / 1000,
        usable=usable / 1000,
        cpu_percent=cpu / span if span else None,
        memory_bytes=memory,
        durations=durations or b"",
    )


def row_of_edge(edge: StateEdge, service: int) -> tuple[Any, ...]:
    """Return an edge as a row of the table `edges`, without its id."""
    return (
        service,
        # Rounded down: an edge in the future would be missing from a query that is made at once.
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
    """Return the edge in a row: at, monotonic, state, wanted, reason, error, begins, edge."""
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
