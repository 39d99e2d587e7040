"""Both eras with real FastMCP servers in their own processes."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.streams.stapled import StapledByteStream

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceError
from mcpstore.hooks import ClientEndpoint, Era
from mcpstore.wire import json_lines

SERVER = str(Path(__file__).parent / "servers" / "fastmcp_server.py")
QUIET = {"FASTMCP_CHECK_FOR_UPDATES": "off", "FASTMCP_SHOW_SERVER_BANNER": "false"}
PATIENCE = 60

eras = pytest.mark.parametrize("era", [Era.LEGACY, Era.MODERN])


async def answer(method, params):
    assert (method, params["message"]) == ("elicitation/create", "who are you?")
    return {"action": "accept", "content": {"name": "Ada"}}


@asynccontextmanager
async def real(era, on_notification=lambda *_: None, **env):
    peer = ClientEndpoint(
        era=era,
        capabilities={"elicitation": {"form": {}}},
        on_request=answer,
        on_notification=on_notification,
        handshake_timeout=PATIENCE,
    )
    with anyio.fail_after(PATIENCE):
        process = await anyio.open_process([sys.executable, SERVER], stderr=None, env={**os.environ, **QUIET, **env})
        async with process:
            async with json_lines(StapledByteStream(process.stdin, process.stdout), peer) as connection:
                yield connection
            await process.wait()


async def call(connection, tool, options=None, **arguments):
    result = await connection.request("tools/call", {"name": tool, "arguments": arguments}, **(options or {}))
    return result["structuredContent"]["result"]


@eras
async def test_a_session_with_a_real_server(era):
    progress = []
    async with real(era) as connection:
        assert (connection.era, connection.protocol_version) == (era, "2025-11-25" if era == "legacy" else "2026-07-28")
        assert (connection.server.name, connection.server.version) == ("real", "3.2.1")
        assert connection.server.instructions == "ask nicely"
        tools = (await connection.request("tools/list"))["tools"]
        assert {"echo", "greet", "die"} <= {tool["name"] for tool in tools}

        texts = [f"{number} ü\n\u2028😀" * 50 for number in range(64)]
        assert await asyncio.gather(*(call(connection, "echo", text=text) for text in texts)) == texts

        failed = await connection.request("tools/call", {"name": "fail", "arguments": {}})
        assert failed["isError"] is True
        with pytest.raises(ServiceError) as caught:
            await connection.request("no/such/method")
        assert caught.value.code == -32601
        if era is Era.LEGACY:
            assert await connection.request("ping") == {}
        else:
            assert "supportedVersions" in await connection.request("server/discover", timeout=PATIENCE)

        note = {"on_progress": lambda *report: progress.append(report)}
        assert await call(connection, "work", note, seconds=0.01, steps=3) == "done"
        assert progress == [(0, 3, "step 0"), (1, 3, "step 1"), (2, 3, "step 2")]
        greeting = await call(connection, "greet")
        assert greeting == ("hello Ada" if era is Era.LEGACY else "hello Ada, kept")
        assert connection.noise == 0


@eras
async def test_progress_extends_the_timeout_of_a_call_and_a_silent_call_times_out(era):
    async with real(era) as connection:
        assert await call(connection, "work", {"timeout": 3}, seconds=6, steps=60) == "done"
        with pytest.raises(CallTimeout):
            await call(connection, "wait_for_ever", {"timeout": 3}, name="timed out")
        begun = asyncio.Event()
        note = {"on_progress": lambda *_: begun.set()}
        called_off = asyncio.create_task(call(connection, "wait_for_ever", note, name="called off"))
        await begun.wait()
        called_off.cancel()
        with pytest.raises(asyncio.CancelledError):
            await called_off
        # The server processes messages in order, so it has received both before the request.
        assert await call(connection, "what_was_given_up") == ["timed out", "called off"]


@eras
async def test_notifications_and_the_exit_of_a_real_server_are_detected(era):
    news = asyncio.Event()

    def on_notification(method, _params):
        if method == "notifications/tools/list_changed":
            news.set()

    async with real(era, on_notification, LISTENABLE="1") as connection:
        assert await call(connection, "grow") == "grown"
        await news.wait()
        with pytest.raises(ConnectionLost, match="closed by the peer"):
            await call(connection, "die")
        assert (await connection.wait_closed()).reason == "closed by the peer"
