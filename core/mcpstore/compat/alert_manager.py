"""Alerts for programs that measure for themselves: rules and handlers, checked when the program says so."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from mcpstore.core import alert_lifecycle
from mcpstore.core.alert_lifecycle import AlertAction, AlertContext, AlertEvent, AlertState
from mcpstore.hooks.alert import AlertRule, Inconclusive
from mcpstore.models.alert import Alert, AlertKind
from mcpstore.monitoring.alerts.expression import Expression
from mcpstore.monitoring.alerts.templates import span, worded

__all__ = ["AlertManager"]

MOST: Final = 1000
"""Alerts in the history, and pairs of a rule and a service that are remembered."""

_log = logging.getLogger("mcpstore.alerts")


@attrs.define
class _Kept:
    """What is remembered of a rule about a service."""

    ctx: AlertContext = alert_lifecycle.QUIET
    began: float = 0.0
    since: float = 0.0
    cool_until: float = 0.0
    number: int = 0


class AlertManager:
    """Checks rules against what a program measured, and tells handlers.

    It decides by the same machine as a store, which checks its own services all the time and needs none of this. While
    trouble lasts, it is told again after each cooldown; every service has cooldowns of its own. May be used from any
    thread.

    Args:
        resolutions: Whether handlers are told of the end of trouble, too.
        clock: Returns the time as a POSIX timestamp in seconds.

    Attributes:
        rules: The rules.
        handlers: The handlers: functions that take an `Alert`.
    """

    def __init__(self, *, resolutions: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.rules: list[AlertRule] = []
        self.handlers: list[Callable[[Alert], Any]] = []
        self._resolutions = resolutions
        self._clock = clock
        self._history: deque[Alert] = deque(maxlen=MOST)
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._lock = threading.RLock()

    def add_rule(self, rule: AlertRule) -> None:
        """Add a rule; one of the same name is replaced.

        Raises:
            ConfigError: Its condition is an expression that cannot be understood.
        """
        if isinstance(rule.condition, str):
            rule = attrs.evolve(rule, condition=Expression(rule.name, rule.condition))
        elif not callable(rule.condition):
            raise TypeError(f"condition of rule {rule.name!r} must be a function (got {rule.condition!r})")
        with self._lock:
            self.rules[:] = [*(known for known in self.rules if known.name != rule.name), rule]

    def add_handler(self, handler: Callable[[Alert], Any]) -> None:
        """Add a handler: a function that takes an alert."""
        if not callable(handler):
            raise TypeError(f"handler must be a function that takes an alert (got {handler!r})")
        with self._lock:
            self.handlers.append(handler)

    def check_alerts(self, metrics: Mapping[str, Any]) -> list[Alert]:
        """Check every rule and tell every handler; what raises is logged and harms nobody else.

        Args:
            metrics: What was measured of a service, with its `service_name`: a mapping such as `ServiceMetrics`.

        Returns:
            What the handlers were told.
        """
        service = str(metrics.get("service_name") or metrics.get("name") or "")
        with self._lock:
            told = [alert for rule in self.rules for alert in self._check(rule, service, metrics)]
            self._history.extend(told)
            handlers = list(self.handlers)
        for alert in told:
            for handler in handlers:
                try:
                    handler(alert)
                except Exception as error:  # noqa: BLE001 - a handler that raises harms nobody else
                    name = getattr(handler, "__name__", repr(handler))
                    _log.warning("alert handler %s raised %s: %s", name, type(error).__name__, error)
        return told

    @property
    def alert_history(self) -> list[Alert]:
        """The alerts that were told, oldest first; the last thousand."""
        with self._lock:
            return list(self._history)

    def _check(self, rule: AlertRule, service: str, metrics: Mapping[str, Any]) -> list[Alert]:
        try:
            holds = bool(rule.condition(metrics))  # type: ignore[operator]  # add_rule saw to it
            wait = float(rule.wait(metrics) if callable(rule.wait) else rule.wait)
        except Inconclusive:
            return []
        except Exception as error:  # noqa: BLE001 - a rule that raises harms nobody else
            _log.warning("rule %r raised %s: %s", rule.name, type(error).__name__, error)
            return []
        key = (rule.name, service)
        kept = self._kept.pop(key, None) or _Kept()
        now = self._clock()
        told: list[Alert] = []
        for event in self._events(kept, holds=holds, wait=wait, now=now):
            kept.ctx, actions = alert_lifecycle.step(kept.ctx, event, reminders=True)
            for action in actions:
                self._carry_out(action, rule, service, metrics, kept, now, told)
        if kept.ctx != alert_lifecycle.QUIET:
            self._kept[key] = kept  # at the end: what was not looked at for longest is forgotten first
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        return told

    @staticmethod
    def _events(kept: _Kept, *, holds: bool, wait: float, now: float) -> list[AlertEvent]:
        if not holds:
            events = [AlertEvent.FALSE, AlertEvent.KEEP]  # there is no telling when the next check comes
        else:
            since = kept.since if kept.ctx.state is AlertState.PENDING else now
            events = [AlertEvent.TRUE, AlertEvent.FOR] if now - since >= wait else [AlertEvent.TRUE]
        # A clock that was set back must not keep it cool for ever.
        return [*events, AlertEvent.COOL] if kept.ctx.cool and not now < kept.cool_until else events

    def _carry_out(
        self,
        action: AlertAction,
        rule: AlertRule,
        service: str,
        metrics: Mapping[str, Any],
        kept: _Kept,
        now: float,
        told: list[Alert],
    ) -> None:
        if action is AlertAction.ARM_FOR:
            kept.since = kept.began = now
            kept.number = 0
        elif action is AlertAction.ARM_COOL:
            kept.cool_until = now + rule.cooldown
        elif action is AlertAction.FIRE:
            told.append(_alert(AlertKind.FIRED, rule, service, metrics, kept, now))
        elif action is AlertAction.REMIND:
            kept.number += 1
            told.append(_alert(AlertKind.REMINDED, rule, service, metrics, kept, now))
        elif action is AlertAction.RESOLVE and self._resolutions:
            told.append(_alert(AlertKind.RESOLVED, rule, service, metrics, kept, now))


def _alert(
    kind: AlertKind, rule: AlertRule, service: str, metrics: Mapping[str, Any], kept: _Kept, now: float
) -> Alert:
    template = rule.message
    if kind is AlertKind.RESOLVED:
        template = rule.resolved or f"over after {span(now - kept.began)}: {rule.message}"
    fields = {"service_name": service, **metrics, "rule_name": rule.name, "level": rule.level.value}
    return Alert(
        rule_name=rule.name,
        service=service,
        level=rule.level,
        kind=kind,
        message=worded(template, {**fields, "duration": span(now - kept.began)}),
        timestamp=now,
        incident=f"{rule.name}/{service}/{kept.began:.6f}",
        metrics=metrics,
        began=kept.began,
        number=kept.number if kind is AlertKind.REMINDED else 0,
    )
