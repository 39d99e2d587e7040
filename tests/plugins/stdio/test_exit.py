"""An unexpected exit of a process is detected without a call, described, and leaves no zombie."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import anyio
import pytest

from mcpstore.errors import ConnectionLost, MCPStoreError, NotReady
from mcpstore.hooks import Closing
from mcpstore_plugins.stdio import child
from mcpstore_plugins.stdio.connection import connect
from mcpstore_plugins.stdio.tree import MarkedTree
from plugins.stdio.world import World, children, is_alive, state

pytestmark = pytest.mark.usefixtures("way")


@pytest.fixture(params=["pidfd", "thread"])
def way(request: pytest.FixtureRequest) -> None:
    """Detect exits in both ways: by a pidfd, and by a waiting thread without pidfds."""
    if request.param == "thread":
        request.getfixturevalue("no_pidfd")


async def test_sigkill_is_detected_without_a_call(world: World):
    with anyio.fail_after(20):
        async with connect(world.settings("--say", "hello"), world.peer()) as connection:
            os.kill(connection.pid, signal.SIGKILL)
            ended = await connection.wait_closed()
            assert (ended.reason, ended.code, ended.signal) == ("killed by SIGKILL", None, "SIGKILL")
            assert ended.stderr == ("hello",)
            assert state(connection.pid) == ""  # reaped while the connection is still open
            with pytest.raises(ConnectionLost):
                await connection.request("ping")


async def test_the_process_tree_is_updated_before_the_leader_is_reaped(world: World, monkeypatch: pytest.MonkeyPatch):
    seen: list[str] = []
    monkeypatch.setattr(MarkedTree, "leader_exits", lambda _self: seen.append(state(connection.pid)))
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            os.kill(connection.pid, signal.SIGKILL)
            await connection.wait_closed()
    assert seen == ["Z"]


async def test_an_exit_is_detected_without_pidfds(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "pidfd_open")
    monkeypatch.delattr(os, "waitid")  # as on macOS before Python 3.13
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            os.kill(connection.pid, signal.SIGKILL)
            assert (await connection.wait_closed()).signal == "SIGKILL"


async def test_an_exit_is_reported_with_its_code_after_all_earlier_output(world: World):
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            with pytest.raises(ConnectionLost):
                await connection.request("test/exit", {"code": 7, "say": "first\nlast words"})
            ended = await connection.wait_closed()
    assert (ended.reason, ended.code, ended.signal) == ("exited with code 7", 7, None)
    assert ended.stderr == ("first", "last words")
    assert world.notices == ["notifications/last"]


async def test_output_before_an_exit_is_read_although_the_exit_is_detected_first(world: World):
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            call = asyncio.create_task(connection.request("test/exit", {"code": 0, "say": "last words"}))
            await asyncio.sleep(0)
            while is_alive(connection.pid):  # the event loop is blocked meanwhile
                pass
            for thread in threading.enumerate():
                if thread.name.startswith("mcpstore-wait"):
                    thread.join(20)
            with pytest.raises(ConnectionLost):
                await call
            assert world.notices == ["notifications/last"]
            assert (await connection.wait_closed()).stderr == ("last words",)


async def test_a_signal_without_a_name_is_reported_by_its_number(world: World):
    number = signal.SIGRTMIN + 3
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            os.kill(connection.pid, number)
            ended = await connection.wait_closed()
    assert (ended.reason, ended.signal) == (f"killed by signal {number}", f"signal {number}")


@pytest.mark.parametrize(("fd", "name"), [(0, "stdin"), (1, "stdout")])
async def test_a_process_that_closes_a_pipe_and_keeps_running_is_lost(world: World, fd: int, name: str):
    closing = Closing(polite=0.1, term=5.0)
    with anyio.fail_after(20):
        async with connect(world.settings("--ignore-eof"), world.peer(closing=closing)) as connection:
            with pytest.raises(MCPStoreError):
                await connection.request("test/close", {"fd": fd}, timeout=1.0)
            ended = await connection.wait_closed()
            assert (ended.reason, ended.code, ended.signal) == (f"closed its {name}", None, None)
            assert is_alive(connection.pid)


async def test_the_end_of_a_pipe_is_reported_with_the_exit_that_caused_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(child, "_EXIT_GRACE", 15.0)
    settings = world.script("import os, time; os.close(0); os.close(1); time.sleep(0.1); os._exit(5)")
    with anyio.fail_after(10), pytest.raises(NotReady, match="exited with code 5 before it was ready"):
        async with connect(settings, world.peer()):
            pass


async def test_a_process_may_close_its_stderr(world: World):
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            await connection.request("test/close", {"fd": 2})
            assert await connection.request("ping") == {}


async def test_an_exited_wrapper_is_a_lost_service_although_its_children_hold_the_pipes(world: World, tmp_path: Path):
    pids = tmp_path / "pids"
    with anyio.fail_after(20):
        async with connect(
            world.settings("--children", "obedient", "--pidfile", str(pids)), world.peer()
        ) as connection:
            os.kill(connection.pid, signal.SIGKILL)
            assert (await connection.wait_closed()).reason == "killed by SIGKILL"
            leader, child = map(int, pids.read_text().split())
            assert leader == connection.pid
            assert is_alive(child)
    assert not is_alive(child)


async def test_an_exit_during_a_flood_of_output_is_detected(world: World):
    code = "import os, sys; sys.stdin.readline()\nwhile True: os.write(1, b'x' * 65536 + b'\\n')"
    with anyio.fail_after(20):
        with pytest.raises(MCPStoreError):
            async with connect(world.script(code), world.peer(closing=Closing(polite=0.1))):
                pass
    assert children() == []
