"""How many files of ours an alert passes from the edge of a service to the e-mail, and how often it waits for disk."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from mcpstore import AsyncMCPStore
from mcpstore.hooks.events import StateChange
from mcpstore.models.alert import Alert
from mcpstore.runtime.alerting.log_file import Notification

ROOT = Path(__file__).parents[2]

LIMIT = 10
"""Files of core/ and plugins/ that an alert may pass. Merge a hop rather than raise it."""

CARRIERS = (StateChange, Alert, Notification)
"""What is passed on: the edge, then the alert, then the notification."""

DEADLINE = 60


class Recorder:
    """Records the functions of ours that receive or return the edge or the alert, in every thread.

    What runs a function without a look at its arguments, such as a thread, is no hop.
    """

    def __init__(self) -> None:
        self.files: dict[str, dict[str, None]] = {}

    def entered(self, frame: Any, event: str, returned: object) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith((f"{ROOT}/core/", f"{ROOT}/plugins/")):
            return
        file = code.co_filename.removeprefix(f"{ROOT}/")
        if file.startswith("core/mcpstore/models/"):  # the methods of the alert itself
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        values = [returned] if event == "return" else [frame.f_locals.get(name) for name in names]
        if any(map(carries, values)):
            self.files.setdefault(file, {})[code.co_qualname] = None


def carries(value: object) -> bool:
    if isinstance(value, list | tuple | deque):
        return any(carries(each) for each in value)
    return isinstance(value, CARRIERS)


class Mailbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - its name
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    before, before_threads = sys.getprofile(), threading.getprofile()
    threading.setprofile(recorder.entered)
    sys.setprofile(recorder.entered)
    yield recorder
    sys.setprofile(before)
    threading.setprofile(before_threads)


def test_an_alert_passes_at_most_ten_files_and_waits_once_for_the_disk(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    flushed: list[str] = []
    real = os.fsync

    def fsync(file: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{file}").readlink()))
        real(file)

    async def main() -> None:
        mailbox = Mailbox()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(mailbox, loop=loop), "127.0.0.1", 0)
        mail = {"to": "a@x.test", "sender": "b@x.test", "security": "none", "host": "127.0.0.1"}
        mail["port"] = server.sockets[0].getsockname()[1]
        rule = {"name": "not_running", "when": "connection_state != 'healthy'", "level": "error"}
        alerts = {"handlers": [{"type": "email", **mail}], "rules": [rule]}
        config = {
            "mcpServers": {"a": {"command": sys.executable, "args": ["-c", "raise SystemExit(3)"]}},
            "mcpstore": {"monitoring": {"alerts": alerts}},
        }
        # where OpenTelemetry is configured, its exporter observes state changes as well, beside the path
        options = {"state_dir": tmp_path, "block_plugins": ["opentelemetry"]}
        async with AsyncMCPStore(config, **options), asyncio.timeout(DEADLINE):
            monkeypatch.setattr(os, "fsync", fsync)
            while not mailbox.mails:
                await asyncio.sleep(0.05)
            monkeypatch.undo()
        server.close()
        await server.wait_closed()

    asyncio.run(main())
    path = "\n".join(
        f"{number:3} {file}: {', '.join(names)}" for number, (file, names) in enumerate(recorder.files.items(), 1)
    )
    assert "core/mcpstore/runtime/alerting/log.py" in recorder.files, f"nothing was measured:\n{path}"
    assert len(recorder.files) <= LIMIT, f"an alert passes {len(recorder.files)} files; {LIMIT} are allowed:\n{path}"
    assert [file for file in flushed if "/alerts" in file] == [f"{tmp_path}/alerts/log.jsonl"]
