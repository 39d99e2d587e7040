"""Scenario of the demonstration: services start, a tool is called, servers fail and recover, in half a minute."""

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

from mcpstore.demo.view import DemoView
from mcpstore.models.alert import Alert, AlertKind
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.text import counted
from mcpstore.models.timing import Timing
from mcpstore.store import AsyncMCPStore

__all__ = ["ROLES", "demo_config", "run_demo"]

ROLES: Final = {
    "steady": "works",
    "slow": "answers slowly",
    "crashing": "crashes every 4 s",
}
TIMING: Final = Timing(
    check_interval=2.0,
    check_interval_warning=1.5,
    fast_interval=1.0,
    check_timeout=1.9,
    slow_enter=0.5,
    slow_leave=0.4,
)
"""Short intervals: with the defaults, half a minute is one check interval."""

MONITORING: Final[Mapping[str, Any]] = {
    "alerts": {"handlers": [], "cooldown": 0, "rules": [{"name": "service_down", "for": 0, "keep": 1}]}
}
"""Alerts fire at once (by default after two intervals), and no handler sends them: the demonstration shows them."""

REFRESH_INTERVAL: Final = 0.1
STEP_TIMEOUT: Final = 20.0
"""Longest time for one step, in seconds."""


def demo_config() -> dict[str, Any]:
    """Return the configuration of the demonstration, in the form of an mcp.json."""

    def server(*args: str) -> dict[str, Any]:
        return {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", *args]}

    return {
        "mcpServers": {
            "steady": server("steady"),
            "slow": server("slow", "--delay", "0.7"),
            "crashing": server("crashing", "--lifetime", "4"),
        }
    }


async def run_demo(console: Console, *, live: bool, on_frame: Callable[[Panel], None] | None = None) -> bool:
    """Run the demonstration.

    Args:
        console: Console for the output.
        live: Whether to show a live view; if not, lines are printed.
        on_frame: Called with each frame of the live view.

    Returns:
        Whether every step had its expected outcome.
    """
    view = DemoView(console, live=live, roles=ROLES)
    alerts = AlertCounter(view)
    async with AsyncMCPStore(demo_config(), timing=TIMING, monitoring_config=MONITORING) as store:
        store.on_state_change(_state_listener(view))
        store.on_alert(alerts.record)
        steps = asyncio.create_task(_run_steps(store, view, alerts))
        if live:
            with Live(console=console, auto_refresh=False) as screen:
                is_done = False
                while not is_done:
                    is_done = steps.done()  # read before the last frame, so that it shows the last lines
                    frame = view.render(await store.list_services())
                    screen.update(frame, refresh=True)
                    if on_frame is not None:
                        on_frame(frame)
                    await asyncio.wait([steps], timeout=REFRESH_INTERVAL)
        passed = await steps
        summary, duration = await store.report("summary"), view.now
    console.print()
    console.print(summary, soft_wrap=True, highlight=False, markup=False)
    console.print(
        f"{counted(alerts.fired, 'alert')}, {alerts.resolved} resolved; {duration:.0f} s; every server has exited"
    )
    return passed


class AlertCounter:
    """Counts the alerts of the store, and shows them.

    Args:
        view: The view that shows them.

    Attributes:
        fired: Number of alerts that fired.
        resolved: Number of alerts that were resolved.
    """

    def __init__(self, view: DemoView) -> None:
        self._view = view
        self._changed = asyncio.Event()
        self.fired: int = 0
        self.resolved: int = 0

    async def record(self, alert: Alert) -> None:
        """Count an alert and show it."""
        if alert.kind is AlertKind.FIRED:
            self.fired += 1
            self._view.log(f"ALERT: {alert.message}", "bold white on red")
        elif alert.kind is AlertKind.RESOLVED:
            self.resolved += 1
            self._view.log(f"RESOLVED: {alert.message}", "bold black on green")
        self._changed.set()

    async def all_resolved(self, count: int) -> bool:
        """Wait until a number of alerts fired and all are resolved; returns False after `STEP_TIMEOUT`."""
        try:
            async with asyncio.timeout(STEP_TIMEOUT):
                while self.resolved < count or self.resolved < self.fired:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True


def _state_listener(view: DemoView) -> Any:
    async def changed(name: str, old: State, new: State, metadata: Any) -> None:
        view.state_changed(name, old, new, metadata)  # a coroutine, so that it runs in the event loop

    return changed


async def _run_steps(store: AsyncMCPStore, view: DemoView, alerts: AlertCounter) -> bool:
    """Run the steps in order; returns whether each had its expected outcome."""
    view.log("three servers are started and checked", "bold")
    passed = [await store.wait_service("steady", timeout=STEP_TIMEOUT)]

    view.log("call a tool: steady/greet who='world'", "bold")
    greeting = await store.call_tool("steady/greet", {"who": "world"})
    view.log(f"result: {greeting.text}", "bold green")
    passed.append(greeting.text == "Hello, world!")

    view.log("wait until checks find that the slow server is slow", "bold")
    passed.append(await store.wait_service("slow", State.WARNING, timeout=STEP_TIMEOUT))

    info = await store.get_service_info("steady")
    assert info is not None and info.pid is not None  # noqa: PT018, S101 - it is healthy
    view.log(f"kill the steady server: kill -9 {info.pid}", "bold")
    os.kill(info.pid, signal.SIGKILL)
    passed.append(await store.wait_service("steady", State.RECONNECTING, timeout=STEP_TIMEOUT))
    passed.append(await store.wait_service("steady", timeout=STEP_TIMEOUT))

    view.log("the crashing server crashes again and again; the wait before each restart grows", "bold")
    passed.append(await alerts.all_resolved(3))
    view.log("stop everything", "bold")
    return all(passed)
