"""Every hook that a plugin can implement. The form of the name shows the kind of hook.

* **Offers** have names in the plural, such as `mcpstore_transports`. The manager calls an offer once, when it imports
  the plugin. It must be a plain function and return an iterable of records, or yield them, within 5 seconds. If it
  fails, nothing of the plugin is used, and its status is `broken`.
* **Notices** have names in the past tense, such as `mcpstore_state_changed`. The manager calls a notice after the event
  and ignores what it returns. Notices reach a plugin one at a time, in the order of the events. At most 1000 wait for
  one plugin; then the oldest is dropped.
* **Decisions** have names that begin with a verb, such as `mcpstore_authorize_call`. The manager calls the plugins one
  after the other and uses the first answer that is not None. A decision that fails counts as None.

A plugin implements the hooks it needs, and each hook names only the arguments it needs.

A notice or a decision is a plain function, which runs in a thread, or an async function, which runs in the event loop
of the manager. Each call may take 5 seconds. An async function must not keep the event loop for longer than 0.25
seconds at a time.

A failure is an exception, an answer of the wrong type, or a call that exceeds a limit. The manager counts it and shows
it in `mcpstore plugins`; the other plugins are not affected. After 5 failures in a row, or after a plain function that
exceeds the 5 seconds, the plugin is muted: its notices and decisions are not called any more until the manager is
restarted.
"""
# The bodies are docstrings: pluggy reads the signatures, so the arguments are unused here.

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mcpstore.hooks.markers import hookspec

if TYPE_CHECKING:
    from mcpstore.hooks.alert import AlertHandler, AlertRule
    from mcpstore.hooks.command import Command
    from mcpstore.hooks.events import CallRequest, Refusal, StateChange, ToolCall
    from mcpstore.hooks.export import Exporter
    from mcpstore.hooks.health import HealthStrategy
    from mcpstore.hooks.history import HistoryBackend
    from mcpstore.hooks.persistence import PersistenceBackend
    from mcpstore.hooks.recovery import FailureContext, GiveUp, RecoveryPolicy, Reregister, Retry
    from mcpstore.hooks.transport import Transport
    from mcpstore.models.alert import Alert
    from mcpstore.models.catalog import Tool
    from mcpstore.models.record import NamedList
    from mcpstore.models.service import ServiceSnapshot

# --- offers ------------------------------------------------------------------------------------------------


@hookspec
def mcpstore_transports() -> Iterable[Transport[Any]]:
    """Return the transports of the plugin. A transport opens the connection to a service.

    Example:
        ::

            @hookimpl
            def mcpstore_transports():
                yield Transport(name="tcp", config=TcpSettings, connect=connect)
    """
    return ()


@hookspec
def mcpstore_health_strategies() -> Iterable[HealthStrategy[Any]]:
    """Return the health strategies of the plugin. A health strategy checks whether a service works.

    Example:
        ::

            @hookimpl
            def mcpstore_health_strategies():
                yield HealthStrategy(name="row_count", config=RowCount, probe=probe)
    """
    return ()


@hookspec
def mcpstore_alert_handlers() -> Iterable[AlertHandler[Any]]:
    """Return the alert handlers of the plugin. An alert handler sends notifications over one kind of channel.

    Example:
        ::

            @hookimpl
            def mcpstore_alert_handlers():
                yield AlertHandler(name="chat", config=ChatSettings, send=send)
    """
    return ()


@hookspec
def mcpstore_alert_rules() -> Iterable[AlertRule]:
    """Return the alert rules of the plugin. An alert rule says when an alert fires, and with which message.

    Example:
        ::

            @hookimpl
            def mcpstore_alert_rules():
                yield AlertRule("idle", "uptime > 3600.0 && total_calls == 0", message="{service_name} is not used")
    """
    return ()


@hookspec
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Return the persistence backends of the plugin. A persistence backend stores configurations in one kind of place.

    Example:
        ::

            @hookimpl
            def mcpstore_persistence_backends():
                yield PersistenceBackend(name="redis", claims=is_redis_url, open=RedisDocument)
    """
    return ()


@hookspec
def mcpstore_recovery_policies() -> Iterable[RecoveryPolicy[Any]]:
    """Return the recovery policies of the plugin. A recovery policy decides when a service is opened again.

    Example:
        ::

            @hookimpl
            def mcpstore_recovery_policies():
                yield RecoveryPolicy(name="office_hours", config=Hours, decide=decide)
    """
    return ()


@hookspec
def mcpstore_history_backends() -> Iterable[HistoryBackend[Any]]:
    """Return the history backends of the plugin. A history backend stores metrics and state changes.

    Example:
        ::

            @hookimpl
            def mcpstore_history_backends():
                yield HistoryBackend(name="timescale", config=TimescaleOptions, open=open_timescale)
    """
    return ()


@hookspec
def mcpstore_exporters() -> Iterable[Exporter[Any]]:
    """Return the exporters of the plugin. An exporter gives metrics to another monitoring system.

    Example:
        ::

            @hookimpl
            def mcpstore_exporters():
                yield Exporter(name="statsd", config=StatsdSettings, open=sending)
    """
    return ()


@hookspec
def mcpstore_commands() -> Iterable[Command]:
    """Return the commands of the plugin. Each is a subcommand of `mcpstore`.

    Example:
        ::

            @hookimpl
            def mcpstore_commands():
                yield Command(name="inventory", help="List the owner of each service.", load=lambda: inventory)
    """
    return ()


# --- notices -----------------------------------------------------------------------------------------------


@hookspec
def mcpstore_store_started(store: Any) -> None:
    """Called when a store has loaded its configuration. `store` is the `AsyncMCPStore`; use it in async hooks only."""


@hookspec
def mcpstore_store_stopped(store: Any) -> None:
    """Called when a store closes: every service is closed, and the plugins are still loaded.

    `store` is the `AsyncMCPStore`. A plugin ends its tasks here; the manager cancels those that still run afterwards.
    """


@hookspec
def mcpstore_service_added(service: ServiceSnapshot) -> None:
    """Called when a service is added. `service` is the new service as `list_services` shows it."""


@hookspec
def mcpstore_service_updated(service: ServiceSnapshot) -> None:
    """Called when the configuration of a service changed. `service` is the service with the new configuration."""


@hookspec
def mcpstore_service_removed(name: str) -> None:
    """Called when a service is removed: it is closed, and nothing of it is left. `name` is its name."""


@hookspec
def mcpstore_state_changed(change: StateChange) -> None:
    """Called after each change of the connection state of a service."""


@hookspec
def mcpstore_tools_changed(service: str, tools: NamedList[Tool]) -> None:
    """Called when the tools of a service changed. `tools` are all tools it offers now."""


@hookspec
def mcpstore_tool_called(call: ToolCall) -> None:
    """Called after each tool call, successful or not. Keep it short: calls can be frequent."""


@hookspec
def mcpstore_alert_fired(alert: Alert) -> None:
    """Called when an alert fires. `alert` is the notification that the channels receive."""


@hookspec
def mcpstore_alert_resolved(alert: Alert) -> None:
    """Called when an alert is resolved. `alert` is the notification that the channels receive."""


# --- decisions ---------------------------------------------------------------------------------------------


@hookspec
def mcpstore_choose_recovery(incident: FailureContext) -> Retry | Reregister | GiveUp | None:
    """Decide when a service is opened again after a failure; called before the recovery policy of the service.

    Called once for each failed attempt or lost connection, when the connection is closed. None leaves the decision to
    the recovery policy. `Retry` and `Reregister` wait at least `incident.floor` seconds.
    """


@hookspec
def mcpstore_authorize_call(call: CallRequest) -> Refusal | None:
    """Decide whether a tool call is made; called before each call, which waits for the answer.

    A `Refusal` raises `CallError` for the caller. None allows the call, and so does a hook that fails.
    """


@hookspec
def mcpstore_expand_variable(name: str, service: str) -> str | None:
    """Return the value of a variable that the configuration of a service refers to and the environment does not have.

    Called each time the service is opened, which waits for the answer. `name` is the name of the variable, `service`
    that of the service. None leaves the variable without a value: its default applies, or the service is not opened.
    """
