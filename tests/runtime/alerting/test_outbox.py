"""What is in the outbox is there whatever happens to the process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.alerting.outbox import Notification, Outbox

ALERT = Alert(
    rule_name="service_down", service="a", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message="a is down",
    timestamp=1.5, incident="i", metrics={"error_rate": 0.5},
)  # fmt: skip

CRASHING = """
import os, signal, sys
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.alerting.outbox import Notification, Outbox
from pathlib import Path
box = Outbox(Path(sys.argv[1]))
box.read()
box.open()
for number in range(1, 4):
    box.put([Notification(id=number, channel="x", since=0.0, alert=Alert(
        rule_name="r", service="a", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message=f"m{number}",
        timestamp=1.0, incident=str(number)))])
box.arrived([1])
print("told", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def notice(number: int, alert: Alert = ALERT) -> Notification:
    return Notification(id=number, channel="x", since=2.5, alert=alert)


def opened(path: Path) -> Outbox:
    box = Outbox(path)
    box.read()
    box.open()
    return box


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.jsonl"


def test_a_notice_comes_back_as_it_was_put_in(path):
    first = opened(path)
    group = Alert(
        rule_name="group", service="", level=AlertLevel.CRITICAL, kind=AlertKind.RESOLVED, message="ä\n\u2028",
        timestamp=2.0, incident="g", alerts=(ALERT, ALERT),
    )  # fmt: skip
    first.append([notice(1), notice(2, group)])
    first.close()
    assert Outbox(path).read() == [notice(1), notice(2, group)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_manager_that_is_killed_repeats_nothing_that_it_noted_and_loses_nothing(path):
    done = subprocess.run([sys.executable, "-c", CRASHING, str(path)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "told\n"
    assert [one.alert.message for one in Outbox(path).read()] == ["m2", "m3"]


def test_whoever_only_looks_changes_nothing(path):
    assert Outbox(path).read() == []
    assert not path.exists()
    owner = opened(path)
    owner.append([notice(1)])
    assert Outbox(path).read() == [notice(1)]
    owner.append([notice(2)])  # into the same file: nobody has put another one in its place
    owner.close()
    assert Outbox(path).read() == [notice(1), notice(2)]


def test_a_line_that_was_cut_costs_only_itself(path, caplog):
    box = opened(path)
    box.append([notice(1), notice(2)])
    box.close()
    path.write_bytes(path.read_bytes()[:-20])
    again = Outbox(path)
    assert again.read() == [notice(1)]
    again.open()
    assert "1 lines cannot be read" in caplog.text
    again.append([notice(3)])
    again.close()
    assert Outbox(path).read() == [notice(1), notice(3)]


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"[]", b'{"id": 1}', b'{"id": "x", "channel": 1, "since": 0, "alert": {}}', b"null", b"{"]
)
def test_whatever_is_in_the_journal_it_can_be_opened(path, line):
    box = opened(path)
    box.append([notice(1)])
    box.close()
    path.write_bytes(line + b"\n" + path.read_bytes() + line + b"\n")
    assert Outbox(path).read() == [notice(1)]


@pytest.mark.parametrize("call", ["write", "fsync", "open", "replace"])
@pytest.mark.parametrize("when", range(6))
def test_an_error_of_the_disk_at_any_call_leaves_a_journal_that_can_be_read(path, monkeypatch, call, when):
    box = opened(path)
    box.append([notice(1)])
    target = Path if call == "replace" else os
    real = getattr(target, call)
    calls = []

    def fail(*args, **options):
        calls.append(call)
        if len(calls) == when + 1:
            raise OSError(5, "Input/output error")
        return real(*args, **options)

    failed = 0
    with monkeypatch.context() as patch:
        patch.setattr(target, call, fail)
        for number in range(2, 6):
            try:
                box.append([notice(number)])
            except OSError:
                failed += 1
    box.append([notice(9)])
    box.close()
    assert failed <= 1
    assert [one.id for one in Outbox(path).read()] == [1, 2, 3, 4, 5, 9]


def test_a_failed_flush_is_never_tried_again_on_the_same_file(path, monkeypatch):
    box = opened(path)
    flushed: list[int] = []
    real = os.fsync

    def fail_once(file: int) -> None:
        flushed.append(os.fstat(file).st_ino)
        if len(flushed) == 1:
            raise OSError(5, "Input/output error")
        real(file)

    monkeypatch.setattr(os, "fsync", fail_once)
    with pytest.raises(OSError, match="Input/output"):
        box.append([notice(1)])
    box.append([notice(2)])
    assert flushed[0] not in flushed[1:]
    assert [one.id for one in Outbox(path).read()] == [1, 2]


def test_what_never_arrived_is_kept_within_bounds(path):
    box = Outbox(path)
    for _ in range(40):
        box.dead_letter(Alert(**{**ALERT, "message": "x" * 100_000}), "no route")
    kept = sorted(one.name for one in path.parent.iterdir())
    assert kept == ["undelivered.jsonl", "undelivered.old.jsonl"]
    assert sum(one.stat().st_size for one in path.parent.iterdir()) < 3 * 1024 * 1024
    line = json.loads((path.parent / "undelivered.jsonl").read_text().splitlines()[-1])
    assert line["why"] == "no route"


def test_without_a_place_everything_stays_in_memory():
    box = Outbox(None)
    assert box.read() == []
    box.open()
    box.append([notice(1)])
    box.acknowledge([1])
    box.dead_letter(ALERT, "no")
    box.close()
