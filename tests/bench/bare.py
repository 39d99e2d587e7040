"""The least a client can be: what no client of the same server can be faster than."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

__all__ = ["INITIALIZE", "INITIALIZED", "Bare"]

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bare", "version": "1"}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Bare:
    """Matches answers to requests by their number, and checks nothing."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._rest = b""

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
        )
        self._reader = asyncio.create_task(self._read())
        self._send(INITIALIZE)
        self._waiting[0] = asyncio.get_running_loop().create_future()
        await self._waiting[0]
        self._send(INITIALIZED)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        self._number += 1
        future = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        params = {"name": name, "arguments": arguments}
        self._send({"jsonrpc": "2.0", "id": self._number, "method": "tools/call", "params": params})
        return await future

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(65536):
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                message = json.loads(line)
                if "id" in message:
                    self._waiting.pop(message["id"]).set_result(message)
