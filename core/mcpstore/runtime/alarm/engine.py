"""Alerting: rules are evaluated when something happened to a service, and people are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from mcpstore.core.alerting import AlertEvent, AlertState
from mcpstore.core.context import Desired
from mcpstore.core.models.alert import Alert, AlertKind, Silence
from mcpstore.core.models.metrics import ServiceMetrics
from mcpstore.core.models.service import Reason
from mcpstore.errors import MCPStoreError, ServiceNotFound
from mcpstore.hooks.alert import AlertRule, AlertScope, Undecided
from mcpstore.monitoring.alerts import DEGRADED, concerns, manager_fields, service_fields
from mcpstore.plugin_manager import PluginManager
from mcpstore.plugin_manager.guest import story
from mcpstore.runtime.alarm.journal import Journal
from mcpstore.runtime.alarm.listeners import Listeners
from mcpstore.runtime.alarm.silences import Silences
from mcpstore.runtime.alarm.telling import Line, Telling
from mcpstore.runtime.alarm.watch import Watch
from mcpstore.runtime.clock import Clock

if TYPE_CHECKING:
    from mcpstore.runtime.metering import Metering
    from mcpstore.runtime.supervisor import Supervisor

__all__ = ["Alarm"]

SPACING: Final = 1.0
"""Seconds between evaluations of one service, however much happens to it."""

MANAGER: Final = ""
"""The name under which the manager itself is watched."""

DAY: Final = 86_400.0

_log = logging.getLogger("mcpstore.alerts")


class Alarm:
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
        errors: How often each rule could not be evaluated.
    """

    def __init__(
        self,
        rules: Sequence[AlertRule],
        lines: Sequence[Line],
        clock: Clock,
        plugins: PluginManager,
        *,
        folder: Path | None = None,
        reminders: bool = False,
    ) -> None:
        self.rules: Sequence[AlertRule] = rules
        self.listeners: Listeners = Listeners()
        self.telling: Telling = Telling(lines, clock, folder)
        self.errors: dict[str, int] = {}
        self._clock = clock
        self._plugins = plugins
        self._reminders = reminders
        self._silences = Silences(None if folder is None else Journal(folder / "silences.jsonl"))
        self._watches: dict[tuple[str, str], Watch] = {}
        self._concerned: dict[str, tuple[AlertRule, ...]] = {}
        self._failing: dict[tuple[str, str], str] = {}
        self._tool_changes: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._due: dict[str, asyncio.TimerHandle] = {}
        self._last: dict[str, float] = {}
        self._is_inhibited = False
        self._supervisor: Supervisor | None = None
        self._metering: Metering | None = None
        self._task: asyncio.Task[None] | None = None
        self._unmuting: asyncio.TimerHandle | None = None

    # --- opening and closing

    async def load(self) -> None:
        """Read what is kept."""
        await asyncio.to_thread(self._silences.load)
        await self.telling.load()

    async def open(self, supervisor: Supervisor, metering: Metering, *, is_passive: bool = False) -> None:
        """Begin to watch the services of a supervisor.

        Args:
            supervisor: The services.
            metering: What is measured of them.
            is_passive: Whether what was told is only looked at: another manager watches.
        """
        if is_passive:
            await self.load()
            return
        self._supervisor, self._metering = supervisor, metering
        known = {rule.name: rule for rule in self.rules}
        await self.load()
        for alert in list(self.telling.past.open.values()):
            rule = known.get(alert.rule_name)
            if rule is not None and concerns(rule, alert.service):
                self._watch(rule, alert.service).resume(alert)
            else:
                self._told(attrs.evolve(alert, kind=AlertKind.RESOLVED, timestamp=self._clock.posix()))
        await self.telling.open()
        metering.on_news.append(self.news)
        metering.on_look.append(self._look)
        metering.on_difference.append(self.tools_changed)
        self._remute()
        self._task = asyncio.create_task(self._run(supervisor.timing.check_interval), name="mcpstore-alarm")

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

    def tools_changed(self, service: str, changes: Sequence[str]) -> None:
        """Take note that tools of a service are not what they were."""
        _, before = self._tool_changes.get(service, (0.0, ()))
        self._tool_changes[service] = (self._clock.now(), (*before, *changes)[-10:])
        self.news(service)

    def evaluate(self, service: str) -> None:
        """Evaluate every rule about a service now; about the manager if it has no name."""
        if (handle := self._due.pop(service, None)) is not None:
            handle.cancel()
        self._last[service] = self._clock.now()
        if service == MANAGER:
            self._judge(service, self._manager_fields())
            self._inhibit()
            return
        if self._is_degraded() != self._is_inhibited:
            self.evaluate(MANAGER)
        is_wanted, fields = self._service_fields(service)
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

    async def _run(self, interval: float) -> None:
        """Look at everything once in an interval: figures change even where nothing happens."""
        assert self._supervisor is not None  # noqa: S101 - it was opened
        while True:
            names = sorted(
                {runner.spec.name for runner in self._supervisor.runners()} | {service for _, service in self._watches}
            )
            names = [MANAGER, *(name for name in names if name != MANAGER)]
            for name in names:
                await asyncio.sleep(interval / len(names))
                self.evaluate(name)

    def _look(self) -> None:
        self.news(MANAGER)

    def _judge(self, service: str, fields: dict[str, Any]) -> None:
        for rule in self._rules_about(service):
            key = (rule.name, service)
            watch = self._watches.get(key)
            try:
                holds = bool(rule.condition(fields))  # type: ignore[operator]  # prepared: it can be called
                if watch is None and holds:
                    watch = self._watch(rule, service)
                if watch is not None:
                    watch.judge(holds, fields)
            except Undecided:
                continue
            except Exception as error:  # noqa: BLE001 - a rule that raises costs only itself
                self._failed(key, story(error))
                if watch is not None:
                    watch.post(AlertEvent.ERROR)
                continue
            if self._failing.pop(key, None) is not None:
                self.news(MANAGER)
            if watch is not None:
                self._tidy(key, watch)

    def _failed(self, key: tuple[str, str], what: str) -> None:
        rule, service = key
        self.errors[rule] = self.errors.get(rule, 0) + 1
        if key not in self._failing:
            _log.warning("rule %r cannot be evaluated for %r: it %s", rule, service or "the manager", what)
            if service != MANAGER:
                self.news(MANAGER)
        self._failing[key] = what

    def _watch(self, rule: AlertRule, service: str) -> Watch:
        watch = self._watches.get((rule.name, service))
        if watch is None:
            assert self._supervisor is not None  # noqa: S101 - it was opened
            watch = Watch(
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

    def _tidy(self, key: tuple[str, str], watch: Watch) -> None:
        if watch.is_quiet:
            watch.close()
            del self._watches[key]

    def _gone(self, service: str) -> None:
        for key, watch in [(key, watch) for key, watch in self._watches.items() if key[1] == service]:
            watch.post(AlertEvent.GONE)
            self._tidy(key, watch)
        for key in [key for key in self._failing if key[1] == service]:
            del self._failing[key]
        for kept in (self._last, self._tool_changes, self._concerned):
            kept.pop(service, None)

    def _rules_about(self, service: str) -> tuple[AlertRule, ...]:
        found = self._concerned.get(service)
        if found is None:
            found = self._concerned[service] = tuple(rule for rule in self.rules if concerns(rule, service))
        return found

    def _told(self, alert: Alert) -> None:
        self.telling.take(alert)
        self.listeners.announce(alert)
        if alert.kind is AlertKind.FIRED:
            self._plugins.notify("mcpstore_alert_fired", alert=alert)
        elif alert.kind is AlertKind.RESOLVED:
            self._plugins.notify("mcpstore_alert_resolved", alert=alert)

    # --- what rules look at

    def _service_fields(self, service: str) -> tuple[bool, dict[str, Any] | None]:
        """Return whether a service is wanted, and what rules look at; None if there is nothing to look at."""
        assert self._supervisor is not None  # noqa: S101 - it was opened
        assert self._metering is not None  # noqa: S101
        try:
            ctx = self._supervisor.runner(service).ctx
        except ServiceNotFound:
            return False, None
        if ctx.desired is not Desired.RUN:
            return ctx.reason is Reason.NEW, None  # one that waits for others to be started is not gone
        metrics: ServiceMetrics = self._metering.metrics(service)
        return True, service_fields(metrics, self._metering.machine, self._changes_of(service))

    def _changes_of(self, service: str) -> tuple[str, ...]:
        when, changes = self._tool_changes.get(service, (0.0, ()))
        assert self._supervisor is not None  # noqa: S101 - it was opened
        if changes and self._clock.now() - when > 2 * self._supervisor.timing.check_interval:
            del self._tool_changes[service]
            return ()
        return changes

    def _manager_fields(self) -> dict[str, Any]:
        assert self._supervisor is not None  # noqa: S101 - it was opened
        assert self._metering is not None  # noqa: S101
        failing: dict[str, str] = {}
        for (rule, service), what in self._failing.items():
            failing.setdefault(rule, f"it {what}" + (f" (for {service})" if service else ""))
        return manager_fields(
            self._metering.machine,
            services=len(self._supervisor.runners()),
            mass_failure=self._supervisor.is_mass_failure,
            stalled=self._clock.now() - self._supervisor.last_trouble,
            failing_rules=failing,
        )

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

    def _is_muted(self, watch: Watch) -> bool:
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
