"""Figures of health: false positives, and times until a failure is detected."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from mcpstore import AsyncMCPStore
from mcpstore.errors import MCPStoreError, ServiceError
from mcpstore.hooks import ClientEndpoint
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedConnection, ScriptedPlugin, ScriptedServer, ScriptedSettings
from tests.end_to_end.deaths import server as process

from .figure import Part, Work

DAY = 86_400.0
KILLED, MANY_KILLED = 50, 200
SILENCED, MANY_SILENCED = 100, 300
UNKNOWN = -32601


class SingleThreaded(ScriptedServer):
    """Answers one request at a time; a call takes two minutes."""

    turn: asyncio.Lock | None = None

    async def answer(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.turn = self.turn or asyncio.Lock()
        async with self.turn:
            if method == "tools/call":
                await asyncio.sleep(120)
            return await super().answer(method, params)


class Odd(ScriptedPlugin):
    """The scripted transport; some of its servers use the protocol of 2026, which has no ping."""

    modern: tuple[str, ...] = ()

    @asynccontextmanager
    async def connect(self, settings: ScriptedSettings, peer: ClientEndpoint) -> AsyncGenerator[ScriptedConnection]:
        async with super().connect(settings, peer) as connection:
            if settings.server in self.modern:
                connection.protocol_version = "2026-07-28"
            yield connection


def oddities() -> dict[str, ScriptedServer]:
    """Return healthy servers that are easily taken for dead."""

    def server(name: str, kind: type[ScriptedServer] = ScriptedServer, **script: Any) -> ScriptedServer:
        created = kind(name)
        for key, value in script.items():
            setattr(created, key, value)
        return created

    strange = {"ping": ServiceError(UNKNOWN, "method not found")}
    return {
        "refuses-ping": server("refuses-ping", answers=strange),
        "ignores-ping": server("ignores-ping", silent={"ping"}),
        "discover-only": server("discover-only", answers={**strange, "server/discover": {}}),
        "initialize-only": server("initialize-only", capabilities=(), answers=strange),
        "slow": server("slow", delay=3.0),
        "single-threaded": server("single-threaded", SingleThreaded),
        "slow-tool": server("slow-tool"),
    }


def false_restarts(work: Work) -> list[Part]:
    work.say("seven odd servers for a day")
    servers = _virtual(_odd_day())
    return [
        Part(what=f"restarts of {name}", measured=created.opened - 1, aim=0, unit="a day")
        for name, created in servers.items()
    ]  # fmt: skip


async def _odd_day() -> dict[str, ScriptedServer]:
    servers = oddities()
    async with _store(servers, modern=("discover-only",)) as store:
        for name in servers:
            assert await store.wait_service(name, State.HEALTHY, timeout=60), await store.diagnose(name)
        servers["discover-only"].silent.add("tools/list")  # its catalog was listed when it was opened
        callers = [asyncio.create_task(_call(store, "single-threaded", patience=300.0, pause=60.0))]
        servers["slow-tool"].silent.add("tools/call")
        callers.append(asyncio.create_task(_call(store, "slow-tool", patience=30.0, pause=600.0)))
        await asyncio.sleep(DAY)
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
    return servers


async def _call(store: AsyncMCPStore, name: str, *, patience: float, pause: float) -> None:
    while True:
        with suppress(MCPStoreError):  # the next call is made whatever the outcome
            await store.call_tool("echo", {}, service=name, timeout=patience)
        await asyncio.sleep(pause)


def noticing(work: Work) -> list[Part]:
    exits = asyncio.run(_exits(work, MANY_KILLED if work.long else KILLED))
    count = MANY_SILENCED if work.long else SILENCED
    work.say(f"{count} servers that fall silent")
    unhealthy, gone = _virtual(_silences(count))
    return [
        Part(
            what=f"exit noticed, slowest of {len(exits)}",
            measured=max(exits), aim=0.1, unit="s", note=f"median {statistics.median(exits) * 1000:.1f} ms",
        ),
        Part(what=f"silence noticed, slowest of {count}", measured=max(unhealthy), aim=43, unit="s"),
        Part(what="reconnected after the begin of the silence", measured=max(gone), aim=73, unit="s"),
    ]  # fmt: skip


async def _exits(work: Work, count: int) -> list[float]:
    """Kill real servers, each once; return the times until the store reported it, in seconds."""
    names = [f"s{number:03}" for number in range(count)]
    noticed: dict[str, asyncio.Future[float]] = {name: asyncio.get_running_loop().create_future() for name in names}

    async def changed(name: str, _old: Any, new: State, _metadata: Any) -> None:
        if new is State.UNHEALTHY and not noticed[name].done():
            noticed[name].set_result(time.monotonic())

    took: list[float] = []
    work.say(f"{count} servers that are killed")
    async with AsyncMCPStore({"mcpServers": {name: process() for name in names}}) as store:
        assert all((await store.start_all(300)).values())
        store.on_state_change(changed)
        for name in names:
            info = await store.get_service_info(name)
            assert info is not None
            assert info.pid is not None
            began = time.monotonic()
            os.kill(info.pid, signal.SIGKILL)
            async with asyncio.timeout(60):
                took.append(await noticed[name] - began)
    return took


async def _silences(count: int) -> tuple[list[float], list[float]]:
    """Let servers fall silent, one at a time; return the times until detection and until the reaction, in seconds."""
    dice, loop = random.Random(1), asyncio.get_running_loop()
    servers = {f"s{number:02}": ScriptedServer(f"s{number:02}") for number in range(30)}
    seen: dict[str, dict[State, float]] = {name: {} for name in servers}

    async def changed(name: str, _old: Any, new: State, _metadata: Any) -> None:
        seen[name].setdefault(new, loop.time())

    unhealthy: list[float] = []
    gone: list[float] = []
    async with _store(servers) as store:
        assert all((await store.start_all(60)).values())
        store.on_state_change(changed)
        for number in range(count):
            name = f"s{number % len(servers):02}"
            await asyncio.sleep(dice.uniform(60, 120))
            seen[name].clear()
            began = loop.time()
            servers[name].silent = {"ping", "tools/list"}
            assert await store.wait_service(name, State.RECONNECTING, timeout=600), await store.diagnose(name)
            unhealthy.append(seen[name][State.UNHEALTHY] - began)
            gone.append(seen[name][State.RECONNECTING] - began)
            servers[name].silent = set()
            assert await store.wait_service(name, State.HEALTHY, timeout=600), await store.diagnose(name)
    return unhealthy, gone


def _virtual(work: Any) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


@asynccontextmanager
async def _store(servers: Mapping[str, ScriptedServer], modern: tuple[str, ...] = ()) -> AsyncGenerator[AsyncMCPStore]:
    odd = Odd(**servers)
    odd.modern = modern
    config = {"mcpServers": {name: {"transport": {"type": "scripted", "server": name}} for name in servers}}
    options: dict[str, Any] = {"clock": FakeClock(), "monitoring_config": {"enabled": False}}
    async with AsyncMCPStore(config, plugins={"scripted": odd}, **options) as store:
        yield store
