"""The rules of a store: built-in ones, those of plugins, and what the configuration says about both."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import attrs

from mcpstore.core.models.alert import AlertLevel
from mcpstore.core.models.timing import DEFAULT_TIMING, Timing
from mcpstore.errors import ConfigError
from mcpstore.hooks.alert import AlertRule, AlertScope
from mcpstore.monitoring.alerts.builtin import builtin_rules
from mcpstore.monitoring.alerts.expression import Expression
from mcpstore.monitoring.alerts.fields import OF_A_SERVICE, OF_THE_MANAGER
from mcpstore.monitoring.config import AlertRuleConfig, MonitoringConfig

__all__ = ["concerns", "prepared", "rules_of"]

_log = logging.getLogger("mcpstore.monitoring")


def rules_of(
    config: MonitoringConfig, offered: Iterable[AlertRule] = (), timing: Timing = DEFAULT_TIMING
) -> tuple[AlertRule, ...]:
    """Return the rules of a store, ready to be evaluated.

    Args:
        config: Thresholds, rules, and changes of rules.
        offered: The rules of plugins.
        timing: How often services are checked.

    Raises:
        ConfigError: A rule of the configuration cannot be used; names it, and what is wrong.
    """
    found = {rule.name: rule for rule in builtin_rules(config, timing)} if config.alerts.builtin else {}
    for rule in offered:
        if rule.name in found:
            _log.warning("rule %r of a plugin is not used: there is one of this name already", rule.name)
            continue
        try:
            found[rule.name] = prepared(rule)
        except ConfigError as error:
            _log.warning("rule %r of a plugin is not used: %s", rule.name, error)
    for said in config.alerts.rules:
        if not said.enabled:
            found.pop(said.name, None)
        else:
            found[said.name] = prepared(_changed(found.get(said.name), said, config.cooldown))
    return tuple(found.values())


def prepared(rule: AlertRule) -> AlertRule:
    """Return a rule whose condition can be called.

    Raises:
        ConfigError: Its condition is no expression, or looks at what is not measured.
    """
    if not isinstance(rule.condition, str):
        if not callable(rule.condition):
            raise ConfigError(
                f"rule {rule.name!r}: condition must be a function of what was measured, or an expression "
                f"(got {type(rule.condition).__name__})"
            )
        return rule
    condition = Expression(rule.name, rule.condition)
    of_manager = rule.scope is AlertScope.MANAGER or (
        condition.fields <= OF_THE_MANAGER and not condition.fields <= OF_A_SERVICE
    )
    condition.check(OF_THE_MANAGER if of_manager else OF_A_SERVICE)
    return attrs.evolve(rule, condition=condition, scope=AlertScope.MANAGER if of_manager else rule.scope)


def concerns(rule: AlertRule, service: str) -> bool:
    """Whether a rule looks at a service; the manager itself has no name."""
    if rule.scope is AlertScope.MANAGER or not service:
        return rule.scope is AlertScope.MANAGER and not service
    return not rule.services or any(fnmatchcase(service, pattern) for pattern in rule.services)


def _changed(rule: AlertRule | None, said: AlertRuleConfig, cooldown: float) -> AlertRule:
    if rule is None:
        if said.when is None:
            raise ConfigError(
                f"rule {said.name!r}: when is missing, and there is no built-in rule of this name; "
                "write the condition, such as 'error_rate > 0.2'"
            )
        rule = AlertRule(said.name, said.when, AlertLevel.WARNING, cooldown=cooldown)
    changes: dict[str, Any] = {
        field: value
        for field, value in (
            ("condition", said.when),
            ("level", said.level),
            ("message", said.message),
            ("cooldown", said.cooldown),
            ("wait", said.wait),
            ("keep", said.keep),
            ("services", said.services or None),
        )
        if value is not None
    }
    if said.message is not None:
        changes["resolved"] = ""
    return attrs.evolve(rule, **changes)
