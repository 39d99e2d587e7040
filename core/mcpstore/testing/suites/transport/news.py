"""Checks of a transport: notifications and requests of the server, in both directions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from mcpstore.errors import ServiceError
from mcpstore.testing.suites.base import PATIENCE, needs
from mcpstore.testing.suites.transport.base import Heard, TransportChecks, call, until

__all__ = ["NewsChecks"]

CHANGED = "notifications/tools/list_changed"
ELICITATION: dict[str, Any] = {"elicitation": {}}


class NewsChecks(TransportChecks):
    """Checks of notifications, progress and the server's own requests."""

    async def test_a_notification_of_the_server_arrives(self) -> None:
        heard = Heard()
        async with self.opened(on_notification=heard.take) as connection:
            await call(connection, "change")
            await until(lambda: heard.of(CHANGED), "the notification")

    @needs("logging")
    async def test_notifications_arrive_in_order_and_none_is_lost(self) -> None:
        heard = Heard()
        async with self.opened(on_notification=heard.take) as connection:
            await call(connection, "announce", count=100)
            await until(lambda: len(heard.of("notifications/message")) >= 100, "the last notification")
        assert [params["data"] for params in heard.of("notifications/message")] == list(range(100))

    async def test_a_failing_notification_callback_does_not_harm_the_connection(self) -> None:
        heard = Heard()

        def fail(method: str, params: Mapping[str, Any]) -> None:
            heard.take(method, params)
            raise RuntimeError("the listener is broken")

        async with self.opened(on_notification=fail) as connection:
            await call(connection, "change")
            await until(lambda: heard.of(CHANGED), "the notification")
            assert await call(connection, "echo", text="still here") == "still here"

    @needs("notifications")
    async def test_a_notification_of_ours_arrives(self) -> None:
        async with self.opened() as connection:
            await connection.notify("notifications/roots/list_changed")

            async def received() -> bool:
                return "notifications/roots/list_changed" in json.loads(await call(connection, "heard"))

            await until(received, "the notification at the server")

    @needs("progress")
    async def test_progress_is_reported_in_order(self) -> None:
        seen: list[float] = []

        def on_progress(progress: float, total: float | None, message: str | None) -> None:
            assert total is None or isinstance(total, float | int)
            assert message is None or isinstance(message, str)
            seen.append(progress)

        async with self.opened() as connection:
            params = {"name": "count", "arguments": {"to": 10}}
            await connection.request("tools/call", params, timeout=PATIENCE, on_progress=on_progress)
            await until(lambda: len(seen) >= 10, "the last progress")
        assert seen == list(range(1, 11))

    @needs("progress")
    async def test_unrequested_progress_does_not_harm_the_connection(self) -> None:
        async with self.opened() as connection:
            assert await call(connection, "count", to=10) == "10"
            assert await call(connection, "echo", text="still here") == "still here"

    @needs("progress")
    async def test_progress_goes_to_the_request_it_belongs_to(self) -> None:
        first: list[float] = []
        second: list[float] = []

        async with self.opened() as connection:

            async def count(to: int, seen: list[float]) -> None:
                params = {"name": "count", "arguments": {"to": to}}

                def take(progress: float, _total: float | None, _message: str | None) -> None:
                    seen.append(progress)

                await connection.request("tools/call", params, timeout=PATIENCE, on_progress=take)

            await asyncio.gather(count(3, first), count(5, second))
            await until(lambda: len(first) >= 3 and len(second) >= 5, "the last progress")
        assert (first, second) == ([1, 2, 3], [1, 2, 3, 4, 5])

    @needs("questions")
    async def test_a_request_of_the_server_is_answered_by_our_side(self) -> None:
        asked: list[str] = []

        async def answer(method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
            asked.append(f"{method}: {params['message']}")
            return {"action": "accept", "content": {"value": "Ada"}}

        async with self.opened(on_request=answer, capabilities=ELICITATION) as connection:
            assert "Ada" in await call(connection, "ask")
        assert asked == ["elicitation/create: what is your name?"]

    @needs("questions")
    async def test_a_request_of_the_server_that_fails_is_answered_with_an_error(self) -> None:
        async def fail(method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
            raise ServiceError(-32001, f"not now: {method} {len(params)}")

        async with self.opened(on_request=fail, capabilities=ELICITATION) as connection:
            assert await call(connection, "ask") == "error -32001"

    @needs("questions")
    async def test_a_request_of_the_server_without_a_callback_is_declined(self) -> None:
        async with self.opened(capabilities=ELICITATION) as connection:
            assert (await call(connection, "ask")).startswith("error")
            assert await call(connection, "echo", text="still here") == "still here"
