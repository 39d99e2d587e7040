"""Builder of reports from states and samples. Pure functions: no clock, no I/O."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Final

from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.service import Reason, ServiceSnapshot
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.state_history import StateInterval
from mcpstore.monitoring.metrics import clip_intervals, latencies_of, merge_samples, uptime_share
from mcpstore.monitoring.report.records import USABLE, Advice, Bucket, Outage, ServiceReport
from mcpstore.monitoring.report.state_bands import kind_of

__all__ = ["BUCKETS", "service_report"]

BUCKETS: Final = 96
"""Parts into which the period of a report is divided; for a day, 15 min each."""

LOST_STATES: Final = (State.RECONNECTING, State.DISCONNECTED)
"""States without a connection."""


def service_report(
    service: ServiceSnapshot,
    begin: float,
    end: float,
    *,
    states: Iterable[StateInterval] = (),
    samples: Sequence[MetricsSample] = (),
    metrics: ServiceMetrics | None = None,
    advice: Advice | None = None,
    watched: bool = True,
) -> ServiceReport:
    """Return the report on one service.

    Args:
        service: The service.
        begin: Start of the period, as a POSIX timestamp in seconds.
        end: End of the period, as a POSIX timestamp in seconds.
        states: Its states over time, oldest first.
        samples: Its samples over time.
        metrics: Its current metrics.
        advice: Its diagnosis.
        watched: Whether a manager runs it now.
    """
    clipped = tuple(clip_intervals(states, begin, end))
    calls = sum(sample.calls for sample in samples)
    worst = max(s.max_response_time for s in samples) if calls else None
    p50, p95, p99 = _quantiles(samples, worst)
    time_in: dict[str, float] = {}
    for interval in clipped:
        if (kind := kind_of(interval)) is not None:
            time_in[kind] = time_in.get(kind, 0.0) + interval.duration
    return ServiceReport(
        name=service.name,
        status=service.run_status,
        connection_state=service.connection_state,
        watched=watched,
        transport=service.transport,
        tool_count=service.tool_count,
        availability=uptime_share(clipped),
        time_in=time_in,
        states=clipped,
        restarts=_restarts(clipped),
        calls=calls,
        failed_calls=sum(sample.failed_calls for sample in samples),
        mean=sum(s.avg_response_time * s.calls for s in samples) / calls if calls else None,
        worst=worst,
        p50=p50,
        p95=p95,
        p99=p99,
        incidents=tuple(_outages(clipped)),
        buckets=tuple(_buckets(begin, end, clipped, samples)),
        metrics=metrics,
        advice=advice,
    )


def _quantiles(samples: Iterable[MetricsSample], worst: float | None) -> Sequence[float | None]:
    latencies = latencies_of(samples)
    if latencies is None or worst is None:
        return (None, None, None)
    return [min(worst, value) for value in latencies.quantiles(0.5, 0.95, 0.99)]


def _restarts(states: Iterable[StateInterval]) -> int:
    """Return the number of connections that were lost and reopened."""
    count, was_open, is_lost = 0, False, False
    for interval in states:
        if not interval.wanted:
            was_open = is_lost = False
        elif interval.state in USABLE:
            count += is_lost
            was_open, is_lost = True, False
        else:
            is_lost = is_lost or (was_open and interval.state in LOST_STATES and interval.reason != Reason.OPERATOR)
    return count


def _outages(states: Sequence[StateInterval]) -> Iterable[Outage]:
    """Yield the outages; neither the first start nor a restart by an operator is one."""
    current: list[StateInterval] = []
    for interval in states:
        continues = bool(current) and interval.since <= current[-1].until
        is_down = interval.wanted and interval.state not in USABLE and (continues or interval.reason != Reason.OPERATOR)
        if is_down and (not current or continues):
            current.append(interval)
            continue
        yield from _outage(current, is_over=True)
        current = [interval] if is_down else []
    yield from _outage(current, is_over=False)


def _outage(states: Sequence[StateInterval], *, is_over: bool) -> Iterable[Outage]:
    if all(interval.state is State.INITIALIZING for interval in states):
        return
    begin, end = states[0].since, states[-1].until
    yield Outage(
        begin=begin,
        end=end if is_over else None,
        duration=end - begin,
        states=tuple(dict.fromkeys(interval.state for interval in states)),
        error=next((interval.error for interval in reversed(states) if interval.error), ""),
    )


def _buckets(
    begin: float, end: float, states: Sequence[StateInterval], samples: Sequence[MetricsSample]
) -> Iterable[Bucket]:
    size = (end - begin) / BUCKETS
    if size <= 0:
        return
    edges = [begin + size * number for number in range(BUCKETS + 1)]
    samples_in: list[list[MetricsSample]] = [[] for _ in range(BUCKETS)]
    for sample in samples:
        if begin < sample.timestamp <= end:
            samples_in[min(bisect.bisect_left(edges, sample.timestamp), BUCKETS) - 1].append(sample)
    wanted, usable = [0.0] * BUCKETS, [0.0] * BUCKETS
    for interval in states:
        if not interval.wanted:
            continue
        number = max(bisect.bisect_right(edges, interval.since) - 1, 0)
        while number < BUCKETS and edges[number] < interval.until:
            overlap = min(interval.until, edges[number + 1]) - max(interval.since, edges[number])
            wanted[number] += overlap
            usable[number] += overlap if interval.state in USABLE else 0.0
            number += 1
    for number, bucket_samples in enumerate(samples_in):
        yield _bucket(edges[number], edges[number + 1], wanted[number], usable[number], bucket_samples)


def _bucket(begin: float, end: float, wanted: float, usable: float, samples: Sequence[MetricsSample]) -> Bucket:
    calls = sum(sample.calls for sample in samples)
    answers = [sample.response_time for sample in samples if sample.response_time is not None]
    return Bucket(
        begin=begin,
        end=end,
        availability=100.0 * usable / wanted if wanted > 0 else None,
        calls=calls,
        failed_calls=sum(sample.failed_calls for sample in samples),
        mean=sum(s.avg_response_time * s.calls for s in samples) / calls if calls else None,
        p95=merge_samples(samples).p95 if calls else None,
        response_time=sum(answers) / len(answers) if answers else None,
    )
