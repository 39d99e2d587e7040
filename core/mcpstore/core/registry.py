"""What is known of every service: specifications, catalogs, agents. In memory, without I/O."""

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
    """Something a service offers under a name."""

    @property
    def name(self) -> str:
        """Its own name."""
        ...

    @property
    def service(self) -> str:
        """The service that offers it."""
        ...


T = TypeVar("T", bound=CatalogItem)

_EMPTY_CATALOG: Final = Catalog()


class NameIndex(Generic[T]):
    """Finds what services offer, by name. The first of two things with one name and one service is kept."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._by_name: dict[str, dict[str, T]] = {}

    def replace(self, service: str, old: Iterable[T], new: Iterable[T]) -> None:
        """Take out what a service offered and put in what it offers."""
        for thing in old:
            holders = self._by_name.get(thing.name, {})
            holders.pop(service, None)
            if not holders:
                self._by_name.pop(thing.name, None)
        for thing in new:
            self._by_name.setdefault(thing.name, {}).setdefault(service, thing)

    def find(self, name: str, scope: frozenset[str] | None) -> T | None:
        """Return the one thing of this name within a scope of services, or None.

        Raises:
            AmbiguousTool: Several services offer it.
        """
        holders = self._by_name.get(name)
        if not holders:
            return None
        if scope is not None:
            holders = {service: thing for service, thing in holders.items() if service in scope}
        if len(holders) > 1:
            raise AmbiguousTool(name, sorted(f"{service}/{name}" for service in holders), kind=self._kind)
        return next(iter(holders.values()), None)

    def get(self, service: str, name: str) -> T | None:
        """Return what a service offers under a name, or None."""
        return self._by_name.get(name, {}).get(service)


@attrs.define
class Entry:
    """What is known of one service."""

    spec: ServiceSpec
    catalog: Catalog = _EMPTY_CATALOG
    is_published: bool = False


class Registry:
    """The services of one store, in the order in which they were added."""

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
            ServiceNotFound: There is none of this name.
        """
        return self._entry(name).spec

    def specs(self) -> list[ServiceSpec]:
        """Return every specification, in order."""
        return [entry.spec for entry in self._entries.values()]

    def put(self, spec: ServiceSpec) -> None:
        """Add a service, or replace its specification."""
        entry = self._entries.get(spec.name)
        if entry is None:
            self._entries[spec.name] = Entry(spec)
        else:
            entry.spec = spec

    def drop(self, name: str) -> None:
        """Forget a service and what it offers."""
        self.withdraw(name)
        self._entries.pop(name, None)

    def depends_on(self) -> Mapping[str, tuple[str, ...]]:
        """Return what each service depends on."""
        return {name: entry.spec.depends_on for name, entry in self._entries.items()}

    def check_dependencies(self, *specs: ServiceSpec) -> None:
        """Make sure that adding (or replacing) services leaves no cycle.

        Raises:
            DependencyCycle: Services would wait for each other.
        """
        layers({**self.depends_on(), **{spec.name: spec.depends_on for spec in specs}})

    def services_of_agent(self, agent: str) -> frozenset[str]:
        """Return the names of the services given to an agent."""
        return frozenset(name for name, entry in self._entries.items() if agent in entry.spec.agents)

    # --- what they offer

    def catalog(self, name: str) -> Catalog:
        """Return what a service offers, or offered when it was last asked."""
        entry = self._entries.get(name)
        return entry.catalog if entry is not None else _EMPTY_CATALOG

    def publish(self, name: str, catalog: Catalog) -> None:
        """Let what a service offers be called."""
        entry = self._entry(name)
        self.withdraw(name)
        entry.catalog, entry.is_published = catalog, True
        self._tools.replace(name, (), catalog.tools)
        self._prompts.replace(name, (), catalog.prompts)
        self._listing = None

    def withdraw(self, name: str) -> None:
        """Let nothing of a service be called any longer; what it offered stays known."""
        entry = self._entries.get(name)
        if entry is None or not entry.is_published:
            return
        entry.is_published = False
        self._tools.replace(name, entry.catalog.tools, ())
        self._prompts.replace(name, entry.catalog.prompts, ())
        self._listing = None

    def tools(self, scope: frozenset[str] | None = None) -> NamedList[Tool]:
        """Return every tool that can be called now, within a scope of services."""
        if scope is None:
            if self._listing is None:
                self._listing = NamedList(tool for entry in self._published(None) for tool in entry.catalog.tools)
            return self._listing
        return NamedList(tool for entry in self._published(scope) for tool in entry.catalog.tools)

    def resources(self, scope: frozenset[str] | None = None) -> NamedList[Resource]:
        """Return every resource that can be read now, within a scope of services."""
        return NamedList(resource for entry in self._published(scope) for resource in entry.catalog.resources)

    def prompts(self, scope: frozenset[str] | None = None) -> NamedList[Prompt]:
        """Return every prompt that can be had now, within a scope of services."""
        return NamedList(prompt for entry in self._published(scope) for prompt in entry.catalog.prompts)

    def find_tool(self, name: str, service: str | None = None, scope: frozenset[str] | None = None) -> Tool:
        """Return the tool that a name stands for.

        Args:
            name: `"tool"`, or `"service/tool"`.
            service: The service meant, where the name does not say it.
            scope: Names of the services to look at; None for all.

        Raises:
            ToolNotFound: No service in reach offers it now.
            AmbiguousTool: Several do.
        """
        return self._find(self._tools, name, service, scope, "tool")

    def find_prompt(self, name: str, service: str | None = None, scope: frozenset[str] | None = None) -> Prompt:
        """Return the prompt that a name stands for; like `find_tool`."""
        return self._find(self._prompts, name, service, scope, "prompt")

    def _find(self, index: NameIndex[T], name: str, service: str | None, scope: frozenset[str] | None, kind: str) -> T:
        if service is not None:
            found = index.get(service, name) if scope is None or service in scope else None
        else:
            found = index.find(name, scope)
            # Names of services may hold slashes themselves, so every way to divide the name is tried.
            parts = name.split("/")
            for cut in range(1, len(parts)) if found is None else ():
                owner = "/".join(parts[:cut])
                if owner in self._entries and (scope is None or owner in scope):
                    found = found or index.get(owner, "/".join(parts[cut:]))
        if found is None:
            raise ToolNotFound(name if service is None else f"{service}/{name}", kind=kind)
        return found

    def _entry(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise ServiceNotFound(name, list(self._entries)) from None

    def _published(self, scope: frozenset[str] | None) -> Iterator[Entry]:
        for name, entry in self._entries.items():
            if entry.is_published and (scope is None or name in scope):
                yield entry
