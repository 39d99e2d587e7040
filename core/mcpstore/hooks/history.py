"""What a history plugin offers: a place where measurements and changes of state are kept for a while.

Everything here may block: it is called in a thread of its own, one call at a time. The manager collects what is to be
written and writes it in batches; a backend that fails costs nobody else anything, and what it did not take is offered
again with the next batch.
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
    """Where a history is kept, and for how long.

    Attributes:
        folder: The state directory of the store.
        retention: Seconds after which what was written may be forgotten.
        is_read_only: Whether nothing may be written: another manager owns the folder.
    """

    folder: Path
    retention: float
    is_read_only: bool = False


@attrs.frozen(kw_only=True)
class HistoryBatch:
    """What is to be written at once.

    Attributes:
        now: The time of writing, as a POSIX timestamp in seconds.
        samples: Measurements.
        edges: Changes of state.
    """

    now: float
    samples: Sequence[MetricsSample] = ()
    edges: Sequence[StateEdge] = ()


@attrs.frozen(kw_only=True)
class HistoryQuery:
    """What somebody wants to know.

    Attributes:
        service: Only of this service; None for every service.
        since: Only after this POSIX timestamp, in seconds.
        until: Only up to this POSIX timestamp, in seconds.
        step: Samples are merged so that there is one for each multiple of this many seconds; 0 leaves them as they
            are. Edges are never merged.
    """

    service: str | None = None
    since: float
    until: float
    step: float = 0.0


class HistoryStore(Protocol):
    """A history that is open."""

    def write(self, batch: HistoryBatch) -> None:
        """Write everything, or raise; what is too old may be forgotten on this occasion."""
        ...

    def samples(self, query: HistoryQuery) -> Sequence[MetricsSample]:
        """Return samples, by service and time."""
        ...

    def edges(self, query: HistoryQuery) -> Sequence[StateEdge]:
        """Return edges, by service and time: those asked for, and of each service the last one before them."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@attrs.frozen(kw_only=True)
class HistoryBackend(Generic[C]):
    """A kind of place for histories.

    Attributes:
        name: What configurations call it: `{"mcpstore": {"history": "sqlite_history"}}`.
        config: The pydantic model of its options.
        open: Called with (place, options); raises if it cannot be opened, and is then called again later.
    """

    name: str
    config: type[C]
    open: Callable[[HistoryLocation, C], HistoryStore]
