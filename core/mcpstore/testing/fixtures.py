"""Fixtures for pytest: `pytest_plugins = ["mcpstore.testing.fixtures"]` in a conftest enables them.

* `open_store` opens stores on an event loop in virtual time, with a fake clock: months take seconds, nothing sleeps.
* `scripted` is a transport of those stores whose services follow a script.
* `load_plugins` loads plugin objects as if they were installed, and returns the plugin manager.
* `clock` is the clock of those stores.

A test that uses `open_store` or `clock` runs in virtual time; others run in real time. Async tests are marked
`@pytest.mark.anyio`, or run without a mark where `anyio_mode = "auto"` is set.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import attrs

from mcpstore.hooks import ENTRY_POINT_GROUP
from mcpstore.plugin_manager import PluginManager
from mcpstore.store import AsyncMCPStore
from mcpstore.testing._pytest import pytest
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

__all__ = ["Scripted", "anyio_backend", "clock", "load_plugins", "open_store", "scripted"]

OpenStore = Callable[..., Awaitable[AsyncMCPStore]]


@attrs.define
class Scripted:
    """Scripted servers, and configuration entries for them.

    Attributes:
        plugin: The transport `scripted`.
    """

    plugin: ScriptedPlugin = attrs.field(factory=ScriptedPlugin)

    def server(self, name: str, **attributes: Any) -> ScriptedServer:
        """Return the server with a name; the first call creates it.

        Args:
            name: Its name.
            attributes: Attributes to set on the server.
        """
        server = self.plugin.servers.setdefault(name, ScriptedServer(name))
        for key, value in attributes.items():
            setattr(server, key, value)
        return server

    def entry(self, name: str, **fields: Any) -> dict[str, Any]:
        """Return the mcp.json entry of a service with a scripted server.

        Args:
            name: The name of the server.
            fields: Other fields of the entry.
        """
        self.server(name)
        return {"transport": {"type": "scripted", "server": name}, **fields}


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run tests on asyncio; tests that use `open_store` or `clock` run in virtual time."""
    if not {"open_store", "clock"}.isdisjoint(request.fixturenames):
        return "asyncio", {"loop_factory": VirtualLoop}
    return "asyncio"


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of the stores that `open_store` opens."""
    return FakeClock()


@pytest.fixture
def scripted() -> Scripted:
    """Return the scripted servers of the stores that `open_store` opens."""
    return Scripted()


@pytest.fixture
async def open_store(
    scripted: Scripted, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[OpenStore]:
    """Return a function that opens stores in virtual time; they are closed at the end of the test.

    The function takes the arguments of `AsyncMCPStore`. The default configuration is empty. The scripted transport is
    always loaded, with the given plugins. Monitoring is disabled: metrics of the host would take real time.
    """
    opened: list[AsyncMCPStore] = []
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # for approvals of tools

    async def open_one(
        config: Any = None, *, plugins: Mapping[str, object] | None = None, **options: Any
    ) -> AsyncMCPStore:
        given: dict[str, Any] = {
            "clock": clock, "state_dir": tmp_path / "state", "monitoring_config": {"enabled": False}, **options
        }  # fmt: skip
        used = {"scripted": scripted.plugin, **(plugins or {})}
        store = AsyncMCPStore({"mcpServers": {}} if config is None else config, plugins=used, **given)
        await store.open()
        opened.append(store)
        return store

    yield open_one
    for store in reversed(opened):
        await store.close()


@pytest.fixture
async def load_plugins() -> AsyncGenerator[Callable[..., PluginManager]]:
    """Return a function that loads the given plugins, and no others, as if they were installed.

    The function takes plugin objects by the name of their entry point. A string is an import path, as in an entry point
    ("package.module" or "package.module:name").
    """
    managers: list[PluginManager] = []

    def load(**plugins: object) -> PluginManager:
        points = [_Installed.of(name, plugin) for name, plugin in plugins.items()]
        manager = PluginManager(entry_points=lambda: points)
        manager.discover()
        managers.append(manager)
        return manager

    yield load
    for manager in managers:
        await manager.close()


class _Installed(EntryPoint):
    """An entry point that returns an object without an import."""

    @classmethod
    def of(cls, name: str, plugin: object) -> EntryPoint:
        """Return an entry point for a plugin."""
        if isinstance(plugin, str):
            return EntryPoint(name, plugin, ENTRY_POINT_GROUP)
        point = cls(name, f"tests:{name}", ENTRY_POINT_GROUP)
        vars(point)["plugin"] = plugin
        return point

    def load(self) -> Any:
        """Return the plugin."""
        return vars(self)["plugin"]

    def resolve(self) -> Any:
        """Return the plugin."""
        return self.load()
