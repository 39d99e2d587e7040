"""The fault server over HTTP and sockets."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from mcpstore.testing.faults import fault_process
from testing.fault_talk import Web


@pytest.fixture
async def web(request):
    flags = getattr(request, "param", ())
    async with fault_process("--http", 0, *flags) as server:
        created = Web(server.port)
        yield created
        await asyncio.to_thread(created.close)


def flags(*given: object):
    return pytest.mark.parametrize("web", [given], indirect=True)


async def post(web: Web, method: str, **params):
    return await asyncio.to_thread(web.post, method, **params)


async def test_without_faults_it_keeps_a_session(web):
    status, headers, body = await post(web, "initialize", protocolVersion="2025-11-25")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["result"]["serverInfo"]["name"] == "reference"
    assert web.session == "session-1"
    assert (await post(web, "ping"))[0] == 200
    web.session = "another"
    assert (await post(web, "ping"))[0] == 404


@pytest.mark.parametrize(
    ("web", "status", "header", "value"),
    [
        (("--status", 401), 401, "retry-after", None),
        (("--status", 403), 403, "retry-after", None),
        (("--status", 429, "--retry-after", 7), 429, "retry-after", "7"),
        (("--status", 503, "--retry-after", 5), 503, "retry-after", "5"),
        (("--status", 307, "--location", "http://elsewhere/"), 307, "location", "http://elsewhere/"),
    ],
    indirect=["web"],
)
async def test_it_answers_with_a_status(web, status, header, value):
    got, headers, _ = await post(web, "initialize")
    assert (got, headers.get(header)) == (status, value)


@flags("--status", 503, "--on", "tools/call")
async def test_it_answers_with_a_status_only_for_the_given_methods(web):
    assert (await post(web, "initialize"))[0] == 200
    assert (await post(web, "tools/call", name="echo"))[0] == 503


@flags("--lose-session", 3)
async def test_it_loses_the_session(web):
    await post(web, "initialize")
    assert [(await post(web, "ping"))[0] for _ in range(4)] == [200, 200, 404, 404]


@flags("--content-type", "text/html")
async def test_it_declares_a_wrong_content_type(web):
    assert (await post(web, "initialize"))[1]["content-type"] == "text/html"


@flags("--endless", "--on", "tools/list")
async def test_it_answers_with_a_stream_that_never_ends(web):
    await post(web, "initialize")
    _, headers, _ = await post(web, "tools/list")
    assert headers["content-type"] == "text/event-stream"
    assert [await asyncio.to_thread(web.chunk) for _ in range(5)] == [b": still here\n\n"] * 5


@flags("--drip", 0.01)
async def test_it_sends_its_body_slowly(web):
    began = time.monotonic()
    _, headers, _ = await post(web, "initialize")
    assert headers["transfer-encoding"] == "chunked"
    pieces = [piece async for piece in _chunks(web)]
    assert len(pieces) == 10
    assert time.monotonic() - began >= 0.1
    assert json.loads(b"".join(pieces))["id"] == 1


@flags("--drip-head", 0.01)
async def test_it_sends_its_headers_slowly(web):
    began = time.monotonic()
    status, headers, body = await post(web, "initialize")
    assert time.monotonic() - began >= 0.1
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["id"] == 1


async def test_it_listens_at_the_given_address():
    async with fault_process("--host", "127.0.0.2", "--http", 0) as server:
        _, writer = await asyncio.open_connection("127.0.0.2", server.port)
        writer.close()
        await writer.wait_closed()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", server.port)


async def _chunks(web: Web):
    while piece := await asyncio.to_thread(web.chunk):
        yield piece


@pytest.mark.parametrize("kind", ["tcp", "unix"])
async def test_it_serves_lines_on_sockets(kind, tmp_path: Path):
    where = str(tmp_path / "socket")
    async with fault_process(f"--{kind}", 0 if kind == "tcp" else where, "--unknown", "ping") as server:
        for _ in range(2):
            if kind == "tcp":
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            else:
                reader, writer = await asyncio.open_unix_connection(where)
            writer.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
            assert json.loads(await reader.readline())["error"]["code"] == -32601
            writer.close()
            await writer.wait_closed()
