"""Compact encoding of samples, for the in-memory history: it holds a thousand of them for each service."""

from __future__ import annotations

from struct import Struct
from typing import Final

from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState

__all__ = ["decode_sample", "encode_sample"]

_STATES: Final = tuple(ServiceConnectionState)
_CODES: Final = {state: code for code, state in enumerate(_STATES)}
_ROW: Final = Struct("<ddBIIdddIIddddq")
_NONE: Final = -1
"""Encodes None; valid values are not negative."""


def encode_sample(sample: MetricsSample) -> bytes:
    """Return a sample as bytes, without the name of its service."""
    row = _ROW.pack(
        sample.timestamp,
        sample.duration,
        _CODES[sample.connection_state],
        sample.calls,
        sample.failed_calls,
        sample.avg_response_time,
        sample.p95,
        sample.max_response_time,
        sample.checks,
        sample.failed_checks,
        _NONE if sample.response_time is None else sample.response_time,
        sample.wanted,
        sample.usable,
        _NONE if sample.cpu_percent is None else sample.cpu_percent,
        _NONE if sample.memory_bytes is None else sample.memory_bytes,
    )
    return row + sample.durations


def decode_sample(row: bytes, service: str) -> MetricsSample:
    """Return the sample that was encoded."""
    (
        timestamp, duration, state, calls, failed, mean, p95, longest, checks, failed_checks, response_time, wanted,
        usable, cpu, memory,
    ) = _ROW.unpack_from(row)  # fmt: skip
    return MetricsSample(
        service_name=service,
        timestamp=timestamp,
        duration=duration,
        connection_state=_STATES[int(state)],
        calls=calls,
        failed_calls=failed,
        avg_response_time=mean,
        p95=p95,
        max_response_time=longest,
        checks=checks,
        failed_checks=failed_checks,
        response_time=None if response_time < 0 else response_time,
        wanted=wanted,
        usable=usable,
        cpu_percent=None if cpu < 0 else cpu,
        memory_bytes=None if memory < 0 else memory,
        durations=row[_ROW.size :],
    )
