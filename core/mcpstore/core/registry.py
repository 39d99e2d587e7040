"""Registry of the services of a store: specifications, catalogs, agents. In memory, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, Protocol, TypeVar

import attrs

from mcpstore.core.dependencies import layers
from mcpstore.errors import AmbiguousTool, ServiceNotFound, ToolNotFound
from mcpstore.models.catalog import Catalog, Prompt, Resource, Tool
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceSpec

__all__ = ["Registry"]


class CatalogItem(Protocol):
    """Tool or prompt of a service."""

    @property
    def name(self) -> str:
        """Name, without the service."""
        ...

    @property
    def service(self) -> str:
        """Name of the service."""
        ...


T = TypeVar("T", bound=CatalogItem)

_EMPTY_CATALOG: Final = Catalog()


class NameIndex(Generic[T]):
    """Index of tools or prompts by name. Of two items with the same name and service, the first one is kept.

    Args:
        kind: Kind of the items, for messages: "tool" or "prompt".
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._by_name: dict[str, dict[str, T]] = {}

    def replace(self, service: str, old: Iterable[T], new: Iterable[T]) -> None:
        """Replace the items of a service."""
        for item in old:
            by_service = self._by_name.get(item.name, {})
            by_service.pop(service, None)
            if not by_service:
                self._by_name.pop(item.name, None)
        for item in new:
            self._by_name.setdefault(item.name, {}).setdefault(service, item)

    def find(self, name: str, scope: frozenset[str] | None) -> T | None:
        """Return the only item of this name within a scope of services; None if there is none.

        Raises:
            AmbiguousTool: Several services offer an item of this name.
        """
        by_service = self._by_name.get(name)
        if not by_service:
            return None
        if scope is not None:
            by_service = {service: item for service, item in by_service.items() if service in scope}
        if len(by_service) > 1:
            raise AmbiguousTool(name, sorted(f"{service}/{name}" for service in by_service), kind=self._kind)
        return next(iter(by_service.values()), None)

    def get(self, service: str, name: str) -> T | None:
        """Return the item of a service with this name; None if there is none."""
        return self._by_name.get(name, {}).get(service)


@attrs.define
class Entry:
    """Entry of one service in the registry.

    Attributes:
        spec: Specification of the service.
        catalog: Latest catalog of the service.
        is_published: Whether the tools, resources and prompts of the catalog can be used now.
    """

    spec: ServiceSpec
    catalog: Catalog = _EMPTY_CATALOG
    is_published: bool = False


class Registry:
    """Registry of the services of one store, in the order in which they were added."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._tools = NameIndex[Tool]("tool")
        self._prompts = NameIndex[Prompt]("prompt")
        self._listing: NamedList[Tool] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._entries))

    # --- services

    def spec(self, name: str) -> ServiceSpec:
        """Return the specification of a service.

        Raises:
            ServiceNotFound: No service has this name.
        """
        return self._entry(name).spec

    def specs(self) -> list[ServiceSpec]:
        """Return the specifications of all services, in order."""
        return [entry.spec for entry in self._entries.values()]

    def put(self, spec: ServiceSpec) -> None:
        """Add a service, or replace its specification."""
        entry = self._entries.get(spec.name)
        if entry is None:
            self._entries[spec.name] = Entry(spec)
        else:
            entry.spec = spec

    def drop(self, name: str) -> None:
        """Remove a service and its catalog."""
        self.withdraw(name)
        self._entries.pop(name, None)

    def depends_on(self) -> Mapping[str, tuple[str, ...]]:
        """Return the dependencies of each service."""
        return {name: entry.spec.depends_on for name, entry in self._entries.items()}

    def check_dependencies(self, *specs: ServiceSpec) -> None:
        """Check that there is no dependency cycle after these services are added or replaced.

        Raises:
            DependencyCycle: Services would depend on each other.
        """
        layers({**self.depends_on(), **{spec.name: spec.depends_on for spec in specs}})

    def services_of_agent(self, agent: str) -> frozenset[str]:
        """Return the names of the services that are assigned to an agent."""
        return frozenset(name for name, entry in self._entries.items() if agent in entry.spec.agents)

    # --- catalogs

    def catalog(self, name: str) -> Catalog:
        """Return the latest catalog of a service; an empty one for an unknown service."""
        entry = self._entries.get(name)
        return entry.catalog if entry is not None else _EMPTY_CATALOG

    def publish(self, name: str, catalog: Catalog) -> None:
        """Store the catalog of a service and make its items usable."""
        entry = self._entry(name)
        self.withdraw(name)
        entry.catalog, entry.is_published = catalog, True
        self._tools.replace(name, (), catalog.tools)
        self._prompts.replace(name, (), catalog.prompts)
        self._listing = None

    def withdraw(self, name: str) -> None:
        """Make the items of a service unusable; its catalog is kept."""
        entry = self._entries.get(name)
        if entry is None or not entry.is_published:
            return
        entry.is_published = False
        self._tools.replace(name, entry.catalog.tools, ())
        self._prompts.replace(name, entry.catalog.prompts, ())
        self._listing = None

    def tools(self, scope: frozenset[str] | None = None) -> NamedList[Tool]:
        """Return the tools that can be called now, within a scope of services."""
        if scope is None:
            if self._listing is None:
                self._listing = NamedList(tool for entry in self._published(None) for tool in entry.catalog.tools)
            return self._listing
        return NamedList(tool for entry in self._published(scope) for tool in entry.catalog.tools)

    def resources(self, scope: frozenset[str] | None = None) -> NamedList[Resource]:
        """Return the resources that can be read now, within a scope of services."""
        return NamedList(resource for entry in self._published(scope) for resource in entry.catalog.resources)

    def prompts(self, scope: frozenset[str] | None = None) -> NamedList[Prompt]:
        """Return the prompts that can be used now, within a scope of services."""
        return NamedList(prompt for entry in self._published(scope) for prompt in entry.catalog.prompts)

    def find_tool(self, name: str, service: str | None = None, scope: frozenset[str] | None = None) -> Tool:
        """Return the tool with this name.

        Args:
            name: `"tool"` or `"service/tool"`.
            service: Name of the service; None to search all services of the scope.
            scope: Names of the services to search; None for all.

        Raises:
            ToolNotFound: No service in the scope offers the tool now.
            AmbiguousTool: Several services in the scope offer it.
        """
        return self._find(self._tools, name, service, scope, "tool")

    def find_prompt(self, name: str, service: str | None = None, scope: frozenset[str] | None = None) -> Prompt:
        """Return the prompt with this name; arguments and errors as for `find_tool`."""
        return self._find(self._prompts, name, service, scope, "prompt")

    def _find(self, index: NameIndex[T], name: str, service: str | None, scope: frozenset[str] | None, kind: str) -> T:
        if service is not None:
            item = index.get(service, name) if scope is None or service in scope else None
        else:
            item = index.find(name, scope)
            # Names of services can contain slashes, so every split of the name is tried.
            parts = name.split("/")
            for split in range(1, len(parts)) if item is None else ():
                owner = "/".join(parts[:split])
                if owner in self._entries and (scope is None or owner in scope):
                    item = item or index.get(owner, "/".join(parts[split:]))
        if item is None:
            raise ToolNotFound(name if service is None else f"{service}/{name}", kind=kind)
        return item

    def _entry(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise ServiceNotFound(name, list(self._entries)) from None

    def _published(self, scope: frozenset[str] | None) -> Iterator[Entry]:
        for name, entry in self._entries.items():
            if entry.is_published and (scope is None or name in scope):
                yield entry
