"""A byte stream whose other end is a streamable-HTTP endpoint: each line is POSTed, each answer comes back as a line.

The conformance suite tests clients over HTTP. The engine speaks lines, so this stands between them. It adds nothing to
the conversation but what HTTP itself wants: the session id, the protocol version and the names of what is asked.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2

META_VERSION = "io.modelcontextprotocol/protocolVersion"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


class HttpBridge:
    """The stream."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx2.AsyncClient(timeout=httpx2.Timeout(30, read=None))
        self._headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._rest = b""

    async def receive(self, _max_bytes: int = 65536) -> bytes:
        return await self._arrived.get()

    async def send(self, item: bytes) -> None:
        *lines, self._rest = (self._rest + item).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "id" in message and "method" in message:
                self._start(self._post(line, message))
            else:  # what has no answer is sent in order
                await self._post(line, message)
            if message.get("method") == "notifications/initialized":
                self._start(self._listen())

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        if "Mcp-Session-Id" in self._headers:
            await self._client.delete(self._url, headers=self._headers)
        await self._client.aclose()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, line: bytes, message: dict[str, Any]) -> None:
        headers = {**self._headers, **_named(message)}
        try:
            async with self._client.stream("POST", self._url, content=line, headers=headers) as response:
                if "Mcp-Session-Id" in response.headers:
                    self._headers["Mcp-Session-Id"] = response.headers["Mcp-Session-Id"]
                await self._take(response, message)
        except httpx2.HTTPError as error:
            self._fail(message, str(error))

    async def _listen(self) -> None:
        async with self._client.stream("GET", self._url, headers=self._headers) as response:
            if response.status_code == httpx2.codes.OK:
                await self._take_events(response)

    async def _take(self, response: httpx2.Response, message: dict[str, Any]) -> None:
        kind = response.headers.get("content-type", "")
        if kind.startswith("text/event-stream"):
            await self._take_events(response)
        elif kind.startswith("application/json"):
            self._deliver(await response.aread(), message)
        elif response.is_error:
            self._fail(message, f"HTTP {response.status_code}")

    async def _take_events(self, response: httpx2.Response) -> None:
        data: list[str] = []
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                data.append(line[5:].strip())
            elif not line and any(data):
                self._deliver("".join(data).encode(), {})
                data = []

    def _deliver(self, answer: bytes, message: dict[str, Any]) -> None:
        data = json.loads(answer)
        version = data.get("result", {}).get("protocolVersion")
        if version and message.get("method") == "initialize":
            self._headers["MCP-Protocol-Version"] = version
        self._arrived.put_nowait(json.dumps(data).encode() + b"\n")

    def _fail(self, message: dict[str, Any], why: str) -> None:
        if "id" in message:
            error = {"code": -32603, "message": why}
            self._deliver(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode(), {})


def _named(message: dict[str, Any]) -> dict[str, str]:
    params, method = message.get("params", {}), message.get("method")
    version = params.get("_meta", {}).get(META_VERSION)
    if version is None:
        return {}
    name = params.get(NAMED.get(method, ""))
    return {"MCP-Protocol-Version": version, "Mcp-Method": method, **({"Mcp-Name": name} if name else {})}
