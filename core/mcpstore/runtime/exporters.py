"""Runs the exporters of a store, each in a task of its own, so that none delays another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import attrs

from mcpstore.errors import ServiceNotFound
from mcpstore.hooks.export import Exporter
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.supervisor import Supervisor

__all__ = ["ExporterSpec", "ExporterTasks"]

GRACE: Final = 5.0
"""Time that exporters have to finish at the close, in seconds."""

AT_ONCE: Final = 50
"""Number of services that are collected before other tasks of the event loop run."""

_log = logging.getLogger("mcpstore.runtime")


@attrs.frozen
class ExporterSpec:
    """An exporter named in the configuration.

    Attributes:
        exporter: The exporter.
        settings: Its settings.
        redact: Replaces secrets in its error messages.
    """

    exporter: Exporter[Any]
    settings: Any
    redact: Callable[[str], str] = str


class _Measurements:
    """The metrics that exporters can read."""

    def __init__(self, supervisor: Supervisor, metering: MetricsCollector) -> None:
        self._supervisor = supervisor
        self._metering = metering

    async def services(self) -> Sequence[ServiceMetrics]:
        """Return the metrics of every service, in the order of their names."""
        metrics: list[ServiceMetrics] = []
        for number, name in enumerate(sorted(runner.spec.name for runner in self._supervisor.runners()), start=1):
            with suppress(ServiceNotFound):  # it may have been removed meanwhile
                metrics.append(self._metering.metrics(name))
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        return metrics

    async def machine(self) -> HostMetrics | None:
        """Return the last sample of this machine; None before the first."""
        return self._metering.machine


class ExporterTasks:
    """The exporters of one store."""

    def __init__(self) -> None:
        self._done = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def open(self, offered: Sequence[ExporterSpec], supervisor: Supervisor, metering: MetricsCollector) -> None:
        """Begin to export; returns at once."""
        measurements = _Measurements(supervisor, metering)
        self._tasks = [
            asyncio.create_task(self._run(each, measurements), name=f"mcpstore-export-{each.exporter.name}")
            for each in offered
        ]

    async def close(self) -> None:
        """Let every exporter finish, within a time limit."""
        self._done.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=GRACE)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _run(self, offered: ExporterSpec, measurements: _Measurements) -> None:
        exporter = offered.exporter
        try:
            async with exporter.open(offered.settings, measurements):
                await self._done.wait()
        except Exception as error:  # noqa: BLE001 - an exporter that raises affects only its export
            _log.warning("exporter %r is not used: it %s", exporter.name, offered.redact(describe_error(error)))
