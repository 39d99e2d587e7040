"""Fetches the catalog of a service over its connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from mcpstore.errors import CheckFailed, ServiceError
from mcpstore.hooks.connection import Connection
from mcpstore.models.catalog import Catalog, Prompt, Resource, Tool
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.models.record import NamedList

__all__ = ["fetch_extras", "fetch_tools"]

PAGES: Final = 1000
"""Number of pages of one list that are followed; bounds a list whose pages form a cycle."""

T = TypeVar("T")


async def fetch_tools(connection: Connection, service: str, limit: float) -> Catalog:
    """Return a catalog of the tools of a service; empty if it does not declare tools.

    Args:
        connection: An open connection.
        service: Name of the service.
        limit: Time limit of one request, in seconds.

    Raises:
        CallError: The service does not list its tools.
    """
    if "tools" not in connection.server.capabilities:
        return Catalog()
    raw, ttl = await _list(connection, "tools", limit)
    tools, unreadable = _read(raw, partial(_tool, service=service))
    return Catalog(tools=NamedList(tools), unreadable=unreadable, ttl=ttl)


async def fetch_extras(connection: Connection, service: str, limit: float, catalog: Catalog) -> Catalog:
    """Return the catalog with resources and prompts added.

    A list that the service declares and then refuses is empty: only the tools are required.
    """
    resources: list[Resource] = []
    prompts: list[Prompt] = []
    unreadable = catalog.unreadable
    if "resources" in connection.server.capabilities:
        for method, is_template in (("resources", False), ("resources/templates", True)):
            listed = await _list_or_nothing(connection, method, limit)
            items, bad = _read(listed, partial(_resource, service=service, is_template=is_template))
            resources += items
            unreadable += bad
    if "prompts" in connection.server.capabilities:
        listed = await _list_or_nothing(connection, "prompts", limit)
        prompts, bad = _read(listed, partial(_prompt, service=service))
        unreadable += bad
    return Catalog(
        tools=catalog.tools,
        resources=NamedList(resources),
        prompts=NamedList(prompts),
        unreadable=unreadable,
        ttl=catalog.ttl,
    )


async def _list_or_nothing(connection: Connection, method: str, limit: float) -> list[Any]:
    try:
        return (await _list(connection, method, limit))[0]
    except ServiceError:
        return []


async def _list(connection: Connection, what: str, limit: float) -> tuple[list[Any], float | None]:
    """Follow the pages of a list; returns its items and how long they stay fresh, in seconds."""
    key = "resourceTemplates" if what == "resources/templates" else what
    items: list[Any] = []
    cursor: str | None = None
    seen: set[str] = set()
    ttl: float | None = None
    for _ in range(PAGES):
        params = {"cursor": cursor} if cursor else None
        result = await connection.request(f"{what}/list", params, timeout=limit)
        page = as_array(result.get(key))
        if page is None:
            raise CheckFailed(f"{what}/list: {key!r} must be a list (got {type(result.get(key)).__name__})")
        items += page
        fresh_for = result.get("ttlMs")
        if isinstance(fresh_for, int | float) and not isinstance(fresh_for, bool) and fresh_for > 0:
            ttl = fresh_for / 1000
        cursor = as_text(result.get("nextCursor"))
        if not cursor or cursor in seen:
            break
        seen.add(cursor)
    return items, ttl


def _read(items: list[Any], make: Callable[[Mapping[str, Any]], T | None]) -> tuple[list[T], int]:
    """Read each description separately, so that an invalid one hides only itself; returns how many are invalid."""
    records: list[T] = []
    for item in items:
        described = as_object(item)
        thing = make(described) if described is not None else None
        if thing is not None:
            records.append(thing)
    return records, len(items) - len(records)


def _tool(item: Mapping[str, Any], *, service: str) -> Tool | None:
    name = as_text(item.get("name"))
    if not name:
        return None
    return Tool(
        name=name,
        service=service,
        description=as_text(item.get("description")) or "",
        input_schema=as_object(item.get("inputSchema")) or {},
        output_schema=as_object(item.get("outputSchema")),
        raw=item,
    )


def _resource(item: Mapping[str, Any], *, service: str, is_template: bool) -> Resource | None:
    uri = as_text(item.get("uriTemplate" if is_template else "uri"))
    if not uri:
        return None
    return Resource(
        name=as_text(item.get("name")) or uri,
        service=service,
        uri=uri,
        is_template=is_template,
        description=as_text(item.get("description")) or "",
        mime_type=as_text(item.get("mimeType")),
        raw=item,
    )


def _prompt(item: Mapping[str, Any], *, service: str) -> Prompt | None:
    name = as_text(item.get("name"))
    if not name:
        return None
    listed = as_array(item.get("arguments")) or ()
    return Prompt(
        name=name,
        service=service,
        description=as_text(item.get("description")) or "",
        arguments=tuple(argument for argument in map(as_object, listed) if argument is not None),
        raw=item,
    )
