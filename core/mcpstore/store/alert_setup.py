"""Alert rules and channels of a store, from its configuration and its plugins."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import SecretStr

from mcpstore.config.variables import Reference, substitute
from mcpstore.errors import ConfigError, PluginConflict, UnknownPlugin
from mcpstore.hooks.alert import AlertHandler, AlertRule
from mcpstore.hooks.persistence import Path
from mcpstore.models.json_types import as_array, as_object
from mcpstore.models.timing import Timing
from mcpstore.monitoring.alerts import rules_of
from mcpstore.monitoring.config import AlertHandlerConfig, MonitoringConfig
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.alerting import AlertChannel, AlertEngine
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.validation import validated
from mcpstore.store.channel_secrets import secrets_of_channel
from mcpstore.store.state_dir import StateDir

__all__ = ["alert_engine_of", "find_alerting"]

FOLDER: Final = "alerts"

_log = logging.getLogger("mcpstore.store")


def find_alerting(
    plugins: PluginManager,
    config: MonitoringConfig,
    timing: Timing,
    leave_out: Callable[[Path, str], None] | None = None,
) -> tuple[list[AlertChannel], tuple[AlertRule, ...]]:
    """Return the channels that a configuration names, and the rules. Blocking: plugins are loaded.

    Args:
        plugins: Offer handlers and rules.
        config: The settings, thresholds included.
        timing: Interval of health checks, among others.
        leave_out: Called with the path (below `alerts`) of each handler and rule that cannot be used, and the problem.
            Without it, such a handler is logged, and such a rule is an error.

    Raises:
        ConfigError: A rule, or the settings of a handler, are wrong.
    """
    if not (config.enabled and config.alerts_enabled):
        return [], ()
    channels: dict[str, AlertChannel] = {}
    report = _log_it if leave_out is None else leave_out
    for number, handler in enumerate(config.alerts.handlers):
        name = handler.name or handler.type
        if name in channels:
            raise ConfigError(f"alerts.handlers: two handlers have the name {name!r}; give one of them another `name`")
        try:
            channels[name] = _channel(plugins, name, handler)
        except _LeftOut as error:
            report(("handlers", number), f"alerts do not go to {name!r}: {error}")

    def refuse(number: int, error: ConfigError) -> None:
        report(("rules", number), str(error))

    offered = plugins.offers("alert rule").values()
    return list(channels.values()), rules_of(config, offered, timing, None if leave_out is None else refuse)


def alert_engine_of(
    channels: Sequence[AlertChannel],
    rules: Sequence[AlertRule],
    plugins: PluginManager,
    config: MonitoringConfig,
    state: StateDir | None,
    clock: Clock,
) -> AlertEngine:
    """Return the alert engine of a store; nothing is opened yet.

    Args:
        channels: The channels.
        rules: The rules.
        plugins: Are notified of alerts.
        config: The settings.
        state: The state directory; without one, alerts are kept in memory.
        clock: Time and randomness.
    """
    folder = None if state is None else state.path / FOLDER
    return AlertEngine(rules, channels, clock, plugins, folder=folder, reminders=config.alerts.reminders)


class _LeftOut(Exception):
    """A handler cannot be used now; the others can."""


def _log_it(_path: Path, problem: str) -> None:
    _log.warning("%s", problem)


def _channel(plugins: PluginManager, name: str, config: AlertHandlerConfig) -> AlertChannel:
    try:
        handler: AlertHandler[Any] = plugins.get_offer("alert handler", config.type)
    except (UnknownPlugin, PluginConflict) as error:
        raise _LeftOut(str(error)) from None
    unset: set[str] = set()
    given = _expanded(config.settings, os.environ, unset)
    if unset:
        raise _LeftOut(f"its settings need {', '.join(sorted(unset))}, which is not set")
    try:
        settings = validated(handler.config, dict(given), name)
    except ConfigError as error:
        raise ConfigError(f"alerts.handlers: {name}: {error}") from None
    plugins.secrets.add_values(f"alert handler {name}", secrets_of_channel(given))
    return AlertChannel(
        name=name,
        handler=handler,
        settings=settings,
        min_level=config.min_level,
        services=config.services,
        redact=plugins.secrets,
    )


def _expanded(value: Any, environment: Mapping[str, str], unset: set[str]) -> Any:
    """Return settings with the values of environment variables; values of type `SecretStr` stay as they are."""
    if isinstance(value, SecretStr):
        return value
    if (fields := as_object(value)) is not None:
        return {key: _expanded(item, environment, unset) for key, item in fields.items()}
    if (items := as_array(value)) is not None:
        return [_expanded(item, environment, unset) for item in items]
    if not isinstance(value, str):
        return value

    def resolve(reference: Reference) -> str | None:
        if reference.kind != "env":
            return None
        value = environment.get(reference.name) or reference.default
        if value is None:
            unset.add(reference.name)
        return value

    return substitute(value, resolve)
