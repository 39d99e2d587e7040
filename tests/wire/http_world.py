"""Servers for tests: FastMCP servers in this event loop or in their own process, and fakes that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import anyio
import attrs
import uvicorn
from fastmcp import Context, FastMCP
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult

from mcpstore.hooks import ClientEndpoint, Era

ERAS = (Era.MODERN, Era.LEGACY)
CHILD = Path(__file__).with_name("http_child.py")


@attrs.define
class Notifications:
    """Notifications that a connection has received."""

    notifications: list[str] = attrs.field(factory=list)
    changed: asyncio.Event = attrs.field(factory=asyncio.Event)

    def take(self, method: str, _params: Any) -> None:
        self.notifications.append(method)
        self.changed.set()

    async def wait_for(self, method: str) -> None:
        while method not in self.notifications:
            self.changed.clear()
            await self.changed.wait()


@attrs.define
class Seen:
    """Calls of the tools of a server."""

    started: asyncio.Event = attrs.field(factory=asyncio.Event)
    cancelled: asyncio.Event = attrs.field(factory=asyncio.Event)
    calls: list[Any] = attrs.field(factory=list)


def make_server(seen: Seen | None = None) -> FastMCP:
    seen = seen or Seen()
    server = FastMCP("world", version="1.5", instructions="be kind")

    @server.tool
    def echo(text: str) -> str:
        seen.calls.append(text)
        return text

    @server.tool(output_schema=None)
    def letters(n: int) -> str:
        return "x" * n

    @server.tool
    async def count(ctx: Context, n: int, pause: float) -> int:
        for i in range(n):
            await ctx.report_progress(i, n, f"at {i}")
            await asyncio.sleep(pause)
        return n

    @server.tool
    async def forever() -> str:
        seen.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.cancelled.set()
            raise
        return "never"

    _add_asking(server)
    return server


def _add_asking(server: FastMCP) -> None:
    @server.tool
    async def ask(ctx: Context) -> str:
        answer = await ctx.elicit("what is your name?", str)
        return f"{answer.action}: {getattr(answer, 'data', None)}"

    @server.tool
    async def ask_in_rounds(ctx: Context) -> Any:
        if not ctx.input_responses:
            schema = {"type": "object", "properties": {"value": {"type": "string"}}}
            question = ElicitRequest(
                params=ElicitRequestFormParams(message="what is your name?", requested_schema=schema)
            )
            return InputRequiredResult(input_requests={"name": question}, request_state="remember")
        return f"{ctx.request_state}: {ctx.input_responses['name'].content['value']}"

    @server.tool
    async def grow(ctx: Context) -> str:
        server.add_tool(FastMCP("more").tool(lambda: "new", name="grown"))
        await ctx.send_notification(_list_changed())
        return "grown"


def _list_changed() -> Any:
    from mcp_types import ToolListChangedNotification

    return ToolListChangedNotification()


@contextlib.asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncIterator[str]:
    """Serve an ASGI application in this event loop, and yield its address."""
    options = {"port": 0, "log_level": "critical", "ws": "none", "timeout_graceful_shutdown": 1, **options}
    config = uvicorn.Config(app, host="127.0.0.1", **options)
    server = uvicorn.Server(config)
    # Not `serve`, which would install its own signal handlers.
    task = asyncio.create_task(server._serve())
    try:
        with anyio.fail_after(20):
            await until(lambda: server.started)
        scheme = "https" if config.is_ssl else "http"
        yield f"{scheme}://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class Child:
    """A FastMCP server in its own process, always on the same port."""

    def __init__(self, transport: str = "http") -> None:
        self._transport = transport
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/{'sse' if transport == 'sse' else 'mcp'}"
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        command = [sys.executable, str(CHILD), self._transport, str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = await asyncio.to_thread(subprocess.Popen, command, **quiet)
        with anyio.fail_after(60):
            while not await self._listens():
                assert self._process.poll() is None
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def freeze(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True


@attrs.frozen
class Request:
    """An HTTP request that a fake received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body) if self.body else {}

    @property
    def rpc(self) -> str:
        return self.message.get("method", "")


def reply(status: int, body: bytes | str = b"", **headers: str) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(request: Request, result: Any = None, *, status: int = 200, **headers: str) -> bytes:
    """Return a JSON-RPC answer to a request."""
    body = {"jsonrpc": "2.0", "id": request.message.get("id"), "result": {} if result is None else result}
    return reply(status, json.dumps(body), Content_Type="application/json", **headers)


def refusal(request: Request, code: int, text: str, *, status: int = 200, data: Any = None) -> bytes:
    error = {"code": code, "message": text, **({} if data is None else {"data": data})}
    body = {"jsonrpc": "2.0", "id": request.message.get("id"), "error": error}
    return reply(status, json.dumps(body), Content_Type="application/json")


LEGACY = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "fake", "version": "1"},
}
MODERN = {
    "resultType": "complete",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "ttlMs": 0,
    "cacheScope": "private",
}


def legacy(request: Request, **headers: str) -> bytes | None:
    """Return the answer of a legacy server to a handshake; None for any other request."""
    if request.method == "GET":
        return reply(405)
    if request.method == "DELETE":
        return reply(200)
    if request.rpc == "initialize":
        return answer(request, LEGACY, **headers)
    if request.rpc == "server/discover":
        return refusal(request, -32601, "Method not found", status=400)
    return reply(202) if "id" not in request.message else None


def modern(request: Request) -> bytes | None:
    """Return the answer of a modern server to a handshake; None for any other request."""
    return answer(request, MODERN) if request.rpc == "server/discover" else None


class Fake:
    """A server with scripted answers; every request is recorded in `got`."""

    def __init__(self, handle: Callable[[Request], bytes | Awaitable[bytes | None] | None]) -> None:
        self.handle = handle
        self.got: list[Request] = []
        self.writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def asked(self, rpc: str) -> list[Request]:
        return [request for request in self.got if request.rpc == rpc]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        self.writers.append(writer)
        try:
            while (request := await _read(reader)) is not None:
                self.got.append(request)
                answer = self.handle(request)
                if isinstance(answer, Awaitable):
                    answer = await _unless_gone(answer, reader)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if b"Connection: close" in answer:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _unless_gone(answer_awaitable: Awaitable[bytes | None], reader: asyncio.StreamReader) -> bytes | None:
    """Wait for the answer, or until the client has closed the connection."""
    answering, gone = asyncio.ensure_future(answer_awaitable), asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else None
    finally:
        for task in (answering, gone):
            task.cancel()
        await asyncio.gather(answering, gone, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


async def until(condition: Callable[[], Any], within: float = 20) -> None:
    """Poll until a condition holds."""
    with anyio.fail_after(within):
        while not condition():
            await asyncio.sleep(0.01)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def a_peer(received: Notifications | None = None, **options: Any) -> ClientEndpoint:
    received = received or Notifications()
    return ClientEndpoint(service="world", on_notification=received.take, **{"connect_timeout": 5.0, **options})
