"""The services of one store: started in the order of their dependencies, stopped in reverse order."""

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
"""Time over which the checks of all services are spread after a suspend of the machine, in seconds."""

USABLE: Final = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)

_log = logging.getLogger("mcpstore.runtime")


class Supervisor:
    """Starts, stops and checks the services of one store.

    Args:
        registry: Specifications and catalogs of the services.
        plugins: Transports, health strategies, recovery policies.
        prepare: Expands the variables of a service's settings.
        clock: Clock and random generators.
        timing: Intervals and time limits.
        limits: Limits of the lifecycle machine.
        eras: Last protocol era by configuration hash.
        reread: Requests that the configuration is read again.
        traces: Ownership log of the processes of connections.
        pinboard: Approved tool definitions.
        make_runner: Creates the runner of a service.

    Attributes:
        bus: Event bus.
        by_name: The runners, by name of the service.
        eras: Last protocol era by configuration hash.
        pinboard: Approved tool definitions.
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
        self.by_name: dict[str, ServiceRunner] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._loop_monitor = LoopMonitor(clock, self._resumed)
        self._stale_timer: asyncio.TimerHandle | None = None
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
            live=lambda: sum(runner.is_live for runner in self.by_name.values()),
            last_trouble=lambda: self._loop_monitor.last_trouble,
            reread=reread,
            traces=traces or OwnershipLog(),
            pinboard=self.pinboard,
        )

    def retime(self, timing: Timing, limits: Limits) -> None:
        """Use other intervals and limits from now on; a running timer keeps its delay.

        Args:
            timing: Intervals and time limits.
            limits: Limits of the lifecycle machine.
        """
        self.timing = timing
        self._shared.timing, self._shared.limits = timing, limits
        self._shared.guard.interval = timing.check_interval

    # --- services

    def runner(self, name: str) -> ServiceRunner:
        """Return the runner of a service.

        Raises:
            ServiceNotFound: There is no service of this name.
        """
        try:
            return self.by_name[name]
        except KeyError:
            raise ServiceNotFound(name, list(self.by_name)) from None

    def runners(self) -> list[ServiceRunner]:
        """Return the runners of all services."""
        return list(self.by_name.values())

    def add(self, spec: ServiceSpec) -> None:
        """Add a service without starting it."""
        self._registry.put(spec)
        self.by_name[spec.name] = self._make_runner(spec, self._shared, self._forgotten)
        if not self._loop_monitor.is_beating:
            self._loop_monitor.start()
            self._expire_stale_states()

    def update(self, spec: ServiceSpec) -> None:
        """Replace the specification of a service; it is reconnected only if its connection fields differ."""
        self._registry.put(spec)
        self.runner(spec.name).update(spec)

    async def start(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - a limit on waiting only
        """Start a service, or join a start under way; returns whether it is usable."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.history.note = ""
        runner.post(ev.Start())
        await runner.until(lambda: runner.is_settled, timeout)
        return runner.is_live

    def start_in_order(self, names: Iterable[str]) -> None:
        """Start services in the background, each after its dependencies."""
        for name in names:
            if name not in self._starting and name in self.by_name:
                task = asyncio.create_task(self._start_in_turn(name), name=f"mcpstore-start-{name}")
                self._starting[name] = task
                task.add_done_callback(partial(self._started, name))

    async def outcome(self, name: str) -> bool:
        """Wait for the outcome of a start under way; returns whether the service is usable."""
        runner = self.runner(name)
        if (task := self._starting.get(name)) is not None:
            await asyncio.wait([task])
        await runner.until(lambda: runner.is_settled)
        return runner.is_live

    async def stop(self, name: str, *, force: bool = False) -> bool:
        """Stop a service and wait; returns whether it is completely closed."""
        self.halt(name, force=force)
        return await self.parked(name)

    def halt(self, name: str, *, force: bool = False) -> None:
        """Begin to stop a service; later operations are carried out after it."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.stop(force=force)

    async def parked(self, name: str) -> bool:
        """Wait for the end of a stop under way; returns whether the service is completely closed."""
        return await self._parked(self.runner(name))

    async def restart(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - a limit on waiting only
        """Close a service, open it again and wait; returns whether it is usable."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.post(ev.Restart())
        await runner.until(lambda: runner.is_settled, timeout)
        return runner.is_live

    async def renew(self, name: str, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - a limit on waiting only
        """Restart a service and discard everything learned about it; returns whether it is usable."""
        self.runner(name).reset_learned()
        return await self.restart(name, timeout)

    async def remove(self, name: str) -> bool:
        """Close and remove a service and wait; returns whether it is completely closed."""
        runner = self.runner(name)
        self._forget_start(name)
        runner.post(ev.Remove())
        return await self._parked(runner)

    async def check(self, name: str) -> None:
        """Check a service now and wait for the result."""
        runner = self.runner(name)
        runner.post(ev.Recheck())
        limit = self.timing.check_timeout + self.timing.deadline_margin
        await runner.until(lambda: runner.is_settled and not runner.is_checking, limit)

    async def shutdown(self, *, force: bool = False) -> list[str]:
        """Stop all services, dependents first; returns those that may not be completely closed."""
        self._loop_monitor.stop()
        if self._stale_timer is not None:
            self._stale_timer.cancel()
        for task in list(self._starting.values()):
            task.cancel()
        left: list[str] = []
        for layer in reversed(self._layers()):
            runners = [self.by_name[name] for name in layer if name in self.by_name]
            for runner in runners:
                runner.stop(force=force)
            done = await asyncio.gather(*(self._parked(runner) for runner in runners))
            left += [runner.spec.name for runner, parked in zip(runners, done, strict=True) if not parked]
        await self.bus.close()
        return left

    def force(self) -> None:
        """Skip the grace periods of every close under way."""
        for runner in self.by_name.values():
            if runner.session is not None:
                runner.session.closing.forced.set()

    @property
    def is_mass_failure(self) -> bool:
        """Whether most services fail at once, so that the fault is probably on this machine."""
        return self._shared.guard.is_raised(self.clock.now())

    @property
    def last_trouble(self) -> float:
        """Time at which this process was last stalled, on the monotonic clock."""
        return self._loop_monitor.last_trouble

    # --- helpers

    async def _parked(self, runner: ServiceRunner) -> bool:
        limit = self.timing.close_timeout + 2 * self.timing.deadline_margin
        return await runner.until(lambda: runner.is_parked, limit)

    def _layers(self) -> list[list[str]]:
        depends_on: Mapping[str, tuple[str, ...]] = self._registry.depends_on()
        try:
            return layers(depends_on)
        except DependencyCycle as error:
            _log.warning("%s; all services are stopped at once", error)
            return [list(depends_on)]

    async def _start_in_turn(self, name: str) -> None:
        runner = self.by_name[name]
        deadline = self.clock.now() + self.timing.dependency_wait
        for needed in runner.spec.depends_on:
            other = self.by_name.get(needed)
            if other is None:
                _log.warning("service %r depends on %r, which does not exist", name, needed)
                continue
            runner.history.note = f"waiting for {needed!r}"
            left = max(0.0, deadline - self.clock.now())
            if not await other.until(partial(_is_usable, other), left):
                _log.warning("service %r is started, but its dependency %r is not usable", name, needed)
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
        self.by_name.pop(name, None)
        self._registry.drop(name)
        self.pinboard.forget(name)
        self.bus.publish_removal(name)

    def _approved(self, name: str) -> None:
        if name in self.by_name:
            self.by_name[name].republish()

    def _expire_stale_states(self) -> None:
        """Expire states without a recent check, at regular intervals, unless this process was stalled."""
        interval = self.timing.check_interval
        if self.clock.now() - self._loop_monitor.last_trouble > 2 * interval:
            for runner in self.by_name.values():
                runner.checks.expire_stale_state()
        self._stale_timer = self.clock.call_later(interval / 4, self._expire_stale_states)

    def _resumed(self) -> None:
        random_source = self.clock.dice("resume")
        for runner in self.by_name.values():
            self.clock.call_later(random_source.uniform(0, RESUME_SPREAD), runner.checks.check_now)


def _is_usable(runner: ServiceRunner) -> bool:
    return runner.ctx.connection in USABLE
