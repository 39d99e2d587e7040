"""Events of the whole machine, and commands of operators, during a simulation."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import attrs

from mcpstore.errors import NotFound
from mcpstore.models.service import ServiceSpec
from tests.simulation.clock import SimulatedClock

if TYPE_CHECKING:
    from mcpstore.runtime.supervisor import Supervisor
    from tests.simulation.transport import SimulatedTransport
    from tests.simulation.watch import Watch

__all__ = ["Machine", "Operator"]

HOUR: Final = 3600.0
SLEEP: Final = 8 * HOUR
STEPS: Final = (-24 * HOUR, -HOUR, HOUR, 24 * HOUR)
STALL: Final = 20.0

VERBS: Final = ("stop", "stop", "start", "start", "restart", "update", "edit", "recheck", "remove")
"""Commands of operators, weighted by repetition."""


class Machine:
    """The machine of the manager: its clock is set, it is suspended, it stalls.

    Args:
        clock: Its clocks.
        transport: The connections it holds.
        watch: Records what happens.
        dice: Source of randomness.
        every: Average time between two events, in seconds.

    Attributes:
        trouble: When it was last in trouble, in seconds.
    """

    def __init__(
        self, clock: SimulatedClock, transport: SimulatedTransport, watch: Watch, dice: random.Random, every: float
    ) -> None:
        self.trouble: float = float("-inf")
        self._clock = clock
        self._transport = transport
        self._watch = watch
        self._dice = dice
        self._every = every

    async def live(self) -> None:
        """Generate events for ever."""
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / self._every))
            self._dice.choice((self._set_clock, self._sleep, self._stall))()

    def _set_clock(self) -> None:
        step = self._dice.choice(STEPS)
        self._watch.happened(f"the wall clock is set by {step:g} s")
        self._clock.shift += step

    def _sleep(self) -> None:
        """Suspend the machine for a night; half of the connections are silently lost."""
        self._watch.happened("the machine sleeps")
        self._clock.asleep += SLEEP
        for connection in self._transport.connections.values():
            connection.is_deaf = connection.is_deaf or self._dice.random() < 0.5
        self.trouble = self._clock.now()

    def _stall(self) -> None:
        self._watch.happened("the process stands still")
        loop: Any = asyncio.get_running_loop()
        loop.jump(STALL)
        self.trouble = self._clock.now()


@attrs.define
class Operator:
    """Operator that starts, stops, restarts, edits and removes services, without waiting for the effects.

    Attributes:
        supervisor: Receives the commands.
        watch: Records every command.
        specs: All possible services.
        dice: Source of randomness.
        every: Average time between two commands, in seconds.
    """

    supervisor: Supervisor
    watch: Watch
    specs: dict[str, ServiceSpec]
    dice: random.Random
    every: float
    _waiting: set[asyncio.Task[Any]] = attrs.field(factory=set[asyncio.Task[Any]], init=False)

    async def live(self) -> None:
        """Issue commands for ever."""
        names = list(self.specs)
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / self.every))
            self.order(self.dice.choice(names), self.dice.choice(VERBS))

    def order(self, name: str, verb: str) -> None:
        """Issue one command; a removed service is added again, whatever the command."""
        known = {runner.spec.name for runner in self.supervisor.runners()}
        if name not in known:
            self.watch.ordered(name, "start")
            self.supervisor.add(self.specs[name])
            self._go(self.supervisor.start, name)
        elif verb in ("update", "edit"):
            self._change(name, reconnects=verb == "update")
        else:
            self.watch.ordered(name, verb)
            verbs: dict[str, Callable[[str], Coroutine[Any, Any, Any]]] = {
                "start": self.supervisor.start,
                "stop": self.supervisor.stop,
                "restart": self.supervisor.restart,
                "remove": self.supervisor.remove,
                "recheck": self.supervisor.check,
            }
            self._go(verbs[verb], name)

    def _change(self, name: str, *, reconnects: bool) -> None:
        """Change the configuration of a service: its connection, or only its description."""
        spec, chance = self.specs[name], self.dice.random()
        if reconnects:
            self.watch.ordered(name, "update")
            spec = attrs.evolve(spec, settings={"version": chance})
        else:
            spec = attrs.evolve(spec, description=f"edited {chance}")
        self.specs[name] = spec
        self.supervisor.update(spec)

    def _go(self, verb: Callable[[str], Coroutine[Any, Any, Any]], name: str) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(verb(name)))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)


async def _quietly(order: Coroutine[Any, Any, Any]) -> None:
    with suppress(NotFound):  # the service was removed meanwhile
        await order
