"""The alert log on a disk that fails, is full, or does not answer."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any

import pytest

from mcpstore.runtime.alerting import log as module
from mcpstore.runtime.alerting.log import AlertLog
from mcpstore.runtime.clock import Clock

from .logged import DELIVERED, alert, loaded, opened, pending, record

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("call", ["write", "fsync", "open", "replace", "close"])
@pytest.mark.parametrize("when", range(6))
async def test_an_error_at_any_call_leaves_a_log_that_can_be_read(tmp_path, monkeypatch, call, when):
    log = await opened(tmp_path)
    await record(log, alert(1))
    real, calls = getattr(os, call), []

    def fail(*args, **options):
        calls.append(call)
        if len(calls) == when + 1 and threading.current_thread().name == "mcpstore-alert-log":
            raise OSError(5, "Input/output error")
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        for number in range(2, 6):
            await record(log, alert(number))
    await record(log, alert(9))
    await log.close()
    assert await pending(tmp_path) == [f"m{number}" for number in (1, 2, 3, 4, 5, 9)]
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


async def test_a_failed_flush_is_never_tried_again_on_the_same_file(tmp_path, monkeypatch):
    log = await opened(tmp_path)
    inodes: list[int] = []
    real = os.fsync

    def fail_once(file: int) -> None:
        inodes.append(os.fstat(file).st_ino)
        if len(inodes) == 1:
            raise OSError(5, "Input/output error")
        real(file)

    monkeypatch.setattr(os, "fsync", fail_once)
    await record(log, alert(1))
    await record(log, alert(2))
    await log.close()
    assert inodes[0] not in inodes[1:]
    assert await pending(tmp_path) == ["m1", "m2"]


async def test_a_log_that_cannot_be_written_is_reported_once_until_it_can(tmp_path, monkeypatch, caplog):
    log = await opened(tmp_path)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for number in range(3):
            (notification,) = await record(log, alert(number))
            await log.settle([notification], "x", DELIVERED)
    assert caplog.text.count("the alert log cannot be written") == 1
    await record(log, alert(9))
    assert caplog.text.count("the alert log can be written again") == 1
    await log.close()
    assert await pending(tmp_path) == ["m9"]
    assert len((await loaded(tmp_path)).find()) == 4


def test_a_disk_that_hangs_delays_alerts_once(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WRITE_TIMEOUT", 0.5)
    released, real = threading.Event(), os.write

    def hang(file: int, data: bytes) -> int:
        if threading.current_thread().name == "mcpstore-alert-log":
            released.wait(30)
        return real(file, data)

    async def main() -> None:  # in real time: a thread is at work
        log = AlertLog(tmp_path, Clock())
        await log.load()
        await log.open()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", hang)
            began = time.monotonic()
            for number in range(20):
                await record(log, alert(number))
            assert time.monotonic() - began < 5
            released.set()
            while log._worker.is_lost:
                await asyncio.sleep(0.01)
        await record(log, alert(20))
        await log.close()
        assert await pending(tmp_path) == [f"m{number}" for number in range(21)]

    asyncio.run(main())
