"""One rule about one service: the alert machine with its timers, and the incident it tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcpstore.core import alert_lifecycle
from mcpstore.core.alert_lifecycle import AlertAction, AlertContext, AlertEvent, AlertState
from mcpstore.hooks.alert import AlertRule
from mcpstore.models.alert import Alert, AlertKind
from mcpstore.models.record import plain
from mcpstore.monitoring.alerts import span, worded
from mcpstore.runtime.alerting.codec import digest
from mcpstore.runtime.clock import Clock

__all__ = ["AlertInstance"]

NOT_KEPT: Final = frozenset({"tools"})
"""What of the figures does not go into alerts: it may be long."""


class AlertInstance:
    """One rule about one service.

    Args:
        rule: The rule.
        service: The service; empty for the manager.
        clock: Time.
        tell: Takes what is to be told.
        spacing: Seconds between two evaluations that both count.
        reminders: Whether people are told again while it goes on.

    Attributes:
        ctx: What the machine remembers.
        told: What people were told last of an incident that is not over.
    """

    def __init__(
        self,
        rule: AlertRule,
        service: str,
        clock: Clock,
        tell: Callable[[Alert], None],
        *,
        spacing: float,
        reminders: bool,
    ) -> None:
        self.rule: AlertRule = rule
        self.service: str = service
        self.ctx: AlertContext = alert_lifecycle.QUIET
        self.told: Alert | None = None
        self._clock = clock
        self._tell = tell
        self._spacing = spacing
        self._reminders = reminders
        self._fields: Mapping[str, Any] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._since = 0.0
        self._began = 0.0
        self._good = 0
        self._good_at = 0.0
        self._number = 0
        self._over = ""

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is remembered, so that it need not be kept."""
        return self.ctx.state is AlertState.OK and not self.ctx.cool

    def resume(self, told: Alert) -> None:
        """Go on with an incident that an earlier process told of."""
        self.ctx = AlertContext(state=AlertState.FIRING, notified=True)
        self.told = told
        self._began = told.began or told.timestamp
        self._number = told.number

    def adopt(self, rule: AlertRule, *, spacing: float, reminders: bool) -> None:
        """Go on under another version of the rule.

        Args:
            rule: The rule as it is now.
            spacing: Seconds between two evaluations that both count.
            reminders: Whether people are told again while it goes on.
        """
        self.rule, self._spacing, self._reminders = rule, spacing, reminders

    def leave(self) -> None:
        """Be done with it, because the rule does not look at the service any more."""
        self._over = "not watched any more after {duration}; before that: {said}"
        self._step(AlertEvent.GONE)

    def judge(self, holds: bool, fields: Mapping[str, Any]) -> None:
        """Take note of whether the condition holds.

        Args:
            holds: Whether it does.
            fields: What was measured.
        """
        self._fields = fields
        self.post(AlertEvent.TRUE if holds else AlertEvent.FALSE)
        now = self._clock.now()
        if holds and self.ctx.state is AlertState.PENDING:
            self._wait(now)  # it may have become worse since it began
        elif not holds and self.ctx.state is AlertState.CLEARING and now - self._good_at >= self._spacing / 2:
            self._good += 1
            self._good_at = now
            if self._good >= self.rule.keep:
                self.post(AlertEvent.KEEP)

    def post(self, event: AlertEvent) -> None:
        """Let something happen."""
        # Whoever stopped or removed a service did not repair it.
        is_gone = event is AlertEvent.GONE
        self._over = "stopped or removed after {duration}; before that: {said}" if is_gone else ""
        self._step(event)

    def close(self) -> None:
        """Stop every timer; nothing is told."""
        for handle in self._timers.values():
            handle.cancel()
        self._timers.clear()

    # --- what the machine asks for

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
                pass  # what counts good evaluations begins anew with the next ARM_KEEP

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
        self.told = self._notice(AlertKind.FIRED, self.rule.message)
        self._tell(self.told)

    def _remind(self) -> None:
        self._number += 1
        self.told = self._notice(AlertKind.REMINDED, self.rule.message)
        self._tell(self.told)

    def _resolve(self) -> None:
        self._number = 0
        said = self.told.message if self.told is not None else self.rule.name
        text = self._over or self.rule.resolved or "over after {duration}: {said}"
        over = self._notice(AlertKind.RESOLVED, text, said=said)
        self.told = None
        self._tell(over)

    def _notice(self, kind: AlertKind, template: str, **more: str) -> Alert:
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
            incident=self.told.incident
            if self.told is not None
            else digest(self.rule.name, self.service, repr(self._began), repr(now)),
            metrics={name: plain(value) for name, value in self._fields.items() if name not in NOT_KEPT},
            began=self._began,
            number=self._number,
        )
