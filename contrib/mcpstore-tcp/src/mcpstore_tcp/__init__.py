"""Transport `tcp`: MCP over a TCP or unix socket, one JSON message a line."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import anyio
from pydantic import BaseModel, Field, model_validator

from mcpstore.errors import ConnectTimeout, NotReady
from mcpstore.hooks import ClientEndpoint, Connection, Transport, hookimpl
from mcpstore.wire import json_lines


class TcpSettings(BaseModel, extra="forbid"):
    """Address of the service: a TCP port, or the path of a unix socket."""

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=1, le=65535)
    path: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "TcpSettings":
        if (self.port is None) == (self.path is None):
            raise ValueError("must have either port or path; set one of them")
        return self


@asynccontextmanager
async def connect(settings: TcpSettings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Open a connection."""
    address = settings.path or f"{settings.host}:{settings.port}"
    try:
        with anyio.fail_after(peer.connect_timeout):
            opening = (
                anyio.connect_unix(address) if settings.path else anyio.connect_tcp(settings.host, settings.port or 0)
            )
            stream = await opening
    except TimeoutError:
        raise ConnectTimeout(f"{address} did not answer within {peer.connect_timeout:g} s") from None
    except OSError as error:
        raise NotReady(f"{address} cannot be reached: {error}") from error
    async with json_lines(stream, peer) as connection:
        yield connection


@hookimpl
def mcpstore_transports() -> Iterable[Transport[TcpSettings]]:
    """Return the transport."""
    yield Transport(name="tcp", config=TcpSettings, connect=connect)
