"""Computation of metrics: counts, latencies, windows, availability. No I/O and no clock: times are arguments."""

from mcpstore.monitoring.metrics.availability import AvailabilityCounter
from mcpstore.monitoring.metrics.codec import decode_sample, encode_sample
from mcpstore.monitoring.metrics.downsampling import downsampled, latencies_of, merge_samples, step_for
from mcpstore.monitoring.metrics.intervals import clip_intervals, intervals, uptime_share
from mcpstore.monitoring.metrics.meter import ServiceMeter, Usage
from mcpstore.monitoring.metrics.tally import Tally
from mcpstore.monitoring.metrics.window import Window

__all__ = [
    "AvailabilityCounter",
    "ServiceMeter",
    "Tally",
    "Usage",
    "Window",
    "clip_intervals",
    "decode_sample",
    "downsampled",
    "encode_sample",
    "intervals",
    "latencies_of",
    "merge_samples",
    "step_for",
    "uptime_share",
]
