"""Alert instance: the state of one rule for one service, with its timers and its open incident."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcpstore.core import alert_lifecycle
from mcpstore.core.alert_lifecycle import AlertAction, AlertContext, AlertEvent, AlertState
from mcpstore.hooks.alert import AlertRule
from mcpstore.models.alert import Alert, AlertKind
from mcpstore.models.record import plain
from mcpstore.models.text import short_hash
from mcpstore.monitoring.alerts import span, worded
from mcpstore.runtime.clock import Clock

__all__ = ["AlertInstance"]

OMITTED: Final = frozenset({"tools"})
"""Inputs of rules that are not part of the metrics of an alert, because they may be long."""


class AlertInstance:
    """One rule for one service.

    Args:
        rule: The rule.
        service: The service; empty for the manager.
        clock: Clock of the store.
        publish: Receives the alerts.
        spacing: Minimum time between two evaluations that both count towards the end of an alert, in seconds.
        reminders: Whether a reminder is sent while the alert stays active.

    Attributes:
        rule: The rule.
        service: The service.
        ctx: State of the alert lifecycle.
        last: Last alert of the open incident; None without an open incident.
    """

    def __init__(
        self,
        rule: AlertRule,
        service: str,
        clock: Clock,
        publish: Callable[[Alert], None],
        *,
        spacing: float,
        reminders: bool,
    ) -> None:
        self.rule: AlertRule = rule
        self.service: str = service
        self.ctx: AlertContext = alert_lifecycle.QUIET
        self.last: Alert | None = None
        self._clock = clock
        self._publish = publish
        self._spacing = spacing
        self._reminders = reminders
        self._fields: Mapping[str, Any] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._since = 0.0
        self._began = 0.0
        self._good = 0
        self._good_at = 0.0
        self._number = 0
        self._ending = ""

    @property
    def is_idle(self) -> bool:
        """Whether there is no state to keep: no incident, and no cooldown."""
        return self.ctx.state is AlertState.OK and not self.ctx.cool

    def resume(self, last: Alert) -> None:
        """Resume an incident of an earlier process, from its last alert."""
        self.ctx = AlertContext(state=AlertState.FIRING, notified=True)
        self.last = last
        self._began = last.began or last.timestamp
        self._number = last.number

    def set_rule(self, rule: AlertRule, *, spacing: float, reminders: bool) -> None:
        """Replace the rule by another version of it.

        Args:
            rule: The rule.
            spacing: Minimum time between two evaluations that both count towards the end of an alert, in seconds.
            reminders: Whether a reminder is sent while the alert stays active.
        """
        self.rule, self._spacing, self._reminders = rule, spacing, reminders

    def end(self) -> None:
        """End the incident, because the rule does not apply to the service any more."""
        self._ending = "not watched any more after {duration}; before that: {last_message}"
        self._step(AlertEvent.GONE)

    def evaluate(self, holds: bool, fields: Mapping[str, Any]) -> None:
        """Process one evaluation of the rule.

        Args:
            holds: Whether the condition holds.
            fields: Inputs of the rule.
        """
        self._fields = fields
        self.post(AlertEvent.TRUE if holds else AlertEvent.FALSE)
        now = self._clock.now()
        if holds and self.ctx.state is AlertState.PENDING:
            self._wait(now)  # the wait depends on the inputs, which may be worse than at the beginning
        elif not holds and self.ctx.state is AlertState.CLEARING and now - self._good_at >= self._spacing / 2:
            self._good += 1
            self._good_at = now
            if self._good >= self.rule.keep:
                self.post(AlertEvent.KEEP)

    def post(self, event: AlertEvent) -> None:
        """Process an event of the alert lifecycle."""
        # A service that was stopped or removed was not repaired, and the alert says so.
        is_gone = event is AlertEvent.GONE
        self._ending = "stopped or removed after {duration}; before that: {last_message}" if is_gone else ""
        self._step(event)

    def close(self) -> None:
        """Stop every timer; no alert is published."""
        for handle in self._timers.values():
            handle.cancel()
        self._timers.clear()

    # --- actions of the lifecycle

    def _step(self, event: AlertEvent) -> None:
        self.ctx, actions = alert_lifecycle.step(self.ctx, event, reminders=self._reminders)
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: AlertAction) -> None:
        match action:
            case AlertAction.FIRE:
                self._fire()
            case AlertAction.REMIND:
                self._remind()
            case AlertAction.RESOLVE:
                self._resolve()
            case AlertAction.ARM_FOR:
                self._since, self._began = self._clock.now(), self._clock.posix()
            case AlertAction.DISARM_FOR:
                self._disarm("for")
            case AlertAction.ARM_KEEP:
                self._good, self._good_at = 0, float("-inf")
            case AlertAction.ARM_COOL:
                self._disarm("cool")
                self._timers["cool"] = self._clock.call_later(self.rule.cooldown, self.post, AlertEvent.COOL)
            case AlertAction.DISARM_KEEP:
                pass  # the next ARM_KEEP resets the count of good evaluations

    def _wait(self, now: float) -> None:
        wait = self.rule.wait
        left = self._since + (wait(self._fields) if callable(wait) else wait) - now
        self._disarm("for")
        if left <= 0:
            self.post(AlertEvent.FOR)
        else:
            self._timers["for"] = self._clock.call_later(left, self.post, AlertEvent.FOR)

    def _disarm(self, name: str) -> None:
        handle = self._timers.pop(name, None)
        if handle is not None:
            handle.cancel()

    def _fire(self) -> None:
        self._number = 0
        self.last = self._alert(AlertKind.FIRED, self.rule.message)
        self._publish(self.last)

    def _remind(self) -> None:
        self._number += 1
        self.last = self._alert(AlertKind.REMINDED, self.rule.message)
        self._publish(self.last)

    def _resolve(self) -> None:
        self._number = 0
        message = self.last.message if self.last is not None else self.rule.name
        text = self._ending or self.rule.resolved or "over after {duration}: {last_message}"
        alert = self._alert(AlertKind.RESOLVED, text, last_message=message)
        self.last = None
        self._publish(alert)

    def _alert(self, kind: AlertKind, template: str, **more: str) -> Alert:
        now = self._clock.posix()
        fields = {
            "service_name": self.service,
            **self._fields,
            "rule_name": self.rule.name,
            "level": self.rule.level.value,
            "duration": span(now - self._began),
            **more,
        }
        return Alert(
            rule_name=self.rule.name,
            service=self.service,
            level=self.rule.level,
            kind=kind,
            message=worded(template, fields),
            timestamp=now,
            incident=self.last.incident
            if self.last is not None
            else short_hash(self.rule.name, self.service, repr(self._began), repr(now)),
            metrics={name: plain(value) for name, value in self._fields.items() if name not in OMITTED},
            began=self._began,
            number=self._number,
        )
