"""A simulated day of six services in virtual time, for the pictures of the documentation.

A real store supervises scripted servers; the random numbers are always the same.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from mcpstore import AsyncMCPStore
from mcpstore.errors import CallError, ConnectRefused, MCPStoreError, ServiceError
from mcpstore.monitoring.metrics.meter import Usage
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.testing.loop import FakeClock, VirtualLoop
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

MORNING: Final = datetime.fromisoformat("2026-03-02T09:00:00").timestamp()
HOUR: Final = 3600.0
T = TypeVar("T")

TOOLS: Final[Mapping[str, tuple[str, ...]]] = {
    "github": ("search_issues", "get_file", "create_pull_request", "list_commits"),
    "filesystem": ("read_file", "write_file", "list_directory"),
    "postgres": ("query", "describe_table"),
    "search": ("web_search", "fetch_page"),
    "weather": ("forecast", "current"),
    "archive": ("find", "restore"),
}
PACE: Final[Mapping[str, tuple[float, float]]] = {
    "github": (25.0, 0.22),
    "filesystem": (12.0, 0.012),
    "postgres": (18.0, 0.045),
    "search": (70.0, 0.6),
    "weather": (90.0, 0.15),
    "archive": (400.0, 0.08),
}
"""Mean time between calls and mean duration of a call, in seconds."""
UNLUCKY: Final = 0.0015
"""Share of calls that fail."""
PROCESS: Final[Mapping[str, tuple[float, float]]] = {
    "github": (1.4, 96),
    "filesystem": (0.6, 58),
    "postgres": (3.8, 131),
    "search": (2.2, 88),
    "weather": (0.3, 41),
    "archive": (0.1, 47),
}
"""CPU in per cent, and memory in MiB."""


class StageClock(FakeClock):
    """A clock whose local time follows the virtual time."""

    def posix(self) -> float:
        """Return the simulated time."""
        return MORNING + self.now()

    def wall(self) -> datetime:
        """Return the simulated local time."""
        return datetime.fromtimestamp(self.posix())  # noqa: DTZ006 - as the real one: local and without zone


class Day:
    """The store, its servers, and their callers.

    Attributes:
        store: The store.
        servers: The servers, by name.
    """

    def __init__(self) -> None:
        self.slowness: dict[str, float] = dict.fromkeys(TOOLS, 1.0)
        self.servers: dict[str, ScriptedServer] = {name: ScriptedServer(name, tools) for name, tools in TOOLS.items()}
        config: dict[str, Any] = {
            "mcpServers": {name: {"transport": {"type": "scripted", "server": name}} for name in TOOLS}
        }
        self.store: AsyncMCPStore = AsyncMCPStore(
            config,
            plugins={"scripted": ScriptedPlugin(**self.servers)},
            monitoring_config={"data_collection": {"metrics_buffer_size": 10_000}, "alerts": {"handlers": []}},
            clock=StageClock(seed=7),
        )

    async def use(self, name: str) -> None:
        """Call the tools of a service at random times."""
        dice = random.Random(name)
        server = self.servers[name]
        pause, takes = PACE[name]
        while True:
            await asyncio.sleep(dice.expovariate(1 / pause))
            server.delay = takes * self.slowness[name] * dice.lognormvariate(0, 0.5)
            server.answers["tools/call"] = ServiceError(-32000, "try again") if dice.random() < UNLUCKY else None
            try:
                await self.store.call_tool(dice.choice(TOOLS[name]), {}, service=name, raise_on_error=False)
            except (CallError, MCPStoreError):
                pass
            finally:
                server.delay = self._idle(name)

    def measure(self) -> None:
        """Replace the process metrics: scripted servers have no processes."""
        dice = random.Random("processes")
        collector = self.store._manager.parts.collector  # noqa: SLF001 - only a picture needs this

        async def sample(runners: Sequence[ServiceRunner]) -> None:
            for runner in runners:
                cpu, size = PROCESS[runner.spec.name]
                usage = Usage(
                    cpu_percent=cpu * dice.lognormvariate(0, 0.3),
                    memory_bytes=int(size * dice.uniform(0.97, 1.05) * 2**20),
                    processes=1,
                )
                collector._meter(runner.spec.name).record_usage(usage if runner.is_live else None)  # noqa: SLF001

        collector._sample_processes = sample  # type: ignore[method-assign]  # noqa: SLF001

    def _idle(self, name: str) -> float:
        return PACE[name][1] * self.slowness[name] / 4

    async def live(self) -> None:
        """Play the incidents of the day."""
        await asyncio.gather(self._github(), self._postgres(), self._search(), self._weather(), self._archive())

    async def _github(self) -> None:
        await asyncio.sleep(19.3 * HOUR)
        await self._gone("github", 14 * 60, "HTTP 503: we are upgrading")

    async def _postgres(self) -> None:
        server = self.servers["postgres"]
        await asyncio.sleep(6.6 * HOUR)
        self.slowness["postgres"] = 100.0
        server.delay = self._idle("postgres")
        await asyncio.sleep(0.8 * HOUR)
        self.slowness["postgres"] = 1.0
        server.delay = self._idle("postgres")
        await asyncio.sleep(5 * HOUR)
        await self._gone("postgres", 150, "out of memory")

    async def _search(self) -> None:
        await asyncio.sleep(17.2 * HOUR)
        server = self.servers["search"]
        server.open_error = ConnectRefused("exited with code 1: Error: SEARCH_API_KEY must be set")
        server.die(1, "Error: SEARCH_API_KEY must be set")

    async def _weather(self) -> None:
        dice = random.Random("weather")
        while True:
            await asyncio.sleep(dice.expovariate(1 / (3.2 * HOUR)))
            await self._gone("weather", dice.uniform(5, 240), "connection reset by peer")

    async def _archive(self) -> None:
        await asyncio.sleep(9 * HOUR)
        await self.store.stop_service("archive")
        await asyncio.sleep(13 * HOUR)
        await self.store.start_service("archive")

    async def _gone(self, name: str, seconds: float, why: str) -> None:
        server = self.servers[name]
        if server.open_now:
            server.die(1, why)
        server.open_error = RuntimeError(why)
        await asyncio.sleep(seconds)
        server.open_error = None


def play(show: Callable[[AsyncMCPStore], Awaitable[T]], hours: float = 24) -> T:
    """Simulate a day and return the result of `show` at its end."""

    async def run() -> T:
        day = Day()
        async with day.store as store:
            for name in TOOLS:
                await store.wait_service(name, timeout=60)
            day.measure()
            doing = [asyncio.create_task(work) for work in (*map(day.use, TOOLS), day.live())]
            await asyncio.sleep(hours * HOUR)
            shown = await show(store)
            for task in doing:
                task.cancel()
            await asyncio.wait(doing)
            return shown

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())
