"""Offer of a history plugin: storage of metrics and state changes for a limited time.

All functions here may block: the manager calls them in a separate thread, one call at a time. It writes in batches. If
a write fails, the manager logs it and adds the batch to the next write; services and alerts are not affected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import attrs

from mcpstore.models.metrics import MetricsSample
from mcpstore.models.state_history import StateEdge

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["HistoryBackend", "HistoryBatch", "HistoryLocation", "HistoryQuery", "HistoryStore"]

C = TypeVar("C", bound="BaseModel")


@attrs.frozen(kw_only=True)
class HistoryLocation:
    """Folder and retention of a history.

    Attributes:
        folder: State directory of the store.
        retention: Age at which a record may be deleted, in seconds.
        is_read_only: Whether writing is forbidden, because another manager owns the folder.
    """

    folder: Path
    retention: float
    is_read_only: bool = False


@attrs.frozen(kw_only=True)
class HistoryBatch:
    """Records of one write.

    Attributes:
        now: Time of the write, as a POSIX timestamp in seconds.
        samples: Metrics samples.
        edges: State changes.
    """

    now: float
    samples: Sequence[MetricsSample] = ()
    edges: Sequence[StateEdge] = ()


@attrs.frozen(kw_only=True)
class HistoryQuery:
    """Selection of records.

    Attributes:
        service: Name of the service; None for all services.
        since: Start of the period, exclusive, as a POSIX timestamp in seconds.
        until: End of the period, inclusive, as a POSIX timestamp in seconds.
        step: Length of the intervals into which samples are merged, in seconds; 0 returns them as they were written.
            State changes are never merged.
    """

    service: str | None = None
    since: float
    until: float
    step: float = 0.0


class HistoryStore(Protocol):
    """Open history."""

    def write(self, batch: HistoryBatch) -> None:
        """Write the whole batch or raise; may also delete records that are older than the retention."""
        ...

    def samples(self, query: HistoryQuery) -> Sequence[MetricsSample]:
        """Return the selected samples, sorted by service and time."""
        ...

    def edges(self, query: HistoryQuery) -> Sequence[StateEdge]:
        """Return the selected state changes, and the last one of each service before them, by service and time."""
        ...

    def close(self) -> None:
        """Close the history."""
        ...


@attrs.frozen(kw_only=True)
class HistoryBackend(Generic[C]):
    """Kind of storage for histories.

    Attributes:
        name: Name of the backend in configurations: `{"mcpstore": {"history": "sqlite_history"}}`.
        config: Pydantic model of its options.
        open: Called with (location, options); returns the open history. If it raises, the manager calls it again later.
    """

    name: str
    config: type[C]
    open: Callable[[HistoryLocation, C], HistoryStore]
