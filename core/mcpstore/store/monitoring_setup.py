"""How the services of a store are watched and who is told, as it is set now: it may change while the store runs."""

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
"""Settings beside `monitoring` that are looked at when a store is opened, and not again."""

_log = logging.getLogger("mcpstore.store")


class MonitoringSetup:
    """The settings of monitoring of one store.

    Args:
        given: What the store was made with, which no file changes; what the configuration says if it is None.
        timing: How long everything takes where nobody says.
        plugins: Offer alert handlers and rules.

    Attributes:
        config: The settings.
        timing: How long everything takes with them.
        problems: What is odd about them and keeps nothing else from being used.
    """

    config: MonitoringConfig

    def __init__(
        self, given: MonitoringConfig | Mapping[str, Any] | None, timing: Timing, plugins: PluginManager
    ) -> None:
        self.timing: Timing = timing
        self.problems: tuple[Problem, ...] = ()
        self._given: Final = given
        self._usual: Final = timing
        self._plugins: Final = plugins
        self._said: dict[str, Any] = {}

    @property
    def limits(self) -> Limits:
        """How often is too often."""
        return Limits(attempts=self.timing.attempts, failures=self.config.retries)

    async def open(self, reading: ParsedConfig) -> tuple[list[AlertChannel], tuple[AlertRule, ...]]:
        """Take the settings in; returns the lines to people, and the rules.

        Raises:
            ConfigError: They cannot be used.
        """
        self._said = _said(reading)
        return self._take(*await self._look(reading))

    async def follow(
        self, reading: ParsedConfig, supervisor: Supervisor, metering: MetricsCollector, alarm: AlertEngine
    ) -> None:
        """Have a store that runs do what the configuration says now; one that cannot be used changes nothing.

        Args:
            reading: What the configuration says.
            supervisor: The services.
            metering: What is measured of them.
            alarm: What people are told of them.
        """
        said, before = _said(reading), self._said
        self._said = said
        for key in AT_START:
            if said.get(key) != before.get(key):
                _log.warning("%s.%s was changed; restart the manager for it to take effect", KEY, key)
        if said.get(MONITORING) == before.get(MONITORING) or self._given is not None:
            return
        old = self.config
        try:
            lines, rules = self._take(*await self._look(reading))
        except Exception as error:  # noqa: BLE001 - settings are read by models of plugins, which may raise anything
            what = str(error) if isinstance(error, ConfigError) else f"reading it {describe_error(error)}"
            place = _place(reading, (KEY, MONITORING))
            self.problems = (Problem(where=place, what=what, remedy="until then monitoring goes on as it was"),)
            _log.warning("%s", self.problems[0])
            return
        supervisor.retime(self.timing, self.limits)
        metering.adopt(self.config)
        await alarm.adopt(rules, lines, reminders=self.config.alerts.reminders)
        told = ", ".join(line.name for line in lines) or "nobody"
        _log.info("monitoring follows the configuration: %d rules, alerts go to %s", len(rules), told)
        for name in _at_start(old, self.config):
            _log.warning("%s.%s.%s was changed; restart the manager for it to take effect", KEY, MONITORING, name)

    # --- helpers

    async def _look(
        self, reading: ParsedConfig
    ) -> tuple[MonitoringConfig, Timing, list[AlertChannel], tuple[AlertRule, ...], list[Problem]]:
        problems: list[Problem] = []
        numbers: list[int] = []

        def leave_out(place: Path, what: str) -> None:
            if place[0] == "rules":  # those that are no rules at all are not among them any more
                place = ("rules", numbers[int(place[1])])
            where = _place(reading, (KEY, MONITORING, "alerts", *place))
            remedy = "this rule is not used; the others are" if place[0] == "rules" else ""
            problems.append(Problem(where=where, what=what, remedy=remedy))
            _log.warning("%s", problems[-1])

        content = reading.content
        if self._given is None:
            rules = _rules(content)
            wrong = [rule_error(rule) for rule in rules]
            numbers[:] = range(len(rules))
            for number, what in enumerate(wrong):
                if what is not None:
                    leave_out(("rules", number), what)
            numbers[:] = [number for number in numbers if wrong[number] is None]
            content = _with_rules(content, [rules[number] for number in numbers])
        config = monitoring_of(self._given, content)
        timing = apply_overrides(self._usual, config)
        found = await asyncio.to_thread(
            find_alerting, self._plugins, config, timing, leave_out if self._given is None else None
        )
        return config, timing, *found, problems

    def _take(
        self,
        config: MonitoringConfig,
        timing: Timing,
        lines: list[AlertChannel],
        rules: tuple[AlertRule, ...],
        problems: list[Problem],
    ) -> tuple[list[AlertChannel], tuple[AlertRule, ...]]:
        self.config, self.timing, self.problems = config, timing, tuple(problems)
        if (level := config.data_collection.log_level) is not None:
            logging.getLogger("mcpstore").setLevel(level)
        return lines, rules


def _said(reading: ParsedConfig) -> dict[str, Any]:
    settings = as_object(reading.content.data.get(KEY)) or {}
    return {key: settings.get(key) for key in (MONITORING, *AT_START)}


def _alerts(content: Content) -> Mapping[str, Any]:
    settings = as_object(content.data.get(KEY)) or {}
    return as_object((as_object(settings.get(MONITORING)) or {}).get("alerts")) or {}


def _rules(content: Content) -> Sequence[Any]:
    return as_array(_alerts(content).get("rules")) or ()


def _with_rules(content: Content, rules: Sequence[Any]) -> Content:
    """Return a configuration with other rules, if it has any."""
    if not _rules(content):
        return content
    settings = as_object(content.data[KEY]) or {}
    monitoring = as_object(settings[MONITORING]) or {}
    changed = {**settings, MONITORING: {**monitoring, "alerts": {**_alerts(content), "rules": rules}}}
    return attrs.evolve(content, data={**content.data, KEY: changed})


def _place(reading: ParsedConfig, path: Path) -> str:
    """Return where something stands: the file, and line and column if they can be told."""
    found = reading.content.locate(path)
    return f"{reading.where}:{found[0]}:{found[1]}" if found else reading.where


def _at_start(old: MonitoringConfig, new: MonitoringConfig) -> list[str]:
    """Return the settings that differ and are looked at when a store is opened, and not again."""
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
