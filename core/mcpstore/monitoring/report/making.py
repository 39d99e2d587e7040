"""From records of what happened to a report. Pure: no clock is read, nothing is asked of anybody."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Final

from mcpstore.core.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.core.models.service import ServiceConnectionState as State
from mcpstore.core.models.service import ServiceSnapshot
from mcpstore.monitoring.report.records import USABLE, Advice, Bucket, Incident, Life, Stretch

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
    stretches: Iterable[Stretch] = (),
    samples: Sequence[MetricsSample] = (),
    metrics: ServiceMetrics | None = None,
    advice: Advice | None = None,
) -> Life:
    """Return how one service fared.

    Args:
        service: The service.
        begin: The beginning of the time told of, as a POSIX timestamp in seconds.
        end: Its end, as a POSIX timestamp in seconds.
        stretches: Its states over time, oldest first.
        samples: What was measured over time.
        metrics: What was measured last.
        advice: What is the matter and what to do.
    """
    told = tuple(_within(stretches, begin, end))
    calls = sum(sample.calls for sample in samples)
    time_in: dict[str, float] = {}
    for stretch in told:
        time_in[stretch.kind] = time_in.get(stretch.kind, 0.0) + stretch.duration
    return Life(
        name=service.name,
        status=service.run_status,
        connection_state=service.connection_state,
        transport=service.transport,
        tool_count=service.tool_count,
        availability=_availability(told),
        time_in=time_in,
        stretches=told,
        restarts=_restarts(told),
        calls=calls,
        failed_calls=sum(sample.failed_calls for sample in samples),
        mean=sum(s.avg_response_time * s.calls for s in samples) / calls if calls else None,
        worst=max(s.max_response_time for s in samples) if calls else None,
        incidents=tuple(_incidents(told)),
        buckets=tuple(_buckets(begin, end, told, samples)),
        metrics=metrics,
        advice=advice,
    )


def _within(stretches: Iterable[Stretch], begin: float, end: float) -> Iterable[Stretch]:
    for stretch in stretches:
        first, last = max(stretch.begin, begin), min(stretch.end, end)
        if last > first:
            yield Stretch(state=stretch.state, begin=first, end=last, wanted=stretch.wanted)


def _availability(stretches: Iterable[Stretch]) -> float | None:
    wanted = usable = 0.0
    for stretch in stretches:
        if stretch.wanted:
            wanted += stretch.duration
            usable += stretch.duration if stretch.state in USABLE else 0.0
    return 100.0 * usable / wanted if wanted else None


def _restarts(stretches: Iterable[Stretch]) -> int:
    """Return how often a connection that was lost was there again."""
    count, was_open, is_lost = 0, False, False
    for stretch in stretches:
        if not stretch.wanted:
            was_open = is_lost = False
        elif stretch.state in USABLE:
            count += is_lost
            was_open, is_lost = True, False
        else:
            is_lost = is_lost or (was_open and stretch.state in LOST)
    return count


def _incidents(stretches: Sequence[Stretch]) -> Iterable[Incident]:
    """Yield the times in which it was wanted and not usable; its very start is none."""
    running: list[Stretch] = []
    for stretch in stretches:
        is_down = stretch.wanted and stretch.state not in USABLE
        if is_down and (not running or stretch.begin <= running[-1].end):
            running.append(stretch)
            continue
        yield from _incident(running, is_over=True)
        running = [stretch] if is_down else []
    yield from _incident(running, is_over=False)


def _incident(stretches: Sequence[Stretch], *, is_over: bool) -> Iterable[Incident]:
    if all(stretch.state is State.INITIALIZING for stretch in stretches):
        return
    begin, end = stretches[0].begin, stretches[-1].end
    states = tuple(dict.fromkeys(stretch.state for stretch in stretches))
    yield Incident(begin=begin, end=end if is_over else None, duration=end - begin, states=states)


def _buckets(
    begin: float, end: float, stretches: Sequence[Stretch], samples: Sequence[MetricsSample]
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
    for stretch in stretches:
        if not stretch.wanted:
            continue
        number = max(bisect.bisect_right(edges, stretch.begin) - 1, 0)
        while number < BUCKETS and edges[number] < stretch.end:
            shared = min(stretch.end, edges[number + 1]) - max(stretch.begin, edges[number])
            wanted[number] += shared
            usable[number] += shared if stretch.state in USABLE else 0.0
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
        p95=max(s.p95 for s in samples if s.calls) if calls else None,
        response_time=sum(answers) / len(answers) if answers else None,
    )
