"""The engine over fake channels: errors they may raise, and when."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from mcpstore.errors import (
    AuthRequired,
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    NotReady,
    ServiceError,
    UnsupportedProtocol,
)
from mcpstore.hooks import ClientEndpoint, Connection, Era
from mcpstore.wire import list_subscriptions
from mcpstore.wire.messages import relayed
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight
from mcpstore.wire.pump import HIGH_WATER
from wire.http_world import a_peer
from wire.scripted import LEGACY, MODERN, turns


class Scripted:
    """A channel that answers at once with scripted answers."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"initialize": LEGACY, **answers}
        self.sent: list[dict[str, Any]] = []
        self.exchanges: list[InFlight] = []
        self.opened = 0
        self.broken: Exception | None = None
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.gate: asyncio.Event | None = None
        self.receiver: Any = None

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Scripted]:
        self.opened += 1
        yield self

    async def send(self, message: dict[str, Any], _data: bytes, exchange: InFlight) -> None:
        if self.broken is not None:
            raise self.broken
        if self.gate is not None:
            await self.gate.wait()
        self.sent.append(message)
        self.exchanges.append(exchange)
        if not exchange.is_request:
            return
        answer = self.answers.get(message["method"])
        if isinstance(answer, Exception):
            exchange.fail(answer)
        elif answer is not None:
            self.receiver.take({"jsonrpc": "2.0", "id": message["id"], "result": answer})

    async def receive_into(self, receiver: Any) -> str:
        self.receiver = receiver
        return await self.over

    def named(self, method: str) -> list[dict[str, Any]]:
        return [message for message in self.sent if message.get("method") == method]


@contextlib.asynccontextmanager
async def opened(channel: Scripted, peer: ClientEndpoint | None = None, **options: Any) -> AsyncIterator[Connection]:
    with anyio.fail_after(20):
        async with relayed(channel.open, peer or a_peer(), **options) as connection:
            yield connection


async def refused(open_channel: Callable[[], Any], peer: ClientEndpoint | None = None) -> ConnectError:
    with anyio.fail_after(20), pytest.raises(ConnectError) as caught:
        async with relayed(open_channel, peer or a_peer()):
            pass
    return caught.value


async def test_requests_are_answered():
    channel = Scripted(any={"a": 1})
    async with opened(channel) as connection:
        assert await connection.request("any", {"b": 2}) == {"a": 1}
        assert (connection.protocol_version, connection.era) == ("2025-11-25", Era.LEGACY)
    assert channel.named("any")[0]["params"] == {"b": 2}


async def test_a_channel_that_cannot_be_written_to_ends_the_connection():
    channel = Scripted()
    async with opened(channel) as connection:
        channel.broken = OSError("pipe broken")
        with pytest.raises(ConnectionLost, match="cannot be written to: pipe broken"):
            await connection.request("any")
        assert (await connection.wait_closed()).reason == "cannot be written to: pipe broken"


async def test_a_channel_that_cannot_be_read_from_ends_the_connection():
    channel = Scripted()
    async with opened(channel) as connection:
        channel.over.set_exception(OSError("pipe broken"))
        assert (await connection.wait_closed()).reason == "cannot be read from: pipe broken"


async def test_a_channel_that_fails_on_its_own_reports_the_reason(caplog):
    caplog.set_level(logging.DEBUG, logger="mcpstore.wire")
    channel = Scripted()
    broke = asyncio.Event()

    @contextlib.asynccontextmanager
    async def fragile() -> AsyncIterator[Scripted]:
        async def breaking() -> None:
            await broke.wait()
            raise OSError("cable cut")

        async with anyio.create_task_group() as group:
            group.start_soon(breaking)
            yield channel

    with anyio.fail_after(20):
        async with relayed(fragile, a_peer()) as connection:
            call = asyncio.create_task(connection.request("any"))
            await turns()
            broke.set()
            assert (await connection.wait_closed()).reason == "cable cut"
            with pytest.raises(ConnectionLost, match="cable cut"):
                await call
    assert "channel of service 'world' failed while it was closed" in caplog.text


async def test_any_error_of_opening_a_channel_is_reported():
    def opening(error: BaseException) -> Callable[[], Any]:
        @contextlib.asynccontextmanager
        async def fail() -> AsyncIterator[Scripted]:
            raise error
            yield

        return fail

    error = await refused(opening(OSError("no cable")))
    assert type(error) is NotReady
    assert str(error) == "service 'world' could not be opened: no cable"
    grouped = ExceptionGroup("two", [ExceptionGroup("one", [AuthRequired("needs login")])])
    assert type(await refused(opening(grouped))) is AuthRequired
    assert str(await refused(opening(HttpFailure(Kind.TOO_SLOW, "no connection")))) == "no connection"
    assert type(await refused(opening(RuntimeError()))) is NotReady


async def test_a_channel_that_does_not_open_in_time_is_abandoned():
    @contextlib.asynccontextmanager
    async def never() -> AsyncIterator[Scripted]:
        await asyncio.Event().wait()
        yield Scripted()

    error = await refused(never, a_peer(handshake_timeout=0.1))
    assert type(error) is ConnectTimeout
    assert str(error) == "service 'world' could not be opened within 0.1 s"


async def test_the_timeout_of_a_silent_peer_names_the_request():
    error = await refused(Scripted(initialize=None).open, a_peer(handshake_timeout=0.1))
    assert type(error) is ConnectTimeout
    assert str(error) == "service 'world' gave no answer to 'initialize' within 0.1 s"


async def test_a_peer_that_closes_during_the_handshake_is_not_ready():
    channel = Scripted(initialize=None)
    channel.over.set_result("went away")
    error = await refused(channel.open)
    assert type(error) is NotReady
    assert "went away" in str(error)


async def test_an_http_refusal_of_one_era_leads_to_the_other_and_of_both_is_an_error():
    refusal = HttpFailure.refused("http://host/mcp", 404)
    discovered = Scripted(**{"server/discover": refusal})
    async with opened(discovered, era_first=Era.MODERN) as connection:
        assert connection.era is Era.LEGACY
    neither = Scripted(**{"server/discover": refusal, "initialize": refusal})
    assert type(await refused(neither.open)) is NotReady
    login = Scripted(initialize=HttpFailure.refused("http://host/mcp", 401))
    assert type(await refused(login.open)) is AuthRequired


async def test_a_modern_peer_that_refuses_a_subscription_is_asked_again_later(monkeypatch):
    monkeypatch.setattr(list_subscriptions, "RELISTEN_MIN", 0.01)
    modern = {**MODERN, "capabilities": {"tools": {"listChanged": True}}}
    channel = Scripted(**{"server/discover": modern, "subscriptions/listen": HttpFailure(Kind.BROKEN, "cut off")})
    async with opened(channel, era_first=Era.MODERN):
        while len(channel.named("subscriptions/listen")) < 3:
            await asyncio.sleep(0)


async def test_requests_wait_while_the_channel_is_slow():
    channel = Scripted(any={})
    async with opened(channel) as connection:
        channel.gate = asyncio.Event()
        big = "x" * (HIGH_WATER // 2)
        calls = [asyncio.create_task(connection.request("any", {"text": big})) for _ in range(6)]
        await turns(20)
        assert not any(call.done() for call in calls)
        assert len(channel.named("any")) == 0
        channel.gate.set()
        assert await asyncio.gather(*calls) == [{}] * 6


async def test_a_late_answer_is_dropped():
    channel = Scripted()
    async with opened(channel) as connection:
        call = asyncio.create_task(connection.request("any"))
        await turns()
        call.cancel()
        await turns()
        number = channel.named("any")[0]["id"]
        channel.receiver.take({"jsonrpc": "2.0", "id": number, "result": {}})
        channel.exchanges[0].fail(ServiceError(-1, "too late"))
        (cancelled,) = channel.named("notifications/cancelled")
        assert cancelled["params"]["requestId"] == number


async def test_a_progress_callback_that_fails_does_not_fail_the_call(caplog):
    channel = Scripted()

    def fail(*_: Any) -> None:
        raise RuntimeError("mine")

    async with opened(channel) as connection:
        call = asyncio.create_task(connection.request("tools/call", {}, on_progress=fail))
        await turns()
        (sent,) = channel.named("tools/call")
        report = {"progressToken": sent["params"]["_meta"]["progressToken"], "progress": 1}
        channel.receiver.take({"jsonrpc": "2.0", "method": "notifications/progress", "params": report})
        channel.receiver.take({"jsonrpc": "2.0", "id": sent["id"], "result": {"done": True}})
        assert await call == {"done": True}


async def test_a_peer_without_a_common_version_is_refused():
    channel = Scripted(initialize={**LEGACY, "protocolVersion": "1999-01-01"})
    assert type(await refused(channel.open)) is UnsupportedProtocol
