"""What processes use, on real trees of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from mcpstore.monitoring.metrics import Usage
from mcpstore.runtime.process_metrics import ProcessSampler

QUIET = "import sys; sys.stdin.read()"
BUSY = """
import sys, threading
threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()
sys.stdin.read()
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {QUIET!r}], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def settled(look: Callable[[], Usage | None], holds: Callable[[Usage], bool]) -> Usage:
    deadline = time.monotonic() + 30
    usage = None
    while time.monotonic() < deadline:
        usage = look()
        if usage is not None and holds(usage):
            return usage
        time.sleep(0.05)
    raise AssertionError(usage)


def test_a_process_tree_is_summed_and_unrelated_processes_are_not_counted(start):
    parent, alone = start(PARENT), start(QUIET)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    looker = ProcessSampler()
    tree = [psutil.Process(parent.pid), psutil.Process(child)]
    before = sum(process.memory_info().rss for process in tree)  # the child may still be growing
    usage = looker.look({"tree": parent.pid, "alone": alone.pid, "unrelated": os.getppid(), "missing": 2**22 - 1})
    assert set(usage) == {"tree", "alone"}
    assert (usage["tree"].processes, usage["alone"].processes) == (2, 1)
    after = sum(process.memory_info().rss for process in tree)
    assert 0.8 * before <= usage["tree"].memory_bytes <= 1.2 * after
    assert usage["tree"].cpu_percent is None


def test_processor_time_is_counted_since_the_previous_scan(start):
    busy, quiet = start(BUSY), start(QUIET)
    looker, leaders = ProcessSampler(), {"busy": busy.pid, "quiet": quiet.pid}
    assert looker.look(leaders)["busy"].cpu_percent is None
    usage = settled(lambda: looker.look(leaders).get("busy"), lambda u: (u.cpu_percent or 0.0) > 10.0)
    assert usage.processes == 1
    settled(lambda: looker.look(leaders).get("quiet"), lambda u: u.cpu_percent is not None and u.cpu_percent < 10.0)


def test_the_counters_of_a_replaced_process_begin_at_zero(start):
    first, second = start(QUIET), start(BUSY)
    looker = ProcessSampler()
    looker.look({"a": first.pid})
    assert looker.look({"a": first.pid})["a"].cpu_percent is not None
    first.send_signal(signal.SIGKILL)
    first.wait(20)
    assert looker.look({"a": first.pid}) == {}
    assert looker.look({"a": second.pid})["a"].cpu_percent is None


def test_a_reused_process_id_is_another_process(start):
    process = start(QUIET)
    looker = ProcessSampler()
    looker.look({"a": process.pid})
    identity = looker._leaders["a"]
    looker._leaders["a"] = (identity[0], identity[1] - 100.0)  # as if the same number had belonged to an older one
    assert looker.look({"a": process.pid})["a"].cpu_percent is None


def test_a_process_that_exits_during_a_scan_is_left_out(start, monkeypatch):
    process = start(QUIET)

    def gone(_self: object) -> None:
        raise psutil.NoSuchProcess(process.pid)

    looker = ProcessSampler()
    with monkeypatch.context() as patched:
        patched.setattr(psutil._psplatform.Process, "memory_info", gone)
        assert looker.look({"a": process.pid})["a"].processes == 0
    with monkeypatch.context() as patched:
        patched.setattr(psutil.Process, "ppid", gone)
        assert looker.look({"a": process.pid}) == {}
