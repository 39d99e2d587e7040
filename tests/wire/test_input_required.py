"""Requests of the modern era whose answers require input."""

from __future__ import annotations

import asyncio

import pytest

from mcpstore.errors import CallTimeout, ServiceError
from mcpstore.hooks import ClientEndpoint
from mcpstore.wire.input_required import MAX_ROUNDS
from mcpstore.wire.server_requests import MAX_SERVED
from wire.scripted import MODERN, opened, refusing, silent, time_flies, turns

CALL = "tools/call"


def modern(on_request=None, **answers):
    peer = ClientEndpoint(on_request=on_request)
    return opened(peer, initialize=refusing(-32601), **{"server/discover": MODERN, **answers})


def asking(state=None, **questions):
    result = {"resultType": "input_required"}
    if questions:
        result["inputRequests"] = questions
    if state is not None:
        result["requestState"] = state
    return result


def elicit(message):
    return {"method": "elicitation/create", "params": {"message": message}}


async def echo(method, params):
    await asyncio.sleep(0)
    return {"action": "accept", "content": {"asked": [method, params]}}


def without_meta(message):
    return {key: value for key, value in message["params"].items() if key != "_meta"}


async def test_input_requests_are_answered_and_the_state_is_returned():
    questions = {"name": elicit("who?"), "roots": {"method": "roots/list"}}
    legs = iter([asking("s1", **questions), asking("s2", more=elicit("and?")), {"ok": 1}])
    async with modern(echo, **{CALL: lambda _params: next(legs)}) as scripted:
        assert await scripted.engine.request(CALL, {"name": "x", "arguments": {"a": 1}}) == {"ok": 1}
        first, second, third = scripted.named(CALL)
        assert len({first["id"], second["id"], third["id"]}) == 3
        assert without_meta(first) == {"name": "x", "arguments": {"a": 1}}
        assert without_meta(second) == {
            "name": "x",
            "arguments": {"a": 1},
            "inputResponses": {
                "name": {"action": "accept", "content": {"asked": ["elicitation/create", {"message": "who?"}]}},
                "roots": {"action": "accept", "content": {"asked": ["roots/list", {}]}},
            },
            "requestState": "s1",
        }
        assert third["params"]["requestState"] == "s2"
        assert set(third["params"]["inputResponses"]) == {"more"}
        assert all("io.modelcontextprotocol/protocolVersion" in m["params"]["_meta"] for m in (first, second, third))


async def test_a_missing_state_is_not_returned():
    legs = iter([asking("s1", a=elicit("?")), asking(None, b=elicit("?")), {}])
    async with modern(echo, **{CALL: lambda _params: next(legs)}) as scripted:
        await scripted.engine.request(CALL)
        assert "requestState" not in scripted.named(CALL)[2]["params"]


async def test_a_server_that_asks_only_for_time_is_asked_again_later():
    legs = iter([asking("1"), asking("2"), asking("3"), asking("4"), {"ok": 1}])
    async with modern(**{CALL: lambda _params: next(legs)}) as scripted:
        with time_flies():
            began = asyncio.get_running_loop().time()
            assert await scripted.engine.request(CALL) == {"ok": 1}
            assert 0.6 < asyncio.get_running_loop().time() - began < 0.7  # 0.05 + 0.1 + 0.2 + 0.25
        assert [m["params"].get("requestState") for m in scripted.named(CALL)] == [None, "1", "2", "3", "4"]


async def test_the_number_of_input_rounds_is_limited():
    async with modern(echo, **{CALL: lambda _params: asking(a=elicit("?"))}) as scripted:
        with pytest.raises(ServiceError, match=f"asked for more input {MAX_ROUNDS} times"):
            await scripted.engine.request(CALL)
        assert len(scripted.named(CALL)) == MAX_ROUNDS + 1


async def test_input_requests_without_a_handler_fail_the_request():
    async with modern(None, **{CALL: asking(a=elicit("?"))}) as scripted:
        with pytest.raises(ServiceError, match="this client has no answer to elicitation/create"):
            await scripted.engine.request(CALL)


async def test_a_declined_input_request_cancels_the_others():
    called_off = []

    async def on_request(_method, params):
        if params["message"] == "no":
            raise ServiceError(-1, "declined")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            called_off.append(params["message"])
            raise

    async with modern(on_request, **{CALL: asking(a=elicit("slow"), b=elicit("no"))}) as scripted:
        with pytest.raises(ServiceError, match="declined"):
            await scripted.engine.request(CALL)
    assert called_off == ["slow"]


async def test_a_call_can_be_cancelled_while_an_input_request_waits():
    async def for_ever(_method, _params):
        await asyncio.Event().wait()

    async with modern(for_ever, **{CALL: asking(a=elicit("?"))}) as scripted:
        asked = asyncio.create_task(scripted.engine.request(CALL))
        await turns(10)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert scripted.named("notifications/cancelled") == []


@pytest.mark.parametrize("question", ["text", {}, {"method": 7}, None])
async def test_an_invalid_input_request_fails_the_request(question):
    async with modern(echo, **{CALL: asking(a=question)}) as scripted:
        with pytest.raises(ServiceError, match="without a method"):
            await scripted.engine.request(CALL)


async def test_too_many_input_requests_at_once_fail_the_request():
    many = {f"q{n}": elicit("?") for n in range(MAX_SERVED + 1)}
    async with modern(echo, **{CALL: asking(**many)}) as scripted:
        with pytest.raises(ServiceError, match=f"asked {MAX_SERVED + 1} questions at once"):
            await scripted.engine.request(CALL)


async def test_the_time_for_user_input_does_not_count_for_the_timeout():
    legs = iter([asking(a=elicit("?")), {"ok": 1}])

    async def slow(_method, _params):
        await asyncio.sleep(600)
        return {"action": "accept"}

    async with modern(slow, **{CALL: lambda _params: next(legs)}) as scripted:
        with time_flies():
            assert await scripted.engine.request(CALL, timeout=10) == {"ok": 1}


async def test_each_round_has_the_timeout_of_the_request_and_reports_its_progress():
    heard, legs = [], iter([lambda: asking(a=elicit("?")), lambda: silent(None)])
    async with modern(echo, **{CALL: lambda _params: next(legs)()}) as scripted:
        with time_flies():
            asking_again = scripted.engine.request(CALL, timeout=10, on_progress=lambda *report: heard.append(report))
            asked = asyncio.create_task(asking_again)
            await turns(20)
            token = scripted.named(CALL)[1]["params"]["_meta"]["progressToken"]
            scripted.say(method="notifications/progress", params={"progressToken": token, "progress": 1})
            with pytest.raises(CallTimeout):
                await asked
    assert heard == [(1, None, None)]
