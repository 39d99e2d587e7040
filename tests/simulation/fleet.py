"""One simulation: a fleet of services in their worlds, the real runtime over them, and oracles around it."""

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
"""The kinds of worlds a fleet is put into unless it says; `outage` twice, because mass failures need a mass."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is simulated. The same plan gives the same events, on every machine.

    Attributes:
        seed: Decides everything that is left to chance.
        services: How many services.
        days: How long, in days.
        kinds: Kinds of worlds, given to the services in turn.
        interval: Seconds between health checks.
        orders: Orders a day that people give to each service, on average.
        happenings: Sleeps, stalls and changes of the clock a day, on average.
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
        """The command that plays it again."""
        plan = f"--seed {self.seed} --services {self.services} --days {self.days:g} --interval {self.interval:g}"
        plan += f" --orders {self.orders:g} --happenings {self.happenings:g}"
        if self.kinds != KINDS:
            plan += f" --worlds {','.join(self.kinds)}"
        return f"nox -s simulate -- {plan}"


@attrs.frozen(kw_only=True)
class Result:
    """What became of a simulation.

    Attributes:
        plan: What was simulated.
        broken: The promise that was broken, if one was.
        hash: Stands for every event, in order.
        events: How many there were.
        scores: What the oracles measured: by name of the figure, then by service.
        cpu: Seconds of processor time it took.
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
    """Play a simulation to its end, or until a promise is broken.

    Args:
        plan: What to simulate.
        worlds: The far side of each service; made as the plan says if None.
        people: When people can be reached by alerts; left to chance if None.
        also: Oracles to be asked besides those there always are.
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
    """A virtual loop without threads: how long one takes would decide what comes first."""

    def run_in_executor(  # type: ignore[override]  # the base class says the same with more overloads
        self,
        executor: Executor | None,
        func: Callable[..., Any],
        *args: Any,
    ) -> asyncio.Future[Any]:
        """Run something at once."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the waiting caller gets the error
            future.set_exception(error)
        return future


class Fleet:
    """Services in their worlds, and everything of the runtime that looks after them.

    Args:
        plan: What is simulated.
        worlds: The far side of each service.
        people: When people can be reached; left to chance if None.
        also: Oracles to be asked besides those there always are.

    Attributes:
        watch: Hears everything.
        scores: What the oracles measured.
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
        """Play."""
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
        """Let time pass until the end, or until a promise is broken."""
        over = asyncio.Event()
        self.watch.on_broken = over.set
        end = self.clock.now() + self.plan.days * DAY
        while self.clock.now() < end and self.watch.broken is None:
            # A timer and not a deadline: what breaks a promise is noticed in the very moment.
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
"""Stands for no times a day."""

EDGES_KEPT: Final = 500

NEEDED: Final = ("backoff", "ping")

MONITORING: Final = MonitoringConfig.model_validate({"performance_monitoring": {"enabled": False}})
"""What is measured of simulated services: everything but processes, which they do not have."""

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
    """Return the timing of a plan: the default but for the interval of checks."""
    return attrs.evolve(DEFAULT_TIMING, check_interval=plan.interval)


def _health_and_recovery() -> list[EntryPoint]:
    """Return the bundled plugins that a simulated service needs, and no others."""
    return [point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name in NEEDED and _is_bundled(point)]


def _is_bundled(found: EntryPoint) -> bool:
    return found.dist is not None and found.dist.name == DISTRIBUTION


async def _prepare(spec: ServiceSpec) -> Prepared:
    return Prepared(settings=dict(spec.settings))


@contextmanager
def _heard(watch: Watch) -> Generator[None]:
    """Listen to what the runtime logs, and keep it from anybody else: nobody reads the troubles of made-up services."""
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
