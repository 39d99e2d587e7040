"""The bundled transports pass the suite for all transports."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from mcpstore.hooks import Era
from mcpstore.testing.faults import fault_entry, fault_process
from mcpstore.testing.suites import TransportSuite
from mcpstore_plugins import memory, sse, stdio, streamable_http
from plugins.suites.reference_fastmcp import make_server
from wire.http_world import unused_port

NO_LINES = "HTTP carries messages in bodies, not lines on a stream"


class TestStdio(TransportSuite):
    plugin = stdio
    name = "stdio"

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        yield fault_entry(*faults)

    def nowhere(self) -> Mapping[str, Any]:
        return {"command": "no-such-command-anywhere"}

    def with_secret(self, settings: Mapping[str, Any], secret: str) -> Mapping[str, Any]:
        return {**settings, "env": {"TOKEN": secret}}


class OverHttp(TransportSuite):
    flag: str
    path: str

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        async with fault_process(self.flag, 0, *faults) as server:
            yield {"url": f"http://127.0.0.1:{server.port}{self.path}"}

    def nowhere(self) -> Mapping[str, Any]:
        return {"url": f"http://127.0.0.1:{unused_port()}{self.path}"}

    def with_secret(self, settings: Mapping[str, Any], secret: str) -> Mapping[str, Any]:
        return {**settings, "auth": {"bearer": secret}, "headers": {"X-Key": secret}}


class TestStreamableHttp(OverHttp):
    plugin = streamable_http
    name = "streamable_http"
    flag, path = "--http", "/mcp"
    era = Era.LEGACY
    lacks = {
        "death": "HTTP tells that a server is gone when it is asked something",
        "lines": NO_LINES,
    }


class TestSse(OverHttp):
    plugin = sse
    name = "sse"
    flag, path = "--sse", "/sse"
    lacks = {"lines": NO_LINES}


class TestMemory(TransportSuite):
    plugin = memory
    name = "memory"
    era = Era.LEGACY
    lacks = {
        "death": "a server in this process dies with us",
        "exits": "a server in this process dies with us",
        "errors": "FastMCP answers with errors of its own making",
        "faults": "the server is FastMCP's, and behaves",
        "frames": "objects are handed over, not bytes",
        "lines": "objects are handed over, not bytes",
        "logging": "FastMCP numbers its log messages differently",
        "notifications": "FastMCP does not tell its tools what it heard",
        "secrets": "its settings are a server object, or where to import it from",
    }

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        assert not faults
        yield {"server": make_server()}

    def nowhere(self) -> Mapping[str, Any]:
        return {"server": "json:no_such_name"}
