"""Connection states as the specification shows them: health results, transitions, refreshing of tools.

The classes call the verbs of a store. The lifecycle machine makes every decision; nothing here decides or loops.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from mcpstore.core.events import Completion
from mcpstore.core.health_mapping import HealthResult, edges_from, health_event, state_after
from mcpstore.errors import ServiceNotFound, TransitionRefused
from mcpstore.models.record import NamedList
from mcpstore.models.service import (
    LIVE_STATES,
    ServiceConnectionState,
    ServiceInfo,
    StateMetadata,
)
from mcpstore.models.state_history import StateInterval
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.runtime.catalog_refresh import RefreshCause
from mcpstore.store import MCPStore, ServiceContext, ToolsRefresh
from mcpstore.store.arguments import Moment

__all__ = [
    "HealthResult",
    "HealthStatusBridge",
    "RefreshCause",
    "ToolsUpdateMonitor",
    "UnifiedServiceStateManager",
    "handle_health_check_result_enhanced",
]

DISCONNECTED: Final = ServiceConnectionState.DISCONNECTED
INITIALIZING: Final = ServiceConnectionState.INITIALIZING
RECONNECTING: Final = ServiceConnectionState.RECONNECTING

_RESULTS: Final[Mapping[ServiceConnectionState, HealthResult]] = {
    ServiceConnectionState.HEALTHY: HealthResult.HEALTHY,
    ServiceConnectionState.WARNING: HealthResult.WARNING,
    ServiceConnectionState.UNHEALTHY: HealthResult.UNHEALTHY,
    ServiceConnectionState.UNKNOWN: HealthResult.UNKNOWN,
}


class HealthStatusBridge:
    """Maps health results to connection states.

    Attributes:
        STATUS_MAPPING: The state that each result suggests. The state that follows also depends on the one before; see
            `next_state`.
    """

    STATUS_MAPPING: ClassVar[Mapping[HealthResult, ServiceConnectionState]] = {
        HealthResult.HEALTHY: ServiceConnectionState.HEALTHY,
        HealthResult.WARNING: ServiceConnectionState.WARNING,
        HealthResult.SLOW: ServiceConnectionState.WARNING,
        HealthResult.UNHEALTHY: ServiceConnectionState.UNHEALTHY,
        HealthResult.TIMEOUT: ServiceConnectionState.UNHEALTHY,
        HealthResult.UNKNOWN: ServiceConnectionState.UNKNOWN,
    }

    @classmethod
    def map_health_to_lifecycle(cls, health_status: HealthResult | str) -> ServiceConnectionState:
        """Return the state that a health result suggests.

        Raises:
            ValueError: No such result exists.
        """
        return cls.STATUS_MAPPING[_result(health_status)]

    @staticmethod
    def event_for(health_status: HealthResult | str, epoch: int = 0) -> Completion:
        """Return the event that a health result is for the lifecycle machine.

        Args:
            health_status: The result.
            epoch: Number of the connection that was checked.

        Raises:
            ValueError: No such result exists.
        """
        return health_event(_result(health_status), epoch)

    @staticmethod
    def next_state(
        state: ServiceConnectionState | str,
        health_status: HealthResult | str,
        *,
        consecutive_failures: int = 0,
        consecutive_successes: int = 0,
    ) -> ServiceConnectionState:
        """Return the state of a service after a health result, by the lifecycle machine.

        Args:
            state: The state before the check.
            health_status: The result.
            consecutive_failures: Number of failed checks in a row before.
            consecutive_successes: Number of checks in a row that were answered in time before, in WARNING.

        Raises:
            ValueError: No such state or result exists.
        """
        return state_after(
            ServiceConnectionState(state),
            _result(health_status),
            failures=consecutive_failures,
            successes=consecutive_successes,
        )


class UnifiedServiceStateManager:
    """Reads, sets and validates the connection states of services.

    A state is set by the action that leads to it: stop, start, restart, or a health report. The lifecycle machine
    decides on the outcome, so the state may differ from the one that was asked for.

    Args:
        store: The store, or one of its contexts.

    Attributes:
        store: The same.
    """

    def __init__(self, store: MCPStore | ServiceContext) -> None:
        self.store: MCPStore | ServiceContext = store

    # --- reading

    def get_service_state(self, name: str) -> ServiceConnectionState | None:
        """Return the state of a service, or None if no service has this name."""
        info = self.store.get_service_info(name)
        return None if info is None else info.connection_state

    def get_service_metadata(self, name: str) -> StateMetadata | None:
        """Return the metadata of the state of a service, or None if no service has this name."""
        info = self.store.get_service_info(name)
        return None if info is None else info.state_metadata

    def get_services_by_state(self, state: ServiceConnectionState | str) -> list[str]:
        """Return the names of the services that are in a state."""
        wanted = ServiceConnectionState(state)
        return [service.name for service in self.store.list_services() if service.connection_state is wanted]

    def is_service_available(self, name: str) -> bool:
        """Return whether the tools of a service can be called."""
        return self.get_service_state(name) in LIVE_STATES

    def get_state_history(self, name: str, since: Moment = None, until: Moment = None) -> list[StateInterval]:
        """Return the states of a service over time, oldest first.

        Args:
            name: The service.
            since: Beginning of the time span: a POSIX timestamp in seconds, a datetime, or a timedelta before now; by
                default one day before its end.
            until: End of the time span; by default now.
        """
        return self.store.state_history(name, since, until)

    # --- changes

    @staticmethod
    def allowed_transitions(state: ServiceConnectionState | str) -> list[ServiceConnectionState]:
        """Return the states that may follow a state directly."""
        following = edges_from(ServiceConnectionState(state))
        return [other for other in ServiceConnectionState if other in following]

    @classmethod
    def validate_transition(cls, old: ServiceConnectionState | str, new: ServiceConnectionState | str) -> bool:
        """Return whether the lifecycle has a transition between two states."""
        return ServiceConnectionState(new) in cls.allowed_transitions(old)

    def set_service_state(
        self,
        name: str,
        state: ServiceConnectionState | str,
        *,
        error: str | None = None,
        response_time: float = 0.0,
        persist: bool = True,
    ) -> bool:
        """Lead a service to a state.

        Args:
            name: The service.
            state: The state. If the service is in it, nothing is done.
            error: Error of the health report that leads to the state, if one does.
            response_time: Duration of the check in that health report, in seconds.
            persist: Whether a disconnected service stays stopped when the store is opened again.

        Returns:
            Whether the service is in the state now, or has passed through it.

        Raises:
            ServiceNotFound: No service has this name.
            TransitionRefused: No action leads to this state from the current one; names those that can be set.
        """
        info, wanted = self._info(name), ServiceConnectionState(state)
        current = info.connection_state
        if current is wanted:
            return True
        if wanted not in _settable(info):
            raise TransitionRefused(name, current, wanted, [str(one) for one in _settable(info)])
        if wanted is DISCONNECTED:
            return self.store.stop_service(name, persist=persist)
        if current is DISCONNECTED:
            self.store.start_service(name)
        elif wanted is RECONNECTING:
            self.store.restart_service(name)
        else:
            self.store.report_health(name, _RESULTS[wanted], response_time=response_time, error=error)
            return self.get_service_state(name) is wanted
        return True

    def _info(self, name: str) -> ServiceInfo:
        info = self.store.get_service_info(name)
        if info is None:
            raise ServiceNotFound(name, self.store.list_services().names())
        return info


class ToolsUpdateMonitor:
    """Shows when the tools of services were listed, and lists them on request.

    The manager lists the tools of a service when its connection is opened, when the service reports a change, every two
    hours, and sooner after a failed listing.

    Args:
        store: The store, or one of its contexts.

    Attributes:
        store: The same.
        tools_update_interval: Interval of regular listings, in seconds; a service may state a shorter one.
    """

    def __init__(self, store: MCPStore | ServiceContext) -> None:
        self.store: MCPStore | ServiceContext = store
        self.tools_update_interval: float = DEFAULT_TIMING.tools_refresh

    def get_update_status(self, *names: str) -> NamedList[ToolsRefresh]:
        """Return when and why the tools of each service were listed last, and when they are listed next.

        Raises:
            ServiceNotFound: No service has one of the names.
        """
        return self.store.tool_list_ages(*names)

    def update_now(self, *names: str) -> NamedList[ToolsRefresh]:
        """List the tools of services now, and return the outcomes; of all services if no name is given.

        Raises:
            ServiceNotFound: No service has one of the names.
        """
        return self.store.refresh_tools(*names)


def handle_health_check_result_enhanced(
    store: MCPStore | ServiceContext,
    service_name: str,
    suggested_state: ServiceConnectionState | HealthResult | str,
    response_time: float = 0.0,
    error_message: str | None = None,
) -> ServiceConnectionState:
    """Report the result of an external health check, and return the state that it led to.

    Args:
        store: The store, or one of its contexts.
        service_name: The service.
        suggested_state: The result: healthy, warning (or slow), unhealthy, timeout, unknown.
        response_time: Duration of the check, in seconds.
        error_message: What was wrong, in words.

    Raises:
        ServiceNotFound: No service has this name.
        ValueError: No health check has this result.
    """
    store.report_health(service_name, _result(suggested_state), response_time=response_time, error=error_message)
    info = store.get_service_info(service_name)
    return DISCONNECTED if info is None else info.connection_state


def _result(status: HealthResult | ServiceConnectionState | str) -> HealthResult:
    try:
        return HealthResult(str(status))
    except ValueError:
        known = ", ".join(HealthResult)
        raise ValueError(f"health result is unknown (got {str(status)!r}); use one of {known}") from None


def _settable(info: ServiceInfo) -> list[ServiceConnectionState]:
    """Return the states that a caller can set from the current state of a service."""
    state = info.connection_state
    if state in LIVE_STATES:
        states = {DISCONNECTED, RECONNECTING, *_RESULTS}
    elif state is DISCONNECTED:
        states = {RECONNECTING if info.state_metadata.reason.is_automatic else INITIALIZING}
    else:
        states = {DISCONNECTED}
    return [other for other in ServiceConnectionState if other in states & edges_from(state)]
