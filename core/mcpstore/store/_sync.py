"""The store, for programs without an event loop: the async verbs, run in a background thread.

Generated from `context.py` and `_async.py` by `python .ci/sync_facade.py`; change those, and run it again.
Longer than 400 lines because it holds every verb with its documentation.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from mcpstore.core.health_mapping import HealthResult
from mcpstore.hooks.connection import ProgressFn
from mcpstore.hooks.persistence import Problem
from mcpstore.models.alert import Alert, Silence
from mcpstore.models.catalog import Prompt, Resource, Tool
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import MetricsSample, ServiceMetrics
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceInfo, ServiceSnapshot, ServiceStatus
from mcpstore.models.state_history import StateInterval
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.models.tool_change import ToolChange
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginInfo
from mcpstore.runtime.alerting import ChannelStatus
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.logs import LogLine
from mcpstore.runtime.subscriptions import AlertCallback, StateCallback, Subscription
from mcpstore.store._async import AsyncMCPStore
from mcpstore.store.arguments import Moment
from mcpstore.store.context import HEALTHY, AsyncServiceContext
from mcpstore.store.overview import Overview
from mcpstore.store.portal import Portal
from mcpstore.store.results import CallResult, CheckResult, Diagnosis, Recovery, ToolsRefresh

__all__ = ["MCPStore", "ServiceContext"]


class ServiceContext:
    """The verbs of a store.

    Verbs that act raise `ServiceNotFound` for an unknown name; verbs that only read return None. In a context, `status`
    is the connection state; in a store, it is the run status. Results hold both under names of their own.

    Every verb may be called from any thread. While a call waits, other threads continue, and Ctrl-C interrupts it.
    """

    def __init__(self, portal: Portal, wrapped: AsyncServiceContext) -> None:
        self._portal = portal
        self._wrapped = wrapped

    # --- services

    def add_service(
        self, config: Any = None, /, name: str | None = None, *, wait: float | None = None, **fields: Any
    ) -> NamedList[ServiceSnapshot]:
        """Add services, write them to the configuration, and begin to start them.

        A service whose entry exists with the same meaning stays as it is; one whose entry differs is updated. Valid
        entries are stored even if others are refused.

        Args:
            config: `{"name": …, "command" or "url": …}`, `{"mcpServers": {…}}` in the dialect of any client, a list of
                these, the path of a file, or the value of `get_service_info`.
            name: Name of the service, if its other fields are keywords.
            wait: Seconds to wait until the services are usable; None does not wait.
            fields: Fields of the entry, such as `command`, `args`, `url`, `depends_on`.

        Returns:
            The services that were added or updated.

        Raises:
            InvalidService: Some entries are refused; the error lists every wrong field.
            ConfigError: The input is not a configuration, or the configuration cannot be written.
            DependencyCycle: Services depend on each other; nothing was stored.
        """
        return self._portal.call(self._wrapped.add_service, config, name, wait=wait, **fields)

    def update_service(self, name: str, config: Any) -> ServiceSnapshot:
        """Replace the entry of a service; its connection is opened again only if the change concerns it.

        Args:
            name: The service.
            config: The whole new entry.

        Raises:
            ServiceNotFound: No service has this name.
            InvalidService: The new entry is refused; the old one stays.
        """
        return self._portal.call(self._wrapped.update_service, name, config)

    def remove_service(self, name: str) -> bool:
        """Stop a service and remove its entry; returns whether none of its processes is left.

        In the context of an agent, a service that is also assigned to other agents is only taken from this agent.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.remove_service, name)

    def list_services(self) -> NamedList[ServiceSnapshot]:
        """Return every service from the registry; no service is contacted."""
        return self._portal.call(self._wrapped.list_services)

    def get_service_info(self, name: str) -> ServiceInfo | None:
        """Return every detail of a service, or None if no service has this name."""
        return self._portal.call(self._wrapped.get_service_info, name)

    def get_service_status(self, name: str) -> ServiceStatus | ServiceConnectionState | None:
        """Return the status of a service, or None if no service has this name."""
        return self._portal.call(self._wrapped.get_service_status, name)

    def get_service_logs(self, name: str, lines: int | None = None) -> list[LogLine]:
        """Return the last lines that a service wrote to stderr, oldest first.

        Args:
            name: The service.
            lines: Maximum number of lines; None for all that are kept.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.get_service_logs, name, lines)

    def enable_service(self, name: str, enabled: bool = True) -> None:
        """Write into the entry of a service whether it is enabled; a running manager starts or stops it at once.

        Args:
            name: The service.
            enabled: Whether it is enabled.

        Raises:
            ServiceNotFound: No service has this name.
            ConfigError: The configuration cannot be written.
        """
        self._portal.call(self._wrapped.enable_service, name, enabled)

    # --- control

    def start_service(self, name: str, timeout: float | None = None) -> bool:
        """Start a service, or join a start under way, and wait for its outcome.

        Args:
            name: The service. It is enabled first if its entry says that it is disabled.
            timeout: Seconds to wait; the start continues after that.

        Returns:
            Whether the service is usable.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.start_service, name, timeout)

    def start_all(self, timeout: float | None = None) -> dict[str, bool]:
        """Start every enabled service after the services it depends on, and wait for the outcomes.

        Args:
            timeout: Seconds to wait; starts under way continue after that.

        Returns:
            Whether each service is usable, by name.
        """
        return self._portal.call(self._wrapped.start_all, timeout)

    def stop_service(self, name: str, force: bool = False, persist: bool = True) -> bool:
        """Stop a service and all its processes, gracefully at first, and wait.

        Args:
            name: The service.
            force: Whether the graceful steps are skipped.
            persist: Whether the service stays stopped when the store is opened again.

        Returns:
            Whether none of its processes is left.

        Raises:
            ServiceNotFound: No service has this name.
            ConfigError: The service was stopped, but the configuration cannot be written.
        """
        return self._portal.call(self._wrapped.stop_service, name, force, persist)

    def restart_service(self, name: str, timeout: float | None = None) -> bool:
        """Close the connection of a service, open it again and wait; returns whether the service is usable.

        Args:
            name: The service. It is enabled first if its entry says that it is disabled.
            timeout: Seconds to wait; the restart continues after that.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.restart_service, name, timeout)

    def check_services(self, *names: str) -> NamedList[CheckResult]:
        """Check services now, all at once, and return the results.

        Args:
            names: The services; all if no name is given. A service that waits for a retry is retried at once.

        Raises:
            ServiceNotFound: No service has one of the names.
        """
        return self._portal.call(self._wrapped.check_services, *names)

    def wait_service(
        self,
        name: str,
        status: ServiceConnectionState | ServiceStatus | str = HEALTHY,
        timeout: float | None = None,
    ) -> bool:
        """Wait until a service has a status; returns whether it has it within `timeout` seconds.

        Args:
            name: The service.
            status: A connection state or a run status.
            timeout: Seconds to wait; None waits without a limit.

        Raises:
            ServiceNotFound: No service has this name.
            InvalidArgument: No such status exists.
        """
        return self._portal.call(self._wrapped.wait_service, name, status, timeout)

    def on_state_change(self, callback: StateCallback) -> Subscription:
        """Call `callback(service_name, old_state, new_state, metadata)` at every change of a connection state.

        Calls arrive in order, one at a time. A plain function is called in a thread of its own, a coroutine function in
        the event loop. Exceptions of the callback are logged.

        Returns:
            A subscription; its `cancel()` ends the calls.
        """
        return self._portal.call_plain(self._wrapped.on_state_change, callback)

    # --- tools, resources, prompts

    def list_tools(self, service: str | None = None) -> NamedList[Tool]:
        """Return the tools that can be called now, from the registry; no service is contacted.

        Args:
            service: Only the tools of this service.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.list_tools, service)

    def list_resources(self, service: str | None = None) -> NamedList[Resource]:
        """Return the resources that can be read now; like `list_tools`."""
        return self._portal.call(self._wrapped.list_resources, service)

    def list_prompts(self, service: str | None = None) -> NamedList[Prompt]:
        """Return the prompts that can be filled now; like `list_tools`."""
        return self._portal.call(self._wrapped.list_prompts, service)

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
        """Call a tool.

        Args:
            name: The tool. Its own name is enough while one service offers it; `"service/tool"` is always unique.
            arguments: Its arguments.
            service: The service, where the name alone is ambiguous.
            timeout: Seconds without a result and without progress after which the call is cancelled, at the service,
                too. The default is the timeout of the service, or 120 s.
            raise_on_error: Whether a result that reports a failure is raised as `ToolError`.
            on_progress: Called with (progress, total, message) whenever the service reports progress.

        Raises:
            ToolNotFound: No service offers the tool now.
            AmbiguousTool: Several services offer it; the error names them.
            ServiceUnavailable: The service cannot be called now; the error says why and until when.
            ToolError: The tool reported a failure.
            CallTimeout: The timeout has passed.
            ConnectionLost: The connection ended before the result; the call may have taken effect.
            ServiceError: The service refused the call.
        """
        return self._portal.call(
            self._wrapped.call_tool,
            name,
            arguments,
            service=service,
            timeout=timeout,
            raise_on_error=raise_on_error,
            on_progress=on_progress,
        )

    def read_resource(self, uri: str, service: str | None = None) -> Mapping[str, Any]:
        """Read a resource and return the raw result, with its `contents`.

        Args:
            uri: URI of the resource.
            service: The service, where several offer this URI.

        Raises:
            ToolNotFound: No service offers the resource now.
            CallError: The resource could not be read.
        """
        return self._portal.call(self._wrapped.read_resource, uri, service)

    def get_prompt(
        self, name: str, arguments: Mapping[str, str] | None = None, *, service: str | None = None
    ) -> Mapping[str, Any]:
        """Return a prompt filled with arguments: the raw result, with its `messages`.

        Args:
            name: The prompt, like the name of a tool.
            arguments: Its arguments.
            service: The service, where the name alone is ambiguous.

        Raises:
            ToolNotFound: No service offers the prompt now.
            AmbiguousTool: Several services offer it.
            CallError: The prompt could not be filled.
        """
        return self._portal.call(self._wrapped.get_prompt, name, arguments, service=service)

    # --- changed tool definitions

    def list_unapproved_tools(self, service: str | None = None) -> NamedList[ToolChange]:
        """Return the tools whose definitions differ from those first seen, or last approved.

        No service is contacted: for a service that does not run, the definitions seen last count.

        Args:
            service: Only the tools of this service.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.list_unapproved_tools, service)

    def approve_tools(self, name: str, tool: str | None = None) -> NamedList[ToolChange]:
        """Approve the current tool definitions of a service; withheld tools can be called again.

        Args:
            name: The service.
            tool: Only this tool.

        Returns:
            The changes that were approved; empty if nothing had changed.

        Raises:
            ServiceNotFound: No service has this name.
            ToolNotFound: The service never had a tool of this name.
            MCPStoreError: The approval cannot be saved; it ends with this store.
        """
        return self._portal.call(self._wrapped.approve_tools, name, tool)

    # --- metrics

    def get_service_metrics(self, name: str) -> ServiceMetrics | None:
        """Return the metrics of a service in any state, or None if no service has this name."""
        return self._portal.call(self._wrapped.get_service_metrics, name)

    def get_system_metrics(self) -> HostMetrics:
        """Return the load of this machine: processors, memory, disk."""
        return self._portal.call(self._wrapped.get_system_metrics)

    def metrics_history(
        self,
        name: str | None = None,
        since: Moment = None,
        until: Moment = None,
        limit: int | None = None,
    ) -> list[MetricsSample]:
        """Return the metrics of a service over time, oldest first.

        Args:
            name: The service; None for all, sorted by name. A removed service may still have a history.
            since: Beginning of the time span: a POSIX timestamp in seconds, a datetime, or a timedelta before now; by
                default one day before its end.
            until: End of the time span; by default now.
            limit: Maximum number of samples of each service: neighbours are merged until they are few enough.

        Raises:
            InvalidArgument: The limit is below 1, or the end lies before the beginning.
            ServiceNotFound: No service has this name, and no history of one is kept.
        """
        return self._portal.call(self._wrapped.metrics_history, name, since, until, limit)

    def state_history(self, name: str | None = None, since: Moment = None, until: Moment = None) -> list[StateInterval]:
        """Return the connection states of a service over time, oldest first, without gaps.

        Args:
            name: The service; None for all, sorted by name.
            since: Beginning of the time span, as for `metrics_history`.
            until: End of the time span; by default now.

        Raises:
            InvalidArgument: The end lies before the beginning.
            ServiceNotFound: No service has this name, and no history of one is kept.
        """
        return self._portal.call(self._wrapped.state_history, name, since, until)

    # --- alerts

    def list_alerts(self) -> list[Alert]:
        """Return the active alerts, oldest first: the last notification of each."""
        return self._portal.call(self._wrapped.list_alerts)

    def alert_history(self, service: str | None = None, since: Moment = None, limit: int | None = None) -> list[Alert]:
        """Return past notifications, oldest first: alerts, reminders and resolutions.

        Args:
            service: Only notifications about this service; a removed service may still have a history. "" is the
                manager.
            since: Only notifications after this: a POSIX timestamp in seconds, a datetime, or a timedelta before now;
                None for all that are kept, which are the last 1000.
            limit: Maximum number of notifications; the newest are returned.

        Raises:
            InvalidArgument: The limit is below 1.
            ServiceNotFound: No service has this name, and no history of one is kept.
        """
        return self._portal.call(self._wrapped.alert_history, service, since, limit)

    def silence(
        self, service: str = "*", rule: str = "*", seconds: float | timedelta = 3600.0, comment: str = ""
    ) -> Silence:
        """Mute alerts for a while; an alert that is still active at the end is sent then.

        Args:
            service: Pattern of the services (as in file names); alerts of the manager itself have the service "".
            rule: Pattern of the rules.
            seconds: Duration, in seconds or as a timedelta.
            comment: The reason.

        Raises:
            InvalidArgument: The duration is not above 0.
            MCPStoreError: The silence is in force, but cannot be saved; it ends with this store.
        """
        return self._portal.call(self._wrapped.silence, service, rule, seconds, comment)

    def list_silences(self) -> list[Silence]:
        """Return the silences in force; the one that ends first comes first."""
        return self._portal.call(self._wrapped.list_silences)

    def unsilence(self, id: str) -> bool:  # noqa: A002 - the name of the field
        """End a silence; returns whether a silence had this id."""
        return self._portal.call(self._wrapped.unsilence, id)

    def list_alert_handlers(self) -> NamedList[ChannelStatus]:
        """Return the alert channels in use, and the state of their deliveries."""
        return self._portal.call(self._wrapped.list_alert_handlers)

    def test_alert_handler(self, name: str) -> None:
        """Send a test alert through a channel, and wait until it is delivered.

        Args:
            name: The channel.

        Raises:
            UnknownPlugin: No channel of this name is in use.
            MCPStoreError: The delivery failed; the error says why.
        """
        self._portal.call(self._wrapped.test_alert_handler, name)

    def on_alert(self, callback: AlertCallback) -> Subscription:
        """Call `callback(alert)` with every notification: when an alert fires, is repeated, and is resolved.

        Calls arrive in order, one at a time. A plain function is called in a thread of its own, a coroutine function in
        the event loop. Exceptions of the callback are logged.

        Returns:
            A subscription; its `cancel()` ends the calls.
        """
        return self._portal.call_plain(self._wrapped.on_alert, callback)

    # --- reports

    def report(self, format: str = "text", since: Moment = None) -> str:  # noqa: A002 - a usual name
        """Return a report on the life of the services, for people.

        Args:
            format: "text", "summary" (text without details), "markdown", "html" (one self-contained page) or "json".
            since: Beginning of the time span: a POSIX timestamp in seconds, a datetime, or a timedelta before now; None
                for the last day.

        Raises:
            InvalidArgument: No such format exists.
        """
        return self._portal.call(self._wrapped.report, format, since)

    def export(
        self,
        format: str | None = None,  # noqa: A002 - a usual name
        path: str | os.PathLike[str] | None = None,
        services: Iterable[str] | None = None,
        since: Moment = None,
    ) -> str:
        """Export metrics for other programs: return them, or write them to a file that only its owner can read.

        JSON holds everything: services, their states over time, samples, alerts, and under `units` the units of the
        fields of samples. CSV and Parquet hold the samples, one in a row; the names of the columns include the units.
        Cells of CSV are escaped, so that a spreadsheet takes no cell for a formula.

        Args:
            format: "json", "csv" or "parquet"; None for the `export_format` of the configuration.
            path: The file, which is replaced as a whole; None returns the text.
            services: Names of services; None for all.
            since: Beginning of the time span, as for `report`.

        Returns:
            The text, or the absolute path of the file.

        Raises:
            InvalidArgument: No such format exists, or Parquet was asked for without a path.
            ServiceNotFound: No service has one of the names.
            MCPStoreError: The file cannot be written, or Parquet needs pyarrow, which is not installed.
        """
        return self._portal.call(self._wrapped.export, format, path, services, since)

    def dashboard(self) -> str:
        """Return the services with their metrics and recent alerts, as text for a terminal."""
        return self._portal.call(self._wrapped.dashboard)

    def overview(self, since: Moment = None) -> Overview:
        """Return every service as it is now and its recent past, for views that are refreshed.

        Args:
            since: Time of the last overview, its `now`; None for the last day.
        """
        return self._portal.call(self._wrapped.overview, since)

    # --- diagnosis and recovery

    def diagnose(self, name: str) -> Diagnosis:
        """Return why a service is in its state, the evidence for that, and the remedy.

        A service whose entry was refused has a diagnosis, too.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.diagnose, name)

    def recover(self, name: str, timeout: float | None = None) -> Recovery:
        """Recover a service: restart it; if that fails, recreate it from its stored entry.

        The entry is read again, and never removed. A disabled service is enabled first.

        Args:
            name: The service.
            timeout: Seconds to wait for the outcome of each attempt; an attempt under way continues after that.

        Returns:
            What was done, and its outcome; true if the service is usable.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._portal.call(self._wrapped.recover, name, timeout)

    def recover_all(self, timeout: float | None = None) -> NamedList[Recovery]:
        """Recover every service that is in error, each after the services it depends on.

        Args:
            timeout: Seconds to wait for the outcome of each attempt.

        Returns:
            What was done for each service, and its outcome; empty if no service is in error.
        """
        return self._portal.call(self._wrapped.recover_all, timeout)

    def report_health(
        self,
        name: str,
        status: HealthResult | str,
        *,
        response_time: float = 0.0,
        error: str | None = None,
    ) -> bool:
        """Report the result of an external health check; it counts like a check of the manager itself.

        Args:
            name: The service.
            status: "healthy", "warning" (or "slow"), "unhealthy", "timeout" or "unknown".
            response_time: Duration of the check, in seconds.
            error: What was wrong, in words.

        Returns:
            Whether the result counted; a service without a connection cannot be checked.

        Raises:
            ServiceNotFound: No service has this name.
            InvalidArgument: No such status exists.
        """
        return self._portal.call(self._wrapped.report_health, name, status, response_time=response_time, error=error)

    def refresh_tools(self, *names: str) -> NamedList[ToolsRefresh]:
        """Fetch the catalogs of services again, all at once, and wait for the outcomes.

        Args:
            names: The services; all if no name is given. A service without a connection is skipped.

        Raises:
            ServiceNotFound: No service has one of the names.
        """
        return self._portal.call(self._wrapped.refresh_tools, *names)

    def tool_list_ages(self, *names: str) -> NamedList[ToolsRefresh]:
        """Return when the catalogs of services were fetched, and when they are fetched next; no service is contacted.

        Args:
            names: The services; all if no name is given.

        Raises:
            ServiceNotFound: No service has one of the names.
        """
        return self._portal.call(self._wrapped.tool_list_ages, *names)


class MCPStore(ServiceContext):
    """Keeps MCP services running, and calls their tools.

    The store is open as soon as it is created; enabled services start in the background. Close it, use it as a context
    manager, or end the program: its services are closed then.

    Args:
        config: The path of an mcp.json (or of the configuration of any client), a configuration as a dictionary (kept
            in memory only), the URL of a persistence backend, or None for `$MCPSTORE_CONFIG`, else `./mcp.json` if it
            exists, else the file in the user's configuration folder.
        monitoring_config: The settings of monitoring and alerting: a `MonitoringConfig`, a dictionary of its fields, or
            None for the settings in the configuration, under `"mcpstore"`, `"monitoring"`.
        state_dir: Folder for the control socket, alerts, and the history of metrics and states; by default one for each
            configuration, in the user's state folder. If it is deleted, past and undelivered alerts, silences and the
            history are lost. Approvals of tools are kept in the user's data folder.
        block_plugins: Names of plugins, or of their distributions, that are not loaded.
        plugins: Plugin objects that are used beside the installed ones, by name.
        start: Whether enabled services are started.
        timing: Intervals, timeouts and limits.
        clock: Source of time and randomness; for tests.

    Raises:
        ConfigError: On opening: the configuration cannot be read; nothing was started and nothing was written.
    """

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
        wrapped = AsyncMCPStore(
            config,
            monitoring_config=monitoring_config,
            state_dir=state_dir,
            block_plugins=block_plugins,
            plugins=plugins,
            start=start,
            timing=timing,
            clock=clock,
        )
        super().__init__(Portal(), wrapped)
        self._wrapped: AsyncMCPStore = wrapped
        self._portal.open(self, wrapped)

    @classmethod
    def setup_store(cls, *args: Any, **kwargs: Any) -> Self:
        """Return an open store; accepts the arguments of the class."""
        return cls(*args, **kwargs)

    def close(self, force: bool = False) -> list[str]:
        """Stop every service, dependents first, and release every resource.

        Args:
            force: Whether the graceful steps are skipped.

        Returns:
            Names of services that may have left processes running; usually empty.
        """
        return self._portal.close(self._wrapped, force)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def for_store(self) -> ServiceContext:
        """Return a context over all services; its `status` is the connection state."""
        return ServiceContext(self._portal, self._wrapped.for_store())

    def for_agent(self, agent_id: str) -> ServiceContext:
        """Return a context over the services assigned to one agent; services added in it are assigned to the agent.

        Args:
            agent_id: Name of the agent.
        """
        return ServiceContext(self._portal, self._wrapped.for_agent(agent_id))

    def list_plugins(self) -> NamedList[PluginInfo]:
        """Return every installed plugin, with its offers and its errors."""
        return self._portal.call(self._wrapped.list_plugins)

    def config_problems(self) -> list[Problem]:
        """Return every problem of the configuration that keeps the rest of it usable."""
        return self._portal.call(self._wrapped.config_problems)

    def lint_config(self) -> list[str]:
        """Return advice on the configuration: secrets in plain text or readable by others, names that collide."""
        return self._portal.call(self._wrapped.lint_config)

    @property
    def is_primary(self) -> bool:
        """Whether this store owns the state directory of its configuration.

        At most one store owns it. A store that is opened while another one owns it, or with `start=False`, does not.
        """
        return self._wrapped.is_primary

    @property
    def location(self) -> str:
        """Place of the configuration, without secrets; "memory" for a dictionary."""
        return self._wrapped.location
