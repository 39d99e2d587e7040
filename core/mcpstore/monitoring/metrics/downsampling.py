"""Merging samples that belong to the same stretch of time, so that a long time fits on a screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import Final

from mcpstore.models.latency import LatencyHistogram
from mcpstore.models.metrics import MetricsSample

__all__ = ["durations_of", "merged", "step_for", "thinned"]

HOUR: Final = 3600.0
QUARTER: Final = HOUR / 4


def step_for(since: float, until: float, limit: int | None) -> float:
    """Return the step that leaves at most `limit` samples between two POSIX timestamps; 0 if there is no limit.

    Steps of a quarter of an hour and more are made whole hours, which backends may keep ready.
    """
    if limit is None:
        return 0.0
    if limit == 1:
        return HOUR * ceil((until + 1) / HOUR)
    # Steps begin at multiples of themselves, so that a range may touch one more of them than fits into it.
    step = max(1.0, float(ceil((until - since) / (limit - 1))))
    return step if step < QUARTER else HOUR * ceil(step / HOUR)


def thinned(samples: Iterable[MetricsSample], step: float) -> list[MetricsSample]:
    """Return samples, in order of service and time, merged by steps of so many seconds; 0 leaves them alone."""
    if step <= 0:
        return list(samples)

    def place(sample: MetricsSample) -> tuple[str, int]:
        return (sample.service_name, int(sample.timestamp // step))

    return [merged(list(group)) for _, group in groupby(samples, place)]


def merged(samples: Sequence[MetricsSample]) -> MetricsSample:
    """Return what samples of one service, in order of time, say together.

    Counts and times add up, means are weighted, and percentiles are made of how long every call took; where that is not
    known, the highest counts.
    """
    if len(samples) == 1:
        return samples[0]
    last = samples[-1]
    calls = sum(sample.calls for sample in samples)
    answered = [sample for sample in samples if sample.response_time is not None]
    answers = sum(_answers(sample) for sample in answered)
    used = [sample for sample in samples if sample.cpu_percent is not None]
    used_for = sum(sample.duration for sample in used)
    memory = [sample.memory_bytes for sample in samples if sample.memory_bytes is not None]
    longest = max(sample.max_response_time for sample in samples)
    took = durations_of(samples)
    return MetricsSample(
        service_name=last.service_name,
        timestamp=last.timestamp,
        duration=sum(sample.duration for sample in samples),
        connection_state=last.connection_state,
        calls=calls,
        failed_calls=sum(sample.failed_calls for sample in samples),
        avg_response_time=sum(sample.avg_response_time * sample.calls for sample in samples) / calls if calls else 0.0,
        p95=max(sample.p95 for sample in samples) if took is None else min(longest, *took.quantiles(0.95)),
        max_response_time=longest,
        checks=sum(sample.checks for sample in samples),
        failed_checks=sum(sample.failed_checks for sample in samples),
        response_time=sum((sample.response_time or 0.0) * _answers(sample) for sample in answered) / answers
        if answers
        else None,
        wanted=sum(sample.wanted for sample in samples),
        usable=sum(sample.usable for sample in samples),
        cpu_percent=sum((sample.cpu_percent or 0.0) * sample.duration for sample in used) / used_for
        if used_for
        else None,
        memory_bytes=max(memory, default=None),
        durations=b"" if took is None else took.to_bytes(),
    )


def durations_of(samples: Iterable[MetricsSample]) -> LatencyHistogram | None:
    """Return how long all calls of samples took; None if there were none, or that is not known of each of them."""
    whole, calls = LatencyHistogram(), 0
    for sample in samples:
        if sample.calls:
            whole.merge_bytes(sample.durations)
            calls += sample.calls
    return whole if calls and whole.count == calls else None


def _answers(sample: MetricsSample) -> int:
    return max(1, sample.checks - sample.failed_checks)
