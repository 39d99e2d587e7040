"""A transport whose server is a world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from pydantic import BaseModel

from mcpstore.errors import CallTimeout, CloseFailed, ConnectionLost, ConnectRefused, NotReady, ServiceError
from mcpstore.hooks import ClientEndpoint, Era, Exit, ProgressFn, ServerInfo, Transport, hookimpl
from tests.simulation.worlds import Opening, World

__all__ = ["Observer", "SimulatedConnection", "SimulatedTransport"]

TOOLS: Final[Mapping[str, Any]] = {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}


class Observer(Protocol):
    """Observes events at the server, independently of the state of the machine."""

    def opening(self, service: str) -> None:
        """Record the start of an opening."""

    def opened(self, service: str) -> None:
        """Record that a connection is open."""

    def asked(self, service: str) -> None:
        """Record a request."""

    def ended(self, service: str) -> None:
        """Record that a connection ended by itself."""

    def closed(self, service: str) -> None:
        """Record the end of a close: nothing of the connection is left."""


class SimulatedConnection:
    """A connection into a world."""

    protocol_version = "2025-11-25"

    def __init__(self, world: World, peer: ClientEndpoint, observer: Observer, lives: float | None) -> None:
        self.era: Era = Era.LEGACY
        self.server: ServerInfo = ServerInfo(name=peer.service, version="1", capabilities={"tools": {}})
        self.is_deaf: bool = False
        self._service = peer.service
        self._world = world
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[Exit] = self._loop.create_future()
        now = self._loop.time()
        cut = world.cut_after(now)
        ends = [when for when in (None if lives is None else now + lives, cut) if when is not None]
        self._end = self._loop.call_at(min(ends), self._die) if ends else None

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface says so
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Answer as the world does now."""
        self._check()
        self._observer.asked(self._service)
        takes = None if self.is_deaf else self._world.at(self._loop.time()).answers
        if takes is None or (timeout is not None and takes > timeout):
            await asyncio.wait([self._gone], timeout=timeout)
            self._check()
            raise CallTimeout(f"no answer to {method!r} within {timeout:g} s")
        if takes:
            await asyncio.sleep(takes)
            self._check()
        if method == "tools/list":
            return dict(TOOLS)
        if method == "ping":
            return {}
        raise ServiceError(-32601, f"method {method!r} is not known")

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Accept a notification."""

    async def wait_closed(self) -> Exit:
        """Wait until the server ends the connection."""
        return await asyncio.shield(self._gone)

    def close(self) -> None:
        """Close the connection."""
        if self._end is not None:
            self._end.cancel()
        if not self._gone.done():
            self._gone.set_result(Exit(reason="closed by us"))

    def _check(self) -> None:
        if self._gone.done():
            raise ConnectionLost(str(self._gone.result()))

    def _die(self) -> None:
        if not self.is_deaf and not self._gone.done():
            self._observer.ended(self._service)
            self._gone.set_result(Exit(reason="exited with code 1", code=1))


class SimulatedSettings(BaseModel, extra="ignore"):
    """Settings of the simulated transport; they only make configurations different."""


class SimulatedTransport:
    """A plugin with the transport `simulated`.

    Args:
        worlds: The world of each service, by its name.
        observer: Observes events at the servers.

    Attributes:
        connections: Open connections, by service.
    """

    def __init__(self, worlds: Mapping[str, World], observer: Observer) -> None:
        self.connections: dict[str, SimulatedConnection] = {}
        self._worlds = worlds
        self._observer = observer

    @hookimpl
    def mcpstore_transports(self) -> list[Transport[SimulatedSettings]]:
        """Offer the transport."""
        return [Transport(name="simulated", config=SimulatedSettings, connect=self.connect)]

    @asynccontextmanager
    async def connect(self, _settings: SimulatedSettings, peer: ClientEndpoint) -> AsyncGenerator[SimulatedConnection]:
        """Open a connection into the world of a service."""
        world, service = self._worlds[peer.service], peer.service
        self._observer.opening(service)
        behaviour = world.attempt(asyncio.get_running_loop().time())
        left = behaviour.clings
        try:
            await self._knock(behaviour.opening, behaviour.takes)
            connection = self.connections[service] = SimulatedConnection(world, peer, self._observer, behaviour.lives)
            self._observer.opened(service)
            try:
                yield connection
            finally:
                connection.close()
                del self.connections[service]
            if left:
                raise CloseFailed(f"{left} processes survived", (1,), self._reaper(service, left))
        finally:
            if not left:
                self._observer.closed(service)

    async def _knock(self, opening: Opening, takes: float) -> None:
        if opening is Opening.HANGS:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(takes)
        if opening is Opening.REFUSES:
            raise ConnectRefused("401 Unauthorized")
        if opening is Opening.FAILS:
            raise NotReady("connection refused")

    def _reaper(self, service: str, left: int) -> Callable[[], Awaitable[None]]:
        async def reap() -> None:
            nonlocal left
            left -= 1
            if left:
                raise CloseFailed(f"{left} processes survived", (1,), reap)
            self._observer.closed(service)

        return reap
