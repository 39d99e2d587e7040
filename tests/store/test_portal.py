"""The sync store as programs use it: threads, Ctrl-C, programs that end without closing it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpstore import MCPStore
from mcpstore.errors import MCPStoreError, StoreClosed
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

DEADLINE = 60
CONFIG = {"mcpServers": {"a": {"transport": {"type": "scripted", "server": "a"}}}}

REAL = """
import gc, os, sys, time
from mcpstore import MCPStore
store = MCPStore({"mcpServers": {"a": {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}}})
assert store.wait_service("a", timeout=60)
pid = store.get_service_info("a").pid
"""

HANGING = """
from mcpstore import MCPStore
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer
server = ScriptedServer("a")
config = {"mcpServers": {"a": {"transport": {"type": "scripted", "server": "a"}}}}
store = MCPStore(config, plugins={"scripted": ScriptedPlugin(a=server)})
assert store.wait_service("a", timeout=60)
server.silent.add("tools/call")
try:
    print("calling", flush=True)
    store.call_tool("echo")
except KeyboardInterrupt:
    server.silent.clear()
    print(store.call_tool("echo", {"text": "on"}).text)
"""


@contextlib.contextmanager
def program(code: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def eventually(holds) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def store():
    server = ScriptedServer("a")
    store = MCPStore(CONFIG, plugins={"scripted": ScriptedPlugin(a=server)})
    store.server = server
    assert store.wait_service("a", timeout=DEADLINE)
    yield store
    store.close()


def test_a_program_that_does_not_close_the_store_leaves_no_server_behind():
    with program(REAL + "print(pid)") as running:
        out, err = running.communicate(timeout=DEADLINE)
    assert (running.returncode, err) == (0, "")
    assert not Path(f"/proc/{int(out)}").exists()


def test_a_program_that_fails_leaves_no_server_behind():
    with program(REAL + "print(pid, flush=True)\nraise SystemExit('no')") as running:
        out, err = running.communicate(timeout=DEADLINE)
    assert (running.returncode, err) == (1, "no\n")
    assert not Path(f"/proc/{int(out)}").exists()


def test_a_store_without_references_is_closed():
    code = (
        REAL
        + """
store = None
gc.collect()
deadline = time.monotonic() + 60
while os.path.exists(f"/proc/{pid}"):
    assert time.monotonic() < deadline
    time.sleep(0.01)
print("gone")
"""
    )
    with program(code) as running:
        out, err = running.communicate(timeout=2 * DEADLINE)
    assert (running.returncode, out, err) == (0, "gone\n", "")


def test_ctrl_c_interrupts_a_call_and_the_store_stays_usable():
    with program(HANGING) as running:
        assert running.stdout.readline() == "calling\n"
        # the interpreter may not wait for the result yet; a program is interrupted as often as people press the keys
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=DEADLINE)
    assert (running.returncode, out, err) == (0, "echo: {'text': 'on'}\n", "")


def test_a_waiting_thread_delays_no_other(store):
    store.server.silent.add("tools/call")
    errors: list[MCPStoreError] = []

    def wait() -> None:
        try:
            store.call_tool("echo", timeout=DEADLINE)
        except MCPStoreError as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually(lambda: any(method == "tools/call" for method, _ in store.server.connection.requests))
    assert [tool.name for tool in store.list_tools()] == ["echo"]
    assert store.check_services()["a"].healthy
    store.close()
    waiting.join(DEADLINE)
    assert len(errors) == 1


def test_a_caller_that_waits_for_a_closing_store_gets_an_error(store):
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            store.wait_service("a", "reconnecting", timeout=DEADLINE)
        except StoreClosed as error:
            errors.append(error)

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    store.close()
    for thread in threads:
        thread.join(DEADLINE)
    assert len(errors) == len(threads)
    assert store.close() == []
    with pytest.raises(StoreClosed, match="open a new one"):
        store.list_services()


def test_a_callback_may_use_its_store(store):
    seen: list[object] = []
    store.on_state_change(lambda name, _old, _new, _metadata: seen.append(store.get_service_status(name)))
    store.stop_service("a")
    eventually(lambda: "stopped" in seen)


def test_a_sync_store_refuses_calls_from_its_own_loop(store):
    async def use() -> None:
        store.list_services()

    with pytest.raises(RuntimeError, match="use AsyncMCPStore there"):
        store._portal.call(use)
