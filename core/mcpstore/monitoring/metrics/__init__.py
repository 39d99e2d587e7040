"""The arithmetic of monitoring: counts, durations, windows, availability. No I/O, no clock: every time is handed in."""

from mcpstore.monitoring.metrics.availability import Presence
from mcpstore.monitoring.metrics.codec import packed, unpacked
from mcpstore.monitoring.metrics.downsampling import durations_of, merged, step_for, thinned
from mcpstore.monitoring.metrics.intervals import clipped, intervals, uptime_share
from mcpstore.monitoring.metrics.meter import ServiceMeter, Usage
from mcpstore.monitoring.metrics.tally import Tally
from mcpstore.monitoring.metrics.window import Window

__all__ = [
    "Presence",
    "ServiceMeter",
    "Tally",
    "Usage",
    "Window",
    "clipped",
    "durations_of",
    "intervals",
    "merged",
    "packed",
    "step_for",
    "thinned",
    "unpacked",
    "uptime_share",
]
