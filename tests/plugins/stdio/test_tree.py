"""The processes of a service are found, and only they are signalled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import attrs
import pytest

from mcpstore_plugins.stdio import proc, tree
from mcpstore_plugins.stdio.proc import Process
from mcpstore_plugins.stdio.tree import MarkedTree, ProcessGroupTree, make_tree, open_pidfd, with_descendants
from plugins.stdio.world import is_alive, state

MARKER = str(uuid4())


@pytest.fixture
def sleeper() -> Iterator[Process]:
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as started:
        try:
            running = proc.read(started.pid)
            assert running is not None
            yield running
        finally:
            started.kill()


def process(pid: int, *, parent: int = 1, session: int = 1, started: int = 100, **flags: bool) -> Process:
    return Process(pid=pid, parent=parent, session=session, started=started, **{"is_dead": False, **flags})


class Fake:
    """A fake process list in which process 10, started at 100, is the leader of a service."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 200
        self.listed = [process(10, session=10)]
        self.marked: set[int] = set()
        monkeypatch.setattr(proc, "all_processes", lambda: iter(self.listed))
        monkeypatch.setattr(proc, "read", lambda pid: next((p for p in self.listed if p.pid == pid), None))
        monkeypatch.setattr(proc, "has_marker", lambda pid, marker: marker == "m" and pid in self.marked)
        monkeypatch.setattr(proc, "ticks_now", lambda: self.now)
        self.tree = MarkedTree(10, "m")

    def alive_with(self, *others: Process) -> list[int]:
        self.listed = [process(10, session=10), *others]
        return sorted(p.pid for p in self.tree.alive())

    def alive_without_leader(self, *others: Process) -> list[int]:
        self.listed = list(others)
        return sorted(p.pid for p in self.tree.alive())


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return Fake(monkeypatch)


def test_processes_in_the_session_of_the_leader_belong_to_the_tree(fake: Fake):
    assert fake.alive_with(process(11, session=10), process(12)) == [10, 11]


def test_processes_with_the_marker_belong_to_the_tree(fake: Fake):
    fake.marked = {11}
    assert fake.alive_with(process(11, session=11), process(12, session=11)) == [10, 11]


def test_descendants_of_any_depth_belong_to_the_tree(fake: Fake):
    fake.marked = {11}
    others = (process(14, parent=13), process(13, parent=11), process(11), process(15, parent=99))
    assert fake.alive_with(*others) == [10, 11, 13, 14]


def test_a_known_process_stays_in_the_tree_after_its_parents_have_exited(fake: Fake):
    assert fake.alive_with(process(11, parent=10, session=11)) == [10, 11]
    fake.tree.leader_exits()
    assert fake.alive_without_leader(process(11, session=11)) == [11]
    assert fake.alive_without_leader(process(11, session=11, started=150)) == []  # the same pid, but another process


def test_a_process_older_than_the_leader_does_not_belong_to_the_tree(fake: Fake):
    fake.marked = {9}
    assert fake.alive_with(process(9, started=99)) == [10]


def test_zombies_are_not_alive(fake: Fake):
    assert fake.alive_with(process(11, session=10, is_dead=True)) == [10]


def test_after_the_leader_is_reaped_its_pid_identifies_only_older_processes(fake: Fake):
    fake.tree.leader_exits()
    assert fake.alive_without_leader(process(11, session=10, started=199), process(12, session=10, started=200)) == [11]


def test_another_process_with_the_pid_of_the_leader_does_not_belong_to_the_tree(fake: Fake):
    fake.tree.leader_exits()
    assert fake.alive_without_leader(process(10, session=10, started=201), process(11, parent=10, started=202)) == []


def test_an_empty_process_list_is_read_twice(fake: Fake, monkeypatch: pytest.MonkeyPatch):
    readings = iter([[], [process(11, session=10)], [], []])
    monkeypatch.setattr(proc, "all_processes", lambda: iter(next(readings)))
    assert [p.pid for p in fake.tree.alive()] == [11]
    assert fake.tree.alive() == []


def test_a_leader_that_cannot_be_read_is_found_by_its_session(fake: Fake, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(proc, "read", lambda _pid: os.open("/no/such/file", os.O_RDONLY))
        fake.tree = MarkedTree(10, "m")
    assert fake.alive_with(process(11)) == [10]


def test_roots_come_before_their_descendants():
    everyone = [process(4, parent=3), process(3, parent=2), process(2, parent=3), process(5)]
    assert [p.pid for p in with_descendants([everyone[1]], everyone)] == [3, 4, 2]


@pytest.mark.parametrize("pidfds", [True, False])
def test_only_the_same_process_is_signalled(sleeper: Process, pidfds: bool, monkeypatch: pytest.MonkeyPatch):
    if not pidfds:
        monkeypatch.delattr(os, "pidfd_open")
    here = make_tree(sleeper.pid, "m")
    here.send([attrs.evolve(sleeper, started=sleeper.started - 1)], signal.SIGKILL)
    assert is_alive(sleeper.pid)
    here.send([sleeper], signal.SIGSTOP)
    os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED)
    assert state(sleeper.pid) == "T"
    here.send([sleeper], signal.SIGKILL, signal.SIGCONT)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)


def test_a_handle_is_opened_only_for_the_intended_process(sleeper: Process):
    handle = open_pidfd(sleeper)
    assert handle is not None
    os.close(handle)
    assert open_pidfd(attrs.evolve(sleeper, started=sleeper.started + 1)) is None


@pytest.mark.parametrize("pidfds", [True, False])
def test_an_exited_process_is_not_signalled(pidfds: bool, monkeypatch: pytest.MonkeyPatch):
    with subprocess.Popen(["true"]) as done:
        running = proc.read(done.pid)
    assert running is not None
    if not pidfds:
        monkeypatch.delattr(os, "pidfd_open")
    MarkedTree(os.getpid(), "m").send([running], signal.SIGKILL)


def test_a_process_with_any_name_is_read(tmp_path: Path):
    place = tmp_path / "x) Z (1 2"
    shutil.copy(shutil.which("sleep") or "", place)
    with subprocess.Popen([place, "300"], start_new_session=True) as started:
        running = proc.read(started.pid)
        assert running is not None
        assert (running.pid, running.parent, running.session) == (started.pid, os.getpid(), started.pid)
        assert running.started <= proc.ticks_now()
        assert not running.is_dead
        started.kill()
        os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
        dead = proc.read(started.pid)
        assert dead is not None
        assert dead.is_dead
    assert proc.read(started.pid) is None


def test_all_processes_except_this_one_are_listed(sleeper: Process):
    listed = list(proc.all_processes())
    assert sleeper in listed
    assert os.getpid() not in {process.pid for process in listed}


@pytest.fixture
def marked() -> Iterator[int]:
    with subprocess.Popen(["sleep", "300"], env={"A": "1", "MCPSTORE_MARKER": MARKER, "B": "2"}) as started:
        yield started.pid
        started.kill()


def test_a_marker_is_matched_in_full(marked: int):
    assert proc.has_marker(marked, MARKER)
    assert not proc.has_marker(marked, MARKER[:-1])
    assert not proc.has_marker(marked, f"{MARKER}0")


def test_a_process_during_exec_is_read_again(marked: int, monkeypatch: pytest.MonkeyPatch):
    real, readings = proc._content, 0

    def nothing_yet(pid: int, name: str) -> bytes | None:
        nonlocal readings
        readings += 1
        return b"" if readings <= 6 else real(pid, name)

    monkeypatch.setattr(proc, "_content", nothing_yet)
    assert proc.has_marker(marked, MARKER)
    assert readings == 7


def test_reading_a_process_during_exec_is_limited(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(proc, "_content", lambda _pid, _name: b"")
    assert not proc.has_marker(1, MARKER)


def test_an_empty_environment_has_no_marker():
    with subprocess.Popen(["sleep", "300"], env={}) as started:
        try:
            assert not proc.has_marker(started.pid, MARKER)
        finally:
            started.kill()
    assert not proc.has_marker(started.pid, MARKER)


def test_kernel_threads_belong_to_no_tree(fake: Fake):
    fake.marked = {11}
    assert fake.alive_with(process(11, session=0, is_kernel=True)) == [10]


def test_kernel_threads_are_recognised_by_their_flags():
    if not Path("/proc/2/comm").exists() or Path("/proc/2/comm").read_text() != "kthreadd\n":
        pytest.skip("no thread of the kernel can be seen here")
    assert proc.read(2).is_kernel
    assert not proc.read(os.getpid()).is_kernel


def test_a_process_without_a_session_is_found_too(fake: Fake):
    # on machines and in containers whose first process leads no session, all processes have session 0
    fake.marked = {11}
    assert fake.alive_with(process(11, session=0), process(12, session=0)) == [10, 11]


def test_without_proc_a_tree_is_a_process_group(sleeper: Process, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(proc, "available", lambda: False)
    here = make_tree(sleeper.pid, "m")
    assert isinstance(here, ProcessGroupTree)
    [group] = here.alive()
    assert group.pid == sleeper.pid
    here.send([group], signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED)
    here.leader_exits()
    assert here.alive() == []
    here.send([group], signal.SIGKILL)
    assert tree.open_pidfd(group) is None
