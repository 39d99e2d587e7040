"""Checks of a transport: requests, and every way they can end on an open connection."""

from __future__ import annotations

import asyncio

from mcpstore.errors import CallError, CallTimeout, ServiceError
from mcpstore.hooks import Connection
from mcpstore.testing._pytest import pytest
from mcpstore.testing.suites.base import PATIENCE, needs, ticking
from mcpstore.testing.suites.transport.base import TransportChecks, call, until

__all__ = ["RequestChecks"]

ODD_TEXTS = ("é漢😀", "line\nbreak", "\u2028 \u2029", '"quoted" \\ and \t', "\x00\x1b[31m", "")
MEBIBYTE = 1 << 20


async def _hold(connection: Connection) -> asyncio.Task[str]:
    """Start a call that is not answered, and wait until it has reached the server."""
    held = asyncio.create_task(call(connection, "hold", timeout=None))
    await asyncio.sleep(0)
    assert await call(connection, "echo", text="meanwhile") == "meanwhile"
    return held


async def _release(connection: Connection, *held: asyncio.Task[str]) -> list[str]:
    """Release held calls, and return their answers.

    The release is repeated: over HTTP, the first message sent may arrive last.
    """

    async def answered() -> bool:
        await call(connection, "release")
        return all(task.done() for task in held)

    await until(answered, "the answers to what was held")
    return await asyncio.gather(*held)


class RequestChecks(TransportChecks):
    """Checks of requests."""

    async def test_a_request_is_answered_with_the_raw_result(self) -> None:
        async with self.opened() as connection:
            params = {"name": "echo", "arguments": {"text": "hello"}}
            result = await connection.request("tools/call", params, timeout=PATIENCE)
            assert isinstance(result, dict)
            assert result["content"][0] == {**result["content"][0], "type": "text", "text": "hello"}

    async def test_a_request_needs_neither_parameters_nor_a_timeout(self) -> None:
        async with self.opened() as connection:
            assert (await connection.request("tools/list"))["tools"]
            assert (await connection.request("tools/list", {}))["tools"]

    async def test_many_requests_at_once_each_get_their_own_answer(self) -> None:
        async with self.opened() as connection:
            asked = [call(connection, "echo", text=f"number {n}") for n in range(50)]
            assert await asyncio.gather(*asked) == [f"number {n}" for n in range(50)]

    async def test_a_request_that_is_not_answered_holds_up_no_other(self) -> None:
        async with self.opened() as connection:
            held = await _hold(connection)
            assert not held.done()
            assert await _release(connection, held) == ["released"]

    async def test_answers_may_come_in_any_order(self) -> None:
        async with self.opened() as connection:
            held = [await _hold(connection) for _ in range(3)]
            assert await _release(connection, *held) == ["released"] * 3

    @pytest.mark.parametrize("text", ODD_TEXTS)
    async def test_every_character_arrives_as_it_was_sent(self, text: str) -> None:
        async with self.opened() as connection:
            assert await call(connection, "echo", text=text) == text

    async def test_a_big_answer_arrives_whole(self) -> None:
        async with self.opened() as connection:
            assert len(await call(connection, "big", size=2 * MEBIBYTE)) == 2 * MEBIBYTE

    async def test_a_big_question_arrives_whole(self) -> None:
        text = "é漢😀 " * (MEBIBYTE // 10)
        async with self.opened() as connection:
            assert await call(connection, "echo", text=text) == text

    async def test_the_event_loop_goes_on_while_much_is_carried(self) -> None:
        async with self.opened() as connection, ticking() as ticks:
            before = len(ticks)
            await asyncio.gather(*(call(connection, "big", size=MEBIBYTE) for _ in range(4)))
            await asyncio.sleep(0.02)
        assert len(ticks) > before + 3, "the event loop was blocked"

    @needs("frames")
    async def test_a_message_longer_than_a_frame_fails_its_request(self) -> None:
        async with self.opened(max_frame=64 * 1024) as connection:
            assert len(await call(connection, "big", size=1024)) == 1024
            with pytest.raises(CallError):
                await call(connection, "big", size=MEBIBYTE)

    # --- errors ------------------------------------------------------------------------------------------------

    async def test_an_unknown_method_is_answered_with_an_error_of_the_service(self) -> None:
        async with self.opened() as connection:
            with pytest.raises(ServiceError) as caught:
                await connection.request("tests/no-such-method", {}, timeout=PATIENCE)
            assert caught.value.code == -32601

    @needs("errors")
    async def test_an_error_carries_code_message_and_data(self) -> None:
        async with self.opened() as connection:
            with pytest.raises(ServiceError) as caught:
                await call(connection, "refuse", code=-32042, message="out of paper", data={"tray": 2})
            error = caught.value
            assert (error.code, error.message, error.data) == (-32042, "out of paper", {"tray": 2})

    async def test_an_error_is_no_reason_to_end_the_connection(self) -> None:
        async with self.opened() as connection:
            for _ in range(3):
                with pytest.raises(ServiceError):
                    await connection.request("tests/no-such-method", {}, timeout=PATIENCE)
            assert await call(connection, "echo", text="still here") == "still here"

    async def test_parameters_that_are_no_json_are_refused_at_once_and_the_connection_stays_usable(self) -> None:
        async with self.opened() as connection:
            with pytest.raises((TypeError, ValueError)):
                await connection.request(
                    "tools/call", {"name": "echo", "arguments": {"text": object()}}, timeout=PATIENCE
                )
            assert await call(connection, "echo", text="still here") == "still here"

    # --- giving up ---------------------------------------------------------------------------------------------

    async def test_a_request_without_an_answer_times_out(self) -> None:
        async with self.opened() as connection:
            with pytest.raises(CallTimeout):
                await call(connection, "hold", timeout=0.2)

    async def test_a_timeout_is_no_reason_to_end_the_connection(self) -> None:
        async with self.opened() as connection:
            for _ in range(3):
                with pytest.raises(CallTimeout):
                    await call(connection, "hold", timeout=0.05)
            assert await call(connection, "echo", text="still here") == "still here"

    @needs("cancellation")
    async def test_a_timeout_reaches_the_server(self) -> None:
        async with self.opened() as connection:
            with pytest.raises(CallTimeout):
                await call(connection, "hold", timeout=0.2)
            await _until_cancelled(connection, 1)

    @needs("cancellation")
    async def test_a_cancellation_reaches_the_server(self) -> None:
        async with self.opened() as connection:
            held = await _hold(connection)
            held.cancel()
            await asyncio.wait([held], timeout=PATIENCE)
            await _until_cancelled(connection, 1)

    async def test_a_cancelled_request_ends_at_once(self) -> None:
        async with self.opened() as connection:
            held = await _hold(connection)
            held.cancel()
            await asyncio.wait([held], timeout=PATIENCE)
            assert held.cancelled(), "a cancelled request must not swallow its cancellation"

    async def test_cancelling_one_request_leaves_the_others_alone(self) -> None:
        async with self.opened() as connection:
            goes, stays = await _hold(connection), await _hold(connection)
            goes.cancel()
            await asyncio.wait([goes], timeout=PATIENCE)
            assert await _release(connection, stays) == ["released"]


async def _until_cancelled(connection: Connection, count: int) -> None:
    async def cancelled() -> bool:
        return int(await call(connection, "cancelled")) >= count

    await until(cancelled, "the cancellation at the server")
