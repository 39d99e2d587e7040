"""The transport passes the suite, and a store can use it."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from mcpstore_template import transport as plugin

from mcpstore import AsyncMCPStore
from mcpstore.testing.faults import fault_process
from mcpstore.testing.suites import TransportSuite


class TestTransport(TransportSuite):
    plugin = plugin
    name = "template"
    lacks: ClassVar = {"secrets": "an address is no secret"}

    @asynccontextmanager
    async def serving(self, *faults: object) -> AsyncGenerator[Mapping[str, Any]]:
        async with fault_process("--tcp", 0, *faults) as server:
            yield {"port": server.port}

    def nowhere(self) -> Mapping[str, Any]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return {"port": free.getsockname()[1]}


async def test_a_store_uses_it():
    async with fault_process("--tcp", 0) as server:
        config = {"mcpServers": {"far": {"transport": {"type": "template", "port": server.port}}}}
        async with AsyncMCPStore(config, plugins={"tested": plugin}, block_plugins=["mcpstore-template"]) as store:
            assert await store.start_service("far", 60)
            assert await store.list_tools("far")
