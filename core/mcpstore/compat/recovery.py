"""Bringing services back, said in code: which ones, how often, and a toolkit for people who do it by hand.

The manager brings services back by itself; how is said by their recovery policies (docs/how-to/recover.md). What stands
here is for programs that decide when it happens. It acts through the verbs of a store, in the thread that calls it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcpstore.errors import ConfigError, ServiceNotFound
from mcpstore.models.json_types import as_object
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceStatus
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.store import MCPStore, Recovery, ServiceContext

__all__ = ["ServiceAutoRecovery", "manual_recovery_toolkit"]

KNOWN: Final = {"restart_on_error": True, "restart_on_stop": False}
"""What a policy of this object may say, and what it says if it says nothing."""

_log = logging.getLogger("mcpstore.recovery")


class ServiceAutoRecovery:
    """Brings back the services it was given policies for, whenever it is asked.

    Args:
        store: The store, or one of its contexts.

    Attributes:
        store: The same.
        recovery_policies: What was given, by name of the service.
        recovery_attempts: How often each was brought back since it was last stable.
        max_attempts: Attempts after which a service is left alone until it has been stable.
        recovery_delay: Seconds a service has to come back by itself before it is touched.
    """

    def __init__(self, store: MCPStore | ServiceContext) -> None:
        self.store: MCPStore | ServiceContext = store
        self.recovery_policies: dict[str, Any] = {}
        self.recovery_attempts: dict[str, int] = {}
        self.max_attempts: int = 3
        self.recovery_delay: float = 5.0

    def add_recovery_policy(self, service_name: str, policy: str | Mapping[str, Any]) -> None:
        """Say how a service is brought back.

        Args:
            service_name: Its name.
            policy: `{"restart_on_error": True}`: `check_and_recover` brings it back from error, and with
                `"restart_on_stop": True` also when it was stopped. Or a recovery policy of the manager, as entries name
                it (`"manual"`, `{"type": "fixed", "delay": 5}`): it is written into the entry of the service.

        Raises:
            ServiceNotFound: A policy of the manager was given, and there is no such service.
            InvalidService: A policy of the manager was given, and it is unknown or its options are wrong.
            ConfigError: It is neither of these.
        """
        said = as_object(policy)
        if isinstance(policy, str) or (said is not None and "type" in said):
            self._write(service_name, policy)
            said = dict(KNOWN)
        if said is None:
            raise ConfigError(f"policy must be a name or a dictionary (got {type(policy).__name__})")
        for key, value in said.items():
            if key not in KNOWN:
                raise ConfigError(f"policy: unknown key {key!r}; known: {', '.join(KNOWN)}, or 'type' and its options")
            if not isinstance(value, bool):
                raise ConfigError(f"policy.{key}: must be True or False (got {value!r})")
        self.recovery_policies[service_name] = policy

    def check_and_recover(self) -> NamedList[Recovery]:
        """Bring back the services that are in error, each at most `max_attempts` times until it has been stable.

        Returns:
            What was done for each that was touched, and how it ended.
        """
        touched = (self._attempt(service.name) for service in self.store.list_services() if self._is_due(service.name))
        return NamedList(recovery for recovery in touched if recovery is not None)

    def _is_due(self, name: str) -> bool:
        if name not in self.recovery_policies:
            return False
        info = self.store.get_service_info(name)
        if info is None:
            return False
        if info.run_status is ServiceStatus.RUNNING and info.uptime >= DEFAULT_TIMING.stable:
            self.recovery_attempts.pop(name, None)  # a start proves nothing yet, ten minutes do
        said = {**KNOWN, **(as_object(self.recovery_policies[name]) or {})}
        is_wanted = {ServiceStatus.ERROR: said["restart_on_error"], ServiceStatus.STOPPED: said["restart_on_stop"]}
        if not is_wanted.get(info.run_status, False) or self.store.diagnose(name).lasted < self.recovery_delay:
            return False
        if self.recovery_attempts.get(name, 0) >= self.max_attempts:
            _log.warning("service %r is left alone: %d attempts did not help", name, self.max_attempts)
            return False
        return True

    def _attempt(self, name: str) -> Recovery | None:
        self.recovery_attempts[name] = self.recovery_attempts.get(name, 0) + 1
        try:
            return self.store.recover(name)
        except ServiceNotFound:  # removed at this very moment
            return None

    def _write(self, name: str, policy: str | Mapping[str, Any]) -> None:
        info = self.store.get_service_info(name)
        if info is None:
            raise ServiceNotFound(name, self.store.list_services().names())
        own = as_object(info.config.get("mcpstore")) or {}
        self.store.update_service(name, {**info.config, "mcpstore": {**own, "recovery": policy}})


def manual_recovery_toolkit(store: MCPStore | ServiceContext) -> dict[str, Callable[..., Any]]:
    """Return what a person needs who brings services back by hand.

    Returns:
        `diagnose(name)`, `recover(name)` and `batch_recovery()`, which are the verbs `diagnose`, `recover` and
        `recover_all` of the store.
    """
    return {"diagnose": store.diagnose, "recover": store.recover, "batch_recovery": store.recover_all}
