"""Downsampling: samples of the same time step are merged into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import Final

from mcpstore.models.latency import LatencyHistogram
from mcpstore.models.metrics import MetricsSample

__all__ = ["downsampled", "latencies_of", "merge_samples", "step_for"]

HOUR: Final = 3600.0
QUARTER: Final = HOUR / 4


def step_for(since: float, until: float, limit: int | None) -> float:
    """Return the step, in seconds, with at most `limit` samples between two POSIX timestamps; 0 without a limit.

    Steps of 15 min and more are rounded up to full hours, for which backends may store merged samples.
    """
    if limit is None:
        return 0.0
    if limit == 1:
        return HOUR * ceil((until + 1) / HOUR)
    # Steps begin at multiples of their length, so a range may touch one more step than fits into it.
    step = max(1.0, float(ceil((until - since) / (limit - 1))))
    return step if step < QUARTER else HOUR * ceil(step / HOUR)


def downsampled(samples: Iterable[MetricsSample], step: float) -> list[MetricsSample]:
    """Return samples merged by steps of `step` seconds; 0 merges none. Samples are sorted by service and time."""
    if step <= 0:
        return list(samples)

    def bucket(sample: MetricsSample) -> tuple[str, int]:
        return (sample.service_name, int(sample.timestamp // step))

    return [merge_samples(list(group)) for _, group in groupby(samples, bucket)]


def merge_samples(samples: Sequence[MetricsSample]) -> MetricsSample:
    """Return one sample for several consecutive samples of a service.

    Counts and times are added, means are weighted. The P95 is computed from the latency histograms; if one is missing,
    it is the highest P95 of the samples.
    """
    if len(samples) == 1:
        return samples[0]
    last = samples[-1]
    calls = sum(sample.calls for sample in samples)
    answered = [sample for sample in samples if sample.response_time is not None]
    answers = sum(_answers(sample) for sample in answered)
    with_cpu = [sample for sample in samples if sample.cpu_percent is not None]
    cpu_duration = sum(sample.duration for sample in with_cpu)
    memory = [sample.memory_bytes for sample in samples if sample.memory_bytes is not None]
    longest = max(sample.max_response_time for sample in samples)
    latencies = latencies_of(samples)
    return MetricsSample(
        service_name=last.service_name,
        timestamp=last.timestamp,
        duration=sum(sample.duration for sample in samples),
        connection_state=last.connection_state,
        calls=calls,
        failed_calls=sum(sample.failed_calls for sample in samples),
        avg_response_time=sum(sample.avg_response_time * sample.calls for sample in samples) / calls if calls else 0.0,
        p95=max(sample.p95 for sample in samples) if latencies is None else min(longest, *latencies.quantiles(0.95)),
        max_response_time=longest,
        checks=sum(sample.checks for sample in samples),
        failed_checks=sum(sample.failed_checks for sample in samples),
        response_time=sum((sample.response_time or 0.0) * _answers(sample) for sample in answered) / answers
        if answers
        else None,
        wanted=sum(sample.wanted for sample in samples),
        usable=sum(sample.usable for sample in samples),
        cpu_percent=sum((sample.cpu_percent or 0.0) * sample.duration for sample in with_cpu) / cpu_duration
        if cpu_duration
        else None,
        memory_bytes=max(memory, default=None),
        durations=b"" if latencies is None else latencies.to_bytes(),
    )


def latencies_of(samples: Iterable[MetricsSample]) -> LatencyHistogram | None:
    """Return the latency histogram of all calls; None without calls, or if the latency of some is unknown."""
    whole, calls = LatencyHistogram(), 0
    for sample in samples:
        if sample.calls:
            whole.merge_bytes(sample.durations)
            calls += sample.calls
    return whole if calls and whole.count == calls else None


def _answers(sample: MetricsSample) -> int:
    return max(1, sample.checks - sample.failed_checks)
