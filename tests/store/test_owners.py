"""A connection is exited by the task that entered it, whichever task closes it, and in whichever order."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from mcpstore import AsyncMCPStore, MCPStore
from mcpstore.hooks import ClientEndpoint
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.testing.scripted import ScriptedConnection, ScriptedPlugin, ScriptedServer, ScriptedSettings

QUICK = DEFAULT_TIMING.scaled(1 / 20)
NAMES = ("a", "b", "c", "d")
CONFIG = {
    "mcpServers": {
        name: {"transport": {"type": "scripted", "server": name}, "mcpstore": {"depends_on": list(NAMES[:number])}}
        for number, name in enumerate(NAMES)
    }
}
DEADLINE = 60


class Touchy(ScriptedPlugin):
    """A transport like those of the MCP SDK: the task that entered its task group must exit it, in order."""

    def __init__(self) -> None:
        super().__init__(**{name: ScriptedServer(name) for name in NAMES})
        self.entered: list[asyncio.Task[None] | None] = []
        self.left: list[asyncio.Task[None] | None] = []
        self.wrong: list[BaseException] = []

    @asynccontextmanager
    async def connect(self, settings: ScriptedSettings, peer: ClientEndpoint) -> AsyncGenerator[ScriptedConnection]:
        self.entered.append(asyncio.current_task())
        try:
            async with anyio.create_task_group() as group, super().connect(settings, peer) as connection:
                group.start_soon(anyio.sleep_forever)
                try:
                    yield connection
                finally:
                    group.cancel_scope.cancel()
        except asyncio.CancelledError:  # an opening that a stop, a restart or the end of the store overtook
            raise
        except BaseException as error:
            self.wrong.append(error)
            raise
        finally:
            self.left.append(asyncio.current_task())

    def assert_each_left_its_own(self) -> None:
        assert self.entered
        assert sorted(map(id, self.entered)) == sorted(map(id, self.left))
        assert self.wrong == []
        assert all(server.open_now == 0 for server in self.servers.values())


@pytest.fixture
def touchy():
    return Touchy()


async def all_up(store):
    for name in NAMES:
        assert await store.wait_service(name, timeout=DEADLINE)


async def test_connections_can_be_closed_from_any_task_in_any_order(touchy):
    async with AsyncMCPStore(CONFIG, plugins={"scripted": touchy}, timing=QUICK) as store:
        await all_up(store)
        for seed in range(20):
            order = random.Random(seed).sample(NAMES, len(NAMES))
            verbs = [store.restart_service, store.stop_service, store.recover, store.restart_service]
            random.Random(seed).shuffle(verbs)
            tasks = [asyncio.create_task(verb(name)) for verb, name in zip(verbs, order, strict=True)]
            await asyncio.gather(*tasks)
            await asyncio.gather(*(asyncio.create_task(store.start_service(name)) for name in reversed(order)))
        await all_up(store)
        for name in NAMES:
            touchy.servers[name].die()
        for name in reversed(NAMES):
            assert await asyncio.create_task(store.remove_service(name))
    touchy.assert_each_left_its_own()


async def test_a_cancelled_caller_does_not_end_the_connection(touchy):
    async with AsyncMCPStore(CONFIG, plugins={"scripted": touchy}, timing=QUICK) as store:
        await all_up(store)
        for name in NAMES:
            touchy.servers[name].close_delay = 0.05
            for verb in (store.restart_service, store.stop_service, store.start_service):
                with anyio.move_on_after(0.01):
                    await verb(name)
    touchy.assert_each_left_its_own()


async def test_a_store_can_be_closed_by_another_task_than_the_one_that_opened_it(touchy):
    store = AsyncMCPStore(CONFIG, plugins={"scripted": touchy}, timing=QUICK)
    await asyncio.create_task(store.open())
    await all_up(store)
    closing = [asyncio.create_task(store.close()) for _ in range(3)]
    await asyncio.gather(*closing)
    touchy.assert_each_left_its_own()


async def test_a_store_whose_task_is_cancelled_closes_in_order(touchy):
    up = asyncio.Event()

    async def own() -> None:
        async with AsyncMCPStore(CONFIG, plugins={"scripted": touchy}, timing=QUICK) as store:
            await all_up(store)
            up.set()
            await asyncio.Event().wait()

    owner = asyncio.create_task(own())
    await up.wait()
    owner.cancel()
    await asyncio.wait([owner])
    assert owner.cancelled()
    touchy.assert_each_left_its_own()


def test_a_store_can_be_closed_from_threads_while_services_restart(touchy):
    store = MCPStore(CONFIG, plugins={"scripted": touchy}, timing=QUICK)
    for name in NAMES:
        assert store.wait_service(name, timeout=DEADLINE)
    threads = [threading.Thread(target=store.restart_service, args=(name,)) for name in NAMES]
    threads += [threading.Thread(target=store.stop_service, args=(name,)) for name in reversed(NAMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    closing = threading.Thread(target=store.close)
    closing.start()
    closing.join(DEADLINE)
    assert not closing.is_alive()
    touchy.assert_each_left_its_own()


def test_a_garbage_collected_store_closes_in_order(touchy):
    store = MCPStore(CONFIG, plugins={"scripted": touchy}, timing=QUICK)
    for name in NAMES:
        assert store.wait_service(name, timeout=DEADLINE)
    loop = store._portal._thread
    del store
    gc.collect()
    loop.join(DEADLINE)
    assert not loop.is_alive()
    touchy.assert_each_left_its_own()


SDK = """
import gc, os, random, signal, sys, threading
from fastmcp import FastMCP
from mcpstore import MCPStore

def server(name):
    made = FastMCP(name)
    @made.tool
    def echo(text: str) -> str:
        return text
    return made

config = {"mcpServers": {name: {"transport": {"type": "memory", "server": server(name)}} for name in "abcd"}}
store = MCPStore(config)
for name in "abcd":
    assert store.wait_service(name, timeout=60), store.diagnose(name)
threads = [threading.Thread(target=store.restart_service, args=(name,)) for name in "cadb"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert store.remove_service("b")
assert store.call_tool("echo", {"text": "x"}, service="a").text == "x"
"""
"""A program with servers behind the contexts of FastMCP and of the MCP SDK."""

ENDINGS = {
    "close from another thread": "closing = threading.Thread(target=store.close); closing.start(); closing.join()",
    "a signal": "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); os.kill(os.getpid(), signal.SIGTERM)",
    "the end of the program": "",
    "collection": "loop = store._portal._thread; del store; gc.collect(); loop.join(60); assert not loop.is_alive()",
    "a failure": "raise SystemExit(0)",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_contexts_of_the_sdk_are_exited_by_their_own_tasks(ending):
    code = SDK + ENDINGS[ending]
    environment = {**os.environ, "PYTHONASYNCIODEBUG": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=2 * DEADLINE
    )
    assert done.returncode == 0, done.stderr
    for complaint in ("cancel scope", "different task", "Traceback", "never retrieved", "was never awaited"):
        assert complaint not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_services_of_a_program_on_asyncio(number, tmp_path):
    code = """
import asyncio, signal, sys
from mcpstore import AsyncMCPStore

async def main():
    task = asyncio.current_task()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    entry = {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}
    async with AsyncMCPStore({"mcpServers": {"a": entry}}) as store:
        assert await store.wait_service("a", timeout=60)
        print((await store.get_service_info("a")).pid, flush=True)
        await asyncio.sleep(60)

try:
    asyncio.run(main())
except asyncio.CancelledError:
    print("closed")
"""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        pid = int(running.stdout.readline())
        running.send_signal(number)
        out, err = running.communicate(timeout=DEADLINE)
    assert (running.returncode, out, err) == (0, "closed\n", "")
    assert not Path(f"/proc/{pid}").exists()
