"""One simulation: a fleet of services in their worlds, the real runtime, and the oracles."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

import attrs

from mcpstore.core.registry import Registry
from mcpstore.hooks.markers import ENTRY_POINT_GROUP
from mcpstore.models.service import ServiceSpec
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.monitoring.alerts import rules_of
from mcpstore.monitoring.config import MonitoringConfig
from mcpstore.plugin_manager import PluginManager
from mcpstore.plugin_manager.manager import DISTRIBUTION
from mcpstore.runtime.metrics_collector import MetricsCollector
from mcpstore.runtime.runner_services import Prepared
from mcpstore.runtime.supervisor import Supervisor
from mcpstore.testing.loop import VirtualLoop
from tests.simulation.alerts import Alerts, HeardAlarm, SimulatedPeople
from tests.simulation.clock import SimulatedClock
from tests.simulation.happenings import Machine, Operator
from tests.simulation.history import Intervals
from tests.simulation.oracle import Broken, Oracle, Scene
from tests.simulation.oracles import Healing, NothingStuck, OneConnection, StopWins
from tests.simulation.rates import BoundedRate
from tests.simulation.transport import SimulatedTransport
from tests.simulation.watch import BugFinder, HeardArchive, Watch, WatchedRunner
from tests.simulation.worlds import OUTAGE, WORLDS, World, make_worlds, reach

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["KINDS", "Plan", "Result", "simulate"]

DAY: Final = 86_400.0
HOUR: Final = 3600.0
SWEEP: Final = 60.0

KINDS: Final = (*WORLDS, OUTAGE, OUTAGE)
"""Default kinds of worlds; `outage` twice, because a mass failure needs many services."""


@attrs.frozen(kw_only=True)
class Plan:
    """Options of a simulation. The same plan gives the same events, on every machine.

    Attributes:
        seed: Seed of all random decisions.
        services: Number of services.
        days: Length, in days.
        kinds: Kinds of worlds, given to the services in turn.
        interval: Seconds between health checks.
        orders: Average number of operator commands a day for each service.
        happenings: Average number of suspends, stalls and clock changes a day.
    """

    seed: int = 1
    services: int = 100
    days: float = 3.0
    kinds: tuple[str, ...] = KINDS
    interval: float = 30.0
    orders: float = 0.5
    happenings: float = 1.0

    @property
    def command(self) -> str:
        """The command that repeats the simulation."""
        plan = f"--seed {self.seed} --services {self.services} --days {self.days:g} --interval {self.interval:g}"
        plan += f" --orders {self.orders:g} --happenings {self.happenings:g}"
        if self.kinds != KINDS:
            plan += f" --worlds {','.join(self.kinds)}"
        return f"nox -s simulate -- {plan}"


@attrs.frozen(kw_only=True)
class Result:
    """Result of a simulation.

    Attributes:
        plan: The options.
        broken: The broken promise, or None.
        hash: Hash of all events, in order.
        events: Number of events.
        scores: Figures of the oracles: by name of the figure, then by service.
        cpu: Processor time of the simulation, in seconds.
    """

    plan: Plan
    broken: Broken | None
    hash: str
    events: int
    scores: dict[str, dict[str, float]]
    cpu: float


def simulate(
    plan: Plan,
    worlds: dict[str, World] | None = None,
    *,
    people: World | None = None,
    also: Sequence[type[Oracle]] = (),
) -> Result:
    """Run a simulation to its end, or until a promise is broken.

    Args:
        plan: The options.
        worlds: The world of each service; None to create them by the plan.
        people: When receivers of alerts are reachable; random if None.
        also: Additional oracles.
    """
    began = time.process_time()
    dice = random.Random(f"{plan.seed}/worlds")
    names = [f"s{number:03}" for number in range(plan.services)] if worlds is None else list(worlds)
    all_worlds = worlds if worlds is not None else make_worlds(names, plan.kinds, dice, plan.days * DAY)
    with asyncio.Runner(loop_factory=InlineLoop) as runner:
        fleet = Fleet(plan, all_worlds, people, also)
        with _heard(fleet.watch):
            runner.run(fleet.run())
    watch = fleet.watch
    return Result(
        plan=plan,
        broken=watch.broken,
        hash=watch.journal.hash,
        events=watch.journal.events,
        scores=fleet.scores,
        cpu=time.process_time() - began,
    )


class InlineLoop(VirtualLoop):
    """A virtual loop without threads: their duration would decide the order of events."""

    def run_in_executor(  # type: ignore[override]  # the base class says the same with more overloads
        self,
        executor: Executor | None,
        func: Callable[..., Any],
        *args: Any,
    ) -> asyncio.Future[Any]:
        """Run a function at once."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the waiting caller gets the error
            future.set_exception(error)
        return future


class Fleet:
    """Services in their worlds, and the runtime that supervises them.

    Args:
        plan: The options.
        worlds: The world of each service.
        people: When receivers of alerts are reachable; random if None.
        also: Additional oracles.

    Attributes:
        watch: Observes everything.
        scores: Figures of the oracles.
    """

    def __init__(
        self, plan: Plan, worlds: dict[str, World], people: World | None, also: Sequence[type[Oracle]]
    ) -> None:
        self.clock: SimulatedClock = SimulatedClock(plan.seed)
        self.watch: Watch = Watch(self.clock.now)
        self.plan: Plan = plan
        self.worlds: dict[str, World] = worlds
        self._people = people
        self._oracles = (*ORACLES, *also)
        self.scores: dict[str, dict[str, float]] = {}
        self.specs: dict[str, ServiceSpec] = {
            name: ServiceSpec(name=name, transport="simulated", settings={"version": 0.0}) for name in worlds
        }

    async def run(self) -> None:
        """Run the simulation."""
        transport = SimulatedTransport(self.worlds, self.watch)
        plugins = PluginManager(plugins={"simulated": transport}, entry_points=_health_and_recovery)
        plugins.discover()
        registry, timing = Registry(), timing_of(self.plan)
        archive = HeardArchive(self.clock, EDGES_KEPT)
        archive.watch = self.watch
        metering = MetricsCollector(registry, MONITORING, self.clock, archive)
        world = self._people or reach(self._dice("people"), self.plan.days * DAY)
        people = SimulatedPeople(world, self.watch, self._dice("people/fate"))
        alarm = HeardAlarm(rules_of(MONITORING, (), timing), [people.line], self.clock, plugins)
        alarm.watch = self.watch
        machine = Machine(
            self.clock, transport, self.watch, self._dice("machine"), DAY / max(self.plan.happenings, NEVER)
        )
        supervisor = Supervisor(
            registry,
            plugins,
            _prepare,
            clock=self.clock,
            timing=timing,
            make_runner=partial(WatchedRunner, watch=self.watch),
        )
        scene = Scene(
            now=self.clock.now,
            posix=self.clock.posix,
            timing=timing,
            worlds=self.worlds,
            runners=lambda: {runner.spec.name: runner for runner in supervisor.runners()},
            metering=metering,
            alarm=alarm,
            excuse=lambda: machine.trouble,
        )
        self.watch.consult(oracle(scene) for oracle in self._oracles)
        metering.open(supervisor)
        await alarm.open(supervisor, metering)
        pause = DAY / max(self.plan.orders * len(self.worlds), NEVER)
        operator = Operator(supervisor, self.watch, self.specs, self._dice("operator"), pause)
        self._start(supervisor)
        others = [asyncio.create_task(machine.live()), asyncio.create_task(operator.live())]
        await self._pass_time()
        for task in others:
            task.cancel()
        await asyncio.wait(others)
        await alarm.close()
        await supervisor.shutdown(force=True)
        await metering.close()
        await plugins.close()

    def _start(self, supervisor: Supervisor) -> None:
        for name, spec in self.specs.items():
            supervisor.add(spec)
            self.watch.ordered(name, "start")
        supervisor.start_in_order(self.specs)

    async def _pass_time(self) -> None:
        """Advance time to the end, or until a promise is broken."""
        over = asyncio.Event()
        self.watch.on_broken = over.set
        end = self.clock.now() + self.plan.days * DAY
        while self.clock.now() < end and self.watch.broken is None:
            # A timer and not a deadline: a broken promise ends the simulation at once.
            timer = self.clock.call_later(SWEEP, over.set)
            await over.wait()
            timer.cancel()
            over.clear()
            self.watch.sweep()
        self.watch.finish()
        self.scores = self.watch.scores
        self.watch.consult(())

    def _dice(self, name: str) -> random.Random:
        return self.clock.dice(name)


NEVER: Final = 1e-9
"""Events a day that stand for none; it is a divisor, so it is not 0."""

EDGES_KEPT: Final = 500

NEEDED: Final = ("backoff", "ping")

MONITORING: Final = MonitoringConfig.model_validate({"performance_monitoring": {"enabled": False}})
"""Metrics settings of simulated services: everything except processes, which they do not have."""

ORACLES: Final[tuple[type[Oracle], ...]] = (
    OneConnection,
    NothingStuck,
    StopWins,
    BoundedRate,
    Healing,
    Intervals,
    Alerts,
)


def timing_of(plan: Plan) -> Timing:
    """Return the default timing with the check interval of a plan."""
    return attrs.evolve(DEFAULT_TIMING, check_interval=plan.interval)


def _health_and_recovery() -> list[EntryPoint]:
    """Return the bundled plugins that a simulated service needs, and no others."""
    return [point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name in NEEDED and _is_bundled(point)]


def _is_bundled(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == DISTRIBUTION


async def _prepare(spec: ServiceSpec) -> Prepared:
    return Prepared(settings=dict(spec.settings))


@contextmanager
def _heard(watch: Watch) -> Generator[None]:
    """Pass the log of the runtime to the watch only: failures of simulated services are not printed."""
    log = logging.getLogger("mcpstore")
    before, finder = (log.propagate, log.level), BugFinder(watch)
    log.propagate = False
    log.addHandler(finder)
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.removeHandler(finder)
        log.propagate, level = before
        log.setLevel(level)
