"""The screen of `mcpstore top` over a fake source of data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mcpstore.cli.top.app import Top
from mcpstore.errors import ManagerNotRunning

NOW = 1_700_000_000.0


class FakeSource:
    """Source that answers like a manager; its attributes can be changed at any time.

    Attributes:
        services: Fields of each service, by name.
        is_there: Whether the source answers at all.
        asked: Every request.
        done: Result of an action.
        gate: Actions wait until it is set.
    """

    is_manager = True

    def __init__(self) -> None:
        self.now = NOW
        self.services: dict[str, dict[str, Any]] = {}
        self.is_there = True
        self.alerts: list[str] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.done: Any = True
        self.gate = asyncio.Event()
        self.gate.set()

    def add(self, name: str, **fields: Any) -> dict[str, Any]:
        state = fields.get("connection_state", "healthy")
        self.services[name] = {
            "name": name, "run_status": "running", "connection_state": state, "transport": "stdio", "tool_count": 2,
            "error": None, "uptime": 60.0, "availability": 100.0, "response_time": 0.0042, "success": 100.0,
            "total_calls": 10, "throughput": 2.0, "p95": 0.042, "error_rate": 0.0, "cpu_percent": 1.5,
            "memory_bytes": 50 * 2**20, "durations": [],
            "states": [{"state": state, "since": NOW - 60, "until": NOW, "wanted": True, "watched": True}], **fields,
        }  # fmt: skip
        return self.services[name]

    async def ask(self, verb: str, **arguments: Any) -> Any:
        self.asked.append((verb, arguments))
        if not self.is_there:
            raise ManagerNotRunning("the manager has exited")
        name = arguments.get("name", "")
        if verb == "overview":
            return {
                "now": self.now,
                "location": "/home/me/mcp.json",
                "alerts": self.alerts,
                "services": list(self.services.values()),
            }
        if verb == "diagnose":
            return {"summary": f"{name} is well", "evidence": ["9 of 9 checks"], "remedy": f"leave {name} alone"}
        if verb == "logs":
            return [{"text": f"{name} says \x1b[31mhello"}]
        assert verb == "tools"
        return [{"name": "greet"}, {"name": "add"}]

    async def act(self, verb: str, **arguments: Any) -> Any:
        self.asked.append((verb, arguments))
        await self.gate.wait()
        if isinstance(self.done, Exception):
            raise self.done
        return self.done


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def top(source: FakeSource) -> Callable[[], Top]:
    """Return a function that creates the screen, which refreshes only on request."""
    return lambda: Top(source, interval=None)
