"""Alert engine: evaluates the rules of a service after its events, and hands alerts to delivery."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from mcpstore.core.alert_lifecycle import AlertEvent, AlertState
from mcpstore.core.context import Context
from mcpstore.errors import MCPStoreError
from mcpstore.hooks.alert import AlertRule, AlertScope, Inconclusive
from mcpstore.models.alert import Alert, AlertKind, Silence
from mcpstore.monitoring.alerts import DEGRADED, concerns
from mcpstore.plugin_manager import PluginManager
from mcpstore.plugin_manager.loaded_plugin import LOOP_STEP_LIMIT, describe_error
from mcpstore.runtime.alerting.channel import AlertChannel
from mcpstore.runtime.alerting.delivery import AlertDelivery
from mcpstore.runtime.alerting.instance import AlertInstance
from mcpstore.runtime.alerting.rules import RuleErrors, RuleInputs
from mcpstore.runtime.alerting.silences import Silences
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.event_bus import Observer
from mcpstore.runtime.subscriptions import Subscriptions

if TYPE_CHECKING:
    from mcpstore.runtime.metrics_collector import MetricsCollector
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["AlertEngine"]

MIN_INTERVAL: Final = 1.0
"""Minimum time between two evaluations of one service, in seconds."""

MANAGER: Final = ""
"""Name of the manager among the services."""

MAX_TIMER: Final = 86_400.0
"""Longest timer for the end of a silence, in seconds."""

_log = logging.getLogger("mcpstore.alerts")


class AlertEngine(Observer):
    """The alerts of one store.

    Args:
        rules: The alert rules.
        channels: The alert channels.
        clock: Clock of the store.
        plugins: Receive alerts through their hooks.
        folder: Folder of the alert log and the silences; None keeps them in memory only.
        reminders: Whether channels are reminded of an alert that stays active.

    Attributes:
        rules: The alert rules.
        subscriptions: Callbacks that receive alerts.
        delivery: Delivery of alerts to the channels, and the alert log.
        errors: Errors of rules that cannot be evaluated.
    """

    def __init__(
        self,
        rules: Sequence[AlertRule],
        channels: Sequence[AlertChannel],
        clock: Clock,
        plugins: PluginManager,
        *,
        folder: Path | None = None,
        reminders: bool = False,
    ) -> None:
        self.rules: Sequence[AlertRule] = rules
        self.subscriptions: Subscriptions = Subscriptions("alert", "an alert")
        self.delivery: AlertDelivery = AlertDelivery(channels, clock, folder, self._report_block)
        self.errors: RuleErrors = RuleErrors()
        self._clock = clock
        self._plugins = plugins
        self._reminders = reminders
        self._silences = Silences(None if folder is None else folder / "silences.jsonl")
        self._instances: dict[tuple[str, str], AlertInstance] = {}
        self._rules_by_service: dict[str, tuple[AlertRule, ...]] = {}
        self._due: dict[str, asyncio.TimerHandle] = {}
        self._evaluated_at: dict[str, float] = {}
        self._is_inhibited = False
        self._supervisor: Supervisor | None = None
        self._inputs: RuleInputs | None = None
        self._task: asyncio.Task[None] | None = None
        self._silence_timer: asyncio.TimerHandle | None = None

    # --- opening and closing

    async def load(self) -> None:
        """Read the alert log and the silences; writes nothing."""
        await asyncio.to_thread(self._silences.load)
        await self.delivery.load()

    async def open(self, supervisor: Supervisor, collector: MetricsCollector, *, is_passive: bool = False) -> None:
        """Start to evaluate the rules.

        Args:
            supervisor: The services.
            collector: Their metrics.
            is_passive: Whether to read the alert log only, because another manager evaluates the rules.
        """
        if is_passive:
            await self.load()
            return
        self._supervisor, self._inputs = supervisor, RuleInputs(supervisor, collector, self._clock)
        rules = {rule.name: rule for rule in self.rules}
        await self.load()
        for alert in self.delivery.log.open_alerts():
            rule = rules.get(alert.rule_name)
            if rule is not None and concerns(rule, alert.service):
                self._instance(rule, alert.service).resume(alert)
            else:
                self._publish(attrs.evolve(alert, kind=AlertKind.RESOLVED, timestamp=self._clock.posix()))
        await self.delivery.open()
        supervisor.bus.attach(self)
        self._update_mutes()
        self._task = asyncio.create_task(self._run(supervisor), name="mcpstore-alert-engine")

    async def reconfigure(
        self, rules: Sequence[AlertRule], channels: Sequence[AlertChannel], *, reminders: bool
    ) -> None:
        """Replace rules and channels. Incidents of rules that stay go on; those of removed rules end.

        Args:
            rules: The alert rules.
            channels: The alert channels.
            reminders: Whether channels are reminded of an alert that stays active.
        """
        by_name = {rule.name: rule for rule in rules}
        self.rules, self._reminders = rules, reminders
        self._rules_by_service.clear()
        self.errors.clear()
        await self.delivery.set_channels(channels)
        if self._supervisor is None:
            return
        for key, instance in list(self._instances.items()):
            rule = by_name.get(instance.rule.name)
            if rule is not None and concerns(rule, instance.service):
                instance.set_rule(rule, spacing=self._supervisor.timing.check_interval, reminders=reminders)
            else:
                instance.end()
                self._remove(key, instance)
        self._update_inhibition()
        self._update_mutes()
        for service in {runner.spec.name for runner in self._supervisor.runners()} | {MANAGER}:
            self.evaluate_soon(service)

    async def close(self) -> None:
        """Stop to evaluate. Alerts that can be delivered at once are delivered, the others by the next manager."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        for handle in (*self._due.values(), *((self._silence_timer,) if self._silence_timer else ())):
            handle.cancel()
        self._due.clear()
        for instance in self._instances.values():
            instance.close()
        await self.delivery.close()
        await self.subscriptions.close()

    # --- events

    def on_context(self, service: str, ctx: Context) -> None:  # noqa: ARG002 - rules read the current context
        """Evaluate the rules of a service soon, because its state changed."""
        self.evaluate_soon(service)

    def on_check(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:  # noqa: ARG002
        """Evaluate the rules of a service soon, because it was checked."""
        self.evaluate_soon(service)

    def on_metrics(self, service: str) -> None:
        """Evaluate the rules of a service soon, because its metrics have new values."""
        self.evaluate_soon(service or MANAGER)

    def on_removal(self, service: str) -> None:
        """Evaluate the rules of a removed service soon; its alerts end."""
        self.evaluate_soon(service)

    def on_tool_changes(self, service: str, changes: Sequence[str]) -> None:
        """Record that tools of a service differ from their pins."""
        assert self._inputs is not None  # noqa: S101 - it was opened
        self._inputs.add_tool_changes(service, changes)
        self.evaluate_soon(service)

    # --- alerts and silences

    @property
    def active(self) -> list[Alert]:
        """Last alert of each open incident, oldest incident first."""
        alerts = [instance.last for instance in self._instances.values() if instance.last is not None]
        if self._supervisor is None:  # rules are evaluated by another manager, or by none
            alerts = self.delivery.log.open_alerts()
        return sorted(alerts, key=lambda alert: alert.began)

    def silences(self) -> list[Silence]:
        """Return the silences that have not ended."""
        return self._silences.active(self._clock.posix())

    async def silence(self, service: str, rule: str, seconds: float, comment: str) -> Silence:
        """Silence alerts for some time.

        Raises:
            MCPStoreError: The silence is in force, but cannot be written to disk.
        """
        now = self._clock.posix()
        silence = self._silences.add(service, rule, now + seconds, comment, now)
        self._update_mutes()
        await self._save_silences()
        return silence

    async def unsilence(self, id_: str) -> bool:
        """End a silence; returns whether it existed."""
        existed = self._silences.remove(id_)
        if existed:
            self._update_mutes()
            await self._save_silences()
        return existed

    # --- evaluation

    def evaluate_soon(self, service: str) -> None:
        """Evaluate the rules of a service once its minimum interval has passed."""
        if service not in self._due:
            interval = MIN_INTERVAL
            if self._supervisor is not None:
                interval = min(interval, self._supervisor.timing.check_interval / 10)
            earliest = self._evaluated_at.get(service, float("-inf")) + interval
            delay = max(0.0, earliest - self._clock.now())
            self._due[service] = self._clock.call_later(delay, self.evaluate, service)

    def evaluate(self, service: str) -> None:
        """Evaluate the rules of a service now, or those of the manager."""
        if (handle := self._due.pop(service, None)) is not None:
            handle.cancel()
        self._evaluated_at[service] = self._clock.now()
        assert self._inputs is not None  # noqa: S101 - it was opened
        if service == MANAGER:
            self._evaluate_rules(service, self._inputs.of_manager(self.errors.by_rule()))
            self._update_inhibition()
            return
        if self._is_degraded() != self._is_inhibited:
            self.evaluate(MANAGER)
        is_wanted, inputs = self._inputs.of_service(service)
        if inputs is not None:
            self._evaluate_rules(service, inputs)
        elif not is_wanted:
            self._end_alerts(service)

    async def _run(self, supervisor: Supervisor) -> None:
        """Evaluate every service once in a check interval, because metrics change without an event, too."""
        while True:
            names = sorted(
                {runner.spec.name for runner in supervisor.runners()} | {service for _, service in self._instances}
            )
            names = [MANAGER, *(name for name in names if name != MANAGER)]
            for name in names:
                await asyncio.sleep(supervisor.timing.check_interval / len(names))
                self.evaluate(name)

    def _evaluate_rules(self, service: str, inputs: dict[str, Any]) -> None:
        for rule in self._rules_of(service):
            if not self.errors.is_disabled(rule.name):
                self._evaluate_rule(rule, service, inputs)

    def _evaluate_rule(self, rule: AlertRule, service: str, inputs: dict[str, Any]) -> None:
        key, began = (rule.name, service), self._clock.now()
        instance = self._instances.get(key)
        try:
            holds = bool(rule.condition(inputs))  # type: ignore[operator]  # prepared: it can be called
            if instance is None and holds:
                instance = self._instance(rule, service)
            if instance is not None:
                instance.evaluate(holds, inputs)
        except Inconclusive:
            return
        except Exception as error:  # noqa: BLE001 - a rule that raises affects only itself
            if self.errors.record_failure(rule.name, service, describe_error(error)) and service != MANAGER:
                self.evaluate_soon(MANAGER)
            if instance is not None:
                instance.post(AlertEvent.ERROR)
            return
        seconds = self._clock.now() - began
        if seconds > LOOP_STEP_LIMIT:
            self._plugins.record_fault("alert rule", rule.name, f"kept the event loop for {seconds:.2f} s")
        if self.errors.record_duration(rule.name, service, seconds):
            self.evaluate_soon(MANAGER)
        if instance is not None and instance.is_idle:
            self._remove(key, instance)

    def _instance(self, rule: AlertRule, service: str) -> AlertInstance:
        instance = self._instances.get((rule.name, service))
        if instance is None:
            assert self._supervisor is not None  # noqa: S101 - it was opened
            instance = AlertInstance(
                rule,
                service,
                self._clock,
                self._publish,
                spacing=self._supervisor.timing.check_interval,
                reminders=self._reminders,
            )
            self._instances[rule.name, service] = instance
            if self._is_muted(instance):
                instance.post(AlertEvent.MUTE)
        return instance

    def _remove(self, key: tuple[str, str], instance: AlertInstance) -> None:
        instance.close()
        del self._instances[key]

    def _end_alerts(self, service: str) -> None:
        """End the alerts of a service that was stopped or removed."""
        for key, instance in [(key, instance) for key, instance in self._instances.items() if key[1] == service]:
            instance.post(AlertEvent.GONE)
            if instance.is_idle:
                self._remove(key, instance)
        assert self._inputs is not None  # noqa: S101 - it was opened
        self._inputs.forget(service)
        self.errors.forget(service)
        self._evaluated_at.pop(service, None)
        self._rules_by_service.pop(service, None)

    def _rules_of(self, service: str) -> tuple[AlertRule, ...]:
        rules = self._rules_by_service.get(service)
        if rules is None:
            rules = self._rules_by_service[service] = tuple(rule for rule in self.rules if concerns(rule, service))
        return rules

    def _publish(self, alert: Alert) -> None:
        self.delivery.take(alert)
        self.subscriptions.post(alert.service, alert)
        if alert.kind is AlertKind.FIRED:
            self._plugins.notify("mcpstore_alert_fired", alert=alert)
        elif alert.kind is AlertKind.RESOLVED:
            self._plugins.notify("mcpstore_alert_resolved", alert=alert)

    def _report_block(self, channel: AlertChannel, text: str) -> None:
        self._plugins.record_fault("alert handler", channel.handler.name, text)

    # --- muting

    def _is_degraded(self) -> bool:
        assert self._supervisor is not None  # noqa: S101 - it was opened
        return self._supervisor.is_mass_failure

    def _update_inhibition(self) -> None:
        """Mute the alerts of services while the alert about a mass failure is active."""
        instance = self._instances.get((DEGRADED, MANAGER))
        is_inhibited = instance is not None and instance.ctx.state in (AlertState.FIRING, AlertState.CLEARING)
        if is_inhibited is not self._is_inhibited:
            self._is_inhibited = is_inhibited
            self._update_mutes()

    def _is_muted(self, instance: AlertInstance) -> bool:
        if self._is_inhibited and instance.rule.scope is AlertScope.SERVICE:
            return True
        return self._silences.cover(instance.rule.name, instance.service, self._clock.posix())

    def _update_mutes(self) -> None:
        """Mute or unmute every instance, now and when the next silence ends."""
        for instance in list(self._instances.values()):
            instance.post(AlertEvent.MUTE if self._is_muted(instance) else AlertEvent.UNMUTE)
        if self._silence_timer is not None:
            self._silence_timer.cancel()
            self._silence_timer = None
        silences = self.silences()
        if silences and self._supervisor is not None:
            left = min(max(0.0, silences[0].until - self._clock.posix()), MAX_TIMER)
            self._silence_timer = self._clock.call_later(left, self._update_mutes)

    async def _save_silences(self) -> None:
        try:
            await asyncio.to_thread(self._silences.save)
        except OSError as error:
            raise MCPStoreError(
                f"silences cannot be written to disk: {error}; they are in force until this manager ends"
            ) from None
