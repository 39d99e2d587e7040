"""How services performed while somebody watched: a view over what a store measures anyway."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol, TextIO

from mcpstore.models.metrics import MetricsSample

__all__ = ["ServicePerformanceMonitor"]

RULE: Final = 60


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class _Store(Protocol):
    """The verbs that are needed, of a store for callers that wait."""

    def list_services(self) -> Iterable[_Named]: ...

    def metrics_history(
        self, name: str | None = None, since: Any = None, until: Any = None, limit: int | None = None
    ) -> list[MetricsSample]: ...


class ServicePerformanceMonitor:
    """Tells how services performed.

    A store measures all the time, so nothing runs in between: starting and stopping only mark the time that is told of.

    Args:
        store: The store, or a context of it.
        file: Where summaries are printed; standard output if it is None.
    """

    def __init__(self, store: _Store, *, file: TextIO | None = None) -> None:
        self._store = store
        self._file = file
        self._began: float | None = None
        self._ended: float | None = None
        self._interval = 0.0

    def start_monitoring(self, interval: float = 10) -> None:
        """Begin the time that is told of.

        Args:
            interval: Seconds that one entry of `metrics` covers at least.
        """
        if not interval > 0:
            raise ValueError(f"interval must be above 0 s (got {interval!r})")
        self._began, self._ended, self._interval = time.time(), None, interval
        self._say(f"📊 watching how services perform (every {interval:g} s)")

    def stop_monitoring(self) -> None:
        """End the time that is told of."""
        self._ended = time.time()
        self._say("📊 no longer watching how services perform")

    @property
    def metrics(self) -> dict[str, list[MetricsSample]]:
        """What was measured of each service since the beginning, oldest first."""
        return {service.name: list(self._samples(service.name, None)) for service in self._store.list_services()}

    def get_service_metrics(self, service_name: str, duration: float = 300) -> dict[str, Any] | None:
        """Return how a service performed; None if nothing was measured of it.

        Args:
            service_name: The service.
            duration: Only the last so many seconds.

        Returns:
            `service_name`, `total_checks`, `healthy_checks`, `availability` (per cent of the time it was wanted), and
            `avg_response_time`, `max_response_time`, `min_response_time` of its health checks (seconds, None without).
        """
        samples = self._samples(service_name, duration)
        if not samples:
            return None
        checks, failed = sum(s.checks for s in samples), sum(s.failed_checks for s in samples)
        wanted = sum(sample.wanted for sample in samples)
        times = [(s.response_time / 1000, max(1, s.checks - s.failed_checks)) for s in samples if s.response_time]
        answers = sum(count for _, count in times)
        return {
            "service_name": service_name,
            "total_checks": checks,
            "healthy_checks": checks - failed,
            "availability": 100.0 * sum(sample.usable for sample in samples) / wanted if wanted else 100.0,
            "avg_response_time": sum(seconds * count for seconds, count in times) / answers if answers else None,
            "max_response_time": max((seconds for seconds, _ in times), default=None),
            "min_response_time": min((seconds for seconds, _ in times), default=None),
        }

    def print_summary(self) -> None:
        """Print how every service performed."""
        self._say(f"\n📊 How services performed\n{'-' * RULE}")
        for service in self._store.list_services():
            found = self.get_service_metrics(service.name)
            if found is None:
                continue
            self._say(f"🔍 {service.name}:\n   availability: {found['availability']:.1f} %")
            if found["avg_response_time"] is not None:
                self._say(f"   mean response time: {found['avg_response_time'] * 1000:.1f} ms")
            self._say(f"   health checks: {found['total_checks']}\n")

    def _samples(self, name: str, duration: float | None) -> Sequence[MetricsSample]:
        until = self._ended or time.time()
        since = self._began if self._began is not None else until - (duration or 0.0)
        if duration is not None:
            since = max(since, until - duration)
        limit = max(1, int((until - since) / self._interval)) if self._interval else None
        return self._store.metrics_history(name, since, None if self._ended is None else until, limit)

    def _say(self, text: str) -> None:
        print(text, file=self._file or sys.stdout)
