"""Start order of services, declared in code instead of in the configuration."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from mcpstore.core.dependencies import start_order
from mcpstore.errors import MCPStoreError
from mcpstore.store import MCPStore, ServiceContext

__all__ = ["ServiceDependencyManager"]

_log = logging.getLogger("mcpstore.dependencies")


class ServiceDependencyManager:
    """Starts services after those they depend on.

    The `depends_on` of the entries counts, too. Dependencies that are added here are not saved.

    Args:
        store: The store, or one of its contexts.

    Attributes:
        store: The same.
        dependencies: The added dependencies: names of services, and the names of those they depend on.
    """

    def __init__(self, store: MCPStore | ServiceContext) -> None:
        self.store: MCPStore | ServiceContext = store
        self.dependencies: dict[str, list[str]] = {}

    def add_dependency(self, service: str, depends_on: str | Iterable[str]) -> None:
        """Add dependencies of a service.

        Args:
            service: Its name.
            depends_on: Names of the others; they need not exist yet.

        Raises:
            DependencyCycle: The services depend on each other; the error names the cycle, and nothing was added.
        """
        added = [depends_on] if isinstance(depends_on, str) else list(depends_on)
        if not all(service and isinstance(service, str) for service in (service, *added)):
            raise TypeError(f"service and depends_on must be names of services (got {service!r}, {added!r})")
        known = self.dependencies.get(service, [])
        wanted = {**self.dependencies, service: [*known, *(name for name in added if name not in known)]}
        self._order(wanted)
        self.dependencies = wanted

    def get_start_order(self) -> list[str]:
        """Return every service with dependencies, and these, each after those it depends on.

        Raises:
            DependencyCycle: Services depend on each other, by the added dependencies and those of the entries.
        """
        return self._order(self.dependencies)

    def start_all_services(self, timeout: float | None = None) -> dict[str, bool]:
        """Start the services of `get_start_order`, one after the other.

        A service that cannot be started does not block the next ones.

        Args:
            timeout: Seconds to wait for each; a start under way continues after that.

        Returns:
            Whether each is usable, by name.

        Raises:
            DependencyCycle: Services depend on each other; nothing was started.
        """
        results: dict[str, bool] = {}
        for name in self.get_start_order():
            try:
                results[name] = self.store.start_service(name, timeout)
            except MCPStoreError as error:
                _log.warning("service %r was not started: %s", name, error)
                results[name] = False
        return results

    def _order(self, added: dict[str, list[str]]) -> list[str]:
        depends_on: dict[str, list[str]] = {
            service.name: list(service.depends_on) for service in self.store.list_services() if service.depends_on
        }
        for name, needed in added.items():
            depends_on.setdefault(name, []).extend(needed)
        for needed in list(depends_on.values()):
            for name in needed:
                depends_on.setdefault(name, [])
        return start_order(depends_on)
