"""The rules of a store: built-in ones, those of plugins, and what the configuration says about both."""

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
        timing: How often services are checked.
        refuse: Called with the number (from 0) of each rule of the configuration that cannot be used, and with what is
            wrong with it; such a rule is left out. Without it, the first one is an error.

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
    for number, said in enumerate(config.alerts.rules):
        try:
            if said.enabled:
                found[said.name] = prepared(_changed(found.get(said.name), said, config.cooldown, found))
            elif found.pop(said.name, None) is None and said.when is None:
                raise _unknown(said.name, "switched off", found)
        except ConfigError as error:
            if refuse is None:
                raise
            refuse(number, error)
    return tuple(found.values())


def prepared(rule: AlertRule) -> AlertRule:
    """Return a rule whose condition can be called.

    Raises:
        ConfigError: Its condition is no expression, looks at what is not measured, or is not true or false; or what it
            says cannot be known.
    """
    if not isinstance(rule.condition, str):
        if not callable(rule.condition):
            raise ConfigError(
                f"rule {rule.name!r}: condition must be a function of what was measured, or an expression "
                f"(got {type(rule.condition).__name__})"
            )
        _check_words(rule, samples_of(of_manager=rule.scope is AlertScope.MANAGER))
        return rule
    condition = Expression(rule.name, rule.condition)
    of_manager = rule.scope is AlertScope.MANAGER or (
        condition.fields <= OF_THE_MANAGER and not condition.fields <= OF_A_SERVICE
    )
    known, samples = OF_THE_MANAGER if of_manager else OF_A_SERVICE, samples_of(of_manager=of_manager)
    condition.check(known)
    check_truth(rule.name, rule.condition, known, samples)
    _check_words(rule, samples)
    return attrs.evolve(rule, condition=condition, scope=AlertScope.MANAGER if of_manager else rule.scope)


def concerns(rule: AlertRule, service: str) -> bool:
    """Whether a rule looks at a service; the manager itself has no name."""
    if rule.scope is AlertScope.MANAGER or not service:
        return rule.scope is AlertScope.MANAGER and not service
    return not rule.services or any(fnmatchcase(service, pattern) for pattern in rule.services)


def _check_words(rule: AlertRule, samples: Collection[Mapping[str, Any]]) -> None:
    check_message(rule.name, "message", rule.message, samples)
    check_message(rule.name, "resolved", rule.resolved, samples)


def _unknown(name: str, what: str, known: Collection[str]) -> ConfigError:
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]!r}?" if near else f"known rules: {', '.join(sorted(known)) or 'none'}"
    return ConfigError(f"rule {name!r}: there is none of this name to be {what}; {meant}")


def _changed(rule: AlertRule | None, said: AlertRuleConfig, cooldown: float, known: Collection[str]) -> AlertRule:
    if rule is None:
        if said.when is None:
            raise _unknown(said.name, "changed, and no condition (when) for a new one", known)
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
