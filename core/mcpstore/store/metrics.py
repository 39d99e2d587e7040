"""The verbs for what was measured: of each service, now and over time, and of the machine it runs on."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Final

from mcpstore.errors import InvalidArgument
from mcpstore.hooks.history import HistoryQuery
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.state_history import StateInterval
from mcpstore.monitoring.metrics import clipped, intervals, step_for, thinned
from mcpstore.store.arguments import check_int, check_str, describe
from mcpstore.store.context_base import ContextBase

__all__ = ["AsyncMetrics", "posix"]

DAY: Final = 86_400.0
HOUR: Final = 3600.0

AS_ONE: Final = 3_600_000_001.0
"""A step so long that all samples there ever will be are merged into one; no multiple of what is kept merged."""

Moment = float | datetime | timedelta | None
"""A POSIX timestamp in seconds, a date (local time if it has no zone), or how long ago."""


class AsyncMetrics(ContextBase):
    """Tells what was measured."""

    async def get_service_metrics(self, name: str) -> ServiceMetrics | None:
        """Return what was measured of a service, whatever state it is in, or None if there is none of this name."""
        return None if self._known(name) is None else self._house.metering.metrics(name)

    async def get_system_metrics(self) -> HostMetrics:
        """Return how busy and how full this machine is."""
        return await self._open().metering.measure_machine()

    async def metrics_history(
        self,
        name: str | None = None,
        since: Moment = None,
        until: Moment = None,
        limit: int | None = None,
    ) -> list[MetricsSample]:
        """Return what was measured of a service over time, oldest first.

        Args:
            name: The service; None for every one, in the order of their names. One that is gone may still have a
                history.
            since: Only what was measured after this; the last day unless it says.
            until: Only what was measured up to this; everything unless it says.
            limit: Samples for each service at most: neighbours are merged until they are few enough.

        Raises:
            InvalidArgument: The limit is below 1, or the end lies before the beginning.
            ServiceNotFound: There is no service of this name, and nothing is kept of one.
        """
        query = self._query(name, since, until, check_int("limit", limit))
        metering = self._house.metering
        found = await metering.archive.samples(query)
        if until is None:
            found += metering.fresh_samples(name)
            found.sort(key=lambda sample: (sample.service_name, sample.timestamp))
            found = thinned(found, query.step)
        if name is not None and not found and not await self._is_known(name):
            self._runner(name)
        return [sample for sample in found if self._may_see(sample.service_name)]

    async def state_history(
        self, name: str | None = None, since: Moment = None, until: Moment = None
    ) -> list[StateInterval]:
        """Return the states a service has been in, oldest first; they follow each other without a gap.

        Args:
            name: The service; None for every one, in the order of their names.
            since: Only what lies after this; the last day unless it says.
            until: Only what lies before this; everything unless it says.

        Raises:
            InvalidArgument: The end lies before the beginning.
            ServiceNotFound: There is no service of this name, and nothing is kept of one.
        """
        query = self._query(name, since, until, None)
        archive = self._house.metering.archive
        told: list[StateInterval] = []
        for service, group in groupby(await archive.edges(query), lambda edge: edge.service_name):
            edges = list(group)
            if not self._may_see(service):
                continue
            takeovers = [(a.timestamp, b.timestamp) for a, b in pairwise(edges) if b.begins and a.wanted]
            seen = [await self._last_sign(service, begin, end) for begin, end in takeovers]
            times = [time for time in seen if time is not None]

            def last_seen(begin: float, end: float, times: list[float] = times) -> float | None:
                return max((time for time in times if begin <= time <= end), default=None)

            told += clipped(intervals(edges, query.until, last_seen=last_seen), query.since, query.until)
        if name is not None and not told and not await self._is_known(name):
            self._runner(name)
        return told

    async def _is_known(self, name: str) -> bool:
        """Return whether there is a service of a name, or anything is kept of one that is gone."""
        house = self._open()
        if name in house.registry:
            return self._may_see(name)
        ever = HistoryQuery(service=name, since=0.0, until=house.supervisor.clock.posix(), step=AS_ONE)
        archive = house.metering.archive
        return self._may_see(name) and bool(await archive.samples(ever) or await archive.edges(ever))

    async def _last_sign(self, service: str, begin: float, end: float) -> float | None:
        """Return when a manager measured a service last between two POSIX timestamps; None if none did.

        Mostly that was a moment ago, so the last hour is looked at first, and everything only if there was nothing.
        """
        for since in dict.fromkeys((max(begin, end - HOUR), begin)):
            query = HistoryQuery(service=service, since=since, until=end, step=AS_ONE)
            if found := await self._house.metering.archive.samples(query):
                return found[-1].timestamp
        return None

    def _query(self, name: str | None, since: Moment, until: Moment, limit: int | None) -> HistoryQuery:
        house = self._open()
        if name is not None:
            check_str("name", name)
        now = house.supervisor.clock.posix()
        end = now if until is None else posix(until, now, "until")
        begin = end - DAY if since is None else posix(since, now, "since")
        if begin > end:
            raise InvalidArgument("since", f"({begin:g}) lies after until ({end:g}); exchange them")
        return HistoryQuery(service=name, since=begin, until=end, step=step_for(begin, end, limit))

    def _may_see(self, name: str) -> bool:
        return self._agent is None or self._is_in_scope(name)


def posix(moment: float | datetime | timedelta, now: float, what: str) -> float:
    """Return a moment as a POSIX timestamp, in seconds.

    Args:
        moment: A POSIX timestamp, a date, or how long ago.
        now: The time.
        what: What it is, for the message.

    Raises:
        InvalidArgument: It is none of them.
    """
    try:
        if isinstance(moment, datetime):
            return moment.timestamp()
        if isinstance(moment, timedelta):
            return now - moment.total_seconds()
        found = math.nan if isinstance(moment, bool) or not isinstance(moment, int | float) else float(moment)
    except (ValueError, OverflowError, OSError):  # a date may be none that there is on this machine
        found = math.nan
    if not math.isfinite(found):
        told = f"must be a POSIX timestamp in seconds, a datetime or a timedelta (got {describe(moment)})"
        raise InvalidArgument(what, told)
    return found
