"""A call takes effect at most once, whatever happens between the effect and the answer, and whatever is restarted."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.errors import CallError, CallTimeout, ConnectionLost
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.store.state_dir import socket_path

QUICK = DEFAULT_TIMING.scaled(1 / 20)
SERVER = str(Path(__file__).with_name("committing.py"))


def config(ledger: Path, how: str, **own: Any) -> dict[str, Any]:
    entry = {"command": sys.executable, "args": ["-S", SERVER, str(ledger), how], "mcpstore": own}
    return {"mcpServers": {"bank": entry}}


def effects(ledger: Path) -> int:
    return len(ledger.read_text().splitlines()) if ledger.exists() else 0


async def replaced(store: AsyncMCPStore, before: int | None) -> None:
    """Wait until the service is usable in a new process."""
    async with asyncio.timeout(60):
        while (info := await store.get_service_info("bank")).pid == before or not info.tools or not info.uptime:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "recovery", ["backoff", {"type": "fixed", "delay": 0.05}, {"type": "reregister", "delay": 0.05}], ids=str
)
@pytest.mark.parametrize("how", ["exit", "kill", "hang up", "half"])
async def test_a_server_that_dies_after_the_effect_is_reopened_and_its_call_is_not_repeated(tmp_path, how, recovery):
    ledger = tmp_path / "ledger"
    async with AsyncMCPStore(config(ledger, how, recovery=recovery), timing=QUICK) as store:
        assert await store.wait_service("bank", timeout=60)
        before = (await store.get_service_info("bank")).pid
        with pytest.raises(ConnectionLost, match="whether 'tools/call' took effect is unknown"):
            await store.call_tool("pay", timeout=30)
        await replaced(store, before)
        assert effects(ledger) == 1
        await store.call_tool("pay", timeout=30)
        assert effects(ledger) == 2
        first, second = ledger.read_text().splitlines()
        assert first != second


@pytest.mark.parametrize(("how", "error"), [("garbage", CallError), ("sleep", CallTimeout)])
async def test_a_call_with_a_broken_or_missing_answer_is_not_repeated(tmp_path, how, error):
    ledger = tmp_path / "ledger"
    async with AsyncMCPStore(config(ledger, how), timing=QUICK) as store:
        assert await store.wait_service("bank", timeout=60)
        with pytest.raises(error):
            await store.call_tool("pay", timeout=1)
        await store.recover("bank", 60)
        await store.restart_service("bank", 60)
        assert effects(ledger) == 1


async def test_each_of_many_concurrent_calls_takes_effect_at_most_once(tmp_path):
    ledger = tmp_path / "ledger"
    async with AsyncMCPStore(config(ledger, "kill"), timing=QUICK) as store:
        assert await store.wait_service("bank", timeout=60)
        ended = await asyncio.gather(*(store.call_tool("pay", timeout=30) for _ in range(50)), return_exceptions=True)
        assert all(isinstance(end, CallError) for end in ended)
        assert await store.start_service("bank", 60)
        assert effects(ledger) == 1


def is_served(path: Path) -> bool:
    """Return whether a manager listens; the socket of a killed one stays behind."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


async def test_a_call_of_a_killed_manager_is_not_repeated(tmp_path):
    ledger, path, state = tmp_path / "ledger", tmp_path / "mcp.json", tmp_path / "state"
    path.write_text(json.dumps(config(ledger, "sleep")))
    mcpstore = [sys.executable, "-m", "mcpstore", "-c", str(path), "--state-dir", str(state)]
    quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.PIPE}
    silent = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
    manager = await asyncio.create_subprocess_exec(*mcpstore, "up", "--plain", **silent)
    try:
        async with asyncio.timeout(90):
            while not is_served(socket_path(state)):  # outside the state directory if its path is long
                await asyncio.sleep(0.02)
            call = await asyncio.create_subprocess_exec(*mcpstore, "call", "bank/pay", **quiet)
            while not effects(ledger):
                if call.returncode is not None:  # the manager was not ready yet
                    call = await asyncio.create_subprocess_exec(*mcpstore, "call", "bank/pay", **quiet)
                await asyncio.sleep(0.02)
            os.kill(manager.pid, signal.SIGKILL)
            _, output = await call.communicate()
    finally:
        if manager.returncode is None:
            manager.kill()
        await manager.communicate()
        for pid in ledger.read_text().split() if ledger.exists() else ():  # the server, which has no manager now
            os.kill(int(pid), signal.SIGKILL)
    assert call.returncode == 1
    assert b"the manager went away" in output
    assert effects(ledger) == 1
