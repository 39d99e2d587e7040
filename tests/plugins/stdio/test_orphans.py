"""Orphans of a killed manager are killed, and no other process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from mcpstore.errors import CloseFailed
from mcpstore.hooks import Orphans, OwnershipRecord
from mcpstore_plugins.stdio import cgroup, orphans, proc, tree
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.cgroup_exec import start_in_cgroup
from mcpstore_plugins.stdio.orphans import reap
from plugins.stdio.test_containers import CLIENT
from plugins.stdio.world import is_alive

LOST = f"0123456789ab.{os.getpid()}.1.web.{os.getpid():012x}"
KEPT = f"0123456789ab.{os.getpid()}.2.web.{os.getpid():012x}"
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(marker: str = "", code: str = "", **how: object) -> subprocess.Popen[bytes]:
        body = f"import os, signal, sys, time\n{code}\nos.write(1, b'.')\nwhile True: time.sleep(60)"
        command = [sys.executable, "-S", "-E", "-c", body]
        process = subprocess.Popen(
            command, env={"MCPSTORE_MARKER": marker} if marker else {}, stdout=subprocess.PIPE, **how
        )
        assert process.stdout is not None
        assert process.stdout.read(1) == b"."
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        assert process.stdout is not None
        process.stdout.close()  # not read to its end: a remaining child would keep it open
        process.wait()


@pytest.fixture(autouse=True)
def no_own_lineage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat processes that tests start as unrelated to this process."""
    monkeypatch.setattr(orphans, "_own_lineage", lambda: {os.getpid(), os.getppid()})


def lost(**fields: object) -> Orphans:
    return Orphans(**{"is_orphaned": lambda marker: marker == LOST, "term": 0.3, "kill": 10.0, **fields})


async def test_processes_with_the_marker_of_a_lost_manager_are_killed_and_named(start: Start):
    process, other = start(LOST), start(KEPT)
    with anyio.fail_after(20):
        [description] = await reap(lost())
    assert description.endswith(f" (pid {process.pid})")
    assert not is_alive(process.pid)
    assert is_alive(other.pid)
    assert await reap(lost()) == []


async def test_a_process_that_ignores_sigterm_is_killed_with_its_descendants(start: Start, tmp_path: Path):
    pids = tmp_path / "pids"
    code = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    body = "import signal, os; signal.signal(15, signal.SIG_IGN); "
    body += "open({str(pids)!r}, 'w').write(str(os.getpid())); signal.pause()"
    os.execve(sys.executable, [sys.executable, "-S", "-E", "-c", body], {{}})
while not (os.path.exists({str(pids)!r}) and os.path.getsize({str(pids)!r})): time.sleep(0.01)
"""
    process = start(LOST, code)
    with anyio.fail_after(20):
        await reap(lost())
    assert not is_alive(process.pid)
    assert not is_alive(int(pids.read_text()))


async def test_an_orphan_is_sent_sigterm_first(start: Start, tmp_path: Path):
    asked = tmp_path / "asked"
    code = f"signal.signal(signal.SIGTERM, lambda *_: (open({str(asked)!r}, 'w'), os._exit(0)))"
    process = start(LOST, code)
    with anyio.fail_after(20):
        await reap(lost(term=15.0))
    assert asked.exists()
    assert process.wait() == 0


@pytest.mark.parametrize("record", ["its number and its beginning", "its number and another marker", "a marker only"])
async def test_a_record_with_a_reused_pid_kills_no_process(start: Start, record: str):
    innocent = start()
    observed = proc.read(innocent.pid)
    assert observed is not None
    if record == "its number and its beginning":
        trace = OwnershipRecord(owner_tag=LOST, service="web", pid=innocent.pid, started=observed.started)
    elif record == "its number and another marker":
        trace = OwnershipRecord(owner_tag=KEPT, service="web", pid=innocent.pid, started=observed.started)
    else:
        trace = OwnershipRecord(owner_tag=LOST, service="web", notes={"cgroup": "/sys/fs/cgroup"})
    with anyio.fail_after(20):
        assert await reap(lost(records=(trace,))) == []
    assert is_alive(innocent.pid)


async def test_a_record_starts_no_program_except_a_container_engine(tmp_path: Path):
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    trace = OwnershipRecord(owner_tag=LOST, service="web", notes={"client": str(program)})
    relative = OwnershipRecord(owner_tag=LOST, service="web", notes={"client": "docker"})
    with anyio.fail_after(20):
        assert await reap(lost(records=(trace, relative))) == []
    assert not ran.exists()


async def test_this_process_its_ancestors_and_its_descendants_are_not_signalled(
    start: Start, monkeypatch: pytest.MonkeyPatch
):
    # A manager that is started within an orphan of a killed one inherits its marker.
    monkeypatch.undo()
    child = start(LOST)
    with anyio.fail_after(20):
        assert await reap(lost()) == []
    assert is_alive(child.pid)
    assert {os.getpid(), os.getppid(), child.pid} - {0} <= orphans._own_lineage()  # 0: this is the first process


async def test_processes_in_another_pid_namespace_are_not_signalled(start: Start, monkeypatch: pytest.MonkeyPatch):
    # In its own container a process may have any marker: its pids refer to other processes there.
    process = start(LOST)
    monkeypatch.setattr(proc, "shares_pid_namespace", lambda _pid: False)
    with anyio.fail_after(20):
        assert await reap(lost()) == []
    assert is_alive(process.pid)


def test_a_process_is_in_its_own_pid_namespace_and_an_exited_one_is_not():
    assert proc.shares_pid_namespace(os.getpid())
    assert not proc.shares_pid_namespace(2**22)


async def test_all_processes_of_a_lost_group_are_killed_and_the_group_is_removed(start: Start):
    group, empty = cgroup.create(LOST), cgroup.create(f"{LOST}0")
    if group is None or empty is None:
        pytest.skip("this process may not make control groups of version 2 here")
    process = start_in_cgroup(
        group, ["/bin/sh", "-c", "trap '' TERM; while true; do sleep 60; done"], {}, subprocess.Popen
    )
    try:
        with anyio.fail_after(20):
            await reap(lost(is_orphaned=lambda marker: marker.startswith(LOST)))
        assert process.wait(20) in (-signal.SIGKILL, -signal.SIGTERM)
        assert not group.path.exists()
        assert not empty.path.exists()
    finally:
        group.kill()
        process.wait()
        group.remove()
        empty.remove()


async def test_the_group_of_a_running_manager_is_kept(start: Start):
    group = cgroup.create(KEPT)
    if group is None:
        pytest.skip("this process may not make control groups of version 2 here")
    try:
        with anyio.fail_after(20):
            await reap(lost())
        assert group.path.exists()
    finally:
        assert Cgroup(group.path).remove()


async def test_an_orphan_that_cannot_be_killed_is_reported_and_can_be_retried(
    start: Start, monkeypatch: pytest.MonkeyPatch
):
    process = start(LOST)
    with anyio.fail_after(20):
        with monkeypatch.context() as patch:
            patch.setattr(tree, "_send", lambda process, signals: None)
            with pytest.raises(CloseFailed, match=f"1 process of a killed manager .*{process.pid}") as caught:
                await reap(lost(kill=0.2))
        assert caught.value.survivors == (process.pid,)
        await caught.value.reap()
    assert not is_alive(process.pid)


async def test_without_a_process_list_no_process_is_killed(start: Start, monkeypatch: pytest.MonkeyPatch):
    process = start(LOST)
    monkeypatch.setattr(proc, "available", lambda: False)
    assert await reap(lost()) == []
    assert is_alive(process.pid)


@pytest.mark.parametrize("engine", ["works", "is stuck", "is down"])
async def test_containers_of_a_killed_manager_are_removed(tmp_path: Path, engine: str):
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text(CLIENT.replace('os.environ["ENGINE"]', 'os.environ["DOCKER_HOST"]'))
    client.chmod(0o755)
    place = tmp_path / "engine"
    place.mkdir()
    (place / "theirs").write_text(f"mcpstore.marker={LOST}")
    (place / "ours").write_text(f"mcpstore.marker={KEPT}")
    if engine != "works":
        (place / engine.removeprefix("is ")).touch()
    notes = {"client": str(client), "engine.DOCKER_HOST": str(place)}
    traces = tuple(OwnershipRecord(owner_tag=marker, service="web", notes=notes) for marker in (LOST, KEPT))
    with anyio.fail_after(20):
        if engine == "works":
            assert await reap(lost(records=traces)) == ["container theirs of 'web'"]
            assert await reap(lost(records=traces)) == []
        else:
            message = (
                "container theirs .* cannot be removed"
                if engine == "is stuck"
                else "did not answer: containers of a killed manager may be left"
            )
            with pytest.raises(CloseFailed, match=message):
                await reap(lost(records=traces))
    assert (place / "ours").exists()
    assert (place / "theirs").exists() == (engine != "works")
