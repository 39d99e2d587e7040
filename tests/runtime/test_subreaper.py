"""Orphans of a manager, each with a manager of its own: adopting changes a whole process."""

from __future__ import annotations

import subprocess
import sys

START = """
import asyncio, os, psutil, signal, subprocess, sys, time
from mcpstore.runtime.subreaper import Subreaper

def orphan(code):
    # A child that starts another one in a session of its own, without anything to be known by, and is gone.
    body = "import os, subprocess, sys; p = subprocess.Popen([sys.executable, '-S', '-E', '-c', %r], env={}, "
    body += "start_new_session=True, stdout=subprocess.PIPE); print(p.pid, flush=True); os._exit(0)"
    return int(subprocess.run([sys.executable, "-S", "-E", "-c", body % code], stdout=subprocess.PIPE).stdout)

async def until(holds):
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)

def state(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(") ")[2].split()[:2]
    except FileNotFoundError:
        return None
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", START + code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_orphans_are_adopted_and_those_that_die_are_waited_for():
    run("""
async def main():
    subreaper = Subreaper()
    subreaper.open()
    assert subreaper.adopts
    pids = [orphan("import time; time.sleep(300)") for _ in range(5)]
    await until(lambda: all(state(pid)[1] == str(os.getpid()) for pid in pids))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: not any(map(state, pids)))
    assert await subreaper.close() == []
asyncio.run(main())
""")


def test_a_child_with_a_waiting_parent_is_not_reaped():
    # A child that other code started and waits for: that code receives the exit code.
    run("""
async def main():
    subreaper = Subreaper()
    subreaper.open()
    for code in range(1, 30):
        child = await asyncio.create_subprocess_exec(sys.executable, "-S", "-E", "-c", f"import os; os._exit({code})")
        assert await child.wait() == code
        line = [sys.executable, "-S", "-E", "-c", f"import os; os._exit({code})"]
        assert await asyncio.to_thread(subprocess.call, line) == code
    assert await subreaper.close() == []
asyncio.run(main())
""")


def test_a_child_is_reaped_only_if_it_was_dead_in_two_scans():
    run("""
subreaper = Subreaper()
child = subprocess.Popen(["true"])
os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
assert subreaper.scan() == 0
assert child.wait() == 0
child = subprocess.Popen(["true"])
os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
assert subreaper.scan() == 0
assert subreaper.scan() == 1
assert state(child.pid) is None
child.wait()
""")


def test_at_the_end_neither_children_nor_their_descendants_are_left():
    run("""
async def main():
    subreaper = Subreaper()
    subreaper.open()
    respawn = "import os, time\\nwhile True:\\n  if os.fork() == 0: time.sleep(300)\\n  time.sleep(0.05)"
    pids = [orphan("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"), orphan(respawn)]
    await until(lambda: len(psutil.Process().children(recursive=True)) > 3)
    family = psutil.Process().children(recursive=True)
    assert await subreaper.close() == []
    assert psutil.Process().children(recursive=True) == []
    assert not any(child.is_running() for child in family)
asyncio.run(main())
""")


def test_processes_that_are_dead_at_the_end_are_not_logged_as_killed():
    lines = run("""
import logging
from mcpstore.runtime.subreaper import _kill
logging.basicConfig(stream=sys.stdout, format="%(message)s")
dead = subprocess.Popen(["true"])
os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
alive = subprocess.Popen([sys.executable, "-S", "-E", "-c", "import time; time.sleep(300)"])
logged = set()
while _kill(logged):
    pass
print(logged == {dead.pid, alive.pid}, alive.pid)
dead.wait(), alive.wait()
""").splitlines()
    assert lines[-1].startswith("True")
    assert lines[:-1] == [f"process {lines[-1].split()[1]} of a service was still running at the end; it is killed"]


def test_a_subreaper_that_was_never_opened_kills_nothing():
    run("""
async def main():
    child = subprocess.Popen([sys.executable, "-S", "-E", "-c", "import time; time.sleep(300)"])
    assert await Subreaper().close() == []
    assert child.poll() is None
    child.kill()
    child.wait()
asyncio.run(main())
""")
