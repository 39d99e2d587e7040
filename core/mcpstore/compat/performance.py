"""Performance of services over a period: a view of the metrics that the store records."""

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
    """The methods of `MCPStore` that are needed."""

    def list_services(self) -> Iterable[_Named]: ...

    def metrics_history(
        self, name: str | None = None, since: Any = None, until: Any = None, limit: int | None = None
    ) -> list[MetricsSample]: ...


class ServicePerformanceMonitor:
    """Performance of services over a period.

    The store records metrics all the time, so nothing runs here: start and stop only mark the period.

    Args:
        store: The store, or a context of it.
        file: Stream for summaries; None for standard output.
    """

    def __init__(self, store: _Store, *, file: TextIO | None = None) -> None:
        self._store = store
        self._file = file
        self._start: float | None = None
        self._end: float | None = None
        self._interval = 0.0

    def start_monitoring(self, interval: float = 10) -> None:
        """Start the period.

        Args:
            interval: Least time that an entry of `metrics` covers, in seconds.

        Raises:
            ValueError: The interval is not greater than 0.
        """
        if not interval > 0:
            raise ValueError(f"interval must be greater than 0 s (got {interval!r})")
        self._start, self._end, self._interval = time.time(), None, interval
        self._print(f"📊 performance monitoring started (interval {interval:g} s)")

    def stop_monitoring(self) -> None:
        """End the period."""
        self._end = time.time()
        self._print("📊 performance monitoring stopped")

    @property
    def metrics(self) -> dict[str, list[MetricsSample]]:
        """Samples of each service in the period, oldest first."""
        return {service.name: list(self._samples(service.name, None)) for service in self._store.list_services()}

    def get_service_metrics(self, service_name: str, duration: float = 300) -> dict[str, Any] | None:
        """Return the performance of a service; None without samples.

        Args:
            service_name: Name of the service.
            duration: Length of the time looked at, up to the end of the period, in seconds.

        Returns:
            `service_name`, `total_checks`, `healthy_checks`, `availability` (per cent of the time in which the service
            was enabled), and `avg_response_time`, `max_response_time` and `min_response_time` of its health checks (in
            seconds; None without checks).
        """
        samples = self._samples(service_name, duration)
        if not samples:
            return None
        checks, failed = sum(s.checks for s in samples), sum(s.failed_checks for s in samples)
        wanted = sum(sample.wanted for sample in samples)
        times = [(s.response_time, max(1, s.checks - s.failed_checks)) for s in samples if s.response_time]
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
        """Print the performance of every service."""
        self._print(f"\n📊 Service performance\n{'-' * RULE}")
        for service in self._store.list_services():
            metrics = self.get_service_metrics(service.name)
            if metrics is None:
                continue
            self._print(f"🔍 {service.name}:\n   availability: {metrics['availability']:.1f} %")
            if metrics["avg_response_time"] is not None:
                self._print(f"   mean response time: {metrics['avg_response_time'] * 1000:.1f} ms")
            self._print(f"   health checks: {metrics['total_checks']}\n")

    def _samples(self, name: str, duration: float | None) -> Sequence[MetricsSample]:
        until = self._end or time.time()
        since = self._start if self._start is not None else until - (duration or 0.0)
        if duration is not None:
            since = max(since, until - duration)
        limit = max(1, int((until - since) / self._interval)) if self._interval else None
        return self._store.metrics_history(name, since, None if self._end is None else until, limit)

    def _print(self, text: str) -> None:
        print(text, file=self._file or sys.stdout)
