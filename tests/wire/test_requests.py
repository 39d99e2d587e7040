"""Requests: concurrency, timeouts, and every way they can end."""

from __future__ import annotations

import asyncio
import gc
import logging
import math

import anyio
import pytest

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceBusy, ServiceError
from mcpstore.hooks import ClientEndpoint
from mcpstore.wire.engine import MAX_PENDING
from wire.scripted import MODERN, opened, refusing, silent, time_flies, turns

CALL = "tools/call"


async def test_answers_are_matched_to_requests_in_any_order():
    async with opened(**{CALL: silent}) as scripted:
        asked = [asyncio.create_task(scripted.engine.request(CALL, {"n": n})) for n in range(50)]
        await turns()
        assert scripted.engine.under_way == 50
        for message in reversed(scripted.named(CALL)):
            scripted.say(id=message["id"], result={"n": message["params"]["n"]})
        assert await asyncio.gather(*asked) == [{"n": n} for n in range(50)]
        assert scripted.engine.under_way == 0


async def test_a_request_without_parameters_is_sent_without_them():
    async with opened() as scripted:
        assert await scripted.engine.request("ping") == {}
        assert scripted.sent == [{"jsonrpc": "2.0", "id": 2, "method": "ping"}]


async def test_a_result_is_returned_unchanged():
    result = {"content": [], "unknown": {"x": [1, 2.5, None]}, "_meta": {"a": "\ud800"}, "resultType": "input_required"}
    async with opened(**{CALL: result}) as scripted:
        assert await scripted.engine.request(CALL, {}) == result


async def test_an_error_has_the_message_of_the_service():
    async with opened(**{CALL: refusing(-32001, "out of paper", {"tray": 2})}) as scripted:
        with pytest.raises(ServiceError) as caught:
            await scripted.engine.request(CALL)
        assert (caught.value.code, caught.value.message, caught.value.data) == (-32001, "out of paper", {"tray": 2})


@pytest.mark.parametrize("echo", [str, float])
async def test_an_id_echoed_in_another_type_is_recognised(echo):
    async with opened(**{CALL: silent}) as scripted:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(scripted.engine.request(CALL))
            await turns()
            scripted.say(id=echo(2), result={"ok": True})
        assert asked.result() == {"ok": True}


@pytest.mark.parametrize("odd", [None, True, [2], {"a": 2}, 2.5, "two", 99, -1])
async def test_unmatched_answers_are_counted_and_dropped(odd):
    async with opened(**{CALL: silent}) as scripted:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(scripted.engine.request(CALL))
            await turns()
            scripted.say(id=odd, result={"wrong": True})
            scripted.say(result={"wrong": True})
            assert not asked.done()
            scripted.say(id=2, result={})
        assert scripted.engine.strays == 2


async def test_a_second_answer_is_counted_and_dropped():
    async with opened(**{CALL: {"first": True}}) as scripted:
        assert await scripted.engine.request(CALL) == {"first": True}
        scripted.say(id=2, result={"second": True})
        assert scripted.engine.strays == 1
        assert await scripted.engine.request("ping") == {}


async def test_an_unreadable_answer_fails_its_request_at_once():
    async with opened(**{CALL: silent}) as scripted:
        asked = asyncio.create_task(scripted.engine.request(CALL))
        await turns()
        scripted.write_raw(b'{"jsonrpc":"2.0","id":2,"result":{"deep":' + b"[" * 100_000)
        with pytest.raises(ServiceError, match="cannot be read as JSON"):
            await asked
        assert scripted.engine.noise == 1


@pytest.mark.parametrize("body", [{}, {"result": [1]}, {"error": {"message": "x"}}, {"error": 7, "result": {}}])
async def test_a_malformed_answer_fails_its_request_at_once(body):
    async with opened(**{CALL: silent}) as scripted:
        asked = asyncio.create_task(scripted.engine.request(CALL))
        await turns()
        scripted.say(id=2, **body)
        with pytest.raises(ServiceError):
            await asked


# --- timeouts ------------------------------------------------------------------------------------------------


async def test_a_request_without_an_answer_times_out_and_is_cancelled_at_the_server():
    async with opened(**{CALL: silent}) as scripted:
        with time_flies(), pytest.raises(CallTimeout) as caught:
            await scripted.engine.request(CALL, {"name": "slow"}, timeout=120)
        assert str(caught.value) == (
            "service 'service' gave no answer to 'tools/call' and reported no progress within 120 s; "
            "the request was cancelled"
        )
        (cancelled,) = scripted.named("notifications/cancelled")
        assert cancelled["params"]["requestId"] == scripted.sent[0]["id"]
        assert scripted.engine.under_way == 0
        scripted.say(id=scripted.sent[0]["id"], result={})
        assert await scripted.engine.request("ping") == {}


async def test_progress_keeps_a_long_call_alive():
    async with opened(**{CALL: silent}) as scripted:
        with time_flies():
            loop = asyncio.get_running_loop()
            began = loop.time()
            asked = asyncio.create_task(scripted.engine.request(CALL, {"name": "slow"}, timeout=10))
            await turns()
            token = scripted.sent[0]["params"]["_meta"]["progressToken"]
            for step in range(20):
                await asyncio.sleep(9)
                scripted.say(method="notifications/progress", params={"progressToken": token, "progress": step})
            scripted.say(id=scripted.sent[0]["id"], result={"late": "but alive"})
            assert await asked == {"late": "but alive"}
            assert loop.time() - began > 170


async def test_silence_after_progress_times_out():
    async with opened(**{CALL: silent}) as scripted:
        with time_flies():
            asked = asyncio.create_task(scripted.engine.request(CALL, timeout=10))
            await turns()
            await asyncio.sleep(9)
            scripted.say(method="notifications/progress", params={"progressToken": 2, "progress": 1})
            await asyncio.sleep(9)
            assert not asked.done()
            with pytest.raises(CallTimeout):
                await asked


async def test_each_request_has_its_own_timeout():
    async with opened(**{CALL: silent}) as scripted:
        with time_flies():
            loop = asyncio.get_running_loop()
            began, ended = loop.time(), {}

            async def ask(patience: float | None) -> None:
                try:
                    await scripted.engine.request(CALL, timeout=patience)
                except CallTimeout:
                    ended[patience] = round(loop.time() - began)
                except ConnectionLost:
                    ended[patience] = None

            async with asyncio.TaskGroup() as group:
                for patience in (30, 10, 20, None, math.inf, 11):
                    group.create_task(ask(patience))
                await asyncio.sleep(100)
                scripted.gone()
        assert ended == {30: 30, 10: 10, 20: 20, None: None, math.inf: None, 11: 11}


async def test_a_timeout_of_zero_ends_at_once():
    async with opened(**{CALL: silent}) as scripted:
        with anyio.fail_after(20), pytest.raises(CallTimeout):
            await scripted.engine.request(CALL, timeout=0)


async def test_a_timeout_requests_progress_only_for_long_requests():
    async with opened(**{CALL: {}, "tools/list": {}}) as scripted:
        await scripted.engine.request("tools/list", {"cursor": "x"}, timeout=10)
        await scripted.engine.request(CALL, {"name": "x"})
        await scripted.engine.request(CALL, {"name": "x", "_meta": {"mine": 1, "progressToken": "theirs"}}, timeout=10)
        await scripted.engine.request("tools/list", on_progress=lambda *_: None)
        assert [message.get("params") for message in scripted.sent] == [
            {"cursor": "x"},
            {"name": "x"},
            {"name": "x", "_meta": {"mine": 1, "progressToken": 4}},
            {"_meta": {"progressToken": 5}},
        ]


async def test_progress_is_reported_to_the_caller():
    heard = []
    async with opened(**{CALL: silent}) as scripted, asyncio.TaskGroup() as group:
        group.create_task(scripted.engine.request(CALL, on_progress=lambda *report: heard.append(report)))
        await turns()
        for params in (
            {"progressToken": 2, "progress": 1, "total": 10, "message": "one"},
            {"progressToken": "2", "progress": 2.5, "total": "ten", "message": 7},
            {"progressToken": 2, "progress": True},
            {"progressToken": 2, "progress": "three"},
            {"progressToken": 2},
        ):
            scripted.say(method="notifications/progress", params=params)
        scripted.say(id=2, result={})
    assert heard == [(1, 10, "one"), (2.5, None, None)]


async def test_a_failing_progress_callback_does_not_fail_the_request(caplog):
    def fail(*_report):
        raise RuntimeError("boom")

    async with opened(**{CALL: silent}) as scripted:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(scripted.engine.request(CALL, on_progress=fail))
            await turns()
            scripted.say(method="notifications/progress", params={"progressToken": 2, "progress": 1})
            scripted.say(id=2, result={"ok": True})
        assert asked.result() == {"ok": True}
    assert "a progress callback for 'tools/call' of service 'service' failed" in caplog.text


@pytest.mark.parametrize("token", [None, 99, "mine", [2]])
async def test_progress_of_an_unknown_request_is_an_ordinary_notification(token):
    heard = []
    peer = ClientEndpoint(on_notification=lambda method, params: heard.append((method, params)))
    async with opened(peer) as scripted:
        scripted.say(method="notifications/progress", params={"progressToken": token, "progress": 1})
    assert heard == [("notifications/progress", {"progressToken": token, "progress": 1})]


# --- cancellation --------------------------------------------------------------------------------------------


async def test_a_cancelled_call_is_cancelled_at_the_server():
    async with opened(**{CALL: silent}) as scripted:
        asked = asyncio.create_task(scripted.engine.request(CALL))
        await turns()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        (cancelled,) = scripted.named("notifications/cancelled")
        assert cancelled["params"]["requestId"] == 2
        assert scripted.engine.under_way == 0
        scripted.say(id=2, result={"late": True})
        scripted.say(id=2, error={"code": 1, "message": "cancelled"})
        assert scripted.engine.strays == 2


async def test_a_call_cancelled_after_its_answer_is_not_cancelled_at_the_server():
    async with opened(**{CALL: silent}) as scripted:
        asked = asyncio.create_task(scripted.engine.request(CALL))
        await turns()
        scripted.say(id=2, result={})
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert scripted.named("notifications/cancelled") == []


async def test_an_answer_that_races_a_cancellation_is_dropped(caplog):
    async with opened(**{CALL: silent}) as scripted:
        asked = asyncio.create_task(scripted.engine.request(CALL, timeout=0.01))
        await turns()
        asked.cancel()  # its future is cancelled now, the task only in the next loop iteration
        scripted.say(id=2, error={"code": 1, "message": "too late"})
        with pytest.raises(asyncio.CancelledError):
            await asked
        gc.collect()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_modern_health_check_is_not_cancelled():
    peer_answers = {"initialize": refusing(-32601), "server/discover": MODERN}
    async with opened(**peer_answers) as scripted:
        scripted.answers["server/discover"] = silent
        with time_flies(), pytest.raises(CallTimeout):
            await scripted.engine.request("server/discover", timeout=10)
        assert [message["method"] for message in scripted.sent] == ["server/discover"]


async def test_unencodable_values_are_refused_before_anything_is_sent():
    async with opened() as scripted:
        with pytest.raises(TypeError):
            await scripted.engine.request(CALL, {"arguments": {"when": object()}})
        with pytest.raises(ValueError, match="JSON compliant"):
            await scripted.engine.request(CALL, {"arguments": {"x": math.nan}})
        with pytest.raises(TypeError):
            await scripted.engine.notify("notifications/x", {"y": {1}})
        assert scripted.sent == []
        assert scripted.engine.under_way == 0


async def test_the_number_of_pending_requests_is_limited():
    async with opened(**{CALL: silent}) as scripted:
        asked = [asyncio.create_task(scripted.engine.request(CALL)) for _ in range(MAX_PENDING)]
        await turns()
        with pytest.raises(ServiceBusy, match=f"has {MAX_PENDING} requests under way; wait"):
            await scripted.engine.request("ping")
        scripted.say(id=2, result={})
        assert await asked[0] == {}
        assert await scripted.engine.request("ping") == {}
        scripted.gone()
        await asyncio.gather(*asked, return_exceptions=True)


# --- the end -------------------------------------------------------------------------------------------------


async def test_every_request_fails_when_the_peer_has_exited():
    async with opened(**{CALL: silent}) as scripted:
        asked = [asyncio.create_task(scripted.engine.request(CALL, timeout=n)) for n in (None, 10, 20)]
        await turns()
        scripted.gone("exited with code 1", code=1, stderr=("starting", "out of memory"))
        for task in asked:
            with pytest.raises(ConnectionLost) as caught:
                await task
            assert str(caught.value) == (
                "service 'service' is gone: exited with code 1: out of memory; "
                "whether 'tools/call' took effect is unknown"
            )
        assert scripted.named("notifications/cancelled") == []
        assert scripted.engine.under_way == 0


async def test_after_the_end_requests_fail_and_notifications_do_nothing():
    async with opened() as scripted:
        scripted.gone("exited with code 0", code=0)
        with pytest.raises(ConnectionLost, match="is gone: exited with code 0"):
            await scripted.engine.request("ping")
        await scripted.engine.notify("notifications/x")
        scripted.say(method="ping", id=1)
        assert scripted.sent == []


async def test_wait_closed_returns_the_reason_of_the_end():
    async with opened() as scripted:
        waiting = [asyncio.create_task(scripted.engine.wait_closed()) for _ in range(3)]
        await turns()
        waiting[0].cancel()
        await turns()
        scripted.gone("exited with code 7", code=7)
        scripted.gone("another reason")
        exits = await asyncio.gather(*waiting[1:], scripted.engine.wait_closed())
        assert {(e.reason, e.code) for e in exits} == {("exited with code 7", 7)}


async def test_an_abandoned_request_causes_no_warning(caplog):
    async with opened(**{CALL: silent}) as scripted:
        asked = asyncio.create_task(scripted.engine.request(CALL))
        await turns()
        asked.cancel()
        scripted.gone()
        with pytest.raises(asyncio.CancelledError):
            await asked
        gc.collect()
    assert not caplog.records
