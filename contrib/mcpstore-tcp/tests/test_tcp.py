"""MCP over TCP and unix sockets, against real servers."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import mcpstore_tcp
import pytest

from mcpstore import AsyncMCPStore
from mcpstore.errors import NotReady
from mcpstore.hooks import ClientEndpoint
from mcpstore.testing.faults import fault_process
from mcpstore.testing.suites import TransportSuite

NO_SECRETS = {"secrets": "an address is no secret"}


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class TestTcp(TransportSuite):
    plugin = mcpstore_tcp
    name = "tcp"
    lacks = NO_SECRETS

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        async with fault_process("--tcp", 0, *faults) as server:
            yield {"port": server.port}

    def nowhere(self) -> Mapping[str, Any]:
        return {"port": unused_port()}


class TestUnixSocket(TransportSuite):
    plugin = mcpstore_tcp
    name = "tcp"
    lacks = NO_SECRETS

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        path = str(self.folder / "mcp.sock")
        async with fault_process("--unix", path, *faults):
            yield {"path": path}

    def nowhere(self) -> Mapping[str, Any]:
        return {"path": str(self.folder / "none.sock")}


@pytest.mark.parametrize("settings", [{}, {"port": 1, "path": "/x"}, {"port": 0}, {"port": 1, "colour": "red"}])
def test_invalid_settings_are_refused(settings):
    with pytest.raises(ValueError, match=r"port|colour"):
        mcpstore_tcp.TcpSettings(**settings)


async def test_an_error_names_the_address():
    transport = next(iter(mcpstore_tcp.mcpstore_transports()))
    port = unused_port()
    with pytest.raises(NotReady, match=f"127.0.0.1:{port} cannot be reached"):
        async with transport.connect(mcpstore_tcp.TcpSettings(port=port), ClientEndpoint()):
            pass


async def test_a_store_calls_a_tool_over_tcp():
    async with fault_process("--tcp", 0) as server:
        config = {"mcpServers": {"far": {"transport": {"type": "tcp", "port": server.port}}}}
        options = {"plugins": {"tcp": mcpstore_tcp}, "block_plugins": ["mcpstore-tcp"]}
        async with AsyncMCPStore(config, **options) as store:
            assert await store.start_service("far", 60)
            assert [tool.service for tool in await store.list_tools()]
