"""Secrets that are in no configuration: a connection receives them, for example from a login."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from pydantic import BaseModel

from mcpstore import AsyncMCPStore
from mcpstore.errors import NotReady
from mcpstore.hooks import ClientEndpoint, Transport, hookimpl

TOKEN = "learnt0123456789"


class Settings(BaseModel):
    pass


class Plugin:
    """A transport that learns a secret, and a hook that has heard of it."""

    def __init__(self) -> None:
        self.has_learnt = False

    @asynccontextmanager
    async def connect(self, settings: Settings, peer: ClientEndpoint) -> AsyncGenerator[Any]:
        peer.on_secret(TOKEN)
        self.has_learnt = True
        peer.on_stderr(f"logged in with {TOKEN}")
        raise NotReady(f"the server does not like {TOKEN}")
        yield

    @hookimpl
    def mcpstore_transports(self) -> Any:
        yield Transport(name="learning", config=Settings, connect=self.connect)

    @hookimpl
    def mcpstore_state_changed(self, change: Any) -> None:
        if self.has_learnt:
            raise RuntimeError(f"who knows {TOKEN}?")


async def test_a_secret_received_by_a_connection_is_shown_nowhere(caplog):
    config = {"mcpServers": {"a": {"transport": {"type": "learning"}}}}
    async with AsyncMCPStore(config, plugins={"plugin": Plugin()}) as store:
        with anyio.fail_after(20):
            while not (error := (await store.get_service_info("a")).error):
                await anyio.sleep(0.01)
            while not (plugin := (await store.list_plugins())["plugin"].error):
                await anyio.sleep(0.01)
        [line] = await store.get_service_logs("a")
    assert "does not like ***" in error
    assert line.text == "logged in with ***"
    assert "who knows ***?" in plugin
    assert TOKEN not in caplog.text
