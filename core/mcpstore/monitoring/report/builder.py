"""From records of what happened to a report. Pure: no clock is read, nothing is asked of anybody."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Final

from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.service import Reason, ServiceSnapshot
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.state_history import StateInterval
from mcpstore.monitoring.metrics import clipped, durations_of, merged, uptime_share
from mcpstore.monitoring.report.records import USABLE, Advice, Bucket, Outage, ServiceReport
from mcpstore.monitoring.report.state_bands import kind_of

__all__ = ["BUCKETS", "life_of"]

BUCKETS: Final = 96
"""Parts into which the time of a report is cut: a quarter of an hour each, if it is a day."""

LOST: Final = (State.RECONNECTING, State.DISCONNECTED)
"""The states in which there is no connection any longer."""


def life_of(
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
    """Return how one service fared.

    Args:
        service: The service.
        begin: The beginning of the time told of, as a POSIX timestamp in seconds.
        end: Its end, as a POSIX timestamp in seconds.
        states: Its states over time, oldest first.
        samples: What was measured over time.
        metrics: What was measured last.
        advice: What is the matter and what to do.
        watched: Whether somebody looks after it now.
    """
    told = tuple(clipped(states, begin, end))
    calls = sum(sample.calls for sample in samples)
    worst = max(s.max_response_time for s in samples) if calls else None
    p50, p95, p99 = _quantiles(samples, worst)
    time_in: dict[str, float] = {}
    for interval in told:
        if (kind := kind_of(interval)) is not None:
            time_in[kind] = time_in.get(kind, 0.0) + interval.duration
    return ServiceReport(
        name=service.name,
        status=service.run_status,
        connection_state=service.connection_state,
        watched=watched,
        transport=service.transport,
        tool_count=service.tool_count,
        availability=uptime_share(told),
        time_in=time_in,
        states=told,
        restarts=_restarts(told),
        calls=calls,
        failed_calls=sum(sample.failed_calls for sample in samples),
        mean=sum(s.avg_response_time * s.calls for s in samples) / calls if calls else None,
        worst=worst,
        p50=p50,
        p95=p95,
        p99=p99,
        incidents=tuple(_incidents(told)),
        buckets=tuple(_buckets(begin, end, told, samples)),
        metrics=metrics,
        advice=advice,
    )


def _quantiles(samples: Iterable[MetricsSample], worst: float | None) -> Sequence[float | None]:
    took = durations_of(samples)
    if took is None or worst is None:
        return (None, None, None)
    return [min(worst, found) for found in took.quantiles(0.5, 0.95, 0.99)]


def _restarts(states: Iterable[StateInterval]) -> int:
    """Return how often a connection that was lost was there again."""
    count, was_open, is_lost = 0, False, False
    for interval in states:
        if not interval.wanted:
            was_open = is_lost = False
        elif interval.state in USABLE:
            count += is_lost
            was_open, is_lost = True, False
        else:
            is_lost = is_lost or (was_open and interval.state in LOST and interval.reason != Reason.OPERATOR)
    return count


def _incidents(states: Sequence[StateInterval]) -> Iterable[Outage]:
    """Yield the times in which it was wanted and not usable; its very start is none, nor is a restart on request."""
    running: list[StateInterval] = []
    for interval in states:
        goes_on = bool(running) and interval.since <= running[-1].until
        is_down = interval.wanted and interval.state not in USABLE and (goes_on or interval.reason != Reason.OPERATOR)
        if is_down and (not running or goes_on):
            running.append(interval)
            continue
        yield from _incident(running, is_over=True)
        running = [interval] if is_down else []
    yield from _incident(running, is_over=False)


def _incident(states: Sequence[StateInterval], *, is_over: bool) -> Iterable[Outage]:
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
    shares: list[list[MetricsSample]] = [[] for _ in range(BUCKETS)]
    for sample in samples:
        if begin < sample.timestamp <= end:
            shares[min(bisect.bisect_left(edges, sample.timestamp), BUCKETS) - 1].append(sample)
    wanted, usable = [0.0] * BUCKETS, [0.0] * BUCKETS
    for interval in states:
        if not interval.wanted:
            continue
        number = max(bisect.bisect_right(edges, interval.since) - 1, 0)
        while number < BUCKETS and edges[number] < interval.until:
            shared = min(interval.until, edges[number + 1]) - max(interval.since, edges[number])
            wanted[number] += shared
            usable[number] += shared if interval.state in USABLE else 0.0
            number += 1
    for number, found in enumerate(shares):
        yield _bucket(edges[number], edges[number + 1], wanted[number], usable[number], found)


def _bucket(begin: float, end: float, wanted: float, usable: float, samples: Sequence[MetricsSample]) -> Bucket:
    calls = sum(sample.calls for sample in samples)
    answers = [sample.response_time / 1000 for sample in samples if sample.response_time is not None]
    return Bucket(
        begin=begin,
        end=end,
        availability=100.0 * usable / wanted if wanted > 0 else None,
        calls=calls,
        failed_calls=sum(sample.failed_calls for sample in samples),
        mean=sum(s.avg_response_time * s.calls for s in samples) / calls if calls else None,
        p95=merged(samples).p95 if calls else None,
        response_time=sum(answers) / len(answers) if answers else None,
    )
