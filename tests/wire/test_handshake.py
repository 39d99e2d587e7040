"""Handshakes of both eras, and their failures."""

from __future__ import annotations

import asyncio
import json

import anyio
import pytest

from mcpstore.errors import ConnectTimeout, NotReady, ServiceError, UnsupportedProtocol
from mcpstore.wire import ClientEndpoint, Connection, Era, JsonLines
from wire.scripted import LEGACY, MODERN, ScriptedPeer, refusing, silent, time_flies, turns

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "us", "version": "1.2"},
    "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
}
US = ClientEndpoint(name="us", version="1.2", capabilities={"roots": {}}, service="s")
US_MODERN = ClientEndpoint(name="us", version="1.2", capabilities={"roots": {}}, service="s", era=Era.MODERN)


def methods(scripted: ScriptedPeer) -> list[str]:
    return [message["method"] for message in scripted.sent]


async def test_a_legacy_handshake_offers_the_newest_version_and_is_confirmed():
    scripted = ScriptedPeer(US)
    assert (scripted.engine.protocol_version, scripted.engine.era, scripted.engine.server.name) == ("", None, "")
    await scripted.engine.open()
    assert scripted.sent == [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {"roots": {}},
                "clientInfo": {"name": "us", "version": "1.2"},
            },
        },
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ]
    engine = scripted.engine
    assert isinstance(engine, Connection)
    assert (engine.protocol_version, engine.era) == ("2025-11-25", Era.LEGACY)
    assert (engine.server.name, engine.server.version) == ("scripted", "1.0")
    assert engine.server.capabilities == {"tools": {"listChanged": True}}
    assert engine.server.instructions == "be kind"
    scripted.gone()


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_every_legacy_version_is_accepted(version):
    scripted = ScriptedPeer(US, initialize={**LEGACY, "protocolVersion": version})
    await scripted.engine.open()
    assert scripted.engine.protocol_version == version


async def test_a_handshake_that_arrives_byte_by_byte_succeeds():
    scripted = ScriptedPeer(US, initialize=silent)
    async with asyncio.TaskGroup() as group:
        group.create_task(scripted.engine.open())
        await turns()
        for byte in json.dumps({"jsonrpc": "2.0", "id": 1, "result": LEGACY}).encode() + b"\r\n":
            scripted.engine.feed(bytes([byte]))
    assert scripted.engine.protocol_version == "2025-11-25"


@pytest.mark.parametrize("code", [-32022, -32601, -32602, -32600])
async def test_a_modern_server_is_found_on_the_same_pipe(code):
    refuse = refusing(code, data={"supported": ["2026-07-28"]} if code == -32022 else None)
    scripted = ScriptedPeer(US, initialize=refuse, **{"server/discover": MODERN, "tools/list": {"tools": []}})
    await scripted.engine.open()
    assert methods(scripted) == ["initialize", "server/discover"]
    assert scripted.sent[1]["params"] == {"_meta": META}
    engine = scripted.engine
    assert (engine.protocol_version, engine.era) == ("2026-07-28", Era.MODERN)
    assert (engine.server.name, engine.server.version, engine.server.instructions) == ("scripted", "2.0", "be kind")
    await engine.request("tools/list")
    await engine.request("tools/list", {"cursor": "x", "_meta": {"mine": 1}})
    await engine.notify("notifications/roots/list_changed")
    assert [m.get("params") for m in scripted.sent[2:]] == [
        {"_meta": META},
        {"cursor": "x", "_meta": {"mine": 1, **META}},
        {"_meta": META},
    ]


async def test_the_era_of_the_last_connection_is_tried_first():
    scripted = ScriptedPeer(US_MODERN, **{"server/discover": MODERN})
    await scripted.engine.open()
    assert methods(scripted) == ["server/discover"]
    assert scripted.engine.era is Era.MODERN


async def test_the_creator_of_the_engine_can_set_the_era_that_is_tried_first():
    scripted = ScriptedPeer(US, **{"server/discover": MODERN})
    scripted.engine = JsonLines(US, scripted, era_first=Era.MODERN)
    await scripted.engine.open()
    assert methods(scripted) == ["server/discover"]


@pytest.mark.parametrize(
    "discover",
    [
        refusing(-32601),
        refusing(-32603),
        refusing(-32022),
        refusing(-32022, data={"supported": ["2025-06-18"]}),
        refusing(-32022, data={"supported": ["2031-01-01"]}),
        refusing(-32022, data="nonsense"),
        {**MODERN, "supportedVersions": ["2025-11-25"]},
        {**MODERN, "supportedVersions": "2026-07-28?"},
        {},
    ],
)
async def test_a_server_that_is_not_modern_receives_the_legacy_handshake(discover):
    scripted = ScriptedPeer(US_MODERN, **{"server/discover": discover})
    await scripted.engine.open()
    assert methods(scripted) == ["server/discover", "initialize", "notifications/initialized"]
    assert scripted.engine.era is Era.LEGACY


async def test_silence_to_the_modern_handshake_leads_to_the_legacy_one_without_a_cancellation():
    scripted = ScriptedPeer(US_MODERN, **{"server/discover": silent})
    began = asyncio.get_running_loop().time()
    with time_flies():
        await scripted.engine.open()
        assert 5 <= asyncio.get_running_loop().time() - began < 6
    assert methods(scripted) == ["server/discover", "initialize", "notifications/initialized"]


async def test_a_modern_server_that_was_slow_at_first_is_asked_again():
    asked = 0

    def slow_then_quick(_params):
        nonlocal asked
        asked += 1
        return silent(_params) if asked == 1 else MODERN

    locked = refusing(-32022, data={"supported": ["2026-07-28"]})
    scripted = ScriptedPeer(US_MODERN, initialize=locked, **{"server/discover": slow_then_quick})
    with time_flies():
        await scripted.engine.open()
    assert methods(scripted) == ["server/discover", "initialize", "server/discover"]
    assert scripted.engine.era is Era.MODERN


async def test_a_server_that_names_a_known_version_is_asked_once_more_in_it():
    asked = []

    def picky(params):
        asked.append(params["_meta"]["io.modelcontextprotocol/protocolVersion"])
        if len(asked) == 1:
            raise ServiceError(-32022, "unsupported", {"supported": ["2026-07-28", "2031-01-01"]})
        return MODERN

    scripted = ScriptedPeer(US_MODERN, **{"server/discover": picky})
    await scripted.engine.open()
    assert asked == ["2026-07-28", "2026-07-28"]
    assert scripted.engine.era is Era.MODERN


async def test_a_server_that_names_a_version_and_refuses_it_is_asked_a_limited_number_of_times():
    stubborn = refusing(-32022, data={"supported": ["2026-07-28"]})
    scripted = ScriptedPeer(US, initialize=stubborn, **{"server/discover": stubborn})
    with pytest.raises(UnsupportedProtocol):
        await scripted.engine.open()
    assert methods(scripted) == ["initialize", "server/discover", "server/discover"]


async def test_a_legacy_server_that_names_an_older_version_is_offered_it():
    def picky(params):
        if params["protocolVersion"] != "2024-11-05":
            raise ServiceError(-32602, "Unsupported protocol version", {"supported": ["2024-11-05"]})
        return {**LEGACY, "protocolVersion": "2024-11-05"}

    scripted = ScriptedPeer(US, initialize=picky)
    await scripted.engine.open()
    assert methods(scripted) == ["initialize", "initialize", "notifications/initialized"]
    assert scripted.engine.protocol_version == "2024-11-05"


@pytest.mark.parametrize(
    ("initialize", "text"),
    [
        (refusing(-32022, data={"supported": ["2031-01-01"]}), "it: 2031-01-01; we: 2024-11-05"),
        (refusing(-32602, data={"supported": []}), "it: none"),
        (refusing(-32601, "unknown method"), "knows no MCP handshake: unknown method"),
        ({**LEGACY, "protocolVersion": "1999-01-01"}, "answers in protocol version '1999-01-01'; known versions: 2024"),
        ({**LEGACY, "protocolVersion": 7}, "answers in protocol version None"),
        ({}, "answers in protocol version None"),
    ],
)
async def test_a_server_without_a_common_version_is_refused_permanently(initialize, text):
    scripted = ScriptedPeer(US, initialize=initialize)
    with pytest.raises(UnsupportedProtocol) as caught:
        await scripted.engine.open()
    assert "service 's'" in str(caught.value)
    assert text in str(caught.value)


@pytest.mark.parametrize("code", [-32603, -32602, 17])
async def test_a_refusal_for_another_reason_can_be_retried(code):
    scripted = ScriptedPeer(US, initialize=refusing(code, "the database is down"))
    with pytest.raises(NotReady, match="service 's' refused the handshake: the database is down"):
        await scripted.engine.open()


async def test_a_server_with_an_invalid_description_is_accepted():
    odd = {"protocolVersion": "2025-11-25", "capabilities": [], "serverInfo": "me", "instructions": 7}
    scripted = ScriptedPeer(US, initialize=odd)
    await scripted.engine.open()
    server = scripted.engine.server
    assert (server.name, server.version, dict(server.capabilities), server.instructions) == ("", "", {}, "")


async def test_silence_ends_in_a_timeout_that_names_the_awaited_answer():
    scripted = ScriptedPeer(US, initialize=silent)
    with time_flies(), pytest.raises(ConnectTimeout) as caught:
        await scripted.engine.open()
    assert str(caught.value) == "service 's' gave no answer to 'initialize' within 30 s"
    assert methods(scripted) == ["initialize"]
    assert scripted.engine.under_way == 0


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 line that is no MCP message"), (3, "3 lines that are no MCP messages")]
)
async def test_a_timeout_reports_the_stray_output(count, text):
    scripted = ScriptedPeer(US, initialize=silent)
    for _ in range(count):
        scripted.write_raw(b"Listening on http://localhost:3000")
    with time_flies(), pytest.raises(ConnectTimeout) as caught:
        await scripted.engine.open()
    assert str(caught.value).endswith(f"within 30 s; it wrote {text}: Listening on http://localhost:3000")


async def test_a_peer_that_does_not_read_ends_in_a_timeout_too():
    scripted = ScriptedPeer(US)
    scripted.is_paused = True
    with time_flies(), pytest.raises(ConnectTimeout):
        await scripted.engine.open()
    assert scripted.sent == []


async def test_an_end_during_the_handshake_is_reported_at_once():
    scripted = ScriptedPeer(US, initialize=silent)
    task = asyncio.create_task(scripted.engine.open())
    await turns()
    scripted.gone("exited with code 3", code=3, stderr=("starting", "no API key"))
    await asyncio.sleep(0)  # one wake-up, no polling
    assert task.done()
    with pytest.raises(NotReady) as caught:
        await task
    assert str(caught.value) == "service 's' is gone: exited with code 3: no API key"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("peer", [US, US_MODERN])
async def test_a_server_that_answers_and_exits_is_not_open(peer):
    discovered = {**MODERN, "capabilities": {"tools": {"listChanged": True}}}
    scripted = ScriptedPeer(peer, initialize=silent, **{"server/discover": silent})
    task = asyncio.create_task(scripted.engine.open())
    await turns()
    scripted.say(id=1, result=LEGACY if peer is US else discovered)
    scripted.gone("exited with code 0", code=0)
    with pytest.raises(NotReady, match="exited with code 0"):
        await task
    assert len(scripted.sent) == 1


async def test_an_end_before_the_handshake_is_reported():
    scripted = ScriptedPeer(US)
    scripted.gone("killed by SIGKILL", signal="SIGKILL")
    with pytest.raises(NotReady, match="killed by SIGKILL"):
        await scripted.engine.open()


async def test_a_handshake_can_be_cancelled():
    scripted = ScriptedPeer(US, initialize=silent)
    with anyio.move_on_after(0.01):
        await scripted.engine.open()
    assert methods(scripted) == ["initialize"]
    assert scripted.engine.under_way == 0


@pytest.mark.parametrize("peer", [US, US_MODERN])
async def test_a_program_that_echoes_its_input_is_reported_as_such(peer):
    scripted = ScriptedPeer(peer, **{"initialize": silent, "server/discover": silent})
    task = asyncio.create_task(scripted.engine.open())
    await turns()
    scripted.write_raw(json.dumps(scripted.sent[0]).encode())
    with pytest.raises(UnsupportedProtocol) as caught:
        await task
    assert str(caught.value) == "service 's' repeats its input; it is no MCP server"
    assert len(scripted.sent) == 1  # a process does not answer its own echo
