"""A peer in memory: a sink that answers, and virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from mcpstore.errors import ServiceError
from mcpstore.wire import ClientEndpoint, Exit, JsonLines

Answer = Callable[[Mapping[str, Any]], Any]

LEGACY = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {"listChanged": True}},
    "serverInfo": {"name": "scripted", "version": "1.0"},
    "instructions": "be kind",
}
MODERN = {
    "resultType": "complete",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "instructions": "be kind",
    "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "scripted", "version": "2.0"}},
}


class Silence(Exception):
    """Raised by an answer function to send no answer."""


def silent(_params: Mapping[str, Any]) -> Any:
    raise Silence


def refusing(code: int, message: str = "no", data: Any = None) -> Answer:
    def refuse(_params: Mapping[str, Any]) -> Any:
        raise ServiceError(code, message, data)

    return refuse


class ScriptedPeer:
    """The peer of an engine: a sink that records messages and answers them in a later loop iteration."""

    def __init__(self, peer: ClientEndpoint | None = None, **answers: Any) -> None:
        self.answers: dict[str, Any] = {"initialize": LEGACY, "ping": {}, "server/discover": refusing(-32601)}
        self.answers.update(answers)
        self.sent: list[dict[str, Any]] = []
        self.is_paused = False
        self.broken: Exception | None = None
        self.resumed = asyncio.Event()
        self.engine = JsonLines(peer or ClientEndpoint(), self)

    # --- the sink

    def write(self, data: bytes) -> None:
        if self.broken is not None:
            raise self.broken
        assert data.endswith(b"\n")
        assert data.count(b"\n") == 1
        message = json.loads(data)
        assert message["jsonrpc"] == "2.0"
        self.sent.append(message)
        if "method" in message and "id" in message:
            asyncio.get_running_loop().call_soon(self.answer, message)

    async def drain(self) -> None:
        if self.broken is not None:
            raise self.broken
        await self.resumed.wait()

    # --- the peer

    def answer(self, message: Mapping[str, Any]) -> None:
        answer = self.answers.get(message["method"], refusing(-32601, "Method not found"))
        try:
            result = answer(message.get("params")) if callable(answer) else answer
        except Silence:
            return
        except ServiceError as error:
            self.fail(message["id"], error)
        else:
            self.say(id=message["id"], result=result)

    def fail(self, number: Any, error: ServiceError) -> None:
        body = {"code": error.code, "message": error.message}
        self.say(id=number, error=body if error.data is None else {**body, "data": error.data})

    def say(self, **message: Any) -> None:
        self.write_raw(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def write_raw(self, line: bytes) -> None:
        self.engine.feed(line + b"\n")

    def resume(self) -> None:
        self.is_paused = False
        self.resumed.set()
        self.resumed = asyncio.Event()

    def named(self, method: str) -> list[dict[str, Any]]:
        return [message for message in self.sent if message.get("method") == method]

    def reply_to(self, number: Any) -> dict[str, Any]:
        (answer,) = [m for m in self.sent if "method" not in m and m.get("id") == number]
        return answer

    def gone(self, reason: str = "exited with code 1", **more: Any) -> None:
        self.engine.end(Exit(reason=reason, **more))


@contextlib.asynccontextmanager
async def opened(peer: ClientEndpoint | None = None, **answers: Any) -> AsyncIterator[ScriptedPeer]:
    """Yield a peer after its handshake."""
    scripted = ScriptedPeer(peer, **answers)
    await scripted.engine.open()
    handshake = ("initialize", "notifications/initialized", "server/discover")
    scripted.sent = [message for message in scripted.sent if message["method"] not in handshake]
    try:
        yield scripted
    finally:
        scripted.gone("the test is over")
        await turns()


async def turns(count: int = 5) -> None:
    """Run all ready callbacks of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)


@contextlib.contextmanager
def time_flies() -> Iterator[None]:
    """Make the running loop jump to its next timer instead of waiting for it; for tests without I/O."""
    loop: Any = asyncio.get_running_loop()
    selector, skipped = loop._selector, 0.0
    select, clock = selector.select, loop.time

    def jump(timeout: float | None = None) -> Any:
        nonlocal skipped
        events = select(0)
        if not events and timeout:
            skipped += timeout
        return events

    selector.select, loop.time = jump, lambda: clock() + skipped
    try:
        yield
    finally:
        del selector.select, loop.time
