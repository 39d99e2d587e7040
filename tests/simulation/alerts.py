"""The oracle of I15, a simulated alert handler, and an observed alert engine."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import attrs
from pydantic import BaseModel

from mcpstore.hooks.alert import AlertHandler
from mcpstore.models.alert import Alert, AlertKind
from mcpstore.models.service import Reason, ServiceConnectionState
from mcpstore.runtime.alerting import AlertChannel, AlertEngine
from tests.simulation.oracle import Broken, Oracle, Scene
from tests.simulation.worlds import World

if TYPE_CHECKING:
    from tests.simulation.watch import Watch

__all__ = ["Alerts", "HeardAlarm", "SimulatedPeople"]

HOUR: Final = 3600.0

LATE: Final = 900.0
"""Time within which every alert must arrive at a reachable receiver, in seconds."""

UNSEEN: Final = HOUR
"""Time a service may be down without an alert, in seconds."""

KEPT: Final = 500
"""Number of notifications of one rule and one service whose order is checked."""

Key = tuple[str, str]
"""A rule and a service."""


class NoSettings(BaseModel):
    """The handler has no settings."""


class SimulatedPeople:
    """Plugin with an alert handler whose receiver is not always reachable.

    Args:
        world: When the receiver is reachable.
        watch: Records what is delivered.
        dice: Decides how a delivery fails while the receiver is not reachable.
    """

    def __init__(self, world: World, watch: Watch, dice: random.Random) -> None:
        self._world = world
        self._watch = watch
        self._dice = dice

    @property
    def line(self) -> AlertChannel:
        """Offer the handler."""
        handler = AlertHandler(name="simulated", config=NoSettings, send=self.send)
        return AlertChannel(name="people", handler=handler, settings=NoSettings())

    async def send(self, alert: Alert, _settings: NoSettings) -> None:
        """Accept a notification, refuse it, or never return."""
        behaviour = self._world.at(asyncio.get_running_loop().time())
        if behaviour.is_good:
            await asyncio.sleep(behaviour.takes)
            self._watch.delivered(alert)
        elif self._dice.random() < 0.5:
            raise OSError("no route to host")
        else:
            await asyncio.get_running_loop().create_future()


class HeardAlarm(AlertEngine):
    """The alerts of a store, observed by the oracles."""

    watch: Watch

    def _publish(self, alert: Alert) -> None:
        super()._publish(alert)
        self.watch.sent(alert)


@attrs.define
class _Story:
    """The alerts of one rule about one service.

    Attributes:
        open: The open incident.
        fired: Time at which the last one began, in seconds.
        sent: Alerts to be sent: time and alert.
        arrived: Delivered kinds of each incident.
        numbers: Numbers of the incidents, in the order of their beginnings.
        last: Number of the newest delivered incident.
    """

    open: str | None = None
    fired: float = float("-inf")
    sent: deque[tuple[float, Alert]] = attrs.field(factory=lambda: deque[tuple[float, Alert]](maxlen=KEPT))
    arrived: dict[str, set[AlertKind]] = attrs.field(factory=dict[str, set[AlertKind]])
    numbers: dict[str, int] = attrs.field(factory=dict[str, int])
    last: int = 0


class Alerts(Oracle):
    """I15: beginnings and ends alternate and respect the cool-down; all of them are delivered, in order, once."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._stories: dict[Key, _Story] = {}
        self._down: dict[str, float] = {}
        self._notices: dict[str, float] = {}
        self._arrived: dict[str, float] = {}
        self._cooldowns: dict[str, float] = {rule.name: rule.cooldown for rule in scene.alarm.rules}

    def sent(self, alert: Alert) -> None:
        """A beginning follows an end, an end follows a beginning."""
        now, story = self.scene.now(), self._of(alert)
        self._notices[alert.service] = self._notices.get(alert.service, 0) + 1
        story.sent.append((now, alert))
        if alert.kind is AlertKind.FIRED:
            if story.open is not None:
                raise Broken("I15", alert.service, f"{alert.rule_name!r} begins although it is not over")
            if now - story.fired < self._cooldowns[alert.rule_name] - 0.001:
                raise Broken("I15", alert.service, f"{alert.rule_name!r} begins again after {now - story.fired:.1f} s")
            story.open, story.fired = alert.incident, now
            story.numbers[alert.incident] = len(story.numbers) + 1
        elif story.open != alert.incident:
            raise Broken("I15", alert.service, f"{alert.rule_name!r} is {alert.kind.value} and had not begun")
        elif alert.kind is AlertKind.RESOLVED:
            story.open = None

    def delivered(self, alert: Alert) -> None:
        """A delivered alert was sent, is new, and is in order."""
        for one in _each(alert):
            story = self._of(one)
            self._arrived[one.service] = self._arrived.get(one.service, 0) + 1
            known = story.arrived.setdefault(one.incident, set())
            if one.kind in known and one.kind is not AlertKind.REMINDED:
                raise Broken("I15", one.service, f"{one.rule_name!r} is said twice to be {one.kind.value}")
            if AlertKind.RESOLVED in known:
                raise Broken("I15", one.service, f"{one.rule_name!r} is said to be {one.kind.value} after its end")
            known.add(one.kind)
            number = story.numbers.get(one.incident, 0)
            if number < story.last:
                raise Broken("I15", one.service, f"{one.rule_name!r} is delivered out of order")
            story.last = number
            while len(story.arrived) > KEPT:
                del story.arrived[next(iter(story.arrived))]

    def sweep(self) -> None:
        """No service is down for long without an alert."""
        now = self.scene.now()
        runners = self.scene.runners()
        for name in self._down.keys() - runners.keys():
            del self._down[name]
        for name, runner in runners.items():
            ctx = runner.ctx
            is_down = ctx.connection is ServiceConnectionState.DISCONNECTED and ctx.reason not in PURPOSES
            if not is_down:
                self._down.pop(name, None)
                continue
            since = self._down.setdefault(name, now)
            story = self._stories.get((DOWN, name))
            if now - since > UNSEEN and (story is None or story.open is None):
                raise Broken("I15", name, f"it is down for {now - since:.0f} s, and no alert was sent")

    def finish(self) -> None:
        """Every alert that was sent long enough ago was delivered."""
        now = self.scene.now()
        for (rule, service), story in self._stories.items():
            for when, alert in story.sent:
                known = story.arrived.get(alert.incident, set())
                has_arrived = alert.kind in known or AlertKind.RESOLVED in known
                if now - when > LATE and not has_arrived and alert.kind is not AlertKind.REMINDED:
                    raise Broken(
                        "I15", service, f"the notification that {rule!r} is {alert.kind.value} was never delivered"
                    )

    def scores(self) -> dict[str, dict[str, float]]:
        """Return the number of notifications about each service, and of delivered ones."""
        return {"notices": self._notices, "notices that arrived": self._arrived}

    def _of(self, alert: Alert) -> _Story:
        return self._stories.setdefault((alert.rule_name, alert.service), _Story())


DOWN: Final = "service_down"
PURPOSES: Final = (Reason.NONE, Reason.NEW, Reason.OPERATOR)


def _each(alert: Alert) -> Iterator[Alert]:
    yield from alert.alerts or (alert,)
