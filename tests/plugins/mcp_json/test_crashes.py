"""After a save that is killed or fails at any system call, the file is the old or the new one."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from .crashing import HAS_STRACE, NEW, python_calls, system_calls


@pytest.mark.timeout(300)
def test_a_python_call_that_is_killed_or_fails_never_leaves_a_torn_file(tmp_path):
    reports = python_calls(tmp_path)
    calls = Counter(report["call"] for report in reports if report["how"] == "EIO")
    assert {"open", "write", "fsync", "close", "replace", "flock", "listdir", "fchmod", "mkdir"} <= set(calls)
    for report in reports:
        assert report["left"] in {"old" if report["is_there"] else "nothing", "new"}, report
        # an error removes the temporary file; after a kill the next process removes it
        assert report["beside"] == 0 or report["how"] == "kill", report
        assert (report["next"], report["then"], report["beside_then"]) == (0, "next", 0), report
        if report["code"] == 0:
            assert report["left"] == "new", report
        elif report["left"] == "new" and report["how"] != "kill":
            # the file is in place; only its directory entry may not be on the disk yet
            assert report["call"] == "fsync", report
        assert report["code"] in {0, 1, -signal.SIGKILL}, report
    assert {report["left"] for report in reports if report["how"] == "kill"} == {"old", "new", "nothing"}
    assert all(report["code"] == 0 for report in reports if report["how"] == "short")


@pytest.mark.skipif(not HAS_STRACE, reason="needs strace")
@pytest.mark.timeout(300)
def test_a_system_call_that_is_killed_or_fails_never_leaves_a_torn_file(tmp_path):
    outcomes: Counter[tuple[str, bool, int]] = Counter()
    for point in system_calls(tmp_path):
        assert not point.is_torn, point
        assert point.code in {0, 1} or point.fault == "signal=KILL", point
        outcomes[point.fault, point.left == NEW, point.code] += 1
    assert outcomes["signal=KILL", False, -signal.SIGKILL] > 5
    assert outcomes["signal=KILL", True, -signal.SIGKILL] > 1
    assert outcomes["error=ENOSPC", False, 1] > 5
