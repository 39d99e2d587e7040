"""A store over one scripted service, on a loop with virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualLoop}


Opened = tuple[AsyncMCPStore, ScriptedServer]


@pytest.fixture
async def watched() -> AsyncGenerator[Callable[..., Awaitable[Opened]]]:
    """Opens a store with settings of monitoring over a service "a" that is healthy."""
    stores: list[AsyncMCPStore] = []

    async def open_store(state_dir: Path | None = None, **settings: Any) -> Opened:
        server = ScriptedServer("a")
        config: dict[str, Any] = {"mcpServers": {"a": {"transport": {"type": "scripted", "server": "a"}}}}
        store = AsyncMCPStore(
            config,
            monitoring_config=settings,
            plugins={"scripted": ScriptedPlugin(a=server)},
            clock=FakeClock(),
            state_dir=state_dir,
        )
        stores.append(store)
        await store.open()
        assert await store.wait_service("a", timeout=60)
        return store, server

    yield open_store
    for store in stores:
        await store.close()
