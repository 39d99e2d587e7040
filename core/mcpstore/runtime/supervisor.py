"""All services of one store: added, started in the order of their dependencies, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final

from mcpstore.core import events as ev
from mcpstore.core.context import Limits
from mcpstore.core.dependencies import layers
from mcpstore.core.registry import Registry
from mcpstore.errors import DependencyCycle, ServiceNotFound
from mcpstore.hooks.connection import Era
from mcpstore.models.service import ServiceConnectionState, ServiceSpec
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.admission import Admission
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.event_bus import EventBus
from mcpstore.runtime.loop_monitor import LoopMonitor
from mcpstore.runtime.mass_failure import MassFailureGuard
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.runtime.pinning import PinRegistry
from mcpstore.runtime.protocol_cache import Eras
from mcpstore.runtime.runner_services import Prepared, RunnerServices
from mcpstore.runtime.service_runner import ServiceRunner

__all__ = ["Supervisor"]

RESUME_SPREAD: Final = 10.0
"""Seconds over which services are looked at again after this machine slept."""

WELL: Final = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)

_log = logging.getLogger("mcpstore.runtime")


class Supervisor:
    """The services of one store.

    Args:
        registry: What is known of every service.
        plugins: Transports, strategies, policies.
        prepare: Expands the variables of a service's settings.
        clock: Time and chance.
        timing: How long everything takes.
        limits: How often is too often.
        eras: The protocol era each configuration was spoken with last.
        reread: Asks for the configuration to be read again soon.
        traces: Names what their connections have on this machine, and writes it down.
        pinboard: Keeps what tools were when somebody approved them.
        make_runner: Makes the runner of a service.

    Attributes:
        bus: Event bus.
        eras: The protocol era each configuration was spoken with last.
        pinboard: What tools were when somebody approved them.
    """

    def __init__(
        self,
        registry: Registry,
        plugins: PluginManager,
        prepare: Callable[[ServiceSpec], Awaitable[Prepared]],
        *,
        clock: Clock | None = None,
        timing: Timing = DEFAULT_TIMING,
        limits: Limits | None = None,
        eras: Mapping[str, Era] | None = None,
        reread: Callable[[], None] = lambda: None,
        traces: OwnershipLog | None = None,
        pinboard: PinRegistry | None = None,
        make_runner: Callable[[ServiceSpec, RunnerServices, Callable[[str], None]], ServiceRunner] = ServiceRunner,
    ) -> None:
        clock = clock or Clock()
        self.bus: EventBus = EventBus(plugins, clock)
        self.eras: dict[str, Era] = Eras(eras)
        self.clock = clock
        self.timing: Timing = timing
        self.pinboard: PinRegistry = pinboard or PinRegistry(clock)
        self.pinboard.on_approved = self._approved
        self._registry = registry
        self._make_runner = make_runner
        self._runners: dict[str, ServiceRunner] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._heartbeat = LoopMonitor(clock, self._resumed)
        self._vigil: asyncio.TimerHandle | None = None
        self._shared = RunnerServices(
            clock=clock,
            registry=registry,
            plugins=plugins,
            bus=self.bus,
            prepare=prepare,
            admission=Admission(clock),
            guard=MassFailureGuard(timing.check_interval),
            timing=timing,
            limits=limits or Limits(attempts=timing.attempts),
            eras=self.eras,
            live=lambda: sum(runner.is_live for runner in self._runners.values()),
            last_trouble=lambda: self._heartbeat.last_trouble,
            reread=reread,
            traces=traces or OwnershipLog(),
            pinboard=self.pinboard,
        )

    def retime(self, timing: Timing, limits: Limits) -> None:
        """Take other times from now on; a timer that runs keeps the time it was given.

        Args:
            timing: How long everything takes.
            limits: How often is too often.
        """
        self.timing = timing
        self._shared.timing, self._shared.limits = timing, limits
        self._shared.guard.interval = timing.check_interval

    # --- the fleet

    def runner(self, name: str) -> ServiceRunner:
        """Return the runner of a service.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        try:
            return self._runners[name]
        except KeyError:
            raise ServiceNotFound(name, list(self._runners)) from None

    def runners(self) -> list[ServiceRunner]:
        """Return the runners of every service."""
        return list(self._runners.values())

    def add(self, spec: ServiceSpec) -> None:
        """Take over a service; it is not started."""
        self._registry.put(spec)
        self._runners[spec.name] = self._make_runner(spec, self._shared, self._forgotten)
        if not self._heartbeat.is_beating:
            self._heartbeat.start()
            self._keep_vigil()

    def update(self, spec: ServiceSpec) -> None:
        """Give a service another configuration; it is opened again only if its connection is concerned."""
        self._registry.put(spec)
        self.runner(spec.name).update(spec)

    async def start(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - a limit on waiting only
        """Start a service (or join a start under way) and wait for the outcome; returns whether it is usable."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.history.note = ""
        runner.post(ev.Start())
        await runner.until(lambda: runner.is_settled, timeout)
        return runner.is_live

    def start_in_order(self, names: Iterable[str]) -> None:
        """Start services in the background, each after those it depends on."""
        for name in names:
            if name not in self._starting and name in self._runners:
                task = asyncio.create_task(self._start_in_turn(name), name=f"mcpstore-start-{name}")
                self._starting[name] = task
                task.add_done_callback(partial(self._started, name))

    async def outcome(self, name: str) -> bool:
        """Wait until a service that is being started is usable or has failed its attempt; returns which."""
        runner = self.runner(name)
        if (task := self._starting.get(name)) is not None:
            await asyncio.wait([task])
        await runner.until(lambda: runner.is_settled)
        return runner.is_live

    async def stop(self, name: str, *, force: bool = False) -> bool:
        """Stop a service and wait; returns whether nothing of it is left."""
        self.halt(name, force=force)
        return await self.parked(name)

    def halt(self, name: str, *, force: bool = False) -> None:
        """Begin to stop a service; what is ordered after this comes after it."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.stop(force=force)

    async def parked(self, name: str) -> bool:
        """Wait until a service that is being stopped has stopped; returns whether nothing of it is left."""
        return await self._parked(self.runner(name))

    async def restart(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - a limit on waiting only
        """Close a service, open it again and wait for the outcome; returns whether it is usable."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.post(ev.Restart())
        await runner.until(lambda: runner.is_settled, timeout)
        return runner.is_live

    async def renew(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - a limit on waiting only
        """Restart a service as if it had just been added: nothing that was learned of it counts any longer."""
        self.runner(name).reset_learned()
        return await self.restart(name, timeout)

    async def remove(self, name: str) -> bool:
        """Close a service for good and wait; returns whether nothing of it is left."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.post(ev.Remove())
        return await self._parked(runner)

    async def check(self, name: str) -> None:
        """Look at a service now, and wait until there is a result."""
        runner = self.runner(name)
        runner.post(ev.Recheck())
        limit = self.timing.check_timeout + self.timing.deadline_margin
        await runner.until(lambda: runner.is_settled and not runner.is_checking, limit)

    async def shutdown(self, *, force: bool = False) -> list[str]:
        """Stop everything, dependents first; returns the services of which something may be left."""
        self._heartbeat.stop()
        if self._vigil is not None:
            self._vigil.cancel()
        for task in list(self._starting.values()):
            task.cancel()
        left: list[str] = []
        for layer in reversed(self._layers()):
            runners = [self._runners[name] for name in layer if name in self._runners]
            for runner in runners:
                runner.stop(force=force)
            done = await asyncio.gather(*(self._parked(runner) for runner in runners))
            left += [runner.spec.name for runner, parked in zip(runners, done, strict=True) if not parked]
        await self.bus.close()
        return left

    def force(self) -> None:
        """Make every close under way impatient."""
        for runner in self._runners.values():
            if runner.session is not None:
                runner.session.closing.forced.set()

    @property
    def is_mass_failure(self) -> bool:
        """Whether so many services fail at once that the fault must be ours."""
        return self._shared.guard.is_raised(self.clock.now())

    @property
    def last_trouble(self) -> float:
        """When this process last stood still, on the monotonic clock."""
        return self._heartbeat.last_trouble

    # --- helpers

    async def _parked(self, runner: ServiceRunner) -> bool:
        limit = self.timing.close_timeout + 2 * self.timing.deadline_margin
        return await runner.until(lambda: runner.is_parked, limit)

    def _layers(self) -> list[list[str]]:
        depends_on: Mapping[str, tuple[str, ...]] = self._registry.depends_on()
        try:
            return layers(depends_on)
        except DependencyCycle as error:
            _log.warning("%s; they are handled in no particular order", error)
            return [list(depends_on)]

    async def _start_in_turn(self, name: str) -> None:
        runner = self._runners[name]
        deadline = self.clock.now() + self.timing.dependency_wait
        for needed in runner.spec.depends_on:
            other = self._runners.get(needed)
            if other is None:
                _log.warning("service %r depends on %r, which does not exist", name, needed)
                continue
            runner.history.note = f"waiting for {needed!r}"
            left = max(0.0, deadline - self.clock.now())
            if not await other.until(partial(_is_well, other), left):
                _log.warning("service %r is started although %r, which it depends on, is not well", name, needed)
        runner.history.note = ""
        runner.post(ev.Start())

    def _started(self, name: str, task: asyncio.Task[None]) -> None:
        if self._starting.get(name) is task:
            del self._starting[name]

    def _forget_start(self, name: str) -> None:
        task = self._starting.pop(name, None)
        if task is not None:
            task.cancel()

    def _forgotten(self, name: str) -> None:
        self._runners.pop(name, None)
        self._registry.drop(name)
        self.pinboard.forget(name)
        self.bus.publish_removal(name)

    def _approved(self, name: str) -> None:
        if name in self._runners:
            self._runners[name].republish()

    def _keep_vigil(self) -> None:
        """Doubt, now and again, what nobody has looked at for long, unless that is this process's own doing."""
        interval = self.timing.check_interval
        if self.clock.now() - self._heartbeat.last_trouble > 2 * interval:
            for runner in self._runners.values():
                runner.checks.expire_stale_state()
        self._vigil = self.clock.call_later(interval / 4, self._keep_vigil)

    def _resumed(self) -> None:
        dice = self.clock.dice("resume")
        for runner in self._runners.values():
            self.clock.call_later(dice.uniform(0, RESUME_SPREAD), runner.checks.check_now)


def _is_well(runner: ServiceRunner) -> bool:
    return runner.ctx.connection in WELL
