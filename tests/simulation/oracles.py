"""Oracles of the lifecycle: I2, I3, I4 and I10, judged by what reaches the far side and by what people ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcpstore.core.context import Act, Context
from mcpstore.core.events import Event, Timer
from mcpstore.models.service import Reason
from tests.simulation.oracle import Broken, Oracle, Scene

if TYPE_CHECKING:
    from mcpstore.runtime.service_runner import ServiceRunner

__all__ = ["Healing", "NothingStuck", "OneConnection", "StopWins"]

HANDSHAKE: Final = 60.0
"""Seconds a handshake may take."""

ADMITTED: Final = 20.0
"""Openings a second that are admitted, all services together."""


class OneConnection(Oracle):
    """I2: a service has one connection at most, and is asked something only while it has one."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._opening: set[str] = set()
        self._openings: dict[str, float] = {}

    def opening(self, service: str) -> None:
        """Nothing of an earlier connection may be left."""
        if service in self._opening:
            raise Broken("I2", service, "it is opened although its last connection is not closed")
        self._opening.add(service)
        self._openings[service] = self._openings.get(service, 0) + 1

    def asked(self, service: str) -> None:
        """There must be a connection to ask over."""
        if service not in self._opening:
            raise Broken("I2", service, "it is asked something over a connection that is closed")

    def closed(self, service: str) -> None:
        """The next connection may come."""
        self._opening.discard(service)

    def scores(self) -> dict[str, dict[str, float]]:
        """Return how often each service was opened."""
        return {"openings": self._openings}


class NothingStuck(Oracle):
    """I3: whatever is not parked moves again, at the latest when its action is overdue or its timer runs out."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._due: dict[str, float] = {}

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Reckon when it must move again."""
        self._due[runner.spec.name] = self.scene.now() + self._longest(runner)

    def sweep(self) -> None:
        """No service may be late."""
        now, runners = self.scene.now(), self.scene.runners()
        for name, runner in runners.items():
            due = self._due.get(name, now)
            if now > due and not runner.is_parked:
                ctx = runner.ctx
                doing = ctx.activity.value or f"waiting for the timer {ctx.timer.value!r}"
                raise Broken(
                    "I3", name, f"it is stuck in {ctx.connection.value} ({doing}); it was to move by {due:.1f} s"
                )
        for name in self._due.keys() - runners.keys():
            del self._due[name]

    def _longest(self, runner: ServiceRunner) -> float:
        timing, ctx = self.scene.timing, runner.ctx
        if ctx.activity is Act.CONNECT:
            waiting = len(self.scene.runners()) * (HANDSHAKE / 4 + 1 / ADMITTED)  # for its turn
            return waiting + timing.connect_timeout + HANDSHAKE + timing.deadline_margin + 1
        if ctx.activity is Act.CHECK:
            return timing.check_timeout + timing.deadline_margin + 1
        if ctx.activity is Act.CLOSE:
            return timing.close_timeout + timing.deadline_margin + 1
        cool = timing.cool_permanent if ctx.reason is Reason.PERMANENT else timing.cool_cap
        limits = {
            Timer.CHECK: timing.check_interval * (1 + timing.check_jitter),
            Timer.FAST: timing.fast_interval,
            Timer.RETRY: timing.backoff_cap,
            Timer.COOL: cool * (1 + timing.cool_jitter),
            Timer.REAP: timing.reap_interval,
        }
        return limits.get(ctx.timer, 0.0) + 1


class StopWins(Oracle):
    """I4: what was stopped or removed is neither opened nor asked anything until it is started, and is soon gone."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._stopped: dict[str, float] = {}

    def ordered(self, service: str, verb: str) -> None:
        """Remember what people want."""
        if verb in ("stop", "remove"):
            self._stopped.setdefault(service, self.scene.now())
        elif verb in ("start", "restart"):
            self._stopped.pop(service, None)

    def opening(self, service: str) -> None:
        """It must be wanted."""
        if service in self._stopped:
            raise Broken("I4", service, "it is opened although it was stopped")

    def asked(self, service: str) -> None:
        """It must be wanted."""
        if service in self._stopped:
            raise Broken("I4", service, "it is asked something although it was stopped")

    def sweep(self) -> None:
        """What was stopped is parked within the limits of a close and its repetitions."""
        timing, now, runners = self.scene.timing, self.scene.now(), self.scene.runners()
        for name, since in self._stopped.items():
            runner = runners.get(name)
            clings = self.scene.worlds[name].at(now).clings
            limit = (1 + clings) * (timing.close_timeout + timing.deadline_margin + timing.reap_interval)
            if runner is not None and not runner.is_parked and now - since > limit:
                raise Broken("I4", name, f"it was stopped {now - since:.0f} s ago and is not parked")


class Healing(Oracle):
    """I10: in a world that is good a wanted service is usable within six minutes; one that is silent is noticed."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._wanted: dict[str, float] = {}
        self._up: dict[str, float] = {}
        self._down: dict[str, float] = {}
        self._lived: dict[str, tuple[float, float]] = {}
        self._longest: dict[str, float] = {}
        self._deafest: dict[str, float] = {}

    def ordered(self, service: str, verb: str) -> None:
        """Remember since when it is wanted, or wanted again."""
        if verb in ("start", "restart", "update"):
            if verb != "update" or service in self._wanted:
                self._wanted[service] = self.scene.now()
        elif verb in ("stop", "remove"):
            self._wanted.pop(service, None)

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Remember since when it is usable, or not."""
        name, now = runner.spec.name, self.scene.now()
        if runner.is_live:
            since = self._down.pop(name, None)
            is_slow = self.scene.worlds[name].refuses  # a refused service waits for half an hour, by design
            if since is not None and not is_slow and self._good_since(name) is not None:
                self._longest[name] = max(self._longest.get(name, 0.0), now - max(since, self._healed(name)))
            self._up.setdefault(name, now)
        else:
            if (since := self._up.pop(name, None)) is not None:
                self._lived[name] = since, now
                silent = self.scene.worlds[name].silent_since(now)
                if silent is not None and name in self._wanted:
                    deaf = now - max(since, silent, self.scene.excuse())
                    self._deafest[name] = max(self._deafest.get(name, 0.0), deaf)
            self._down.setdefault(name, now)

    def sweep(self) -> None:
        """Every wanted service in a good world must be usable, and no silence may last long."""
        now = self.scene.now()
        for name, runner in self.scene.runners().items():
            if name not in self._wanted:
                continue
            if not runner.is_live and self._good_since(name) is not None:
                bad = now - self._known_healed(name)
                if bad > self._limit(runner):
                    raise Broken(
                        "I10", name, f"the world is good for {bad:.0f} s and it is {runner.ctx.connection.value}"
                    )
            silent = self.scene.worlds[name].silent_since(now)
            if runner.is_live and silent is not None:
                deaf = now - max(self._up.get(name, now), silent, self.scene.excuse())
                if deaf > self.deafness:
                    raise Broken(
                        "I10", name, f"it has been silent for {deaf:.0f} s and is {runner.ctx.connection.value}"
                    )

    def scores(self) -> dict[str, dict[str, float]]:
        """Return the slowest recovery and the longest silence of each service, in seconds."""
        return {"slowest recovery": self._longest, "longest silence": self._deafest}

    @property
    def deafness(self) -> float:
        """Seconds within which silence must end a connection: three checks, and as long as the mass guard may doubt."""
        timing = self.scene.timing
        first = timing.check_interval * (1 + timing.check_jitter)
        checks = first + 3 * timing.check_timeout + 2 * timing.fast_interval
        doubt = 2 * timing.check_interval + timing.fast_interval + timing.check_timeout
        return checks + doubt + timing.deadline_margin

    def _limit(self, runner: ServiceRunner) -> float:
        timing = self.scene.timing
        is_refused = runner.ctx.reason is Reason.PERMANENT and self.scene.worlds[runner.spec.name].refuses
        rest = timing.cool_permanent if is_refused else timing.cool_cap
        crowd = len(self.scene.runners()) / ADMITTED
        return rest * (1 + timing.cool_jitter) + HANDSHAKE + timing.close_timeout + timing.deadline_margin + crowd

    def _good_since(self, name: str) -> float | None:
        return self.scene.worlds[name].good_since(self.scene.now())

    def _known_healed(self, name: str) -> float:
        """Return when it could be known that a new connection is needed, and would be a good one.

        A connection that the far side forgot in bad times may outlast them: its silence has to be noticed first.
        """
        healed = self._healed(name)
        since, until = self._lived.get(name, (healed, healed))
        return min(until, healed + self.deafness) if since <= healed < until else healed

    def _healed(self, name: str) -> float:
        """Return when everything that keeps a service from being usable was over."""
        good = self._good_since(name)
        return max(good or 0.0, self._wanted.get(name, 0.0), self.scene.excuse())
