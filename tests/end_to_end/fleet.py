"""A fleet of real servers under one store, and faults for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from mcpstore import AsyncMCPStore
from mcpstore.models.service import ServiceConnectionState as State

PATIENCE = 300.0


@attrs.define
class Remote:
    """A server over HTTP, in its own process group."""

    command: list[str]
    port: int
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **self.environment}, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.command} does not listen on {self.port}")

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process = None


@contextmanager
def running(*remotes: Remote) -> Iterator[None]:
    try:
        for remote in remotes:
            remote.start()
        yield
    finally:
        for remote in remotes:
            remote.stop()


def left_behind(marker: str) -> list[str]:
    """Return the processes, except this one, whose environment contains a given marker."""
    results = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(path.name) != os.getpid() and marker.encode() in (path / "environ").read_bytes():
                results.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return results


class Watch:
    """Records when each service entered which state."""

    def __init__(self, store: AsyncMCPStore) -> None:
        self.seen: list[tuple[float, str, State]] = []
        store.on_state_change(self.changed)

    async def changed(self, name: str, _old: State, new: State, _metadata: Any) -> None:
        self.seen.append((time.monotonic(), name, new))

    async def when(self, name: str, state: State, since: float) -> float:
        """Wait until a service has entered a state; returns the duration in seconds."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for at, who, new in self.seen:
                    if at >= since and who == name and new is state:
                        return at - since
                await asyncio.sleep(0.005)


async def everything_comes_up(store: AsyncMCPStore, names: list[str]) -> None:
    for name in names:
        assert await store.wait_service(name, State.HEALTHY, timeout=PATIENCE), await store.diagnose(name)
    assert {tool.service for tool in await store.list_tools()} == set(names)


async def one_call_each_works(store: AsyncMCPStore, calls: Mapping[str, tuple[str, dict[str, Any], str]]) -> None:
    for service, (tool, arguments, expected) in calls.items():
        result = await store.call_tool(tool, arguments, service=service, timeout=PATIENCE)
        assert expected in result.text, (service, result.text)


async def each_kill_is_noticed_and_healed(store: AsyncMCPStore, watch: Watch, names: list[str]) -> dict[str, float]:
    """Kill each server with SIGKILL; returns the times until detection, in seconds."""
    noticed: dict[str, float] = {}
    for name in names:
        info = await store.get_service_info(name)
        assert info is not None
        assert info.pid is not None
        since = time.monotonic()
        os.kill(info.pid, signal.SIGKILL)
        noticed[name] = await watch.when(name, State.UNHEALTHY, since)
        await watch.when(name, State.HEALTHY, since)
        after = await store.get_service_info(name)
        assert after is not None
        assert after.pid != info.pid
    return noticed


async def a_restart_of_a_remote_server_is_survived(store: AsyncMCPStore, name: str, remote: Remote) -> None:
    remote.stop()
    remote.start()
    await store.check_services(name)
    assert await store.wait_service(name, State.HEALTHY, timeout=PATIENCE), await store.diagnose(name)
