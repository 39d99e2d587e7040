"""Output of a peer that is not part of the protocol."""

from __future__ import annotations

import asyncio
import gc
import json
import logging

import pytest

from mcpstore.errors import NotReady, UnsupportedProtocol
from mcpstore.hooks import ClientEndpoint
from mcpstore.wire.engine import MAX_BATCH
from mcpstore.wire.stray_output import STRAY_LINES_KEPT, STRAY_LINES_LIMIT
from wire.scripted import ScriptedPeer, opened, silent, turns

NOISE = [
    b"Server ready",
    b"\x1b[32m INFO \x1b[0m listening",
    b"\x00\x01\x02",
    b"\xff\xfe\xfd\xfc",
    b"[" * 100_000,
    b'{"jsonrpc":"2.0","id":77,"result":{"n":' + b"9" * 5000 + b"}}",
    b'{"jsonrpc":"2.0","id":77,"resu',
    b'{"level":"info","msg":"a log line"}',
    b'{"jsonrpc":"1.0","method":"x"}',
    b'{"id":77,"result":{}}',
    b"42",
    b'"text"',
    b"null",
    b"NaN",
    b"true",
    b"[1,2]",
]


@pytest.mark.parametrize("line", NOISE, ids=lambda line: repr(line[:20]))
async def test_noise_before_and_after_the_handshake_is_counted_and_skipped(line):
    scripted = ScriptedPeer()
    scripted.write_raw(line)
    before = scripted.engine.noise
    assert before >= 1
    await scripted.engine.open()
    scripted.write_raw(line)
    assert scripted.engine.noise == 2 * before
    assert await scripted.engine.request("ping") == {}
    assert scripted.engine.strays == 0
    scripted.gone()


@pytest.mark.parametrize("line", [b"", b"\r", b"   ", b"\t\r", b"\0\0"])
async def test_blank_lines_are_not_counted_as_noise(line):
    async with opened() as scripted:
        scripted.write_raw(line)
        assert await scripted.engine.request("ping") == {}
        assert scripted.engine.noise == 0


@pytest.mark.parametrize(
    "wrap",
    [
        lambda line: line + b"\r",
        lambda line: b"\xef\xbb\xbf" + line,
        lambda line: b"\0" + line + b"\0",
        lambda line: b" \t" + line + b"  ",
        lambda line: line.replace(b"~", b"\xff\xfe"),
        lambda line: line.replace(b"~", b"\\ud800"),
        lambda line: line.replace(b'"~"', b"NaN"),
        lambda line: line.replace(b'"~"', b"9" * 4000),
    ],
)
async def test_odd_but_readable_messages_are_accepted(wrap):
    async with opened(**{"tools/call": silent}) as scripted:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(scripted.engine.request("tools/call"))
            await turns()
            scripted.write_raw(wrap(b'{"jsonrpc":"2.0","id":2,"result":{"text":"~"}}'))
        assert list(asked.result()) == ["text"]
        assert scripted.engine.noise == 0


async def test_the_first_lines_of_noise_are_kept_and_logged_shortened(caplog):
    caplog.set_level(logging.INFO, "mcpstore.wire")
    async with opened(ClientEndpoint(service="s")) as scripted:
        for number in range(STRAY_LINES_KEPT + 20):
            scripted.write_raw(b"line %d " % number + b"x" * 5000)
        assert scripted.engine.noise == STRAY_LINES_KEPT + 20
        assert len(scripted.engine.noise_kept) == STRAY_LINES_KEPT
        assert all(len(line) <= 201 for line in scripted.engine.noise_kept)
    assert len(caplog.records) == STRAY_LINES_KEPT
    assert caplog.messages[0].startswith("service 's' wrote a line that is no MCP message: line 0 xxx")


async def test_a_program_that_only_prints_is_not_an_mcp_server():
    scripted = ScriptedPeer(ClientEndpoint(service="s"), initialize=silent)
    task = asyncio.create_task(scripted.engine.open())
    await turns()
    for _ in range(STRAY_LINES_LIMIT):
        scripted.write_raw(b"Usage: server [options]")
    await turns()
    assert not task.done()
    scripted.write_raw(b"one more")
    with pytest.raises(UnsupportedProtocol) as caught:
        await task
    assert str(caught.value) == "service 's' does not speak MCP: Usage: server [options]"
    assert (await scripted.engine.wait_closed()).reason == "does not speak MCP: Usage: server [options]"


async def test_a_long_banner_before_the_first_message_is_accepted():
    scripted = ScriptedPeer()
    for _ in range(STRAY_LINES_LIMIT):
        scripted.write_raw(b"banner")
    await scripted.engine.open()
    for _ in range(STRAY_LINES_LIMIT):
        scripted.write_raw(b"chatter")
    assert await scripted.engine.request("ping") == {}
    assert scripted.engine.noise == 2 * STRAY_LINES_LIMIT
    scripted.gone()


async def test_an_endless_frame_ends_the_connection_after_earlier_messages():
    heard = []
    peer = ClientEndpoint(max_frame=1000, on_notification=lambda method, _params: heard.append(method))
    async with opened(peer, **{"tools/call": silent}) as scripted:
        asked = asyncio.create_task(scripted.engine.request("tools/call"))
        await turns()
        notice = b'{"jsonrpc":"2.0","method":"%b"}\n'
        scripted.engine.feed(notice % b"last/words" + b"x" * 1001 + b"\n" + notice % b"unheard")
        assert (await scripted.engine.wait_closed()).reason == "sent a frame of more than 1000 bytes"
        assert heard == ["last/words"]
        with pytest.raises(ConnectionError, match="sent a frame of more than 1000 bytes"):
            await asked


async def test_an_endless_frame_fails_the_handshake():
    scripted = ScriptedPeer(ClientEndpoint(max_frame=1000), initialize=silent)
    task = asyncio.create_task(scripted.engine.open())
    await turns()
    for _ in range(11):
        scripted.engine.feed(b"x" * 100)
    with pytest.raises(NotReady, match="sent a frame of more than 1000 bytes"):
        await task


async def test_a_batch_is_split_into_messages():
    heard = []
    peer = ClientEndpoint(on_notification=lambda method, _params: heard.append(method))
    async with opened(peer, **{"tools/call": silent}) as scripted:
        asked = [asyncio.create_task(scripted.engine.request("tools/call")) for _ in range(2)]
        await turns()
        batch = [
            7,
            {"jsonrpc": "2.0", "id": 3, "result": {"n": 3}},
            {"jsonrpc": "2.0", "method": "x"},
            {"jsonrpc": "2.0", "id": 2, "result": {"n": 2}},
        ]
        scripted.write_raw(json.dumps(batch).encode())
        assert await asyncio.gather(*asked) == [{"n": 2}, {"n": 3}]
        assert heard == ["x"]
        assert scripted.engine.noise == 1


async def test_a_batch_above_the_limit_is_noise():
    heard = []
    async with opened(ClientEndpoint(on_notification=lambda method, _params: heard.append(method))) as scripted:
        scripted.write_raw(json.dumps([{"jsonrpc": "2.0", "method": "x"}] * (MAX_BATCH + 1)).encode())
        assert (heard, scripted.engine.noise) == ([], 1)


@pytest.mark.parametrize(
    "message",
    [
        {"method": 7},
        {"method": ["x"], "id": 1},
        {"method": "x", "id": None},
        {"method": "x", "id": True},
        {"method": "x", "id": [1]},
        {"method": "x", "id": 1.5},
        {"id": 99, "result": {}},
        {},
    ],
)
async def test_unexpected_messages_are_counted(message):
    async with opened() as scripted:
        scripted.say(**message)
        assert (scripted.engine.strays, scripted.engine.noise) == (1, 0)
        assert scripted.sent == []


@pytest.mark.parametrize("params", [None, [1, 2], "text", 7])
async def test_a_notification_with_invalid_parameters_is_delivered_without_parameters(params):
    heard = []
    async with opened(ClientEndpoint(on_notification=lambda *notification: heard.append(notification))) as scripted:
        scripted.say(method="x/y", params=params)
    assert heard == [("x/y", {})]


async def test_a_failing_listener_does_not_end_the_connection(caplog):
    def fail(*_notification):
        raise RuntimeError("boom")

    async with opened(ClientEndpoint(service="s", on_notification=fail)) as scripted:
        scripted.say(method="notifications/message", params={})
        assert await scripted.engine.request("ping") == {}
    assert "notification 'notifications/message' of service 's' could not be delivered" in caplog.text


async def test_nothing_is_delivered_after_the_end_even_from_the_same_chunk():
    heard = []
    scripted = ScriptedPeer(
        ClientEndpoint(on_notification=lambda method, _params: (heard.append(method), scripted.gone()))
    )
    scripted.engine.feed(b'{"jsonrpc":"2.0","method":"a"}\n{"jsonrpc":"2.0","method":"b"}\n')
    assert heard == ["a"]
    gc.collect()
