"""Alerting: rules are evaluated when something happened to a service, and people are told."""

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
from mcpstore.runtime.alerting.dispatcher import AlertChannel, AlertDispatcher
from mcpstore.runtime.alerting.instance import AlertInstance
from mcpstore.runtime.alerting.jsonl_file import JsonlFile
from mcpstore.runtime.alerting.rule_errors import RuleErrors
from mcpstore.runtime.alerting.rule_inputs import RuleInputs
from mcpstore.runtime.alerting.silences import Silences
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.event_bus import Observer
from mcpstore.runtime.subscriptions import Subscriptions

if TYPE_CHECKING:
    from mcpstore.runtime.metrics_collector import MetricsCollector
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["AlertEngine"]

SPACING: Final = 1.0
"""Seconds between evaluations of one service, however much happens to it."""

MANAGER: Final = ""
"""The name under which the manager itself is watched."""

DAY: Final = 86_400.0

_log = logging.getLogger("mcpstore.alerts")


class AlertEngine(Observer):
    """The alerts of one store.

    Args:
        rules: When people are told.
        lines: How they are told.
        clock: Time and chance.
        plugins: Are told, too.
        folder: Where everything is kept; in memory only if it is None.
        reminders: Whether people are told again while something goes on.

    Attributes:
        rules: When people are told.
        listeners: Callbacks that hear of alerts.
        telling: What was told, and what is still to be told.
        faults: Rules that cannot be evaluated.
    """

    def __init__(
        self,
        rules: Sequence[AlertRule],
        lines: Sequence[AlertChannel],
        clock: Clock,
        plugins: PluginManager,
        *,
        folder: Path | None = None,
        reminders: bool = False,
    ) -> None:
        self.rules: Sequence[AlertRule] = rules
        self.listeners: Subscriptions = Subscriptions("alert", "an alert")
        self.telling: AlertDispatcher = AlertDispatcher(lines, clock, folder, blame=self._blame)
        self.faults: RuleErrors = RuleErrors()
        self._clock = clock
        self._plugins = plugins
        self._reminders = reminders
        self._silences = Silences(None if folder is None else JsonlFile(folder / "silences.jsonl"))
        self._watches: dict[tuple[str, str], AlertInstance] = {}
        self._concerned: dict[str, tuple[AlertRule, ...]] = {}
        self._due: dict[str, asyncio.TimerHandle] = {}
        self._last: dict[str, float] = {}
        self._is_inhibited = False
        self._supervisor: Supervisor | None = None
        self._figures: RuleInputs | None = None
        self._task: asyncio.Task[None] | None = None
        self._unmuting: asyncio.TimerHandle | None = None

    # --- opening and closing

    async def load(self) -> None:
        """Read what is kept."""
        await asyncio.to_thread(self._silences.load)
        await self.telling.load()

    async def open(self, supervisor: Supervisor, metering: MetricsCollector, *, is_passive: bool = False) -> None:
        """Begin to watch the services of a supervisor.

        Args:
            supervisor: The services.
            metering: What is measured of them.
            is_passive: Whether what was told is only looked at: another manager watches.
        """
        if is_passive:
            await self.load()
            return
        self._supervisor, self._figures = supervisor, RuleInputs(supervisor, metering, self._clock)
        known = {rule.name: rule for rule in self.rules}
        await self.load()
        for alert in list(self.telling.past.open.values()):
            rule = known.get(alert.rule_name)
            if rule is not None and concerns(rule, alert.service):
                self._watch(rule, alert.service).resume(alert)
            else:
                self._told(attrs.evolve(alert, kind=AlertKind.RESOLVED, timestamp=self._clock.posix()))
        await self.telling.open()
        supervisor.bus.attach(self)
        self._remute()
        self._task = asyncio.create_task(self._run(supervisor), name="mcpstore-alarm")

    async def adopt(self, rules: Sequence[AlertRule], lines: Sequence[AlertChannel], *, reminders: bool) -> None:
        """Have other rules and other lines from now on.

        What goes on under a rule that stays goes on; what went on under a rule that is gone is over.

        Args:
            rules: When people are told.
            lines: How they are told.
            reminders: Whether people are told again while something goes on.
        """
        known = {rule.name: rule for rule in rules}
        self.rules, self._reminders = rules, reminders
        self._concerned.clear()
        self.faults.renew()
        await self.telling.adopt(lines)
        if self._supervisor is None:
            return
        for key, watch in list(self._watches.items()):
            rule = known.get(watch.rule.name)
            if rule is not None and concerns(rule, watch.service):
                watch.adopt(rule, spacing=self._supervisor.timing.check_interval, reminders=reminders)
            else:
                watch.leave()
                self._drop(key, watch)
        self._inhibit()
        self._remute()
        for service in {runner.spec.name for runner in self._supervisor.runners()} | {MANAGER}:
            self.news(service)

    async def close(self) -> None:
        """Watch nothing any longer; what can be told at once is told, the rest waits for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        for handle in (*self._due.values(), *((self._unmuting,) if self._unmuting else ())):
            handle.cancel()
        self._due.clear()
        for watch in self._watches.values():
            watch.close()
        await self.telling.close()
        await self.listeners.close()

    # --- what happens

    def news(self, service: str) -> None:
        """Take note that something happened to a service; its rules are evaluated soon."""
        if service not in self._due:
            wait = max(0.0, self._last.get(service, float("-inf")) + self._spacing - self._clock.now())
            self._due[service] = self._clock.call_later(wait, self.evaluate, service)

    def on_context(self, service: str, ctx: Context) -> None:  # noqa: ARG002 - rules read the current context
        """Evaluate the rules of a service soon, because its state changed."""
        self.news(service)

    def on_check(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:  # noqa: ARG002
        """Evaluate the rules of a service soon, because it was checked."""
        self.news(service)

    def on_metrics(self, service: str) -> None:
        """Evaluate the rules of a service soon, because its metrics have new values."""
        self.news(service or MANAGER)

    def on_removal(self, service: str) -> None:
        """Evaluate the rules of a removed service soon; its alerts end."""
        self.news(service)

    def on_tool_changes(self, service: str, changes: Sequence[str]) -> None:
        """Record that tools of a service differ from their pins."""
        assert self._figures is not None  # noqa: S101 - it was opened
        self._figures.tools_changed(service, changes)
        self.news(service)

    def evaluate(self, service: str) -> None:
        """Evaluate every rule about a service now; about the manager if it has no name."""
        if (handle := self._due.pop(service, None)) is not None:
            handle.cancel()
        self._last[service] = self._clock.now()
        assert self._figures is not None  # noqa: S101 - it was opened
        if service == MANAGER:
            self._judge(service, self._figures.of_manager(self.faults.told()))
            self._inhibit()
            return
        if self._is_degraded() != self._is_inhibited:
            self.evaluate(MANAGER)
        is_wanted, fields = self._figures.of_service(service)
        if fields is not None:
            self._judge(service, fields)
        elif not is_wanted:
            self._gone(service)

    # --- what is asked

    @property
    def active(self) -> list[Alert]:
        """What people were told and is not over, the oldest first."""
        told = [watch.told for watch in self._watches.values() if watch.told is not None]
        if self._supervisor is None:  # another manager watches, or none does
            told = list(self.telling.past.open.values())
        return sorted(told, key=lambda alert: alert.began)

    def silences(self) -> list[Silence]:
        """Return the silences that have not ended."""
        return self._silences.active(self._clock.posix())

    async def silence(self, service: str, rule: str, seconds: float, comment: str) -> Silence:
        """Tell nobody of some alerts for a while.

        Raises:
            MCPStoreError: It cannot be kept.
        """
        now = self._clock.posix()
        made = self._silences.add(service, rule, now + seconds, comment, now)
        self._remute()
        await self._keep_silences()
        return made

    async def unsilence(self, id_: str) -> bool:
        """End a silence; returns whether there was one."""
        found = self._silences.remove(id_)
        if found:
            self._remute()
            await self._keep_silences()
        return found

    # --- evaluating

    @property
    def _spacing(self) -> float:
        return SPACING if self._supervisor is None else min(SPACING, self._supervisor.timing.check_interval / 10)

    async def _run(self, supervisor: Supervisor) -> None:
        """Look at everything once in an interval: figures change even where nothing happens."""
        while True:
            names = sorted(
                {runner.spec.name for runner in supervisor.runners()} | {service for _, service in self._watches}
            )
            names = [MANAGER, *(name for name in names if name != MANAGER)]
            for name in names:
                await asyncio.sleep(supervisor.timing.check_interval / len(names))
                self.evaluate(name)

    def _judge(self, service: str, fields: dict[str, Any]) -> None:
        for rule in self._rules_about(service):
            if not self.faults.is_out(rule.name):
                self._apply(rule, service, fields)

    def _apply(self, rule: AlertRule, service: str, fields: dict[str, Any]) -> None:
        key, began = (rule.name, service), self._clock.now()
        watch = self._watches.get(key)
        try:
            holds = bool(rule.condition(fields))  # type: ignore[operator]  # prepared: it can be called
            if watch is None and holds:
                watch = self._watch(rule, service)
            if watch is not None:
                watch.judge(holds, fields)
        except Inconclusive:
            return
        except Exception as error:  # noqa: BLE001 - a rule that raises costs only itself
            if self.faults.failed(rule.name, service, describe_error(error)) and service != MANAGER:
                self.news(MANAGER)
            if watch is not None:
                watch.post(AlertEvent.ERROR)
            return
        took = self._clock.now() - began
        if took > LOOP_STEP_LIMIT:
            self._plugins.record_fault("alert rule", rule.name, f"kept the event loop for {took:.2f} s")
        if self.faults.took(rule.name, service, took):
            self.news(MANAGER)
        if watch is not None:
            self._tidy(key, watch)

    def _watch(self, rule: AlertRule, service: str) -> AlertInstance:
        watch = self._watches.get((rule.name, service))
        if watch is None:
            assert self._supervisor is not None  # noqa: S101 - it was opened
            watch = AlertInstance(
                rule,
                service,
                self._clock,
                self._told,
                spacing=self._supervisor.timing.check_interval,
                reminders=self._reminders,
            )
            self._watches[rule.name, service] = watch
            if self._is_muted(watch):
                watch.post(AlertEvent.MUTE)
        return watch

    def _tidy(self, key: tuple[str, str], watch: AlertInstance) -> None:
        if watch.is_quiet:
            self._drop(key, watch)

    def _drop(self, key: tuple[str, str], watch: AlertInstance) -> None:
        watch.close()
        del self._watches[key]

    def _gone(self, service: str) -> None:
        for key, watch in [(key, watch) for key, watch in self._watches.items() if key[1] == service]:
            watch.post(AlertEvent.GONE)
            self._tidy(key, watch)
        assert self._figures is not None  # noqa: S101 - it was opened
        self._figures.forget(service)
        self.faults.forget(service)
        for kept in (self._last, self._concerned):
            kept.pop(service, None)

    def _rules_about(self, service: str) -> tuple[AlertRule, ...]:
        found = self._concerned.get(service)
        if found is None:
            found = self._concerned[service] = tuple(rule for rule in self.rules if concerns(rule, service))
        return found

    def _told(self, alert: Alert) -> None:
        self.telling.take(alert)
        self.listeners.post(alert.service, alert)
        if alert.kind is AlertKind.FIRED:
            self._plugins.notify("mcpstore_alert_fired", alert=alert)
        elif alert.kind is AlertKind.RESOLVED:
            self._plugins.notify("mcpstore_alert_resolved", alert=alert)

    def _blame(self, line: AlertChannel, what: str) -> None:
        self._plugins.record_fault("alert handler", line.handler.name, what)

    # --- muting

    def _is_degraded(self) -> bool:
        assert self._supervisor is not None  # noqa: S101 - it was opened
        return self._supervisor.is_mass_failure

    def _inhibit(self) -> None:
        watch = self._watches.get((DEGRADED, MANAGER))
        inhibited = watch is not None and watch.ctx.state in (AlertState.FIRING, AlertState.CLEARING)
        if inhibited is not self._is_inhibited:
            self._is_inhibited = inhibited
            self._remute()

    def _is_muted(self, watch: AlertInstance) -> bool:
        if self._is_inhibited and watch.rule.scope is AlertScope.SERVICE:
            return True
        return self._silences.cover(watch.rule.name, watch.service, self._clock.posix())

    def _remute(self) -> None:
        """Let every watch know whether it is muted, now and when the next silence ends."""
        for watch in list(self._watches.values()):
            watch.post(AlertEvent.MUTE if self._is_muted(watch) else AlertEvent.UNMUTE)
        if self._unmuting is not None:
            self._unmuting.cancel()
            self._unmuting = None
        active = self.silences()
        if active and self._supervisor is not None:
            left = min(max(0.0, active[0].until - self._clock.posix()), DAY)
            self._unmuting = self._clock.call_later(left, self._remute)

    async def _keep_silences(self) -> None:
        try:
            await asyncio.to_thread(self._silences.save)
        except OSError as error:
            raise MCPStoreError(
                f"silences cannot be kept on the disk: {error}; they hold until this store ends"
            ) from None
