"""Stores over scripted services: the sync one and the async one behind one face, so that one suite tests both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore, MCPStore
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.store import ServiceContext
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

QUICK = DEFAULT_TIMING.scaled(1 / 20)


class Awaitable:
    """A sync store or context whose verbs can be awaited; each runs in a thread, as it would in a program."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._inner, name)
        if not inspect.ismethod(member):
            return member
        if name in ("for_store", "for_agent"):
            return lambda *args: Awaitable(member(*args))
        if name == "on_state_change":
            return member

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(member, *args, **kwargs)

        return call


class World:
    """A store and the servers it manages."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.servers: dict[str, ScriptedServer] = {}
        self.opened: list[Any] = []
        self.path = folder / "mcp.json"

    def server(self, name: str, **attributes: Any) -> ScriptedServer:
        server = self.servers.setdefault(name, ScriptedServer(name))
        for key, value in attributes.items():
            setattr(server, key, value)
        return server

    def entry(self, name: str, **fields: Any) -> dict[str, Any]:
        self.server(name)
        return {"transport": {"type": "scripted", "server": name}, **fields}

    async def open(self, config: Any = None, *, default: bool = False, **options: Any) -> Any:
        scripted = ScriptedPlugin()
        scripted.servers = self.servers
        options = {"timing": QUICK, "state_dir": self.folder / "state", **options}
        options["plugins"] = {"scripted": scripted, **options.get("plugins", {})}
        if config is None and not default:
            config = {"mcpServers": {}}
        store: Any
        if self.kind == "async":
            store = await AsyncMCPStore.setup_store(config, **options)
            self.opened.append(store)
            return store
        store = await asyncio.to_thread(MCPStore.setup_store, config, **options)
        self.opened.append(store)
        return Awaitable(store)

    def do(self, store: Any, action: Callable[[], Any]) -> Any:
        """Do something to a server in the event loop of the store."""
        inner = store._inner if isinstance(store, Awaitable) else store
        return inner._portal.call_plain(action) if isinstance(inner, ServiceContext) else action()

    async def close(self) -> None:
        for store in self.opened:
            if isinstance(store, MCPStore):
                await asyncio.to_thread(store.close)
            else:
                await store.close()


@pytest.fixture(params=["async", "sync"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[World]:
    world = World(request.param, tmp_path)
    yield world
    await world.close()
