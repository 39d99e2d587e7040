"""The settings of monitoring and alerting of a store, which may change while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from mcpstore.config.reader import ParsedConfig
from mcpstore.core.context import Limits
from mcpstore.errors import ConfigError
from mcpstore.hooks.alert import AlertRule
from mcpstore.hooks.persistence import Content, Path, Problem
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.timing import Timing
from mcpstore.monitoring.config import MonitoringConfig, rule_error
from mcpstore.monitoring.timing_overrides import apply_overrides
from mcpstore.plugin_manager import PluginManager
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.alerting import AlertChannel, AlertEngine
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.supervisor import Supervisor
from mcpstore.store.alert_setup import find_alerting
from mcpstore.store.config_source import monitoring_of

__all__ = ["MonitoringSetup"]

KEY: Final = "mcpstore"
MONITORING: Final = "monitoring"

AT_START: Final = ("history", "exporters", "block_plugins")
"""Settings beside `monitoring` that take effect only when a store is opened."""

_log = logging.getLogger("mcpstore.store")


class MonitoringSetup:
    """The settings of monitoring of one store.

    Args:
        given: The settings that the store was created with, which no file changes; None for those of the configuration.
        timing: The default intervals, timeouts and limits.
        plugins: Offer alert handlers and rules.

    Attributes:
        config: The settings.
        timing: The intervals, timeouts and limits with these settings.
        problems: The problems that keep the other settings usable.
    """

    config: MonitoringConfig

    def __init__(
        self, given: MonitoringConfig | Mapping[str, Any] | None, timing: Timing, plugins: PluginManager
    ) -> None:
        self.timing: Timing = timing
        self.problems: tuple[Problem, ...] = ()
        self._given: Final = given
        self._default_timing: Final = timing
        self._plugins: Final = plugins
        self._settings: dict[str, Any] = {}

    @property
    def limits(self) -> Limits:
        """The limits of attempts and failures."""
        return Limits(attempts=self.timing.attempts, failures=self.config.retries)

    async def open(self, reading: ParsedConfig) -> tuple[list[AlertChannel], tuple[AlertRule, ...]]:
        """Apply the settings; returns the channels, and the rules.

        Raises:
            ConfigError: The settings are wrong.
        """
        self._settings = _settings(reading)
        return self._apply(*await self._read(reading))

    async def follow(
        self, reading: ParsedConfig, supervisor: Supervisor, collector: MetricsCollector, alert_engine: AlertEngine
    ) -> None:
        """Apply the settings of a configuration to a running store; wrong settings change nothing.

        Args:
            reading: The configuration.
            supervisor: The services.
            collector: The metrics.
            alert_engine: The alerts.
        """
        settings, before = _settings(reading), self._settings
        self._settings = settings
        for key in AT_START:
            if settings.get(key) != before.get(key):
                _log.warning("%s.%s was changed; restart the manager for it to take effect", KEY, key)
        if settings.get(MONITORING) == before.get(MONITORING) or self._given is not None:
            return
        old = self.config
        try:
            channels, rules = self._apply(*await self._read(reading))
        except Exception as error:  # noqa: BLE001 - settings are validated by models of plugins, which may raise any error
            problem = str(error) if isinstance(error, ConfigError) else f"reading it {describe_error(error)}"
            place = _place(reading, (KEY, MONITORING))
            self.problems = (
                Problem(where=place, what=problem, remedy="correct it; the settings before remain in force"),
            )
            _log.warning("%s", self.problems[0])
            return
        supervisor.retime(self.timing, self.limits)
        collector.adopt(self.config)
        await alert_engine.reconfigure(rules, channels, reminders=self.config.alerts.reminders)
        names = ", ".join(channel.name for channel in channels) or "no channel"
        _log.info("monitoring settings changed: %d rules, alerts go to %s", len(rules), names)
        for name in _at_start(old, self.config):
            _log.warning("%s.%s.%s was changed; restart the manager for it to take effect", KEY, MONITORING, name)

    # --- helpers

    async def _read(
        self, reading: ParsedConfig
    ) -> tuple[MonitoringConfig, Timing, list[AlertChannel], tuple[AlertRule, ...], list[Problem]]:
        problems: list[Problem] = []
        numbers: list[int] = []

        def leave_out(path: Path, problem: str) -> None:
            if path[0] == "rules":  # malformed rules were removed, so the numbers have changed
                path = ("rules", numbers[int(path[1])])
            where = _place(reading, (KEY, MONITORING, "alerts", *path))
            remedy = "this rule is not used; the others are" if path[0] == "rules" else ""
            problems.append(Problem(where=where, what=problem, remedy=remedy))
            _log.warning("%s", problems[-1])

        content = reading.content
        if self._given is None:
            rules = _rules(content)
            rule_problems = [rule_error(rule) for rule in rules]
            numbers[:] = range(len(rules))
            for number, problem in enumerate(rule_problems):
                if problem is not None:
                    leave_out(("rules", number), problem)
            numbers[:] = [number for number in numbers if rule_problems[number] is None]
            content = _with_rules(content, [rules[number] for number in numbers])
        config = monitoring_of(self._given, content)
        timing = apply_overrides(self._default_timing, config)
        channels, alert_rules = await asyncio.to_thread(
            find_alerting, self._plugins, config, timing, leave_out if self._given is None else None
        )
        return config, timing, channels, alert_rules, problems

    def _apply(
        self,
        config: MonitoringConfig,
        timing: Timing,
        channels: list[AlertChannel],
        rules: tuple[AlertRule, ...],
        problems: list[Problem],
    ) -> tuple[list[AlertChannel], tuple[AlertRule, ...]]:
        self.config, self.timing, self.problems = config, timing, tuple(problems)
        if (level := config.data_collection.log_level) is not None:
            logging.getLogger("mcpstore").setLevel(level)
        return channels, rules


def _settings(reading: ParsedConfig) -> dict[str, Any]:
    settings = as_object(reading.content.data.get(KEY)) or {}
    return {key: settings.get(key) for key in (MONITORING, *AT_START)}


def _alerts(content: Content) -> Mapping[str, Any]:
    settings = as_object(content.data.get(KEY)) or {}
    return as_object((as_object(settings.get(MONITORING)) or {}).get("alerts")) or {}


def _rules(content: Content) -> Sequence[Any]:
    return as_array(_alerts(content).get("rules")) or ()


def _with_rules(content: Content, rules: Sequence[Any]) -> Content:
    """Return a configuration with other rules; unchanged if it has no rules."""
    if not _rules(content):
        return content
    settings = as_object(content.data[KEY]) or {}
    monitoring = as_object(settings[MONITORING]) or {}
    changed = {**settings, MONITORING: {**monitoring, "alerts": {**_alerts(content), "rules": rules}}}
    return attrs.evolve(content, data={**content.data, KEY: changed})


def _place(reading: ParsedConfig, path: Path) -> str:
    """Return the position of a value: the file, with line and column if they are known."""
    position = reading.content.locate(path)
    return f"{reading.where}:{position[0]}:{position[1]}" if position else reading.where


def _at_start(old: MonitoringConfig, new: MonitoringConfig) -> list[str]:
    """Return the settings that differ, and take effect only when a store is opened."""
    figures = {
        "enabled": (old.enabled, new.enabled),
        "performance_monitoring.enabled": (old.performance_monitoring.enabled, new.performance_monitoring.enabled),
        "metrics_retention_days": (old.metrics_retention_days, new.metrics_retention_days),
        "data_collection.metrics_buffer_size": (
            old.data_collection.metrics_buffer_size,
            new.data_collection.metrics_buffer_size,
        ),
    }
    return [name for name, (before, after) in figures.items() if before != after]
