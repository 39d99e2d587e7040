"""Requests of the server to the client."""

from __future__ import annotations

import asyncio
import json

import pytest

from mcpstore.errors import ServiceError
from mcpstore.hooks import ClientEndpoint
from mcpstore.wire.server_requests import MAX_SERVED
from wire.scripted import opened, turns

ASK = "sampling/createMessage"


def answering(result):
    async def on_request(method, params):
        await asyncio.sleep(0)
        return result(method, params) if callable(result) else result

    return ClientEndpoint(service="s", on_request=on_request)


@pytest.mark.parametrize("number", [0, 1, "abc", "1"])
async def test_ping_is_answered_at_once(number):
    async with opened() as scripted:
        scripted.say(method="ping", id=number)
        assert scripted.sent == [{"jsonrpc": "2.0", "id": number, "result": {}}]


async def test_a_request_is_answered_by_its_handler():
    async with opened(answering(lambda method, params: {"asked": [method, params]})) as scripted:
        scripted.say(method=ASK, id="q1", params={"maxTokens": 5})
        scripted.say(method="roots/list", id=2)
        await turns()
        assert scripted.reply_to("q1")["result"] == {"asked": [ASK, {"maxTokens": 5}]}
        assert scripted.reply_to(2)["result"] == {"asked": ["roots/list", {}]}


async def test_without_a_handler_every_request_is_declined():
    async with opened() as scripted:
        scripted.say(method=ASK, id=1, params={})
        assert scripted.reply_to(1)["error"] == {
            "code": -32601,
            "message": "this client has no answer to sampling/createMessage",
        }


@pytest.mark.parametrize("params", [[1], "text", 7])
async def test_parameters_that_are_not_an_object_are_refused(params):
    async with opened(answering({})) as scripted:
        scripted.say(method=ASK, id=1, params=params)
        assert scripted.reply_to(1)["error"]["code"] == -32602


async def test_a_refusal_is_sent_to_the_server_with_its_data():
    def refuse(_method, _params):
        raise ServiceError(-1, "user rejected", {"why": "no"})

    async with opened(answering(refuse)) as scripted:
        scripted.say(method=ASK, id=1)
        await turns()
        assert scripted.reply_to(1)["error"] == {"code": -1, "message": "user rejected", "data": {"why": "no"}}


async def test_an_internal_error_is_sent_without_its_details(caplog):
    def fail(_method, _params):
        raise RuntimeError("secret")

    async with opened(answering(fail)) as scripted:
        scripted.say(method=ASK, id=1)
        await turns()
        assert scripted.reply_to(1)["error"] == {"code": -32603, "message": f"{ASK} failed in this client"}
    assert "request 'sampling/createMessage' of service 's' could not be answered" in caplog.text


@pytest.mark.parametrize("result", [None, 7, {"x": object()}, {"x": float("nan")}])
async def test_an_answer_that_is_not_a_json_object_becomes_an_error(result):
    async with opened(answering(result)) as scripted:
        scripted.say(method=ASK, id=1)
        await turns()
        assert scripted.reply_to(1)["error"]["code"] == -32603


async def test_error_data_that_is_not_json_is_left_out():
    def refuse(_method, _params):
        raise ServiceError(-1, "no", object())

    async with opened(answering(refuse)) as scripted:
        scripted.say(method=ASK, id=1)
        await turns()
        assert scripted.reply_to(1)["error"] == {"code": -1, "message": "no"}


async def test_a_flood_of_requests_is_answered_with_errors_beyond_a_limit():
    release = asyncio.Event()

    async def slow(_method, _params):
        await release.wait()
        return {"done": True}

    async with opened(ClientEndpoint(on_request=slow)) as scripted:
        for number in range(MAX_SERVED + 3):
            scripted.say(method=ASK, id=number)
        await turns()
        refused = [scripted.reply_to(number)["error"]["code"] for number in range(MAX_SERVED, MAX_SERVED + 3)]
        assert refused == [-32000] * 3
        assert len(scripted.sent) == 3
        release.set()
        await turns()
        assert len(scripted.sent) == MAX_SERVED + 3
        scripted.say(method=ASK, id=1)
        await turns()
        assert len(scripted.sent) == MAX_SERVED + 4


async def test_an_id_in_use_is_refused():
    async def for_ever(_method, _params):
        await asyncio.Event().wait()

    async with opened(ClientEndpoint(on_request=for_ever)) as scripted:
        scripted.say(method=ASK, id=1)
        scripted.say(method=ASK, id=1)
        assert scripted.reply_to(1)["error"]["code"] == -32600


async def test_a_request_that_the_server_cancels_gets_no_answer():
    given_up = []

    async def for_ever(_method, params):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            given_up.append(params["n"])
            raise

    async with opened(ClientEndpoint(on_request=for_ever)) as scripted:
        for number in (1, 2):
            scripted.say(method=ASK, id=number, params={"n": number})
        await turns()
        scripted.say(method="notifications/cancelled", params={"requestId": 1})
        await turns()
        assert given_up == [1]
        assert scripted.sent == []
    assert given_up == [1, 2]  # the end of the connection cancels, too


async def test_a_request_cancelled_before_its_handler_starts_has_no_effect():
    async with opened(answering({})) as scripted:
        scripted.say(method=ASK, id=1)
        scripted.say(method="notifications/cancelled", params={"requestId": 1})
        await turns()
        assert scripted.sent == []
        scripted.say(method=ASK, id=1)
        await turns()
        assert scripted.reply_to(1)["result"] == {}


@pytest.mark.parametrize("number", [None, True, [1], 99, "x"])
async def test_cancelling_an_unknown_request_does_nothing(number):
    heard = []
    async with opened(ClientEndpoint(on_notification=lambda *notification: heard.append(notification))) as scripted:
        scripted.say(method="notifications/cancelled", params={"requestId": number})
        assert await scripted.engine.request("ping") == {}
    assert heard == []


# --- a peer that does not read -------------------------------------------------------------------------------


async def test_requests_wait_while_the_peer_does_not_read():
    async with opened() as scripted:
        scripted.is_paused = True
        asked = asyncio.create_task(scripted.engine.request("ping"))
        notifying = asyncio.create_task(scripted.engine.notify("notifications/x"))
        await turns()
        assert scripted.sent == []
        scripted.resume()
        assert await asked == {}
        await notifying
        assert {message["method"] for message in scripted.sent} == {"ping", "notifications/x"}


async def test_a_request_cancelled_while_it_waits_is_neither_sent_nor_cancelled_at_the_server():
    async with opened() as scripted:
        scripted.is_paused = True
        with pytest.raises(TimeoutError):
            await scripted.engine.request("tools/call", timeout=0.001)
        asked = asyncio.create_task(scripted.engine.request("tools/call"))
        await turns()
        asked.cancel()
        await turns()
        scripted.resume()
        await turns()
        assert scripted.sent == []
        assert scripted.engine.under_way == 0


async def test_the_end_releases_writers_that_wait_for_the_peer_to_read():
    async with opened(answering({})) as scripted:
        scripted.is_paused = True
        asked = asyncio.create_task(scripted.engine.request("ping"))
        notifying = asyncio.create_task(scripted.engine.notify("notifications/x"))
        scripted.say(method=ASK, id=1)
        await turns()
        scripted.gone()
        with pytest.raises(ConnectionError):
            await asked
        await notifying
        assert scripted.sent == []


async def test_the_answer_of_a_handler_waits_until_the_peer_reads():
    async with opened(answering({"long": "x" * 500_000})) as scripted:
        scripted.is_paused = True
        scripted.say(method=ASK, id=1)
        await turns()
        assert scripted.sent == []
        scripted.resume()
        await turns()
        assert len(scripted.reply_to(1)["result"]["long"]) == 500_000


async def test_a_peer_that_only_writes_uses_limited_memory():
    async with opened() as scripted:
        scripted.is_paused = True
        for number in range(20_000):
            scripted.say(method="ping", id=number)
        kept = len(scripted.sent)
        assert sum(len(json.dumps(message)) for message in scripted.sent) < 300_000
        assert scripted.engine.dropped == 20_000 - kept > 0
        scripted.resume()
        scripted.say(method="ping", id="again")
        assert scripted.reply_to("again")["result"] == {}


async def test_a_sink_that_fails_ends_the_connection():
    async with opened() as scripted:
        scripted.broken = BrokenPipeError("the pipe is broken")
        with pytest.raises(ConnectionError, match="cannot be written to: the pipe is broken"):
            await scripted.engine.request("ping")
        assert (await scripted.engine.wait_closed()).reason == "cannot be written to: the pipe is broken"


async def test_a_sink_that_fails_while_it_is_waited_for_ends_the_connection():
    async with opened() as scripted:
        scripted.is_paused, scripted.broken = True, ConnectionResetError()
        with pytest.raises(ConnectionError, match="cannot be written to: ConnectionResetError"):
            await scripted.engine.request("ping")
