"""Intervals and deadlines that follow from the monitoring settings."""

from __future__ import annotations

from typing import Any

import attrs

from mcpstore.models.timing import Timing
from mcpstore.monitoring.config import MonitoringConfig

__all__ = ["apply_overrides"]


def apply_overrides(timing: Timing, config: MonitoringConfig) -> Timing:
    """Return a timing with the values of the monitoring settings.

    Only settings that are given replace values of the timing. A shorter check interval also limits the check timeout
    and the intervals of faster checks.

    Args:
        timing: The timing without the settings.
        config: The settings.

    Raises:
        ConfigError: The values contradict each other.
    """
    changes: dict[str, Any] = {}
    if config.has_interval:
        interval = config.interval
        changes["check_interval"] = interval
        changes["check_interval_warning"] = min(timing.check_interval_warning, interval)
        changes["fast_interval"] = min(timing.fast_interval, interval)
        changes["check_timeout"] = min(timing.check_timeout, interval)
    if config.health_check_timeout is not None:
        changes["check_timeout"] = config.health_check_timeout
    if "connection_timeout" in config.service_monitoring.model_fields_set:
        changes["connect_timeout"] = config.service_monitoring.connection_timeout
    if "response_time_threshold" in config.performance_monitoring.model_fields_set:
        changes["slow_enter"] = config.performance_monitoring.response_time_threshold
        changes["slow_leave"] = 0.8 * config.performance_monitoring.response_time_threshold
    if "call_timeout" in config.tool_monitoring.model_fields_set:
        changes["call_timeout"] = config.tool_monitoring.call_timeout
    return attrs.evolve(timing, **changes)
