"""Every hook a plugin may implement. Three kinds, told apart by grammar.

* **Offers** are plural nouns. They are called once, when the plugin is loaded, and return records.
* **Notices** are past participles. They may be sync or async, are given a few seconds, and their outcome is ignored.
* **Decisions** are verbs. The first answer that is not None wins; failing means no opinion.

A plugin implements what it needs and names only the arguments it needs. Nothing a hook does wrong harms the manager:
its error is counted, shown by `mcpstore plugins`, and the others go on.
"""
# The bodies are docstrings: pluggy reads the signatures. The arguments are unused here on purpose.

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
    """Return ways to open a connection to a service.

    Example:
        ::

            @hookimpl
            def mcpstore_transports():
                yield Transport(name="tcp", config=TcpSettings, connect=connect)
    """
    return ()


@hookspec
def mcpstore_health_strategies() -> Iterable[HealthStrategy[Any]]:
    """Return ways to find out whether a service is well.

    Example:
        ::

            @hookimpl
            def mcpstore_health_strategies():
                yield HealthStrategy(name="row_count", config=RowCount, probe=probe)
    """
    return ()


@hookspec
def mcpstore_alert_handlers() -> Iterable[AlertHandler[Any]]:
    """Return ways to tell people about trouble.

    Example:
        ::

            @hookimpl
            def mcpstore_alert_handlers():
                yield AlertHandler(name="chat", config=ChatSettings, send=send)
    """
    return ()


@hookspec
def mcpstore_alert_rules() -> Iterable[AlertRule]:
    """Return rules for when people are told.

    Example:
        ::

            @hookimpl
            def mcpstore_alert_rules():
                yield AlertRule("idle", "uptime > 3600.0 && total_calls == 0", message="nobody uses {service_name}")
    """
    return ()


@hookspec
def mcpstore_persistence_backends() -> Iterable[PersistenceBackend]:
    """Return places where a configuration can be kept.

    Example:
        ::

            @hookimpl
            def mcpstore_persistence_backends():
                yield PersistenceBackend(name="redis", claims=is_redis_url, open=RedisDocument)
    """
    return ()


@hookspec
def mcpstore_recovery_policies() -> Iterable[RecoveryPolicy[Any]]:
    """Return rules for opening services again.

    Example:
        ::

            @hookimpl
            def mcpstore_recovery_policies():
                yield RecoveryPolicy(name="office_hours", config=Hours, decide=decide)
    """
    return ()


@hookspec
def mcpstore_history_backends() -> Iterable[HistoryBackend[Any]]:
    """Return places where measurements and changes of state can be kept.

    Example:
        ::

            @hookimpl
            def mcpstore_history_backends():
                yield HistoryBackend(name="timescale", config=TimescaleOptions, open=open_timescale)
    """
    return ()


@hookspec
def mcpstore_exporters() -> Iterable[Exporter[Any]]:
    """Return ways to hand measurements to somebody else's monitoring.

    Example:
        ::

            @hookimpl
            def mcpstore_exporters():
                yield Exporter(name="statsd", config=StatsdSettings, open=sending)
    """
    return ()


@hookspec
def mcpstore_commands() -> Iterable[Command]:
    """Return verbs of the `mcpstore` command.

    Example:
        ::

            @hookimpl
            def mcpstore_commands():
                yield Command(name="inventory", help="List who owns which service.", load=lambda: inventory)
    """
    return ()


# --- notices -----------------------------------------------------------------------------------------------


@hookspec
def mcpstore_store_started(store: Any) -> None:
    """Take note that a store has loaded its configuration; `store` is its `AsyncMCPStore`."""


@hookspec
def mcpstore_store_stopped(store: Any) -> None:
    """Take note that a store is about to let go of its plugins; every service is closed."""


@hookspec
def mcpstore_service_added(service: ServiceSnapshot) -> None:
    """Take note of a new service."""


@hookspec
def mcpstore_service_updated(service: ServiceSnapshot) -> None:
    """Take note that the configuration of a service changed."""


@hookspec
def mcpstore_service_removed(name: str) -> None:
    """Take note that a service is gone, and everything that belonged to it."""


@hookspec
def mcpstore_state_changed(change: StateChange) -> None:
    """Take note that a service moved from one connection state to another."""


@hookspec
def mcpstore_tools_changed(service: str, tools: NamedList[Tool]) -> None:
    """Take note that a service offers other tools than before."""


@hookspec
def mcpstore_tool_called(call: ToolCall) -> None:
    """Take note that a tool was called."""


@hookspec
def mcpstore_alert_fired(alert: Alert) -> None:
    """Take note that an incident began."""


@hookspec
def mcpstore_alert_resolved(alert: Alert) -> None:
    """Take note that an incident is over."""


# --- decisions ---------------------------------------------------------------------------------------------


@hookspec
def mcpstore_choose_recovery(incident: FailureContext) -> Retry | Reregister | GiveUp | None:
    """Decide when a service is opened again, ahead of its own recovery policy."""


@hookspec
def mcpstore_authorize_call(call: CallRequest) -> Refusal | None:
    """Decide whether a tool may be called; only a `Refusal` keeps it from being."""


@hookspec
def mcpstore_expand_variable(name: str, service: str) -> str | None:
    """Decide what a variable in a configuration stands for, where the environment has no value for it."""
