"""Checks of a transport: errors of failed openings, and leaks after them."""

from __future__ import annotations

import asyncio

from mcpstore.errors import ConnectError, ConnectRefused, ConnectTimeout, NotReady
from mcpstore.hooks import Closing
from mcpstore.testing.leftovers import nothing_left
from mcpstore.testing.suites.base import PATIENCE, needs, ticking
from mcpstore.testing.suites.transport.base import TransportChecks

__all__ = ["FailingChecks"]

SILENT = ("--never-answer", "all")


class FailingChecks(TransportChecks):
    """Checks of openings that fail."""

    @needs("absence")
    async def test_an_address_without_a_listener_is_reported_as_not_ready_or_refused(self) -> None:
        await self.refusal(self.nowhere(), NotReady, ConnectRefused)

    @needs("absence")
    async def test_an_opening_that_failed_leaves_nothing(self) -> None:
        await self.refusal(self.nowhere(), ConnectError)
        async with nothing_left():
            for _ in range(3):
                await self.refusal(self.nowhere(), ConnectError)

    @needs("faults")
    async def test_a_server_that_never_answers_is_given_up_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        async with self.serving(*SILENT) as settings:
            began = loop.time()
            await self.refusal(settings, ConnectTimeout, handshake_timeout=0.5)
            assert loop.time() - began < PATIENCE

    @needs("faults")
    async def test_the_event_loop_goes_on_while_a_server_does_not_answer(self) -> None:
        async with self.serving(*SILENT) as settings, ticking() as ticks:
            await self.refusal(settings, ConnectTimeout, handshake_timeout=0.5)
        assert len(ticks) > 10, "the event loop was blocked; use async calls, or asyncio.to_thread"

    @needs("faults")
    async def test_a_server_that_was_silent_leaves_nothing(self) -> None:
        async with self.serving(*SILENT) as settings:
            await self.refusal(settings, ConnectTimeout, handshake_timeout=0.2)
            async with nothing_left():
                await self.refusal(settings, ConnectTimeout, handshake_timeout=0.2)

    @needs("faults")
    async def test_an_opening_that_is_cancelled_ends_at_once_and_leaves_nothing(self) -> None:
        closing = Closing(polite=0.1, term=0.1, kill=5.0)

        async def open_it() -> None:
            async with self.connected(settings, handshake_timeout=3600.0, closing=closing):
                pass

        async with self.serving(*SILENT) as settings:
            await self.refusal(settings, ConnectTimeout, handshake_timeout=0.2)
            async with nothing_left():
                for patience in (0.0, 0.01, 0.3):
                    opening = asyncio.create_task(open_it())
                    await asyncio.sleep(patience)
                    opening.cancel()
                    done, _ = await asyncio.wait([opening], timeout=PATIENCE)
                    assert done, f"an opening cancelled after {patience:g} s must end"
                    assert opening.cancelled(), "a cancelled opening must not swallow its cancellation"

    @needs("faults")
    async def test_a_refusal_of_the_server_is_reported_in_its_own_words(self) -> None:
        async with self.serving("--refuse", "no licence for you") as settings:
            error = await self.refusal(settings, ConnectError)
        assert "no licence for you" in str(error)

    @needs("faults")
    async def test_a_server_that_refused_leaves_nothing(self) -> None:
        async with self.serving("--refuse", "no licence for you") as settings:
            await self.refusal(settings, ConnectError)
            async with nothing_left():
                await self.refusal(settings, ConnectError)

    @needs("faults")
    async def test_a_server_that_knows_no_handshake_is_refused_for_good(self) -> None:
        async with self.serving("--unknown", "initialize,server/discover") as settings:
            await self.refusal(settings, ConnectRefused)

    @needs("faults", "lines")
    async def test_what_speaks_no_protocol_at_all_is_refused_for_good(self) -> None:
        async with self.serving("--chatter") as settings:
            await self.refusal(settings, ConnectRefused, closing=Closing(polite=0.1, term=0.5, kill=5.0))

    @needs("faults", "lines")
    async def test_garbage_between_messages_is_overlooked(self) -> None:
        async with self.opened("--garbage", "before,between,after") as connection:
            assert await connection.request("ping", timeout=PATIENCE) == {}

    @needs("faults", "lines", "exits")
    async def test_a_server_that_ends_in_mid_handshake_is_not_ready(self) -> None:
        async with self.serving("--exit-at-byte", 20, "--exit-code", 3) as settings:
            await self.refusal(settings, NotReady)

    @needs("faults", "secrets")
    async def test_no_secret_stands_in_an_error(self) -> None:
        async with self.serving("--refuse", "no licence for you") as settings:
            given = self.with_secret(settings, "s3cret-canary")
            error: BaseException | None = await self.refusal(given, ConnectError)
            while error is not None:
                assert "s3cret-canary" not in f"{error} {error!r}"
                error = error.__cause__
