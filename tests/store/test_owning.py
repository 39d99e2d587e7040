"""A state directory has one owner, for as long as it lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcpstore.store.state_dir import StateDir

OWNER = """
import sys
from pathlib import Path
from mcpstore.store.state_dir import StateDir
state = StateDir(Path(sys.argv[1]))
state.open()
print(state.is_owner, flush=True)
for line in sys.stdin:
    print((state.path / "owner").read_text().strip() == str(__import__("os").getpid()), flush=True)
"""
"""Opens a state directory, and reports on request whether it is the owner."""


@contextmanager
def owning(state: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OWNER, str(state)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def asked(process: subprocess.Popen[str]) -> bool:
    assert process.stdin is not None
    process.stdin.write("?\n")
    process.stdin.flush()
    return is_owner_of(process)


def is_owner_of(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "True\n"


def test_a_suspended_owner_keeps_the_state_directory_and_continues(tmp_path: Path):
    state = tmp_path / "state"
    with owning(state) as first:
        assert is_owner_of(first)
        first.send_signal(signal.SIGSTOP)
        os.waitpid(first.pid, os.WUNTRACED)

        for _ in range(3):
            second = StateDir(state)
            second.open()
            assert not second.is_owner
            assert second.path != state
            second.close()

        first.send_signal(signal.SIGCONT)
        assert asked(first)


def test_the_state_directory_of_a_killed_owner_is_free_at_once(tmp_path: Path):
    state = tmp_path / "state"
    with owning(state) as first:
        assert is_owner_of(first)
        first.send_signal(signal.SIGSTOP)  # what stands still can be killed, too
        first.kill()
        first.wait()
        second = StateDir(state)
        second.open()
        assert second.is_owner
        second.close()


def test_exactly_one_of_many_concurrent_managers_becomes_the_owner(tmp_path: Path):
    state = tmp_path / "state"
    with owning(state) as a, owning(state) as b, owning(state) as c, owning(state) as d:
        assert sorted(map(is_owner_of, (a, b, c, d))) == [False, False, False, True]
