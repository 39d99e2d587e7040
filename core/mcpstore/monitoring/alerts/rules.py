"""The alert rules of a store: built-in rules, rules of plugins, and rules of the configuration."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

from mcpstore.errors import ConfigError
from mcpstore.hooks.alert import AlertRule, AlertScope
from mcpstore.models.alert import AlertLevel
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.monitoring.alerts.builtin import builtin_rules
from mcpstore.monitoring.alerts.expression import Expression
from mcpstore.monitoring.alerts.fields import OF_A_SERVICE, OF_THE_MANAGER
from mcpstore.monitoring.alerts.validation import check_message, check_truth, samples_of
from mcpstore.monitoring.config import AlertRuleConfig, MonitoringConfig

__all__ = ["concerns", "prepared", "rules_of"]

_log = logging.getLogger("mcpstore.monitoring")


def rules_of(
    config: MonitoringConfig,
    offered: Iterable[AlertRule] = (),
    timing: Timing = DEFAULT_TIMING,
    refuse: Callable[[int, ConfigError], None] | None = None,
) -> tuple[AlertRule, ...]:
    """Return the rules of a store, ready to be evaluated.

    Args:
        config: Thresholds, rules, and changes of rules.
        offered: The rules of plugins.
        timing: Intervals of the checks.
        refuse: Called with the index of each invalid rule of the configuration, and its error; the rule is left out.
            Without it, the first invalid rule is an error.

    Raises:
        ConfigError: A rule of the configuration is invalid.
    """
    rules = {rule.name: rule for rule in builtin_rules(config, timing)} if config.alerts.builtin else {}
    for rule in offered:
        if rule.name in rules:
            _log.warning("rule %r of a plugin is not used: there is already a rule of this name", rule.name)
            continue
        try:
            rules[rule.name] = prepared(rule)
        except ConfigError as error:
            _log.warning("rule %r of a plugin is not used: %s", rule.name, error)
    for number, rule_config in enumerate(config.alerts.rules):
        name = rule_config.name
        try:
            if rule_config.enabled:
                rules[name] = prepared(_changed(rules.get(name), rule_config, config.cooldown, rules))
            elif rules.pop(name, None) is None and rule_config.when is None:
                raise _unknown(name, "disabled", rules)
        except ConfigError as error:
            if refuse is None:
                raise
            refuse(number, error)
    return tuple(rules.values())


def prepared(rule: AlertRule) -> AlertRule:
    """Return a rule whose condition can be called.

    Raises:
        ConfigError: Its condition is no valid expression, uses a field that does not exist, or is neither true nor
            false; or its message cannot be filled.
    """
    if not isinstance(rule.condition, str):
        if not callable(rule.condition):
            raise ConfigError(
                f"rule {rule.name!r}: condition must be a function of the fields, or an expression "
                f"(got {type(rule.condition).__name__})"
            )
        _check_messages(rule, samples_of(of_manager=rule.scope is AlertScope.MANAGER))
        return rule
    condition = Expression(rule.name, rule.condition)
    of_manager = rule.scope is AlertScope.MANAGER or (
        condition.fields <= OF_THE_MANAGER and not condition.fields <= OF_A_SERVICE
    )
    known, samples = OF_THE_MANAGER if of_manager else OF_A_SERVICE, samples_of(of_manager=of_manager)
    condition.check(known)
    check_truth(rule.name, rule.condition, known, samples)
    _check_messages(rule, samples)
    return attrs.evolve(rule, condition=condition, scope=AlertScope.MANAGER if of_manager else rule.scope)


def concerns(rule: AlertRule, service: str) -> bool:
    """Whether a rule applies to a service; the manager has the name ""."""
    if rule.scope is AlertScope.MANAGER or not service:
        return rule.scope is AlertScope.MANAGER and not service
    return not rule.services or any(fnmatchcase(service, pattern) for pattern in rule.services)


def _check_messages(rule: AlertRule, samples: Collection[Mapping[str, Any]]) -> None:
    check_message(rule.name, "message", rule.message, samples)
    check_message(rule.name, "resolved", rule.resolved, samples)


def _unknown(name: str, change: str, known: Collection[str]) -> ConfigError:
    near = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"known rules: {', '.join(sorted(known)) or 'none'}"
    return ConfigError(f"rule {name!r} does not exist, so it cannot be {change}; {remedy}")


def _changed(rule: AlertRule | None, config: AlertRuleConfig, cooldown: float, known: Collection[str]) -> AlertRule:
    if rule is None:
        if config.when is None:
            raise _unknown(config.name, "changed, and a new rule needs a condition (when)", known)
        rule = AlertRule(config.name, config.when, AlertLevel.WARNING, cooldown=cooldown)
    changes: dict[str, Any] = {
        field: value
        for field, value in (
            ("condition", config.when),
            ("level", config.level),
            ("message", config.message),
            ("cooldown", config.cooldown),
            ("wait", config.wait),
            ("keep", config.keep),
            ("services", config.services or None),
        )
        if value is not None
    }
    if config.message is not None:
        changes["resolved"] = ""
    return attrs.evolve(rule, **changes)
