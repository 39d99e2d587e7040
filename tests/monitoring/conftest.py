"""A store with one scripted service, on an event loop with virtual time."""

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
    """Return a function that opens a store with monitoring settings and a healthy service "a"."""
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
