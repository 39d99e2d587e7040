"""Samples, edges, and a history to store them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcpstore.hooks import HistoryLocation, HistoryQuery
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.state_history import StateEdge
from mcpstore_plugins.sqlite_history.database import SqliteHistory

NOW = 1_700_000_000.0
DAY = 86_400.0


def sample(at: float, service: str = "s", **fields: Any) -> MetricsSample:
    fields = {"duration": 30.0, "connection_state": State.HEALTHY, "wanted": 30.0, "usable": 30.0, **fields}
    return MetricsSample(service_name=service, timestamp=at, **fields)


def edge(at: float, service: str = "s", state: State = State.HEALTHY, **fields: Any) -> StateEdge:
    return StateEdge(service_name=service, timestamp=at, monotonic=at - NOW, state=state, wanted=True, **fields)


def asked(since: float = 0.0, until: float = 2 * NOW, service: str | None = None, step: float = 0.0) -> HistoryQuery:
    return HistoryQuery(service=service, since=since, until=until, step=step)


@pytest.fixture
def open_history(tmp_path: Path) -> Iterator[Callable[..., SqliteHistory]]:
    opened: list[SqliteHistory] = []

    def open_it(folder: Path = tmp_path, **fields: Any) -> SqliteHistory:
        history = SqliteHistory(HistoryLocation(folder=folder, **{"retention": 7 * DAY, **fields}))
        opened.append(history)
        return history

    yield open_it
    for history in opened:
        history.close()
