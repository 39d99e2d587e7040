"""A transport to a server in this process that passes the suite: what broken ones are made from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pydantic import BaseModel, SecretStr

from mcpstore import hookimpl
from mcpstore.errors import NotReady
from mcpstore.hooks import ClientEndpoint, Exit, Transport
from mcpstore.testing.fault_server.faulty import FaultyServer, LineFaults
from mcpstore.testing.fault_server.options import parse
from mcpstore.testing.suites import TransportSuite
from mcpstore.wire import JsonLines
from mcpstore.wire.message import decode


class Settings(BaseModel, extra="forbid"):
    flags: list[str] = []
    token: SecretStr = SecretStr("")


class Wire:
    """Both directions: what is written on the one side is fed on the other, in the next turn of the loop."""

    is_paused = False

    def __init__(self, flags: list[str], peer: ClientEndpoint) -> None:
        self.loop = asyncio.get_running_loop()
        self.engine = JsonLines(peer, self)
        options = parse(flags)
        lines = LineFaults(options, lambda data: self.loop.call_soon(self.engine.feed, data))
        self.server = FaultyServer(options, lines.say, die=self.die)
        self.doom = self.loop.call_later(options.exit_after or 3600, self.die, options.exit_code)

    def write(self, data: bytes) -> None:
        self.loop.call_soon(self.server.take, decode(data))

    async def drain(self) -> None:
        pass

    def die(self, code: int) -> None:
        self.engine.end(Exit(reason=f"exited with code {code}", code=code))


class Loopback:
    """The plugin. Broken ones override what they break."""

    engine: type[Any] = JsonLines

    @asynccontextmanager
    async def connect(self, settings: Any, peer: ClientEndpoint) -> AsyncGenerator[Any]:
        if "nowhere" in settings.flags:
            raise NotReady("nobody is there")
        wire = Wire(settings.flags, peer)
        try:
            await wire.engine.open()
            yield wire.engine
        finally:
            wire.doom.cancel()
            wire.engine.end(Exit(reason="closed by this side"))

    @hookimpl
    def mcpstore_transports(self) -> list[Transport[Any]]:
        return [Transport(name="loopback", config=Settings, connect=self.connect)]


class LoopbackSuite(TransportSuite):
    plugin = Loopback()
    name = "loopback"
    lacks = {"lines": "the server in this process would exit with us"}

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        yield {"flags": [str(fault) for fault in faults]}

    def nowhere(self) -> Mapping[str, Any]:
        return {"flags": ["nowhere"]}

    def with_secret(self, settings: Mapping[str, Any], secret: str) -> Mapping[str, Any]:
        return {**settings, "token": secret}
