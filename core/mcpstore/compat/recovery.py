"""Recovery of services at moments that a program chooses, and a toolkit for manual recovery.

The manager recovers services automatically, by their recovery policies (docs/how-to/recover.md). These classes are for
programs that decide when to recover. They call the verbs of a store, in the thread of the caller.
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
"""Keys of a policy of this class, with their defaults."""

_log = logging.getLogger("mcpstore.recovery")


class ServiceAutoRecovery:
    """Recovers the services that have a policy here, whenever `check_and_recover` is called.

    Args:
        store: The store, or one of its contexts.

    Attributes:
        store: The same.
        recovery_policies: The policies, by name of the service.
        recovery_attempts: Number of recoveries of each service since it was last stable.
        max_attempts: Maximum number of recoveries until the service has been stable again.
        recovery_delay: Time for the automatic recovery of a service before it is recovered here, in seconds.
    """

    def __init__(self, store: MCPStore | ServiceContext) -> None:
        self.store: MCPStore | ServiceContext = store
        self.recovery_policies: dict[str, Any] = {}
        self.recovery_attempts: dict[str, int] = {}
        self.max_attempts: int = 3
        self.recovery_delay: float = 5.0

    def add_recovery_policy(self, service_name: str, policy: str | Mapping[str, Any]) -> None:
        """Set the policy of a service.

        Args:
            service_name: The service.
            policy: `{"restart_on_error": True}`: `check_and_recover` recovers the service from error, and with
                `"restart_on_stop": True` also when it was stopped. Or a recovery policy of the manager, in the form of
                entries (`"manual"`, `{"type": "fixed", "delay": 5}`), which is written into the entry of the service.

        Raises:
            ServiceNotFound: The policy is one of the manager, and no service has this name.
            InvalidService: The policy is one of the manager, and is unknown or has wrong options.
            ConfigError: The policy is of another type, or has unknown keys.
        """
        settings = as_object(policy)
        if isinstance(policy, str) or (settings is not None and "type" in settings):
            self._write(service_name, policy)
            settings = dict(KNOWN)
        if settings is None:
            raise ConfigError(f"policy must be a name or a dictionary (got {type(policy).__name__})")
        for key, value in settings.items():
            if key not in KNOWN:
                raise ConfigError(f"policy: unknown key {key!r}; known: {', '.join(KNOWN)}, or 'type' and its options")
            if not isinstance(value, bool):
                raise ConfigError(f"policy.{key}: must be True or False (got {value!r})")
        self.recovery_policies[service_name] = policy

    def check_and_recover(self) -> NamedList[Recovery]:
        """Recover the services that are in error, each at most `max_attempts` times until it has been stable.

        Returns:
            What was done for each service that was due, and the outcome.
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
            self.recovery_attempts.pop(name, None)  # stable means ten minutes, not just a start
        settings = {**KNOWN, **(as_object(self.recovery_policies[name]) or {})}
        is_wanted = {
            ServiceStatus.ERROR: settings["restart_on_error"],
            ServiceStatus.STOPPED: settings["restart_on_stop"],
        }
        if not is_wanted.get(info.run_status, False) or self.store.diagnose(name).lasted < self.recovery_delay:
            return False
        if self.recovery_attempts.get(name, 0) >= self.max_attempts:
            _log.warning("service %r is not recovered any more: %d attempts failed", name, self.max_attempts)
            return False
        return True

    def _attempt(self, name: str) -> Recovery | None:
        self.recovery_attempts[name] = self.recovery_attempts.get(name, 0) + 1
        try:
            return self.store.recover(name)
        except ServiceNotFound:  # it was removed meanwhile
            return None

    def _write(self, name: str, policy: str | Mapping[str, Any]) -> None:
        info = self.store.get_service_info(name)
        if info is None:
            raise ServiceNotFound(name, self.store.list_services().names())
        own = as_object(info.config.get("mcpstore")) or {}
        self.store.update_service(name, {**info.config, "mcpstore": {**own, "recovery": policy}})


def manual_recovery_toolkit(store: MCPStore | ServiceContext) -> dict[str, Callable[..., Any]]:
    """Return the functions for manual recovery.

    Returns:
        `diagnose(name)`, `recover(name)` and `batch_recovery()`: the verbs `diagnose`, `recover` and `recover_all` of
        the store.
    """
    return {"diagnose": store.diagnose, "recover": store.recover, "batch_recovery": store.recover_all}
