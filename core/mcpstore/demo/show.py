"""The demonstration: what MCPStore does, in half a minute."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.panel import Panel

from mcpstore.demo.stage import Stage
from mcpstore.models.alert import Alert, AlertKind
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.text import counted
from mcpstore.models.timing import Timing
from mcpstore.store import AsyncMCPStore

__all__ = ["ROLES", "demo_config", "play"]

ROLES: Final = {
    "steady": "does its work",
    "slow": "takes its time",
    "crashing": "dies every few seconds",
}
TIMING: Final = Timing(
    check_interval=2.0,
    check_interval_warning=1.5,
    fast_interval=1.0,
    check_timeout=1.9,
    slow_enter=0.5,
    slow_leave=0.4,
)
"""Faster than in real life, where half a minute is one health check."""

MONITORING: Final[Mapping[str, Any]] = {
    "alerts": {"handlers": [], "cooldown": 0, "rules": [{"name": "service_down", "for": 0, "keep": 1}]}
}
"""Tells of every loss at once, where in real life two intervals pass before anybody is told; and shows it itself."""

REFRESH: Final = 0.1
PATIENCE: Final = 20.0
"""Seconds a scene may take."""


def demo_config() -> dict[str, Any]:
    """Return the configuration of the demonstration, as it could stand in an mcp.json."""

    def server(*args: str) -> dict[str, Any]:
        return {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", *args]}

    return {
        "mcpServers": {
            "steady": server("steady"),
            "slow": server("slow", "--delay", "0.7"),
            "crashing": server("crashing", "--lifetime", "4"),
        }
    }


async def play(console: Console, *, live: bool, on_frame: Callable[[Panel], None] | None = None) -> bool:
    """Play the demonstration.

    Args:
        console: Where it is shown.
        live: Whether to show a picture that lives; otherwise lines are printed.
        on_frame: Called with each picture, if it lives.

    Returns:
        Whether everything went as it should.
    """
    stage = Stage(console, live=live, roles=ROLES)
    alerts = Alerts(stage)
    async with AsyncMCPStore(demo_config(), timing=TIMING, monitoring_config=MONITORING) as store:
        store.on_state_change(_told(stage))
        store.on_alert(alerts.told)
        playing = asyncio.create_task(_scenes(store, stage, alerts))
        if live:
            with Live(console=console, auto_refresh=False) as screen:
                is_over = False
                while not is_over:
                    is_over = playing.done()  # the last words are shown, too
                    frame = stage.picture(await store.list_services())
                    screen.update(frame, refresh=True)
                    if on_frame is not None:
                        on_frame(frame)
                    await asyncio.wait([playing], timeout=REFRESH)
        passed = await playing
        told, ended = await store.report("summary"), stage.now
    console.print()
    console.print(told, soft_wrap=True, highlight=False, markup=False)
    console.print(
        f"{counted(alerts.fired, 'alert')}, {alerts.resolved} resolved; {ended:.0f} s; no process is left behind"
    )
    return passed


class Alerts:
    """Hears of the alerts of the store, and shows them.

    Args:
        stage: Where they are shown.

    Attributes:
        fired: How many began.
        resolved: How many are over.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._news = asyncio.Event()
        self.fired: int = 0
        self.resolved: int = 0

    async def told(self, alert: Alert) -> None:
        """Show an alert."""
        if alert.kind is AlertKind.FIRED:
            self.fired += 1
            self._stage.say(f"ALERT: {alert.message}", "bold white on red")
        elif alert.kind is AlertKind.RESOLVED:
            self.resolved += 1
            self._stage.say(f"RESOLVED: {alert.message}", "bold black on green")
        self._news.set()

    async def all_resolved(self, count: int) -> bool:
        """Wait until so many alerts have been told and all are resolved; returns whether that came to pass."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.resolved < count or self.resolved < self.fired:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


def _told(stage: Stage) -> Any:
    async def changed(name: str, old: State, new: State, metadata: Any) -> None:
        stage.changed(name, old, new, metadata)  # in the event loop, as everything that is shown

    return changed


async def _scenes(store: AsyncMCPStore, stage: Stage, alerts: Alerts) -> bool:
    """Play the scenes one after the other; returns whether each ended as it should."""
    stage.say("three servers are started and watched", "bold")
    passed = [await store.wait_service("steady", timeout=PATIENCE)]

    stage.say("a tool is called: steady/greet who='world'", "bold")
    greeting = await store.call_tool("steady/greet", {"who": "world"})
    stage.say(f"it says: {greeting.text}", "bold green")
    passed.append(greeting.text == "Hello, world!")

    stage.say("the slow one is given time to show that it is slow", "bold")
    passed.append(await store.wait_service("slow", State.WARNING, timeout=PATIENCE))

    info = await store.get_service_info("steady")
    assert info is not None and info.pid is not None  # noqa: PT018, S101 - it was healthy a moment ago
    stage.say(f"steady is killed: kill -9 {info.pid}", "bold")
    os.kill(info.pid, signal.SIGKILL)
    passed.append(await store.wait_service("steady", State.RECONNECTING, timeout=PATIENCE))
    passed.append(await store.wait_service("steady", timeout=PATIENCE))

    stage.say("the crashing one goes on crashing, and is brought back a little later each time", "bold")
    passed.append(await alerts.all_resolved(3))
    stage.say("everything is stopped", "bold")
    return all(passed)
