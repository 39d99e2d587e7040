"""The transport `memory`: a FastMCP server that lives in this process, for tests and for embedding."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import reduce
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ConfigDict, field_validator

from mcpstore.errors import ConnectRefused, NotReady
from mcpstore.hooks import ClientEndpoint, Connection, Transport, hookimpl

if TYPE_CHECKING:
    from fastmcp.client.transports import FastMCPTransport

__all__ = ["MemorySettings", "connect", "mcpstore_transports"]


class MemorySettings(BaseModel):
    """The settings of a service in this process.

    Attributes:
        server: A FastMCP server, something to call that returns one (at once or awaited), or where to import either
            from, as `"package.module:name"`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: Any

    @field_validator("server")
    @classmethod
    def _can_be_one(cls, server: Any) -> Any:
        if isinstance(server, str):
            module, colon, name = server.partition(":")
            if not (colon and _is_dotted(module) and _is_dotted(name)):
                raise ValueError(f"must say where the server is, as in 'package.module:name' (got {server!r})")
        elif server is None or isinstance(server, bool | int | float | Sequence | Mapping):
            raise ValueError(f"must be a FastMCP server, or lead to one (got {_kind(cast('object', server))})")
        return server


@asynccontextmanager
async def connect(settings: MemorySettings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Open a connection.

    Args:
        settings: Which server.
        peer: Our side of the wire.
    """
    # FastMCP takes a second to load; meanwhile the event loop has other services to look after.
    await asyncio.to_thread(import_module, "mcpstore.wire.fastmcp")
    from mcpstore.wire.fastmcp import from_fastmcp  # noqa: PLC0415 - see above

    async with from_fastmcp(await _transport(settings.server, peer.service), peer) as connection:
        yield connection


@hookimpl
def mcpstore_transports() -> Iterable[Transport[MemorySettings]]:
    """Offer the transport."""
    yield Transport(name="memory", config=MemorySettings, connect=connect)


async def _transport(given: Any, service: str) -> FastMCPTransport:
    from fastmcp import FastMCP  # noqa: PLC0415 - loaded by now
    from fastmcp.client.transports import FastMCPTransport  # noqa: PLC0415
    from mcp.server.mcpserver import MCPServer  # noqa: PLC0415

    kinds = (FastMCP, MCPServer)
    found = await asyncio.to_thread(_imported, given) if isinstance(given, str) else given
    if not isinstance(found, kinds) and callable(found):
        found = await _made(found, service)
    if not isinstance(found, kinds):
        raise ConnectRefused(f"server: {given!r} leads to no FastMCP server (got {_kind(found)})")
    return FastMCPTransport(cast("FastMCP[Any]", found))


async def _made(factory: Any, service: str) -> Any:
    try:
        made = factory() if inspect.iscoroutinefunction(factory) else await asyncio.to_thread(factory)
        return await made if inspect.isawaitable(made) else made
    except Exception as error:
        text = f"service {service!r} cannot be made: {getattr(factory, '__name__', factory)!r} failed: "
        raise NotReady(text + (str(error) or type(error).__name__)) from error


def _imported(where: str) -> Any:
    module, _, name = where.partition(":")
    try:
        return reduce(getattr, name.split("."), import_module(module))
    except Exception as error:
        # Whatever a module does while it is imported, it will do again until somebody changes it.
        text = f"server: {where!r} cannot be imported ({type(error).__name__}: {error}); correct it"
        raise ConnectRefused(text) from error


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _kind(value: object) -> str:
    return type(value).__name__
