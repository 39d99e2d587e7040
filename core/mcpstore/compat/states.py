"""States seen from outside: what health results mean, which changes there are, how fresh the tools are.

Everything here looks through the verbs of a store at the one machine that decides; nothing here decides or loops.
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
    """What a health result means to the lifecycle.

    Attributes:
        STATUS_MAPPING: The state that a result speaks for, seen alone. Which state follows depends on the one before;
            see `next_state`.
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
        """Return the state that a health result speaks for.

        Raises:
            ValueError: There is no such result.
        """
        return cls.STATUS_MAPPING[_result(health_status)]

    @staticmethod
    def event_for(health_status: HealthResult | str, epoch: int = 0) -> Completion:
        """Return the event that tells the lifecycle machine of a health result.

        Args:
            health_status: What was found.
            epoch: Number of the connection that was looked at.

        Raises:
            ValueError: There is no such result.
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
        """Return the state in which a health result leaves a service, as the lifecycle machine has it.

        Args:
            state: The state in which it was looked at.
            health_status: What was found.
            consecutive_failures: Checks in a row that failed before.
            consecutive_successes: Checks in a row that were answered in time before, while in WARNING.

        Raises:
            ValueError: There is no such state or result.
        """
        return state_after(
            ServiceConnectionState(state),
            _result(health_status),
            failures=consecutive_failures,
            successes=consecutive_successes,
        )


class UnifiedServiceStateManager:
    """Asks for, sets and follows the connection states of services.

    A state is set by doing what leads to it: stopping, starting, restarting, or reporting a health result. So the
    machine keeps every promise whoever sets states, and it may decide otherwise: one slow answer makes no WARNING end.

    Args:
        store: The store, or one of its contexts.

    Attributes:
        store: The same.
    """

    def __init__(self, store: MCPStore | ServiceContext) -> None:
        self.store: MCPStore | ServiceContext = store

    # --- asking

    def get_service_state(self, name: str) -> ServiceConnectionState | None:
        """Return the state of a service, or None if there is none of this name."""
        info = self.store.get_service_info(name)
        return None if info is None else info.connection_state

    def get_service_metadata(self, name: str) -> StateMetadata | None:
        """Return how a service came to its state, or None if there is none of this name."""
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
        """Return the states a service has been in, oldest first.

        Args:
            name: The service.
            since: Only what lies after this: a POSIX timestamp, a date, or how long ago; the last day unless it says.
            until: Only what lies before this.
        """
        return self.store.state_history(name, since, until)

    # --- changes

    @staticmethod
    def allowed_transitions(state: ServiceConnectionState | str) -> list[ServiceConnectionState]:
        """Return the states that may follow a state at once."""
        following = edges_from(ServiceConnectionState(state))
        return [other for other in ServiceConnectionState if other in following]

    @classmethod
    def validate_transition(cls, old: ServiceConnectionState | str, new: ServiceConnectionState | str) -> bool:
        """Return whether a change of state is one that the lifecycle knows."""
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
        """Do what leads a service to a state.

        Args:
            name: The service.
            state: The state; the one it is in needs nothing.
            error: What is wrong, where a health result leads to the state.
            response_time: How long the check took, in seconds, where a health result leads to the state.
            persist: Whether a service that is disconnected stays stopped when the store is opened again.

        Returns:
            Whether it is in that state now, or has passed through it.

        Raises:
            ServiceNotFound: There is none of this name.
            TransitionRefused: Nothing leads there from the state it is in; names the states that can be set.
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
    """How fresh the lists of tools are, and asking for fresh ones.

    The manager lists the tools of a service when it is opened, when the service says that they changed, every two
    hours, and sooner after a listing that failed. This shows what it did, and has it done now.

    Args:
        store: The store, or one of its contexts.

    Attributes:
        store: The same.
        tools_update_interval: Seconds between listings that nobody asked for, unless a service states a shorter time.
    """

    def __init__(self, store: MCPStore | ServiceContext) -> None:
        self.store: MCPStore | ServiceContext = store
        self.tools_update_interval: float = DEFAULT_TIMING.tools_refresh

    def get_update_status(self, *names: str) -> NamedList[ToolsRefresh]:
        """Return when and why each service was last asked for its tools, and when it is asked next.

        Raises:
            ServiceNotFound: There is none of a name.
        """
        return self.store.tool_list_ages(*names)

    def update_now(self, *names: str) -> NamedList[ToolsRefresh]:
        """Ask services for their tools now, and return how that ended; all services if none is named.

        Raises:
            ServiceNotFound: There is none of a name.
        """
        return self.store.refresh_tools(*names)


def handle_health_check_result_enhanced(
    store: MCPStore | ServiceContext,
    service_name: str,
    suggested_state: ServiceConnectionState | HealthResult | str,
    response_time: float = 0.0,
    error_message: str | None = None,
) -> ServiceConnectionState:
    """Take what somebody else's health check found, with all it has to say, and return the state it led to.

    Args:
        store: The store, or one of its contexts.
        service_name: The service.
        suggested_state: What the check speaks for: healthy, warning (or slow), unhealthy, timeout, unknown.
        response_time: How long it took, in seconds.
        error_message: What was wrong, in words.

    Raises:
        ServiceNotFound: There is none of this name.
        ValueError: A health check cannot speak for this state.
    """
    store.report_health(service_name, _result(suggested_state), response_time=response_time, error=error_message)
    info = store.get_service_info(service_name)
    return DISCONNECTED if info is None else info.connection_state


def _result(status: HealthResult | ServiceConnectionState | str) -> HealthResult:
    try:
        return HealthResult(str(status))
    except ValueError:
        known = ", ".join(HealthResult)
        raise ValueError(f"a health check finds one of {known} (got {str(status)!r})") from None


def _settable(info: ServiceInfo) -> list[ServiceConnectionState]:
    """Return the states that something a caller can do leads to from the state a service is in."""
    state = info.connection_state
    if state in LIVE_STATES:
        found = {DISCONNECTED, RECONNECTING, *_RESULTS}
    elif state is DISCONNECTED:
        found = {RECONNECTING if info.state_metadata.reason.is_automatic else INITIALIZING}
    else:
        found = {DISCONNECTED}
    return [other for other in ServiceConnectionState if other in found & edges_from(state)]
