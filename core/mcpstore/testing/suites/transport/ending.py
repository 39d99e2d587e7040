"""Checks of a transport: the end of the server, and the close by the client."""

from __future__ import annotations

import asyncio
import contextlib

from mcpstore.errors import CallError, ConnectionLost
from mcpstore.hooks import Closing, Connection, Exit
from mcpstore.testing._pytest import pytest
from mcpstore.testing.leftovers import nothing_left
from mcpstore.testing.suites.base import PATIENCE, needs
from mcpstore.testing.suites.transport.base import TransportChecks, call

__all__ = ["EndingChecks"]


class OurOwnMistake(Exception):
    """Raised while a connection is open."""


async def _die(connection: Connection) -> None:
    with pytest.raises(CallError):
        await call(connection, "die", code=3)


async def _exit_of(connection: Connection) -> Exit:
    async with asyncio.timeout(PATIENCE):
        return await connection.wait_closed()


class EndingChecks(TransportChecks):
    """Checks of how a connection ends."""

    @needs("exits")
    async def test_a_request_that_the_server_dies_of_is_lost(self) -> None:
        async with self.opened() as connection:
            with pytest.raises(ConnectionLost):
                await call(connection, "die", code=3)

    @needs("exits", "death")
    async def test_every_request_under_way_is_lost_with_the_server(self) -> None:
        async with self.opened() as connection:
            held = [asyncio.create_task(call(connection, "hold", timeout=None)) for _ in range(5)]
            assert await call(connection, "echo", text="meanwhile") == "meanwhile"
            await _die(connection)
            done, waiting = await asyncio.wait(held, timeout=PATIENCE)
            assert not waiting, "no request may wait for a server that is gone"
            assert all(isinstance(task.exception(), ConnectionLost) for task in done)

    @needs("exits")
    async def test_a_request_to_a_server_that_is_gone_fails_and_does_not_hang(self) -> None:
        async with self.opened() as connection:
            await _die(connection)
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(CallError):
                    await call(connection, "echo", text="are you there?", timeout=None)

    @needs("exits", "death", "faults")
    async def test_the_death_of_a_server_is_noticed_without_a_request(self) -> None:
        async with self.opened("--exit-after", 0.3) as connection:
            assert (await _exit_of(connection)).reason

    @needs("exits", "death")
    async def test_every_waiter_is_notified_of_the_end(self) -> None:
        async with self.opened() as connection:
            waiting = [asyncio.create_task(_exit_of(connection)) for _ in range(3)]
            await asyncio.sleep(0)
            await _die(connection)
            assert len(set(await asyncio.gather(*waiting))) == 1
            assert await _exit_of(connection) == waiting[0].result()

    async def test_waiting_for_the_end_can_be_given_up(self) -> None:
        async with self.opened() as connection:
            waiting = asyncio.create_task(connection.wait_closed())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting], timeout=PATIENCE)
            assert waiting.cancelled()
            assert await call(connection, "echo", text="still here") == "still here"

    @needs("exits")
    async def test_a_server_that_is_gone_is_closed_like_any_other_and_leaves_nothing(self) -> None:
        async with self.serving() as settings, nothing_left(), self.connected(settings) as connection:
            await _die(connection)

    # --- our own close -----------------------------------------------------------------------------------------

    async def test_our_close_ends_what_is_under_way(self) -> None:
        async with self.serving() as settings:
            async with self.connected(settings) as connection:
                held = asyncio.create_task(call(connection, "hold", timeout=None))
                assert await call(connection, "echo", text="meanwhile") == "meanwhile"
            done, _ = await asyncio.wait([held], timeout=PATIENCE)
            assert done, "no request may wait after the close"
            assert isinstance(held.exception(), ConnectionLost)

    async def test_every_waiter_is_notified_of_our_close(self) -> None:
        async with self.serving() as settings:
            async with self.connected(settings) as connection:
                waiting = asyncio.create_task(_exit_of(connection))
                await asyncio.sleep(0)
            assert (await waiting).reason
            assert (await _exit_of(connection)).reason

    async def test_a_request_after_our_close_fails_and_does_not_hang(self) -> None:
        async with self.serving() as settings:
            async with self.connected(settings) as connection:
                pass
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(CallError):
                    await call(connection, "echo", text="are you there?", timeout=None)

    async def test_a_notification_after_our_close_does_not_hang(self) -> None:
        async with self.serving() as settings:
            async with self.connected(settings) as connection:
                pass
            async with asyncio.timeout(PATIENCE):
                with contextlib.suppress(CallError):
                    await connection.notify("notifications/roots/list_changed")

    async def test_our_close_leaves_nothing(self) -> None:
        async with self.serving() as settings:
            async with self.connected(settings):
                pass
            async with nothing_left(), self.connected(settings) as connection:
                assert await call(connection, "echo", text="hello") == "hello"

    @needs("faults")
    async def test_our_close_is_bounded_whatever_the_server_does(self) -> None:
        loop = asyncio.get_running_loop()
        closing = Closing(polite=0.2, term=0.2, kill=5.0)
        async with self.serving("--ignore-eof", "--ignore-term") as settings:
            async with self.connected(settings, closing=closing):
                began = loop.time()
            assert loop.time() - began < 15.0, "a close must keep to ClientEndpoint.closing"

    async def test_an_error_inside_the_block_is_raised_unchanged(self) -> None:
        async with self.serving() as settings:
            with pytest.raises(OurOwnMistake):
                async with self.connected(settings):
                    raise OurOwnMistake

    async def test_a_task_that_is_cancelled_with_an_open_connection_closes_it_and_stays_cancelled(self) -> None:
        opened = asyncio.Event()

        async def use() -> None:
            async with self.connected(settings):
                opened.set()
                await asyncio.Event().wait()

        async with self.serving() as settings:
            async with self.connected(settings):
                pass
            async with nothing_left():
                using = asyncio.create_task(use())
                await asyncio.wait_for(opened.wait(), PATIENCE)
                using.cancel()
                await asyncio.wait([using], timeout=PATIENCE)
                assert using.cancelled()
