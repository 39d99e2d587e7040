"""The services that a context covers: every service of a store, or those assigned to one agent."""

from __future__ import annotations

from typing import Final

from mcpstore.errors import ServiceNotFound, StoreClosed
from mcpstore.models.service import ServiceSnapshot
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store import snapshots
from mcpstore.store.arguments import check_str
from mcpstore.store.manager import StoreManager
from mcpstore.store.parts import StoreParts

__all__ = ["Scope"]


class Scope:
    """The services that a context covers, and how it reports their status.

    Args:
        manager: Opens and closes the store.
        agent: The agent whose services are covered; None for all services.
        reports_run_status: Whether `status` in results is the run status, and not the connection state.

    Attributes:
        manager: The same.
        agent: The same.
        reports_run_status: The same.
    """

    def __init__(self, manager: StoreManager, *, agent: str | None = None, reports_run_status: bool = False) -> None:
        self.manager: Final = manager
        self.agent: Final = agent
        self.reports_run_status: Final = reports_run_status

    def parts(self) -> StoreParts:
        """Return the parts of the open store.

        Raises:
            StoreClosed: The store is closed.
        """
        if not self.manager.is_open:
            raise StoreClosed("the store is closed; open a new one")
        return self.manager.parts

    def names(self) -> frozenset[str] | None:
        """Return the names of the services covered; None for all."""
        return None if self.agent is None else self.manager.parts.registry.services_of_agent(self.agent)

    def includes(self, name: str) -> bool:
        """Return whether a service is covered."""
        names = self.names()
        return names is None or name in names

    def includes_alerts_of(self, service: str) -> bool:
        """Return whether the alerts of a service are covered; those of the manager ("") are only in a whole store."""
        return self.agent is None or (service != "" and self.includes(service))

    def narrow_to(self, service: str | None) -> frozenset[str] | None:
        """Return the names of the services covered, or of the given one only.

        Raises:
            ServiceNotFound: No service of this name is covered.
        """
        if service is None:
            return self.names()
        self.runner(service)
        return frozenset((service,))

    def find_runner(self, name: str) -> ServiceRunner | None:
        """Return the runner of a service, or None if no service of this name is covered."""
        parts = self.parts()
        check_str("name", name)
        return parts.supervisor.runner(name) if name in parts.registry and self.includes(name) else None

    def runner(self, name: str) -> ServiceRunner:
        """Return the runner of a service.

        Raises:
            ServiceNotFound: No service of this name is covered.
        """
        runner = self.find_runner(name)
        if runner is None:
            parts, names = self.parts(), self.names()
            known = [known for known in parts.registry if names is None or known in names]
            refused = parts.config_store.reading.refused.get(name, ()) if names is None else ()
            raise ServiceNotFound(name, known, refused=refused)
        return runner

    def runners(self, names: tuple[str, ...] = ()) -> list[ServiceRunner]:
        """Return the runners of services; of all services covered if no name is given.

        Raises:
            ServiceNotFound: No service of one of the names is covered.
        """
        if names:
            return [self.runner(name) for name in names]
        parts = self.parts()
        return [parts.supervisor.runner(name) for name in parts.registry if self.includes(name)]

    def snapshot(self, runner: ServiceRunner) -> ServiceSnapshot:
        """Return a service as lists show it."""
        catalog = self.manager.parts.registry.catalog(runner.spec.name)
        return snapshots.snapshot(runner, catalog, as_run_status=self.reports_run_status)
