"""A fleet with an alert engine, and a person who receives alerts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from mcpstore.hooks import hookimpl
from mcpstore.models.alert import Alert
from mcpstore.models.host import HostMetrics
from mcpstore.monitoring import MonitoringConfig
from mcpstore.monitoring.alerts import rules_of
from mcpstore.runtime import metrics_collector as module
from mcpstore.runtime.alerting import AlertChannel, AlertEngine
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.metrics_history import MetricsHistory

from .people import Person


class Notices:
    """A plugin that hears of alerts."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    @hookimpl
    def mcpstore_alert_fired(self, alert: Alert) -> None:
        self.heard.append(("fired", alert.service))

    @hookimpl
    def mcpstore_alert_resolved(self, alert: Alert) -> None:
        self.heard.append(("resolved", alert.service))


@attrs.define
class Watched:
    """A fleet, its metrics, its alert engine, and a person who receives alerts."""

    fleet: Any
    metering: MetricsCollector
    alarm: AlertEngine
    person: Person
    notices: Notices

    async def start(self, *names: str, **fields: Any) -> list[Any]:
        servers = [self.fleet.add(name, **fields) for name in names]
        await asyncio.gather(*(self.fleet.supervisor.start(name) for name in names))
        return servers

    async def until(self, holds: Callable[[], bool], within: float = 3600.0) -> None:
        async with asyncio.timeout(within):
            while not holds():
                await asyncio.sleep(0.5)


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is idle."""
    monkeypatch.setattr(module, "host_metrics", lambda posix, _path: HostMetrics(timestamp=posix))


@pytest.fixture
async def watch(make_fleet: Callable[..., Any]) -> AsyncGenerator[Callable[..., Any]]:
    worlds: list[Watched] = []

    async def make(
        *lines: AlertChannel, folder: Path | None = None, offered: Any = (), reminders: bool = False, **settings: Any
    ) -> Watched:
        person, notices = Person(), Notices()
        fleet = make_fleet(plugins={"notices": notices})
        config = MonitoringConfig(**settings)
        metering = MetricsCollector(fleet.registry, config, fleet.clock, MetricsHistory(fleet.clock, 1000))
        metering.open(fleet.supervisor)
        rules = rules_of(config, offered, fleet.supervisor.timing)
        alarm = AlertEngine(
            rules, lines or [person.line()], fleet.clock, fleet.plugins, folder=folder, reminders=reminders
        )
        await alarm.open(fleet.supervisor, metering)
        worlds.append(Watched(fleet, metering, alarm, person, notices))
        return worlds[-1]

    yield make
    for each in worlds:
        await each.alarm.close()
        await each.fleet.supervisor.shutdown(force=True)
        await each.metering.close()
