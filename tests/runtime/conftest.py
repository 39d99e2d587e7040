"""A fleet of scripted services on a loop with virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import attrs
import pytest

from mcpstore.core.registry import Registry
from mcpstore.hooks import StateChange
from mcpstore.models.redaction import Redactor
from mcpstore.models.service import ServiceConnectionState, ServiceSpec
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.runner_services import Prepared
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.runtime.supervisor import Supervisor
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer
from mcpstore_plugins import backoff, call_tool, list_tools, ping


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@attrs.define
class Fleet:
    """A supervisor over scripted servers."""

    supervisor: Supervisor
    registry: Registry
    plugins: PluginManager
    servers: dict[str, ScriptedServer]
    clock: FakeClock
    changes: list[StateChange]

    def add(self, name: str, **fields: Any) -> ScriptedServer:
        server = self.servers.setdefault(name, ScriptedServer(name))
        self.supervisor.add(ServiceSpec(name=name, transport="scripted", settings={"server": name}, **fields))
        return server

    def runner(self, name: str) -> ServiceRunner:
        return self.supervisor.runner(name)

    def states(self, name: str) -> list[str]:
        return [change.new.value for change in self.changes if change.service == name]

    async def until(self, name: str, state: ServiceConnectionState, within: float = 3600) -> None:
        runner = self.runner(name)
        assert await runner.until(lambda: runner.ctx.connection is state, within), (
            state,
            runner.ctx,
            self.states(name),
        )


@pytest.fixture
async def make_fleet() -> AsyncGenerator[Callable[..., Fleet]]:
    fleets: list[Fleet] = []

    def make(**options: Any) -> Fleet:
        servers: dict[str, ScriptedServer] = {}
        scripted = ScriptedPlugin()
        scripted.servers = servers
        extra = options.pop("plugins", {})
        plugins = PluginManager(
            entry_points=list,
            plugins={
                "scripted": scripted,
                "ping": ping,
                "list_tools": list_tools,
                "call_tool": call_tool,
                "backoff": backoff,
                **extra,
            },
        )
        plugins.discover()
        registry, clock = Registry(), FakeClock()

        async def prepare(spec: ServiceSpec) -> Prepared:
            return Prepared(settings=dict(spec.settings), redact=Redactor(["hunter2-secret"]))

        options.setdefault("timing", DEFAULT_TIMING)
        supervisor = Supervisor(registry, plugins, options.pop("prepare", prepare), clock=clock, **options)
        fleet = Fleet(supervisor, registry, plugins, servers, clock, [])
        fleets.append(fleet)

        async def take(_name: str, old: Any, new: Any, metadata: Any) -> None:
            fleet.changes.append(
                StateChange(
                    service=_name, old=old, new=new, metadata=metadata, run_status="unknown",
                    monotonic=clock.now(), timestamp=clock.wall(),
                )
            )  # fmt: skip

        supervisor.bus.subscribe(take)
        return fleet

    yield make
    for fleet in fleets:
        await fleet.supervisor.shutdown(force=True)
        await fleet.plugins.close()


@pytest.fixture
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    return make_fleet()
