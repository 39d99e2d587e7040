"""The store, for programs without an event loop: the same verbs, through one background thread per store."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from mcpstore.hooks.connection import ProgressFn
from mcpstore.hooks.persistence import Problem
from mcpstore.models.catalog import Prompt, Resource, Tool
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceInfo, ServiceSnapshot, ServiceStatus
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginInfo
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.event_bus import StateCallback, Subscription
from mcpstore.runtime.logs import LogLine
from mcpstore.store._async import AsyncMCPStore
from mcpstore.store._sync_alerts import Alerts
from mcpstore.store._sync_approvals import Approvals
from mcpstore.store._sync_metrics import Measures
from mcpstore.store._sync_repair import Care
from mcpstore.store._sync_reports import Seeing
from mcpstore.store.context import HEALTHY
from mcpstore.store.portal import Portal
from mcpstore.store.results import CallResult, CheckResult

__all__ = ["MCPStore", "ServiceContext"]


class ServiceContext(Measures, Seeing, Alerts, Approvals, Care):
    """The verbs of a store, as `AsyncServiceContext` describes them, for callers that wait.

    Every verb may be called from any thread. While one waits, other threads go on, and Ctrl-C interrupts it.
    """

    def add_service(
        self, config: Any = None, /, name: str | None = None, *, wait: float | None = None, **fields: Any
    ) -> NamedList[ServiceSnapshot]:
        """Add services, write them to the configuration, and begin to start them."""
        return self._portal.call(self._twin.add_service, config, name, wait=wait, **fields)

    def update_service(self, name: str, config: Any) -> ServiceSnapshot:
        """Give a service another configuration; it is opened again only if its connection is concerned."""
        return self._portal.call(self._twin.update_service, name, config)

    def remove_service(self, name: str) -> bool:
        """Stop a service and forget it; returns whether nothing of it is left running."""
        return self._portal.call(self._twin.remove_service, name)

    def list_services(self) -> NamedList[ServiceSnapshot]:
        """Return every service, as the registry knows it; nothing is asked of any service."""
        return self._portal.call(self._twin.list_services)

    def get_service_info(self, name: str) -> ServiceInfo | None:
        """Return everything known of a service, or None if there is none of this name."""
        return self._portal.call(self._twin.get_service_info, name)

    def get_service_status(self, name: str) -> ServiceStatus | ServiceConnectionState | None:
        """Return the status of a service, or None if there is none of this name."""
        return self._portal.call(self._twin.get_service_status, name)

    def get_service_logs(self, name: str, lines: int | None = None) -> list[LogLine]:
        """Return the last lines a service wrote to stderr, oldest first."""
        return self._portal.call(self._twin.get_service_logs, name, lines)

    def enable_service(self, name: str, enabled: bool = True) -> None:
        """Write down whether a service is to run; a store that has its services running follows at once."""
        return self._portal.call(self._twin.enable_service, name, enabled)

    def start_service(self, name: str, timeout: float | None = None) -> bool:
        """Start a service, or join a start under way, and wait for the outcome of the attempt."""
        return self._portal.call(self._twin.start_service, name, timeout)

    def start_all(self, timeout: float | None = None) -> dict[str, bool]:
        """Start every enabled service, each after those it depends on, and wait for the outcomes."""
        return self._portal.call(self._twin.start_all, timeout)

    def stop_service(self, name: str, force: bool = False, persist: bool = True) -> bool:
        """Stop a service and everything it started, politely at first, and wait."""
        return self._portal.call(self._twin.stop_service, name, force, persist)

    def restart_service(self, name: str, timeout: float | None = None) -> bool:
        """Close a service, open it again and wait for the outcome; returns whether it is usable."""
        return self._portal.call(self._twin.restart_service, name, timeout)

    def check_services(self, *names: str) -> NamedList[CheckResult]:
        """Check services now, all at once, and return what was found."""
        return self._portal.call(self._twin.check_services, *names)

    def wait_service(
        self, name: str, status: ServiceConnectionState | ServiceStatus | str = HEALTHY, timeout: float | None = None
    ) -> bool:
        """Wait until a service has a status; returns whether it has within `timeout` seconds."""
        return self._portal.call(self._twin.wait_service, name, status, timeout)

    def get_service_metrics(self, name: str) -> ServiceMetrics | None:
        """Return what was measured of a service, or None if there is none of this name."""
        return self._portal.call(self._twin.get_service_metrics, name)

    def list_tools(self, service: str | None = None) -> NamedList[Tool]:
        """Return the tools that can be called now; nothing is asked of any service."""
        return self._portal.call(self._twin.list_tools, service)

    def list_resources(self, service: str | None = None) -> NamedList[Resource]:
        """Return the resources that can be read now; like `list_tools`."""
        return self._portal.call(self._twin.list_resources, service)

    def list_prompts(self, service: str | None = None) -> NamedList[Prompt]:
        """Return the prompts that can be had now; like `list_tools`."""
        return self._portal.call(self._twin.list_prompts, service)

    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        service: str | None = None,
        timeout: float | None = None,
        raise_on_error: bool = True,
        on_progress: ProgressFn | None = None,
    ) -> CallResult:
        """Call a tool."""
        return self._portal.call(
            self._twin.call_tool,
            name,
            arguments,
            service=service,
            timeout=timeout,
            raise_on_error=raise_on_error,
            on_progress=on_progress,
        )

    def read_resource(self, uri: str, service: str | None = None) -> Mapping[str, Any]:
        """Read a resource and return the raw result, with its `contents`."""
        return self._portal.call(self._twin.read_resource, uri, service)

    def get_prompt(
        self, name: str, arguments: Mapping[str, str] | None = None, *, service: str | None = None
    ) -> Mapping[str, Any]:
        """Return a prompt filled with arguments: the raw result, with its `messages`."""
        return self._portal.call(self._twin.get_prompt, name, arguments, service=service)

    def on_state_change(self, callback: StateCallback) -> Subscription:
        """Call `callback(service_name, old_state, new_state, metadata)` at every change of a connection state."""
        return self._portal.call_plain(self._twin.on_state_change, callback)


class MCPStore(ServiceContext):
    """Keeps MCP services running, and calls their tools.

    The store is open as soon as it is made; enabled services start in the background. Close it, use it as a context
    manager, or just end the program: its services are closed then.

    Args:
        config: The path of an mcp.json (or of any client's configuration), a configuration as a dictionary (kept in
            memory only), the URL of a persistence backend, or None for `$MCPSTORE_CONFIG`, else `./mcp.json` if there
            is one, else the user's own.
        monitoring_config: How services are watched and who is told: a `MonitoringConfig`, a dictionary of its
            fields, or None for what the configuration says under `"mcpstore"`, `"monitoring"`.
        state_dir: Folder for what may be forgotten; by default one per configuration, below the user's state folder.
        block_plugins: Names of plugins, or of their distributions, not to be used.
        plugins: Plugin objects to be used besides the installed ones, by name.
        start: Whether enabled services are started.
        timing: How long everything takes.
        clock: Time and chance; for tests.

    Raises:
        ConfigError: The configuration cannot be read; nothing was started, nothing was written.
    """

    _twin: AsyncMCPStore

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        monitoring_config: MonitoringConfig | Mapping[str, Any] | None = None,
        state_dir: str | os.PathLike[str] | None = None,
        block_plugins: Iterable[str] = (),
        plugins: Mapping[str, object] | None = None,
        start: bool = True,
        timing: Timing = DEFAULT_TIMING,
        clock: Clock | None = None,
    ) -> None:
        twin = AsyncMCPStore(
            config,
            monitoring_config=monitoring_config,
            state_dir=state_dir,
            block_plugins=block_plugins,
            plugins=plugins,
            start=start,
            timing=timing,
            clock=clock,
        )
        portal = Portal()
        super().__init__(portal, twin)
        try:
            portal.call(twin.open)
        except BaseException:
            portal.finish(twin.close)
            raise
        portal.finish_at_exit(twin.close)
        # A store that nobody holds any longer is closed, too; not waited for, because this may run in any thread.
        weakref.finalize(self, portal.abandon, twin.close).atexit = False

    @classmethod
    def setup_store(cls, *args: Any, **kwargs: Any) -> Self:
        """Return an open store; takes what the class takes."""
        return cls(*args, **kwargs)

    def close(self, force: bool = False) -> list[str]:
        """Stop every service, dependents first, and let go of everything.

        Args:
            force: Whether to skip the polite steps.

        Returns:
            Names of services of which something may be left running; empty as a rule.
        """
        if self._portal.is_closed:
            return []
        left = self._portal.call(self._twin.close, force)
        self._portal.finish(self._twin.close)
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def for_store(self) -> ServiceContext:
        """Return a context over all services; its `status` is the connection state."""
        return ServiceContext(self._portal, self._twin.for_store())

    def for_agent(self, agent_id: str) -> ServiceContext:
        """Return a context over the services given to one agent; what is added through it is given to the agent."""
        return ServiceContext(self._portal, self._twin.for_agent(agent_id))

    def list_plugins(self) -> NamedList[PluginInfo]:
        """Return every plugin that was found, with what it offers and what went wrong with it."""
        return self._portal.call(self._twin.list_plugins)

    def config_problems(self) -> list[Problem]:
        """Return everything odd about the configuration."""
        return self._portal.call(self._twin.config_problems)

    def lint_config(self) -> list[str]:
        """Return what is unwise about the configuration: secrets in plain text or readable, names that collide."""
        return self._portal.call(self._twin.lint_config)

    @property
    def is_primary(self) -> bool:
        """Whether this is the store that others find when they look for the manager of its configuration."""
        return self._twin.is_primary

    @property
    def location(self) -> str:
        """Where the configuration is kept; "memory" if it is not."""
        return self._twin.location
