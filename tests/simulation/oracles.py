"""Oracles of the lifecycle: I2, I3, I4 and I10, judged by events at the servers and by commands of operators."""

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
"""Time limit of a handshake, in seconds."""

ADMITTED: Final = 20.0
"""Maximum number of openings a second, over all services."""


class OneConnection(Oracle):
    """I2: a service has at most one connection, and receives requests only while it has one."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._opening: set[str] = set()
        self._openings: dict[str, float] = {}

    def opening(self, service: str) -> None:
        """Nothing of the previous connection may be left."""
        if service in self._opening:
            raise Broken("I2", service, "it is opened although its last connection is not closed")
        self._opening.add(service)
        self._openings[service] = self._openings.get(service, 0) + 1

    def asked(self, service: str) -> None:
        """There must be an open connection."""
        if service not in self._opening:
            raise Broken("I2", service, "it is asked something over a connection that is closed")

    def closed(self, service: str) -> None:
        """The next connection is allowed."""
        self._opening.discard(service)

    def scores(self) -> dict[str, dict[str, float]]:
        """Return the number of openings of each service."""
        return {"openings": self._openings}


class NothingStuck(Oracle):
    """I3: an unparked service moves again, at the latest when its action is overdue or its timer expires."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._due: dict[str, float] = {}

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Compute when the service must move again."""
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
    """I4: a stopped or removed service is neither opened nor sent requests until it is started, and is soon closed."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._stopped: dict[str, float] = {}

    def ordered(self, service: str, verb: str) -> None:
        """Record whether the service is wanted."""
        if verb in ("stop", "remove"):
            self._stopped.setdefault(service, self.scene.now())
        elif verb in ("start", "restart"):
            self._stopped.pop(service, None)

    def opening(self, service: str) -> None:
        """The service must be wanted."""
        if service in self._stopped:
            raise Broken("I4", service, "it is opened although it was stopped")

    def asked(self, service: str) -> None:
        """The service must be wanted."""
        if service in self._stopped:
            raise Broken("I4", service, "it is asked something although it was stopped")

    def sweep(self) -> None:
        """A stopped service is parked within the limits of a close and its repetitions."""
        timing, now, runners = self.scene.timing, self.scene.now(), self.scene.runners()
        for name, since in self._stopped.items():
            runner = runners.get(name)
            clings = self.scene.worlds[name].at(now).clings
            limit = (1 + clings) * (timing.close_timeout + timing.deadline_margin + timing.reap_interval)
            if runner is not None and not runner.is_parked and now - since > limit:
                raise Broken("I4", name, f"it was stopped {now - since:.0f} s ago and is not parked")


class Healing(Oracle):
    """I10: in a good world a wanted service is usable within six minutes, and silence is detected."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._wanted: dict[str, float] = {}
        self._up: dict[str, float] = {}
        self._down: dict[str, float] = {}
        self._lived: dict[str, tuple[float, float]] = {}
        self._longest: dict[str, float] = {}
        self._deafest: dict[str, float] = {}

    def ordered(self, service: str, verb: str) -> None:
        """Record since when the service is wanted."""
        if verb in ("start", "restart", "update"):
            if verb != "update" or service in self._wanted:
                self._wanted[service] = self.scene.now()
        elif verb in ("stop", "remove"):
            self._wanted.pop(service, None)

    def stepped(self, runner: ServiceRunner, event: Event, before: Context) -> None:
        """Record since when the service is usable or not."""
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
        """Return the slowest recovery and the longest undetected silence of each service, in seconds."""
        return {"slowest recovery": self._longest, "longest silence": self._deafest}

    @property
    def deafness(self) -> float:
        """Time limit for detecting silence, in seconds: three checks, and the mass-failure guard."""
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
        """Return from when on a new connection is known to be needed, and would work.

        A connection that the server dropped during an outage may outlast it: its silence has to be detected first.
        """
        healed = self._healed(name)
        since, until = self._lived.get(name, (healed, healed))
        return min(until, healed + self.deafness) if since <= healed < until else healed

    def _healed(self, name: str) -> float:
        """Return the time at which everything that prevents a service from being usable was over."""
        good = self._good_since(name)
        return max(good or 0.0, self._wanted.get(name, 0.0), self.scene.excuse())
