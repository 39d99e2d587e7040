"""Transport `memory`: a FastMCP server in this process, for tests and for embedding."""

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
    """Settings of a service in this process.

    Attributes:
        server: A FastMCP server, a function (plain or async) that returns one, or the import path of either, as
            `"package.module:name"`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: Any

    @field_validator("server")
    @classmethod
    def _is_plausible(cls, server: Any) -> Any:
        if isinstance(server, str):
            module, colon, name = server.partition(":")
            if not (colon and _is_dotted(module) and _is_dotted(name)):
                raise ValueError(f"must be an import path, such as 'package.module:name' (got {server!r})")
        elif server is None or isinstance(server, bool | int | float | Sequence | Mapping):
            kind = _kind(cast("object", server))
            raise ValueError(f"must be a FastMCP server, a function that returns one, or an import path (got {kind})")
        return server


@asynccontextmanager
async def connect(settings: MemorySettings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Open a connection.

    Args:
        settings: The server.
        peer: Client side of the connection.
    """
    # Importing FastMCP takes a second, so it is done in a thread.
    await asyncio.to_thread(import_module, "mcpstore.wire.fastmcp")
    from mcpstore.wire.fastmcp import from_fastmcp  # noqa: PLC0415 - see above

    async with from_fastmcp(await _transport(settings.server, peer.service), peer) as connection:
        yield connection


@hookimpl
def mcpstore_transports() -> Iterable[Transport[MemorySettings]]:
    """Return the transport."""
    yield Transport(name="memory", config=MemorySettings, connect=connect)


async def _transport(source: Any, service: str) -> FastMCPTransport:
    from fastmcp import FastMCP  # noqa: PLC0415 - already loaded
    from fastmcp.client.transports import FastMCPTransport  # noqa: PLC0415
    from mcp.server.mcpserver import MCPServer  # noqa: PLC0415

    kinds = (FastMCP, MCPServer)
    server = await asyncio.to_thread(_imported, source) if isinstance(source, str) else source
    if not isinstance(server, kinds) and callable(server):
        server = await _call(server, service)
    if not isinstance(server, kinds):
        problem = f"server {source!r} is not a FastMCP server (got {_kind(server)})"
        raise ConnectRefused(f"{problem}; name a server, or a function that returns one")
    return FastMCPTransport(cast("FastMCP[Any]", server))


async def _call(factory: Any, service: str) -> Any:
    try:
        result = factory() if inspect.iscoroutinefunction(factory) else await asyncio.to_thread(factory)
        return await result if inspect.isawaitable(result) else result
    except Exception as error:
        problem = f"service {service!r} cannot be created: {getattr(factory, '__name__', factory)!r} failed"
        raise NotReady(f"{problem}: {str(error) or type(error).__name__}") from error


def _imported(path: str) -> Any:
    module, _, name = path.partition(":")
    try:
        return reduce(getattr, name.split("."), import_module(module))
    except Exception as error:
        # The import fails until the code or the configuration is corrected, so it is not retried soon.
        problem = f"server {path!r} cannot be imported ({type(error).__name__}: {error})"
        raise ConnectRefused(f"{problem}; correct the path or the module") from error


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _kind(value: object) -> str:
    return type(value).__name__
