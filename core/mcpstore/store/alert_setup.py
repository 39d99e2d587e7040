"""The alerts of a store: its rules and its lines to people, as configuration and plugins have them."""

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
from mcpstore.store.channel_secrets import redacting_errors, secrets_of_channel
from mcpstore.store.state_dir import StateDir

__all__ = ["alarm_of", "find_alerting"]

FOLDER: Final = "alerts"

_log = logging.getLogger("mcpstore.store")


def find_alerting(
    plugins: PluginManager,
    config: MonitoringConfig,
    timing: Timing,
    leave_out: Callable[[Path, str], None] | None = None,
) -> tuple[list[AlertChannel], tuple[AlertRule, ...]]:
    """Return the lines to people that a configuration names, and the rules. Blocking: plugins are loaded.

    Args:
        plugins: Offer handlers and rules.
        config: The thresholds, and what else a person set.
        timing: How often services are checked.
        leave_out: Called with the place below `alerts` of each handler and rule that cannot be used, and with what is
            wrong with it. Without it, such a handler is logged, and such a rule is an error.

    Raises:
        ConfigError: A rule, or the settings of a handler, cannot be used.
    """
    if not (config.enabled and config.alerts_enabled):
        return [], ()
    found: dict[str, AlertChannel] = {}
    odd = _log_it if leave_out is None else leave_out
    for number, said in enumerate(config.alerts.handlers):
        name = said.name or said.type
        if name in found:
            raise ConfigError(f"alerts.handlers: two are called {name!r}; give one of them another `name`")
        try:
            found[name] = _line(plugins, name, said)
        except _LeftOut as error:
            odd(("handlers", number), f"alerts do not go to {name!r}: {error}")

    def refuse(number: int, error: ConfigError) -> None:
        odd(("rules", number), str(error))

    offered = plugins.offers("alert rule").values()
    return list(found.values()), rules_of(config, offered, timing, None if leave_out is None else refuse)


def alarm_of(
    lines: Sequence[AlertChannel],
    rules: Sequence[AlertRule],
    plugins: PluginManager,
    config: MonitoringConfig,
    state: StateDir | None,
    clock: Clock,
) -> AlertEngine:
    """Return the alerts of a store; nothing is opened yet.

    Args:
        lines: The lines to people.
        rules: When people are told.
        plugins: Are told, too.
        config: What else a person set.
        state: The state directory; without one, alerts are kept in memory.
        clock: Time and chance.
    """
    folder = None if state is None else state.path / FOLDER
    return AlertEngine(rules, lines, clock, plugins, folder=folder, reminders=config.alerts.reminders)


class _LeftOut(Exception):
    """A handler cannot be used as things are; the others can."""


def _log_it(_place: Path, what: str) -> None:
    _log.warning("%s", what)


def _line(plugins: PluginManager, name: str, said: AlertHandlerConfig) -> AlertChannel:
    try:
        handler: AlertHandler[Any] = plugins.get_offer("alert handler", said.type)
    except (UnknownPlugin, PluginConflict) as error:
        raise _LeftOut(str(error)) from None
    unset: set[str] = set()
    given = _expanded(said.settings, os.environ, unset)
    if unset:
        raise _LeftOut(f"its settings need {', '.join(sorted(unset))}, which is not set")
    try:
        settings = validated(handler.config, dict(given), name)
    except ConfigError as error:
        raise ConfigError(f"alerts.handlers: {name}: {error}") from None
    plugins.secrets.add_values(f"alert handler {name}", secrets_of_channel(given))
    handler = redacting_errors(handler, plugins.secrets)
    return AlertChannel(name=name, handler=handler, settings=settings, min_level=said.min_level, services=said.services)


def _expanded(value: Any, environment: Mapping[str, str], unset: set[str]) -> Any:
    """Return settings with variables of the environment in their places; secrets given as such stay what they are."""
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
        found = environment.get(reference.name) or reference.default
        if found is None:
            unset.add(reference.name)
        return found

    return substitute(value, resolve)
