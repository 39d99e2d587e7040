"""The phases of the soak test: storms of faults, blackouts of all services, and calm phases to compare."""

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

from .fault_injector import FaultInjector
from .figures import Figures, Ring, look, look_well, waiting
from .load import Load
from .log_recorder import LogRecorder
from .user_actions import LATELY
from .world import World

PROBE = 0.05
"""Time between two requests for the status, in seconds."""

PATIENCE = 120.0
"""Time until every working service must be running, in seconds, on a busy machine."""


class Stuck(Exception):
    """An expected state was not reached in time."""


@attrs.frozen(kw_only=True)
class Plan:
    """Options of a soak test.

    Attributes:
        services: Number of services.
        seed: Seed of all random decisions.
        acts: Number of faults in one storm.
        pause: Average time between two faults, in seconds.
        probes: Number of `status` requests in one blackout.
    """

    services: int = 50
    seed: int = 7
    acts: int = 60
    pause: float = 0.3
    probes: int = 120


@attrs.define
class Soak:
    """A store under test, and the results so far.

    Attributes:
        plan: The options.
        world: The fleet.
        store: The store.
        client: Connection to the store's control socket.
        injector: Injects faults.
        load: Calls tools.
        log: Records errors in the log.
        phase: The current phase.
        calms: Counts of each calm phase, and their times, in hours since the beginning.
        latencies: Latencies of `status` during blackouts, in seconds.
        without: The same minus the time that threads of this process waited for a CPU.
    """

    plan: Plan
    world: World
    store: AsyncMCPStore
    client: ControlClient
    injector: FaultInjector
    load: Load
    log: LogRecorder
    phase: str = "opening"
    began: float = attrs.field(factory=time.monotonic)
    calms: list[tuple[float, Figures]] = attrs.field(factory=list)
    latencies: Ring = attrs.field(factory=Ring)
    without: Ring = attrs.field(factory=Ring)

    @property
    def hours(self) -> float:
        return (time.monotonic() - self.began) / 3600

    # --- the three phases

    async def round(self) -> None:
        """Run each phase once."""
        await self.storm()
        await self.blackout()
        await self.calm()

    async def storm(self) -> None:
        """Inject faults into all services, including those that are stopped in calm phases."""
        self.phase = "storm"
        for name in self.world.names("bad"):
            await self.store.start_service(name, timeout=0)
        playing = asyncio.create_task(self.injector.play(self.plan.acts, self.plan.pause))
        await self.load.during(playing)
        await playing

    async def blackout(self) -> None:
        """Let every service fail, and request the status continuously."""
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
        """Kill every server. Called repeatedly: a server that was starting may have passed the gate."""
        for service in await self.store.list_services():
            info = await self.store.get_service_info(service.name)
            if info is not None and info.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(info.pid, signal.SIGKILL)

    async def _look_on(self) -> None:
        """Read reports, exports and diagnoses, as users do during an outage."""
        await self.store.report("html", since=LATELY)
        await self.store.export("json", since=LATELY)
        await self.store.dashboard()
        for service in await self.store.list_services():
            with suppress(MCPStoreError):  # the service was removed meanwhile
                await self.store.diagnose(service.name)
            await asyncio.sleep(0)  # sequentially, as users do

    async def calm(self) -> None:
        """Restore the servers, stop services that cannot work, and count."""
        self.phase = "calm"
        world, store = self.world, self.store
        self.injector.rest()
        await world.restore()
        world.write(world.entries)
        await self._until(self._is_as_written)
        for name in world.names("bad"):
            await store.stop_service(name, persist=False)
        await self._until(self._is_healthy, again=self._heal)
        self.calms.append((self.hours, await self.count()))

    async def count(self) -> Figures:
        """Return the counts of the idle manager."""
        return await look_well(self.world)

    async def at_most(self, name: str, most: int) -> None:
        """Wait until a count is not above a limit: some resources are freed with a delay.

        Raises:
            Stuck: The count stays above the limit.
        """
        deadline = time.monotonic() + PATIENCE
        while (now := getattr(await look(self.world), name)) > most:
            if time.monotonic() > deadline:
                names = sorted(each.name for each in threading.enumerate())
                names += sorted(task.get_name() for task in asyncio.all_tasks())
                raise Stuck(f"{name}: {now}, and {most} before; there are {', '.join(names)}")
            await asyncio.sleep(0.1)

    async def status(self) -> float:
        """Request the status as the command line does; returns its latency in seconds."""
        began = time.perf_counter()
        await self.client.ask("list", {})
        return time.perf_counter() - began

    # --- waiting

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

    def _is_healthy(self, services: Iterable[ServiceSnapshot]) -> bool:
        status = {s.name: s.run_status for s in services}
        return all(status[name] == "running" for name in self.world.good)

    async def _heal(self) -> None:
        services = {s.name: s for s in await self.store.list_services()}
        failed = [name for name in self.world.good if services[name].run_status != "running"]
        with suppress(MCPStoreError):
            await asyncio.gather(*(self.store.start_service(name, timeout=5.0) for name in failed))
