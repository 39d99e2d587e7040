"""A transport whose services follow a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pydantic import BaseModel

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceError
from mcpstore.hooks import ClientEndpoint, Era, Exit, ProgressFn, ServerInfo, Transport, hookimpl

__all__ = ["ScriptedConnection", "ScriptedPlugin", "ScriptedServer"]

Answer = Callable[[Mapping[str, Any]], Any]


class ScriptedConnection:
    """A connection to a scripted server."""

    protocol_version = "2025-11-25"

    def __init__(self, server: ScriptedServer, peer: ClientEndpoint) -> None:
        self.script = server
        self.peer = peer
        self.era: Era = peer.era or Era.LEGACY
        self.server: ServerInfo = ServerInfo(
            name=server.name, version="1", capabilities={name: {} for name in server.capabilities}
        )
        self.requests: list[tuple[str, Mapping[str, Any]]] = []
        self._gone: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - part of the interface
        on_progress: ProgressFn | None = None,  # noqa: ARG002 - scripted servers report none
    ) -> dict[str, Any]:
        """Answer according to the script."""
        if self._gone.done():
            raise ConnectionLost(str(self._gone.result()))
        self.requests.append((method, params or {}))
        answering = asyncio.ensure_future(self.script.answer(method, params or {}))
        waiting: set[asyncio.Future[Any]] = {answering, self._gone}
        try:
            done, _ = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if answering in done:
                return answering.result()
        finally:
            answering.cancel()
        if done:
            raise ConnectionLost(str(self._gone.result()))
        raise CallTimeout(f"no answer to {method!r} within {timeout:g} s")

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Record a notification."""
        self.requests.append((method, params or {}))

    async def wait_closed(self) -> Exit:
        """Wait until the connection ends."""
        return await asyncio.shield(self._gone)

    def end(self, exit: Exit) -> None:  # noqa: A002 - name of the record
        """End the connection from the server's side."""
        if not self._gone.done():
            self._gone.set_result(exit)


class ScriptedServer:
    """Behaviour of a scripted service; a test may change the attributes at any time.

    Args:
        name: Its name.
        tools: Names of its tools.

    Attributes:
        open_error: Raised by each opening.
        open_delay: Duration of an opening, in seconds.
        close_delay: Duration of a close, in seconds.
        close_error: Raised by each close.
        delay: Duration of an answer, in seconds.
        silent: Methods that are never answered.
        answers: Answers by method: a value, an exception, or a function of the parameters.
        opened: Number of openings.
        connections: All connections, oldest first.
    """

    def __init__(self, name: str = "scripted", tools: tuple[str, ...] = ("echo",)) -> None:
        self.name = name
        self.capabilities: tuple[str, ...] = ("tools",)
        self.tools = tools
        self.open_error: Exception | None = None
        self.open_delay: float = 0.0
        self.close_delay: float = 0.0
        self.close_error: Exception | None = None
        self.delay: float = 0.0
        self.silent: set[str] = set()
        self.answers: dict[str, Any] = {}
        self.opened: int = 0
        self.open_now: int = 0
        self.connections: list[ScriptedConnection] = []

    @property
    def connection(self) -> ScriptedConnection:
        """The newest connection."""
        return self.connections[-1]

    def die(self, code: int = 1, *stderr: str) -> None:
        """End the newest connection as the exit of a process would."""
        self.connection.end(Exit(reason=f"exited with code {code}", code=code, stderr=stderr))

    async def answer(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        if method in self.silent:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self.delay)
        answer: Any = self.answers.get(method)
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return dict(answer)
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": [{"name": tool, "inputSchema": {"type": "object"}} for tool in self.tools]}
        if method == "tools/call":
            return {"content": [{"type": "text", "text": f"{params.get('name')}: {params.get('arguments')}"}]}
        raise ServiceError(-32601, f"method {method!r} is not known")


class ScriptedSettings(BaseModel, extra="forbid"):
    """Settings of the scripted transport."""

    server: str


class ScriptedPlugin:
    """A plugin with the transport `scripted`; its services are looked up by the setting `server`."""

    def __init__(self, **servers: ScriptedServer) -> None:
        self.servers = servers

    @hookimpl
    def mcpstore_transports(self) -> list[Transport[ScriptedSettings]]:
        """Return the transport."""
        return [Transport(name="scripted", config=ScriptedSettings, connect=self.connect)]

    @asynccontextmanager
    async def connect(self, settings: ScriptedSettings, peer: ClientEndpoint) -> AsyncGenerator[ScriptedConnection]:
        """Open a connection to a scripted server."""
        server = self.servers[settings.server]
        server.opened += 1
        server.open_now += 1
        try:
            await asyncio.sleep(server.open_delay)
            if server.open_error is not None:
                raise server.open_error
            connection = ScriptedConnection(server, peer)
            server.connections.append(connection)
            yield connection
            connection.end(Exit(reason="closed by us"))
            await asyncio.sleep(server.close_delay)
            if server.close_error is not None:
                raise server.close_error
        finally:
            server.open_now -= 1
