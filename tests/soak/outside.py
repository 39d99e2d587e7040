"""Endpoints outside of the manager: servers over HTTP, and an alert channel."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable

import attrs
from pydantic import BaseModel

from mcpstore.hooks import Alert, AlertHandler, hookimpl
from mcpstore.testing.faults import fault_command


@attrs.define
class Remote:
    """A server over HTTP that always uses the same port."""

    way: str
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{'sse' if self.way == 'sse' else 'mcp'}"

    async def start(self) -> None:
        if self.process is None or self.process.returncode is not None:
            command = fault_command(f"--{self.way}", self.port)
            self.process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)

    async def kill(self) -> None:
        if (process := self.process) is not None:
            self.process = None
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Nothing(BaseModel):
    """The settings of the channel."""


class Channel:
    """Plugin with an alert handler that fails at every fifth notification."""

    def __init__(self) -> None:
        self.tried = 0

    @hookimpl
    def mcpstore_alert_handlers(self) -> Iterable[AlertHandler[Nothing]]:
        yield AlertHandler(name="soak", config=Nothing, send=self.send)

    async def send(self, _alert: Alert, _settings: Nothing) -> None:
        self.tried += 1
        if self.tried % 5 == 0:
            raise RuntimeError("the receiver is not reachable")


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
