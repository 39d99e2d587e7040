"""The alert log: what it holds survives a crash, a full disk and a compaction."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.alerting import log_file as module
from mcpstore.runtime.alerting.log import MAX_ALERTS
from mcpstore.runtime.alerting.log_file import Outcome, OutcomeState
from mcpstore.testing.loop import FakeClock

from .logged import DELIVERED, alert, lines, loaded, opened, pending, record

pytestmark = pytest.mark.anyio

CRASHING = """
import asyncio, os, signal, sys
from pathlib import Path
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.alerting.log import AlertLog
from mcpstore.runtime.alerting.log_file import Outcome, OutcomeState
from mcpstore.runtime.clock import Clock

async def main():
    log = AlertLog(Path(sys.argv[1]), Clock())
    await log.load()
    await log.open()
    for number in range(1, 4):
        alert = Alert(
            rule_name="r", service="a", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message=f"m{number}",
            timestamp=1.0, incident=str(number))
        log.add(alert)
        (notification,) = await log.record([(alert, ["x"])])
        if number == 1:
            await log.settle([notification], "x", Outcome(state=OutcomeState.DELIVERED))
    print("recorded", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
def flushed(monkeypatch):
    """The names of the files that were flushed."""
    names: list[str] = []
    real = os.fsync

    def fsync(file: int) -> None:
        names.append(Path(f"/proc/self/fd/{file}").readlink().name)
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    return names


# --- what is recorded


async def test_an_alert_is_durable_after_exactly_one_fsync(tmp_path, flushed):
    log = await opened(tmp_path)
    flushed.clear()
    (notification,) = await record(log, alert(), channels=("x", "y"))
    assert flushed == ["log.jsonl"]
    await log.settle([notification], "x", DELIVERED)
    assert flushed == ["log.jsonl"]
    await log.close()


async def test_several_alerts_of_one_moment_share_the_fsync(tmp_path, flushed):
    log = await opened(tmp_path)
    flushed.clear()
    await record(log, *(alert(number) for number in range(5)))
    assert flushed == ["log.jsonl"]
    await log.close()


async def test_a_record_says_what_when_and_what_became_of_it(tmp_path):
    log = await opened(tmp_path)
    (notification,) = await record(log, alert(), channels=("mail", "chat"))
    recipients = {"a@x.test": OutcomeState.DELIVERED, "b@x.test": OutcomeState.PENDING}
    await log.settle([notification], "mail", Outcome(state=OutcomeState.PENDING, recipients=recipients))
    await log.settle([notification], "chat", DELIVERED)
    await log.close()
    first, *updates = lines(tmp_path)
    assert first["version"] == 1
    assert first["boot"] == FakeClock().boot_id()
    assert first["monotonic"] <= FakeClock().now()
    assert Alert(**{**first["alert"], "alerts": ()}).message == "m1"
    assert first["channels"] == {name: {"outcome": "pending", "recipients": {}} for name in ("mail", "chat")}
    assert [(line["channel"], line["outcome"]) for line in updates] == [("mail", "pending"), ("chat", "delivered")]
    again = await loaded(tmp_path)
    (kept,) = again._pending.values()
    assert kept.outcomes == {"mail": Outcome(recipients=recipients), "chat": DELIVERED}
    await again.close()


async def test_a_notification_comes_back_as_it_was_recorded(tmp_path):
    log = await opened(tmp_path)
    group = alert(
        9, AlertKind.RESOLVED, service="", level=AlertLevel.CRITICAL, message="ä\n\u2028\ud800",
        alerts=(alert(1), alert(2, number=3, kind=AlertKind.REMINDED)),
    )  # fmt: skip
    recorded = await record(log, alert(3), group)
    await log.close()
    again = await loaded(tmp_path)
    assert await again.open() == recorded
    assert again.find() == [alert(3), *group.alerts]
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o777 == 0o600
    await again.close()


async def test_past_alerts_are_found_by_service_time_and_number():
    log = await opened(None)
    for number in range(3):
        log.add(alert(number, service="ab"[number % 2]))
    assert [each.timestamp for each in log.find()] == [0, 1, 2]
    assert [each.timestamp for each in log.find("a")] == [0, 2]
    assert [each.timestamp for each in log.find(since=0.0)] == [1, 2]
    assert [each.timestamp for each in log.find(limit=1)] == [2]
    assert log.find(limit=0) == []


async def test_without_a_folder_alerts_are_kept_in_memory():
    log = await opened(None)
    (notification,) = await record(log, alert())
    await log.give_up([notification], "x", alert(), "no")
    await log.close()
    assert log.find() == [alert()]


# --- crashes and torn lines


async def test_a_killed_manager_loses_nothing_and_repeats_nothing_that_it_recorded(tmp_path):
    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs
        [sys.executable, "-c", CRASHING, str(tmp_path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "recorded\n")
    assert await pending(tmp_path) == ["m2", "m3"]


async def test_a_process_that_only_reads_changes_nothing(tmp_path):
    assert await pending(tmp_path / "alerts") == []
    assert list(tmp_path.iterdir()) == []
    owner = await opened(tmp_path)
    await record(owner, alert(1))
    assert await pending(tmp_path) == ["m1"]
    await record(owner, alert(2))  # into the same file: it was not replaced
    await owner.close()
    assert await pending(tmp_path) == ["m1", "m2"]


async def test_a_torn_line_costs_only_itself(tmp_path, caplog):
    log = await opened(tmp_path)
    await record(log, alert(1), alert(2))
    await log.close()
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    again = await opened(tmp_path)
    assert "1 lines cannot be read" in caplog.text
    await record(again, alert(3))
    await again.close()
    assert await pending(tmp_path) == ["m1", "m3"]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe", b"[]", b'{"id": 1}', b"null", b"{", b'{"ids": 1}', b'{"ids": ["x", null], "channel": []}',
        b'{"version": 1, "id": "x", "since": 0, "channels": {}, "alert": {}}', b'{"version": 1, "alert": 1}',
        b'{"version": 2, "id": 7}', b'{"version": 1, "id": 7, "since": 0, "channels": [], "alert": null}',
        b'{"ids": [[1]], "channel": "x"}', b"[" * 100_000,
    ],
)  # fmt: skip
async def test_the_log_can_be_opened_whatever_a_line_holds(tmp_path, line):
    log = await opened(tmp_path)
    await record(log, alert(1))
    await log.close()
    path = tmp_path / "log.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes() + line + b"\n")
    assert await pending(tmp_path) == ["m1"]


async def test_a_log_that_cannot_be_read_is_set_aside_and_not_overwritten(tmp_path, monkeypatch, caplog):
    log = await opened(tmp_path)
    await record(log, alert(1))
    await log.close()

    def fail(*_: Any) -> Any:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_lines", fail)
        again = await opened(tmp_path)
    await record(again, alert(2))
    await again.close()
    assert "the alert log cannot be read" in caplog.text
    assert await pending(tmp_path) == ["m2"]
    assert '"m1"' in (tmp_path / "log.unreadable.jsonl").read_text()


# --- compaction


async def test_compaction_keeps_open_incidents_undelivered_notifications_and_the_last_alerts(tmp_path):
    log = await opened(tmp_path)
    (waiting,) = await record(log, alert(1, AlertKind.RESOLVED, message="waiting"), channels=("x", "y"))
    await log.settle([waiting], "y", DELIVERED)
    members = tuple(alert(number, message=f"of a group {number}") for number in range(10, 20))
    (group,) = await record(log, alert(2, service="", alerts=members))
    await log.settle([group], "x", DELIVERED)
    await record(log, *(alert(number, AlertKind.RESOLVED) for number in range(11, 20)), channels=())
    for number in range(100, 5100):
        (done,) = await record(log, alert(number, AlertKind.RESOLVED))
        await log.settle([done], "x", DELIVERED)
    assert len(lines(tmp_path)) <= 3 * MAX_ALERTS + 10
    before = log.find()
    await log.close()

    again = await opened(tmp_path)
    assert [(each.alert.message, each.pending) for each in again._pending.values()] == [("waiting", ["x"])]
    assert [each.message for each in again.open_alerts()] == ["of a group 10"]
    assert again.find() == before
    assert len(before) == MAX_ALERTS
    assert len(lines(tmp_path)) == MAX_ALERTS + 2
    await again.close()


async def test_a_group_that_is_needed_in_part_survives_two_compactions(tmp_path):
    members = tuple(alert(number) for number in range(10, 20))
    log = await opened(tmp_path)
    (group,) = await record(log, alert(2, service="", alerts=members))
    await log.settle([group], "x", DELIVERED)
    await log.close()
    for _ in range(3):
        again = await opened(tmp_path)
        assert again.find() == list(members)
        assert len(again.open_alerts()) == 10
        await again.close()
    assert len(lines(tmp_path)) == 10


async def test_the_numbers_of_notifications_go_on_after_a_restart(tmp_path):
    log = await opened(tmp_path)
    first = await record(log, alert(1), alert(2))
    await log.close()
    again = await opened(tmp_path)
    second = await record(again, alert(3))
    assert [each.id for each in (*first, *second)] == [1, 2, 3]
    await again.close()


# --- age and dead letters


async def test_a_jump_of_the_wall_clock_does_not_age_a_notification(tmp_path, monkeypatch):
    log = await opened(tmp_path)
    (notification,) = await record(log, alert())
    monkeypatch.setattr(log._clock, "posix", lambda: notification.since + 90_000)
    if log._boot:
        assert log.age(notification) < 60
    notification.boot = "another"
    assert log.age(notification) == 90_000
    await log.close()


async def test_the_dead_letter_file_is_rotated(tmp_path):
    log = await opened(tmp_path)
    for number in range(40):
        (notification,) = await record(log, alert(number))
        await log.give_up([notification], "x", alert(number, message="x" * 100_000), "no route")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["log.jsonl", "undelivered.jsonl", "undelivered.old.jsonl"]
    assert sum((tmp_path / name).stat().st_size for name in names[1:]) < 3 * 1024 * 1024
    letter = json.loads((tmp_path / "undelivered.jsonl").read_text().splitlines()[-1])
    assert letter["why"] == "no route"
    await log.close()
    assert await pending(tmp_path) == []


# --- version 0.1


def write_version_0_1(folder: Path) -> None:
    """Write the two files of version 0.1: of alert 1 the mail was delivered, and alert 3 is only in the outbox."""
    notices = [(1, "mail", 1), (2, "chat", 1), (3, "mail", 3), (4, "chat", 3)]
    outbox = [{"id": id_, "channel": name, "since": 2.5, "alert": alert(n).to_dict()} for id_, name, n in notices]
    history = [{**alert(number).to_dict(), "alerts": []} for number in (0, 1, 2)]
    folder.mkdir(exist_ok=True)
    for name, objects in (("outbox", [*outbox, {"arrived": [1]}, {"odd": 1}]), ("history", history)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in objects) + "torn {")
    (folder / "outbox.jsonl.new").touch()


async def test_the_files_of_version_0_1_become_the_log(tmp_path):
    write_version_0_1(tmp_path)
    reader = await loaded(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3  # a reader changes nothing
    owner = await opened(tmp_path)
    for log in (reader, owner):
        assert [each.message for each in log.find()] == ["m0", "m1", "m2", "m3"]
        assert [(each.alert.message, each.pending) for each in log._pending.values()] == [
            ("m1", ["chat"]), ("m3", ["mail", "chat"]),
        ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]
    await owner.close()
    again = await loaded(tmp_path)
    assert again.find() == owner.find()
    assert again._pending == owner._pending


async def test_the_files_of_version_0_1_stay_until_the_log_is_written(tmp_path, monkeypatch):
    write_version_0_1(tmp_path)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        log = await opened(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["history.jsonl", "outbox.jsonl", "outbox.jsonl.new"]
    await record(log, alert(9))
    await log.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]
    assert await pending(tmp_path) == ["m1", "m3", "m9"]
