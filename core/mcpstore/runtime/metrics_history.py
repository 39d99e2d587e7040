"""History of samples and edges: the newest in memory, all of them in the backend of a plugin."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, TypeVar

from mcpstore.concurrency.worker import Worker, WorkerTimeout
from mcpstore.hooks.history import HistoryBatch, HistoryQuery, HistoryStore
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.state_history import StateEdge
from mcpstore.models.text import counted
from mcpstore.monitoring.metrics import decode_sample, downsampled, encode_sample
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.clock import Clock

__all__ = ["MetricsHistory"]

LIMIT: Final = 30.0
"""Time limit of the backend for a batch or a query, in seconds; a slower backend is not used any more."""

MOST: Final = 10_000
"""Number of services with records in memory; bounds it if services are added and removed while a backend fails."""

LAST_WRITE: Final = 5.0
"""Time limit of the last batch at the close of the store, in seconds."""

T = TypeVar("T")

_log = logging.getLogger("mcpstore.runtime")


class MetricsHistory:
    """Keeps samples and edges.

    They wait in memory until the backend has written them; only the newest of each service are kept. Without a backend,
    or while it fails, the history consists of the records in memory.

    Args:
        clock: Clock of the store.
        size: Number of samples, and of edges, kept in memory for each service.
        open_backend: Opens the backend, in a thread; None if there is none.
        is_read_only: Whether the backend is only read.

    Attributes:
        dropped: Number of records that were dropped before a backend had written them.
        written: Number of records that a backend has written.
    """

    def __init__(
        self,
        clock: Clock,
        size: int,
        open_backend: Callable[[], HistoryStore] | None = None,
        *,
        is_read_only: bool = False,
    ) -> None:
        self._clock = clock
        self._size = size
        self._open_backend = open_backend
        self._is_read_only = is_read_only
        self._backend: HistoryStore | None = None
        self._worker = Worker("mcpstore-history")
        self._samples: dict[str, deque[bytes]] = {}
        self._edges: dict[str, deque[StateEdge]] = {}
        self._writing = asyncio.Lock()
        self._is_in_trouble = False
        self.dropped: int = 0
        self.written: int = 0

    def add(self, sample: MetricsSample) -> None:
        """Keep a sample."""
        self._keep(self._samples, sample.service_name, encode_sample(sample))

    def note(self, edge: StateEdge) -> None:
        """Keep an edge."""
        self._keep(self._edges, edge.service_name, edge)

    def forget(self, service: str) -> None:
        """Discard the records of a removed service, unless a backend still has to write them."""
        if self._open_backend is None:
            self._samples.pop(service, None)
            self._edges.pop(service, None)

    async def flush(self, limit: float = LIMIT) -> None:
        """Write the waiting records to the backend, if there is one."""
        if self._open_backend is None or self._is_read_only:
            return
        async with self._writing:
            rows, edges = _all(self._samples), _all(self._edges)
            if not (rows or edges):
                return
            samples = [decode_sample(row, name) for name, row in rows]
            batch = HistoryBatch(now=self._clock.posix(), samples=samples, edges=[edge for _, edge in edges])
            if await self._ask(partial(_write, batch), limit):
                _taken(self._samples, rows)
                _taken(self._edges, edges)
                self.written += len(rows) + len(edges)

    async def samples(self, query: HistoryQuery) -> list[MetricsSample]:
        """Return samples, by service and time."""
        await self.flush()
        samples = list(await self._ask(lambda backend: backend.samples(query)) or ())
        waiting = list(_matching(self._samples, query))
        if not waiting:
            return samples
        return downsampled(sorted([*samples, *waiting], key=lambda s: (s.service_name, s.timestamp)), query.step)

    async def edges(self, query: HistoryQuery) -> list[StateEdge]:
        """Return edges, by service and time: those of the query, and the last one of each service before them."""
        await self.flush()
        by_service: dict[str, list[StateEdge]] = {}
        for edge in await self._ask(lambda backend: backend.edges(query)) or ():
            by_service.setdefault(edge.service_name, []).append(edge)
        for name, waiting in self._edges.items():
            if query.service in (None, name):
                by_service.setdefault(name, []).extend(edge for edge in waiting if edge.timestamp <= query.until)
        result: list[StateEdge] = []
        for _, edges in sorted(by_service.items()):
            early = sum(edge.timestamp <= query.since for edge in edges)
            result += edges[max(0, early - 1) :]
        return result

    async def close(self) -> None:
        """Write the waiting records and close the backend."""
        await self.flush(LAST_WRITE)
        backend = self._backend
        if backend is not None:
            self._backend = self._open_backend = None
            try:
                await self._worker.run(backend.close, LAST_WRITE)
            except Exception as error:  # noqa: BLE001 - it is not used any more
                _log.debug("the history, while closing, %s", describe_error(error))
        self._worker.close()

    # --- helpers

    def _keep(self, kept: dict[str, deque[T]], service: str, record: T) -> None:
        ring = kept.get(service)
        if ring is None:
            while len(kept) >= MOST:
                self.dropped += len(kept.pop(next(iter(kept))))
            ring = kept[service] = deque(maxlen=self._size)
        if len(ring) == self._size and self._open_backend is not None:
            self.dropped += 1
        ring.append(record)

    async def _ask(self, ask: Callable[[HistoryStore], T], limit: float = LIMIT) -> T | None:
        """Use the backend in its thread, after opening it if necessary; None if there is none or it failed."""
        open_backend = self._open_backend
        if open_backend is None:
            return None

        def work() -> T:
            if self._backend is None:
                self._backend = open_backend()
            return ask(self._backend)

        try:
            answer = await self._worker.run(work, limit)
        except WorkerTimeout as error:
            # Its thread still holds its locks, so another attempt would only wait for them.
            self._open_backend = self._backend = None
            _log.warning("history is kept in memory from now on: writing it %s", error)
            return None
        except Exception as error:  # noqa: BLE001 - a backend that raises affects only the history
            if self._is_read_only:
                _log.debug("there is no history to look at: it %s", describe_error(error))
            elif not self._is_in_trouble:
                _log.warning("history cannot be kept at the moment and is tried again: it %s", describe_error(error))
            self._is_in_trouble = not self._is_read_only
            return None
        if self._is_in_trouble:
            self._is_in_trouble = False
            lost = f"; {counted(self.dropped, 'record was', 'records were')} lost" if self.dropped else ""
            _log.warning("history is kept again%s", lost)
        return answer


def _write(batch: HistoryBatch, backend: HistoryStore) -> bool:
    backend.write(batch)
    return True


def _all(kept: dict[str, deque[T]]) -> list[tuple[str, T]]:
    return [(name, record) for name, ring in kept.items() for record in ring]


def _taken(kept: dict[str, deque[T]], records: Iterable[tuple[str, T]]) -> None:
    """Remove the records that the backend has written; newer ones stay."""
    taken = {id(record) for _, record in records}
    for service, ring in list(kept.items()):
        left = [record for record in ring if id(record) not in taken]
        if left:
            ring.clear()
            ring.extend(left)
        else:
            del kept[service]


def _matching(kept: dict[str, deque[bytes]], query: HistoryQuery) -> Iterable[MetricsSample]:
    for name in sorted(kept):
        if query.service in (None, name):
            for row in kept[name]:
                sample = decode_sample(row, name)
                if query.since < sample.timestamp <= query.until:
                    yield sample
