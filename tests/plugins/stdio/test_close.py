"""Closing a service leaves no process, whatever the service does."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import anyio
import pytest

from mcpstore.errors import CloseFailed, ConnectionLost, ConnectTimeout, NotReady
from mcpstore.hooks import Closing
from mcpstore_plugins.stdio import child, tree
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.connection import connect
from mcpstore_plugins.stdio.proc import Process
from mcpstore_plugins.stdio.process import Leader
from mcpstore_plugins.stdio.tree import MarkedTree
from plugins.stdio.world import World, is_alive, state, threads

QUICK = Closing(polite=0.3, term=0.3, kill=5.0)
QUICK_BUT_LONG = Closing(polite=0.1, term=0.1, kill=30.0)
TREES = ["", "obedient", "group", "session", "daemon", "group,session,daemon,obedient"]


def read(pids: Path) -> list[int]:
    return [int(line) for line in pids.read_text().split()]


async def test_a_well_behaved_service_exits_at_the_end_of_its_input(world: World, tmp_path: Path):
    asked = tmp_path / "asked"
    with anyio.fail_after(20):
        async with connect(world.settings("--on-term", str(asked)), world.peer(closing=Closing(polite=15.0))) as opened:
            pass
    assert not asked.exists()
    assert (await opened.wait_closed()).reason == "closed"
    with pytest.raises(ConnectionLost):
        await opened.request("ping")


async def test_a_service_that_ignores_the_end_of_its_input_is_sent_sigterm(world: World, tmp_path: Path):
    asked = tmp_path / "asked"
    settings = world.settings("--on-term", str(asked), "--ignore-eof")
    with anyio.fail_after(20):
        async with connect(settings, world.peer(closing=Closing(polite=0.1, term=15.0))):
            pass
    assert asked.exists()


@pytest.mark.parametrize("manners", ["", "--ignore-eof", "--ignore-eof --ignore-term"])
@pytest.mark.parametrize("children", TREES)
async def test_no_process_of_a_tree_is_left(world: World, tmp_path: Path, children: str, manners: str):
    pids = tmp_path / "pids"
    settings = world.settings("--children", children, "--pidfile", str(pids), *manners.split())
    with anyio.fail_after(20):
        async with connect(settings, world.peer(closing=QUICK)):
            family = read(pids)
            assert len(family) == 1 + len([kind for kind in children.split(",") if kind])
            assert all(map(is_alive, family))
    assert not any(map(is_alive, family))
    assert world.left() == []


@pytest.mark.parametrize("children", TREES)
async def test_no_child_of_an_exited_leader_is_left(world: World, tmp_path: Path, children: str):
    pids = tmp_path / "pids"
    settings = world.settings("--children", children, "--pidfile", str(pids))
    with anyio.fail_after(20):
        async with connect(settings, world.peer(closing=QUICK)) as connection:
            os.kill(connection.pid, signal.SIGKILL)
            await connection.wait_closed()
    assert not any(map(is_alive, read(pids)))


@pytest.mark.usefixtures("no_pidfd")
@pytest.mark.parametrize("manners", ["", "--ignore-eof --ignore-term"])
async def test_no_process_is_left_without_pidfds(world: World, tmp_path: Path, manners: str):
    pids = tmp_path / "pids"
    settings = world.settings("--children", TREES[-1], "--pidfile", str(pids), *manners.split())
    with anyio.fail_after(20):
        async with connect(settings, world.peer(closing=QUICK)):
            pass
    assert not any(map(is_alive, read(pids)))


@pytest.mark.usefixtures("no_pidfd")
@pytest.mark.parametrize("manners", ["", "--ignore-eof --ignore-term"])
async def test_no_process_of_a_group_is_left_without_proc(
    world: World, tmp_path: Path, manners: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mcpstore_plugins.stdio.proc.available", lambda: False)
    pids = tmp_path / "pids"
    settings = world.settings("--children", "group,group", "--pidfile", str(pids), *manners.split())
    with anyio.fail_after(20):
        async with connect(settings, world.peer(closing=QUICK)):
            pass
    assert not any(map(is_alive, read(pids)))


@pytest.mark.parametrize("hop", ["pass", "os.setsid()"])
async def test_a_process_with_a_new_pid_at_every_read_is_killed(world: World, hop: str):
    code = f"""
import os, sys
if os.fork() == 0:
    for _ in range(200000):
        if os.fork(): os._exit(0)
        {hop}
sys.stdin.read()
"""
    with anyio.fail_after(60), pytest.raises(ConnectTimeout):
        async with connect(world.script(code), world.peer(closing=QUICK_BUT_LONG, handshake_timeout=0.3)):
            pass


async def test_a_child_that_is_restarted_without_a_marker_is_killed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # A watchdog restarts its child as soon as it exits, in a new session and with an empty environment. After the
    # watchdog has exited too, the child cannot be attributed: it must be found before.
    pids = tmp_path / "pids"
    child = f"""
import os, time
open({str(pids)!r}, 'a').write(str(os.getpid()) + '\\n')
time.sleep(300)
"""
    code = f"""
import os, subprocess, sys, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    while True:
        subprocess.run([sys.executable, "-S", "-E", "-c", {child!r}], env={{}}, start_new_session=True)
sys.stdin.read()
"""
    real = MarkedTree.send

    def slowly(self: MarkedTree, processes: Iterable[Process], *signals: int) -> None:
        for process in sorted(processes, key=lambda process: process.pid, reverse=True):
            real(self, [process], *signals)
            time.sleep(0.3)

    monkeypatch.setattr(MarkedTree, "send", slowly)
    with anyio.fail_after(60), pytest.raises(ConnectTimeout):
        async with connect(world.script(code), world.peer(closing=QUICK_BUT_LONG, handshake_timeout=2.0)):
            pass
    assert read(pids)
    assert not any(map(is_alive, read(pids)))


async def test_a_process_whose_first_thread_has_ended_is_killed(world: World, tmp_path: Path):
    # It is listed as a zombie without an environment, but it runs.
    place = tmp_path / "pid"
    code = f"""
import ctypes, os, sys, threading, time
if os.fork() == 0:
    threading.Thread(target=time.sleep, args=(300,)).start()
    open({str(place)!r}, "w").write(str(os.getpid()))
    ctypes.CDLL(None).pthread_exit(None)
while not os.path.exists({str(place)!r}): time.sleep(0.01)
sys.exit(1)
"""
    with anyio.fail_after(20), pytest.raises(NotReady):
        async with connect(world.script(code), world.peer(closing=QUICK)):
            pass
    assert threads(int(place.read_text())) <= 1


@pytest.mark.parametrize("leader", ["lives", "is dead"])
async def test_children_without_the_marker_are_found_by_descent_or_by_session(
    world: World, tmp_path: Path, leader: str
):
    pids = tmp_path / "pids"
    child = f"""
import os, time
open({str(pids)!r}, 'a').write(str(os.getpid()) + '\\n')
print('.', flush=True)
time.sleep(300)
"""
    code = f"""
import os, subprocess, sys
def start(**how):
    command = [sys.executable, "-S", "-E", "-c", {child!r}]
    subprocess.Popen(command, env={{}}, stdout=subprocess.PIPE, **how).stdout.readline()
start()
start(process_group=0)
if {leader == "is dead"}: os._exit(3)
start(start_new_session=True)
sys.stdin.read()
import time; time.sleep(300)
"""
    with anyio.fail_after(60), pytest.raises((ConnectTimeout, NotReady)):
        async with connect(world.script(code), world.peer(closing=QUICK, handshake_timeout=5.0)):
            pass
    assert len(read(pids)) == (3 if leader == "lives" else 2)
    assert not any(map(is_alive, read(pids)))


async def test_a_suspended_service_is_continued_to_receive_sigterm(world: World, tmp_path: Path):
    asked = tmp_path / "asked"
    closing = Closing(polite=0.1, term=15.0)
    with anyio.fail_after(20):
        async with connect(world.settings("--on-term", str(asked)), world.peer(closing=closing)) as connection:
            os.kill(connection.pid, signal.SIGSTOP)
    assert asked.exists()


async def test_a_service_that_does_not_read_its_input_is_closed(world: World):
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer(closing=QUICK)) as connection:
            os.kill(connection.pid, signal.SIGSTOP)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await connection.request("test/about", {"text": "x" * (4 << 20)})
            with pytest.raises(TimeoutError):  # now the pipe is full, and writers wait
                async with asyncio.timeout(0.2):
                    await connection.request("test/about")


@pytest.mark.parametrize("when", ["before", "polite", "term"])
async def test_a_forced_close_kills_at_once(world: World, tmp_path: Path, when: str):
    pids, asked = tmp_path / "pids", tmp_path / "asked"
    patient = Closing(polite=60.0 if when == "polite" else 0.1, term=60.0, kill=15.0)
    manners = ("--ignore-eof", "--ignore-term", "--on-term", str(asked))
    settings = world.settings("--children", TREES[-1], "--pidfile", str(pids), *manners)
    loop = asyncio.get_running_loop()
    with anyio.fail_after(20):
        async with connect(settings, world.peer(closing=patient)):
            if when == "before":
                patient.forced.set()
            else:
                loop.call_later(0.5, patient.forced.set)
    assert asked.exists() == (when == "term")
    assert not any(map(is_alive, read(pids)))


async def test_a_process_that_cannot_be_killed_is_reported_and_can_be_retried(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    real = tree._send
    monkeypatch.setattr(tree, "_send", lambda process, signals: None)
    monkeypatch.setattr(Cgroup, "kill", lambda group: None)
    closing = Closing(polite=0.1, term=0.1, kill=0.2)
    with anyio.fail_after(20):
        with pytest.raises(CloseFailed) as caught:
            async with connect(world.settings("--ignore-eof"), world.peer(closing=closing)) as connection:
                pass
        assert caught.value.survivors == (connection.pid,)
        assert str(caught.value) == (
            f"service 'tiny': 1 process survived SIGKILL (pid {connection.pid}); "
            "end them by hand, or wait for the next attempt"
        )
        with pytest.raises(CloseFailed):
            await caught.value.reap()
        assert is_alive(connection.pid)
        monkeypatch.setattr(tree, "_send", real)
        closing.kill = 15.0
        await caught.value.reap()
        assert not is_alive(connection.pid)
        await caught.value.reap()


async def test_an_unreadable_process_list_is_reported(world: World, monkeypatch: pytest.MonkeyPatch):
    def refused() -> list[object]:
        raise OSError(24, "Too many open files")

    with anyio.fail_after(20):
        with monkeypatch.context() as patch:
            patch.setattr("mcpstore_plugins.stdio.proc.all_processes", refused)
            with pytest.raises(CloseFailed) as caught:
                async with connect(world.settings("--ignore-eof"), world.peer(closing=QUICK)) as connection:
                    pass
        assert caught.value.survivors == (connection.pid,)
        assert "its remaining processes cannot be listed: Too many open files" in str(caught.value)
        await caught.value.reap()


async def test_a_close_returns_only_after_the_leader_is_reaped(world: World, monkeypatch: pytest.MonkeyPatch):
    real = Leader._reap

    def late(self: Leader) -> None:
        self._loop.call_later(0.3, real, self)

    monkeypatch.setattr(Leader, "_reap", late)
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer(closing=QUICK)) as connection:
            pass
    assert state(connection.pid) == ""


@pytest.mark.parametrize("after", [0.0, 0.001, 0.005, 0.02, 0.1, 0.4])
async def test_a_cancelled_opening_leaves_nothing_behind(world: World, after: float):
    async def opening() -> None:
        async with connect(world.settings("--silent"), world.peer()):
            pass

    with anyio.fail_after(20):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(opening(), after)
        assert world.left() == []
        with anyio.move_on_after(after) as scope:
            await opening()
        assert scope.cancelled_caught
        assert world.left() == []


@pytest.mark.parametrize("broken", [0, 1, 2])
async def test_a_failure_to_open_pipes_leaves_nothing_behind(
    world: World, broken: int, monkeypatch: pytest.MonkeyPatch
):
    opened = 0

    def breaking(real: Callable[[object, object], Awaitable[None]]) -> Callable[[object, object], Awaitable[None]]:
        async def wrapped(pipe: object, protocol: object) -> None:
            nonlocal opened
            if opened == broken:
                raise OSError(12, "Cannot allocate memory")
            opened += 1
            await real(pipe, protocol)

        return wrapped

    for name in ("open_input", "open_output"):
        monkeypatch.setattr(child, name, breaking(getattr(child, name)))
    with anyio.fail_after(20), pytest.raises(NotReady, match="service 'tiny' cannot be started now: Cannot allocate"):
        async with connect(world.settings("--ignore-eof"), world.peer(closing=QUICK)):
            pass


async def test_a_cancelled_use_leaves_nothing_behind_and_stays_cancelled(world: World):
    with anyio.fail_after(20):
        opened = asyncio.Event()

        async def use() -> None:
            async with connect(world.settings("--ignore-eof", "--ignore-term"), world.peer(closing=QUICK)):
                opened.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(use())
        await opened.wait()
        for _ in range(3):  # repeated cancellation does not interrupt the close
            task.cancel()
            await asyncio.sleep(0.05)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert world.left() == []


async def test_an_event_loop_that_stops_during_a_close_leaves_nothing_behind(world: World):
    async def abandon() -> None:
        async def use() -> None:
            async with connect(
                world.settings("--ignore-eof", "--ignore-term"), world.peer(closing=Closing(polite=60.0))
            ):
                closing.set()

        closing = asyncio.Event()
        tasks.append(asyncio.create_task(use()))
        await closing.wait()
        await asyncio.sleep(0.2)

    tasks: list[asyncio.Task[None]] = []
    await asyncio.to_thread(asyncio.run, abandon())
    assert world.left() == []
    tasks.clear()
    gc.collect()  # unclosed objects report themselves now
