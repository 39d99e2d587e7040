"""The parts of an open store, and the order in which they are closed."""

from __future__ import annotations

import asyncio
import logging

import attrs

from mcpstore.core.registry import Registry
from mcpstore.hooks.persistence import Problem
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.alerting import AlertEngine
from mcpstore.runtime.exporters import ExporterTasks
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.supervisor import Supervisor
from mcpstore.store.config_store import ConfigStore
from mcpstore.store.monitoring_setup import MonitoringSetup
from mcpstore.store.reconciler import Reconciler
from mcpstore.store.service_preparation import ServicePreparation
from mcpstore.store.state_dir import StateDir

__all__ = ["StoreParts"]

_log = logging.getLogger("mcpstore.store")


@attrs.frozen(kw_only=True)
class StoreParts:
    """The parts of an open store.

    Attributes:
        registry: What each service is and offers.
        plugins: The plugins.
        config_store: The configuration.
        preparation: Expands the variables of an entry before its service is opened.
        state_dir: The state directory; None if the store has none.
        supervisor: The services.
        reconciler: Applies the configuration to the services.
        monitoring_setup: The settings of monitoring.
        collector: The metrics.
        alert_engine: The alerts.
        exporters: The exporters.
        starts: Whether the store starts its enabled services.
    """

    registry: Registry
    plugins: PluginManager
    config_store: ConfigStore
    preparation: ServicePreparation
    state_dir: StateDir | None
    supervisor: Supervisor
    reconciler: Reconciler
    monitoring_setup: MonitoringSetup
    collector: MetricsCollector
    alert_engine: AlertEngine
    exporters: ExporterTasks
    starts: bool

    @property
    def monitoring(self) -> MonitoringConfig:
        """The settings of monitoring as they are now."""
        return self.monitoring_setup.config

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of the configuration that keeps the rest of it usable."""
        problems = (*self.config_store.problems, *self.monitoring_setup.problems)
        cycle = self.reconciler.cycle
        return problems if cycle is None else (Problem(where=self.config_store.location, what=str(cycle)), *problems)

    @property
    def is_supervising(self) -> bool:
        """Whether the store runs services, and does not only show the data of another manager."""
        return self.starts or any(not runner.is_parked for runner in self.supervisor.runners())

    async def close(self, *, force: bool) -> list[str]:
        """Stop every service and release every resource; returns the services that may have left something running."""
        await self.reconciler.stop()
        await self.exporters.close()
        await self.alert_engine.close()  # before any service is stopped: the end of the manager resolves no alert
        left = await self.supervisor.shutdown(force=force)
        for name in left:
            _log.error("processes of service %r may still be running", name)
        await self.supervisor.pinboard.close()
        await self.collector.close()
        await self.plugins.close()
        if self.state_dir is not None:
            await asyncio.to_thread(self.state_dir.write_eras, self.supervisor.eras)
            await asyncio.to_thread(self.state_dir.close)
        return left
