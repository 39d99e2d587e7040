"""Alert rules and handlers for programs that collect metrics themselves and decide when rules are checked."""

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
"""Maximum number of alerts in the history, and of pairs of a rule and a service with a state."""

_log = logging.getLogger("mcpstore.alerts")


@attrs.define
class _Kept:
    """State of a rule for one service."""

    ctx: AlertContext = alert_lifecycle.QUIET
    began: float = 0.0
    since: float = 0.0
    cool_until: float = 0.0
    number: int = 0


class AlertManager:
    """Checks rules against the metrics of a program, and calls handlers.

    It uses the same state machine as a store; a store checks its own services without this class. While a condition
    holds, its alert is repeated after each cooldown; every service has its own cooldowns. Usable from any thread.

    Args:
        resolutions: Whether handlers are also called when an alert is resolved.
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
            ConfigError: Its condition is an invalid expression.
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
        """Check every rule and call every handler; exceptions are logged, and affect no other rule or handler.

        Args:
            metrics: Metrics of a service, with its `service_name`: a mapping such as `ServiceMetrics`.

        Returns:
            The alerts that were sent to the handlers.
        """
        service = str(metrics.get("service_name") or metrics.get("name") or "")
        with self._lock:
            alerts = [alert for rule in self.rules for alert in self._check(rule, service, metrics)]
            self._history.extend(alerts)
            handlers = list(self.handlers)
        for alert in alerts:
            for handler in handlers:
                try:
                    handler(alert)
                except Exception as error:  # noqa: BLE001 - a failing handler affects no other
                    name = getattr(handler, "__name__", repr(handler))
                    _log.warning("alert handler %s raised %s: %s", name, type(error).__name__, error)
        return alerts

    @property
    def alert_history(self) -> list[Alert]:
        """The alerts that were sent to the handlers, oldest first; the last 1000."""
        with self._lock:
            return list(self._history)

    def _check(self, rule: AlertRule, service: str, metrics: Mapping[str, Any]) -> list[Alert]:
        try:
            holds = bool(rule.condition(metrics))  # type: ignore[operator]  # add_rule made sure of it
            wait = float(rule.wait(metrics) if callable(rule.wait) else rule.wait)
        except Inconclusive:
            return []
        except Exception as error:  # noqa: BLE001 - a failing rule affects no other
            _log.warning("rule %r raised %s: %s", rule.name, type(error).__name__, error)
            return []
        key = (rule.name, service)
        kept = self._kept.pop(key, None) or _Kept()
        now = self._clock()
        alerts: list[Alert] = []
        for event in self._events(kept, holds=holds, wait=wait, now=now):
            kept.ctx, actions = alert_lifecycle.step(kept.ctx, event, reminders=True)
            for action in actions:
                self._carry_out(action, rule, service, metrics, kept, now, alerts)
        if kept.ctx != alert_lifecycle.QUIET:
            self._kept[key] = kept  # at the end: the state that was unused for longest is removed first
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        return alerts

    @staticmethod
    def _events(kept: _Kept, *, holds: bool, wait: float, now: float) -> list[AlertEvent]:
        if not holds:
            events = [AlertEvent.FALSE, AlertEvent.KEEP]  # the time of the next check is unknown
        else:
            since = kept.since if kept.ctx.state is AlertState.PENDING else now
            events = [AlertEvent.TRUE, AlertEvent.FOR] if now - since >= wait else [AlertEvent.TRUE]
        # A clock that was set back must not prolong the cooldown.
        return [*events, AlertEvent.COOL] if kept.ctx.cool and not now < kept.cool_until else events

    def _carry_out(
        self,
        action: AlertAction,
        rule: AlertRule,
        service: str,
        metrics: Mapping[str, Any],
        kept: _Kept,
        now: float,
        alerts: list[Alert],
    ) -> None:
        if action is AlertAction.ARM_FOR:
            kept.since = kept.began = now
            kept.number = 0
        elif action is AlertAction.ARM_COOL:
            kept.cool_until = now + rule.cooldown
        elif action is AlertAction.FIRE:
            alerts.append(_alert(AlertKind.FIRED, rule, service, metrics, kept, now))
        elif action is AlertAction.REMIND:
            kept.number += 1
            alerts.append(_alert(AlertKind.REMINDED, rule, service, metrics, kept, now))
        elif action is AlertAction.RESOLVE and self._resolutions:
            alerts.append(_alert(AlertKind.RESOLVED, rule, service, metrics, kept, now))


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
