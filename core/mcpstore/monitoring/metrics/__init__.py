"""The arithmetic of monitoring: counts, durations, windows, availability. No I/O, no clock: every time is handed in."""

from mcpstore.monitoring.metrics.meter import ServiceMeter
from mcpstore.monitoring.metrics.presence import Presence
from mcpstore.monitoring.metrics.tally import Tally
from mcpstore.monitoring.metrics.window import Window

__all__ = ["Presence", "ServiceMeter", "Tally", "Window"]
