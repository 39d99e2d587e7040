"""Metrics of the services covered: now and over time; the states of services over time; metrics of the host."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Final

from mcpstore.errors import InvalidArgument
from mcpstore.hooks.history import HistoryQuery
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.state_history import StateInterval
from mcpstore.monitoring.metrics import clip_intervals, downsampled, intervals, step_for
from mcpstore.store.arguments import Moment, check_int, check_str, posix_time
from mcpstore.store.scope import Scope

__all__ = ["MetricsQueries"]

DAY: Final = 86_400.0
HOUR: Final = 3600.0

MERGE_ALL: Final = 3_600_000_001.0
"""Step in seconds that merges all samples into one: it is longer than any history, and no multiple of a stored step."""


class MetricsQueries:
    """Reads metrics.

    Args:
        scope: The services covered.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope: Final = scope

    def current(self, name: str) -> ServiceMetrics | None:
        """Return the metrics of a service; see `AsyncServiceContext.get_service_metrics`."""
        return None if self._scope.find_runner(name) is None else self._scope.parts().collector.metrics(name)

    async def of_host(self) -> HostMetrics:
        """Return the metrics of this machine; see `AsyncServiceContext.get_system_metrics`."""
        return await self._scope.parts().collector.measure_machine()

    async def history(
        self, name: str | None = None, since: Moment = None, until: Moment = None, limit: int | None = None
    ) -> list[MetricsSample]:
        """Return the metrics of services over time; see `AsyncServiceContext.metrics_history`."""
        query = self.query(name, since, until, check_int("limit", limit))
        collector = self._scope.parts().collector
        samples = await collector.archive.samples(query)
        if until is None:
            samples += collector.fresh_samples(name)
            samples.sort(key=lambda sample: (sample.service_name, sample.timestamp))
            samples = downsampled(samples, query.step)
        if name is not None and not samples and not await self._is_known(name):
            self._scope.runner(name)
        return [sample for sample in samples if self._scope.includes(sample.service_name)]

    async def states(self, name: str | None = None, since: Moment = None, until: Moment = None) -> list[StateInterval]:
        """Return the states of services over time; see `AsyncServiceContext.state_history`."""
        query = self.query(name, since, until, None)
        archive = self._scope.parts().collector.archive
        states: list[StateInterval] = []
        for service, group in groupby(await archive.edges(query), lambda edge: edge.service_name):
            edges = list(group)
            if not self._scope.includes(service):
                continue
            # Between two managers nothing was recorded; the last sample of the first one says when it ended.
            gaps = [(a.timestamp, b.timestamp) for a, b in pairwise(edges) if b.begins and a.wanted]
            seen = [await self._last_sample_time(service, begin, end) for begin, end in gaps]
            times = [time for time in seen if time is not None]

            def last_seen(begin: float, end: float, times: list[float] = times) -> float | None:
                return max((time for time in times if begin <= time <= end), default=None)

            states += clip_intervals(intervals(edges, query.until, last_seen=last_seen), query.since, query.until)
        if name is not None and not states and not await self._is_known(name):
            self._scope.runner(name)
        return states

    def query(self, name: str | None, since: Moment, until: Moment, limit: int | None) -> HistoryQuery:
        """Return the query for a span of time; by default the last day.

        Raises:
            InvalidArgument: The end lies before the beginning.
        """
        parts = self._scope.parts()
        if name is not None:
            check_str("name", name)
        now = parts.supervisor.clock.posix()
        end = now if until is None else posix_time(until, now, "until")
        begin = end - DAY if since is None else posix_time(since, now, "since")
        if begin > end:
            raise InvalidArgument("since", f"({begin:g}) lies after until ({end:g}); exchange them")
        return HistoryQuery(service=name, since=begin, until=end, step=step_for(begin, end, limit))

    async def _is_known(self, name: str) -> bool:
        """Return whether a service exists, or a removed one has a history."""
        parts = self._scope.parts()
        if name in parts.registry or not self._scope.includes(name):
            return self._scope.includes(name)
        ever = HistoryQuery(service=name, since=0.0, until=parts.supervisor.clock.posix(), step=MERGE_ALL)
        archive = parts.collector.archive
        return bool(await archive.samples(ever) or await archive.edges(ever))

    async def _last_sample_time(self, service: str, begin: float, end: float) -> float | None:
        """Return the time of the last sample of a service between two POSIX timestamps; None if there is no sample.

        The last sample is usually recent, so the last hour is searched first.
        """
        for since in dict.fromkeys((max(begin, end - HOUR), begin)):
            query = HistoryQuery(service=service, since=since, until=end, step=MERGE_ALL)
            if samples := await self._scope.parts().collector.archive.samples(query):
                return samples[-1].timestamp
        return None
