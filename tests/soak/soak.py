"""Storms, in which everything happens to everything; blackouts, in which nothing works; and calms, to compare."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import attrs

from mcpstore import AsyncMCPStore
from mcpstore.errors import MCPStoreError
from mcpstore.models.service import ServiceSnapshot
from mcpstore.store.control_socket import ControlClient

from .ears import Ears
from .figures import Figures, Ring, look, look_well, waiting
from .load import Load
from .monkey import Monkey
from .people import LATELY
from .world import World

PROBE = 0.05
"""Seconds between two requests for the status."""

PATIENCE = 120.0
"""Seconds until everything must work that can, on a machine that is busy."""


class Stuck(Exception):
    """Something never became what it must."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is done.

    Attributes:
        services: How many services there are.
        seed: Decides what happens.
        acts: What the monkey does in one storm.
        pause: Seconds between two of those, on average.
        probes: How often `status` is asked for in one blackout.
    """

    services: int = 50
    seed: int = 7
    acts: int = 60
    pause: float = 0.3
    probes: int = 120


@attrs.define
class Soak:
    """One store, what is done to it, and what came of that so far.

    Attributes:
        plan: What is done.
        world: The fleet.
        store: The store.
        client: Reaches it as the command line does.
        monkey: What happens.
        load: Who calls.
        ears: What should not be said.
        phase: What is happening now.
        calms: What was counted in each calm, and when, in hours since the beginning.
        latencies: Seconds that `status` took while nothing worked.
        without: The same without those in which some thread of ours waited for a processor.
    """

    plan: Plan
    world: World
    store: AsyncMCPStore
    client: ControlClient
    monkey: Monkey
    load: Load
    ears: Ears
    phase: str = "opening"
    began: float = attrs.field(factory=time.monotonic)
    calms: list[tuple[float, Figures]] = attrs.field(factory=list)
    latencies: Ring = attrs.field(factory=Ring)
    without: Ring = attrs.field(factory=Ring)

    @property
    def hours(self) -> float:
        return (time.monotonic() - self.began) / 3600

    # --- the three kinds of weather

    async def round(self) -> None:
        """Have each kind of weather once."""
        await self.storm()
        await self.blackout()
        await self.calm()

    async def storm(self) -> None:
        """Let everything happen, to those services too that rest while it is calm."""
        self.phase = "storm"
        for name in self.world.names("bad"):
            await self.store.start_service(name, timeout=0)
        playing = asyncio.create_task(self.monkey.play(self.plan.acts, self.plan.pause))
        await self.load.during(playing)
        await playing

    async def blackout(self) -> None:
        """Let every service fail, and ask for the status all the while."""
        self.phase = "blackout"
        await self.world.break_down()
        await self._until(lambda services: not any(s.run_status == "running" for s in services), again=self._kill_all)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_on())
            for _ in range(self.plan.probes):
                await asyncio.sleep(PROBE)
                waited = waiting()
                took = await self.status()
                self.latencies.add(took)
                self.without.add(max(0.0, took - (waiting() - waited)))

    async def _kill_all(self) -> None:
        """Kill every server; again and again, because one that was starting may have passed the gate."""
        for service in await self.store.list_services():
            info = await self.store.get_service_info(service.name)
            if info is not None and info.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(info.pid, signal.SIGKILL)

    async def _look_on(self) -> None:
        """Want to see everything, as people do when nothing works."""
        await self.store.report("html", since=LATELY)
        await self.store.export("json", since=LATELY)
        await self.store.dashboard()
        for service in await self.store.list_services():
            with suppress(MCPStoreError):  # it was removed at this moment
                await self.store.diagnose(service.name)
            await asyncio.sleep(0)  # one after the other, as people do

    async def calm(self) -> None:
        """Let everything work that can, stop what cannot, and count."""
        self.phase = "calm"
        world, store = self.world, self.store
        self.monkey.rest()
        await world.mend()
        world.write(world.entries)
        await self._until(self._is_as_written)
        for name in world.names("bad"):
            await store.stop_service(name, persist=False)
        await self._until(self._is_well, again=self._heal)
        self.calms.append((self.hours, await self.count()))

    async def count(self) -> Figures:
        """Count what is there to stay."""
        return await look_well(self.world)

    async def at_most(self, name: str, most: int) -> None:
        """Wait until a count is no more than it was: some of what was let go of takes a moment to go.

        Raises:
            Stuck: It stays above.
        """
        deadline = time.monotonic() + PATIENCE
        while (now := getattr(await look(self.world), name)) > most:
            if time.monotonic() > deadline:
                names = sorted(each.name for each in threading.enumerate())
                names += sorted(task.get_name() for task in asyncio.all_tasks())
                raise Stuck(f"{name}: {now}, and {most} before; there are {', '.join(names)}")
            await asyncio.sleep(0.1)

    async def status(self) -> float:
        """Ask for the status as the command line does; returns the seconds it took."""
        began = time.perf_counter()
        await self.client.ask("list", {})
        return time.perf_counter() - began

    # --- what is waited for

    async def _until(
        self, condition: Callable[[Iterable[ServiceSnapshot]], bool], again: Callable[[], Any] | None = None
    ) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition(services := await self.store.list_services()):
            if time.monotonic() > deadline:
                odd = [f"{s.name}: {s.run_status}, {s.connection_state}, {s.error}" for s in services]
                raise Stuck(f"{self.phase}: not over after {PATIENCE:g} s; {'; '.join(odd)}")
            if again is not None:
                await again()
            await asyncio.sleep(0.1)

    def _is_as_written(self, services: Iterable[ServiceSnapshot]) -> bool:
        return {s.name: list(s.args) for s in services} == {
            name: entry.get("args", []) for name, entry in self.world.entries.items()
        }

    def _is_well(self, services: Iterable[ServiceSnapshot]) -> bool:
        status = {s.name: s.run_status for s in services}
        return all(status[name] == "running" for name in self.world.good)

    async def _heal(self) -> None:
        services = {s.name: s for s in await self.store.list_services()}
        ill = [name for name in self.world.good if services[name].run_status != "running"]
        with suppress(MCPStoreError):
            await asyncio.gather(*(self.store.start_service(name, timeout=5.0) for name in ill))
