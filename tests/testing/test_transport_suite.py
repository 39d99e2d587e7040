"""The suite of transports passes one that is right, and catches those that are wrong."""
# ruff: noqa: ASYNC109, ASYNC251, BLE001, N801 - whatever is wrong here is wrong on purpose

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from mcpstore import hookimpl
from mcpstore.errors import CallError, ConnectionLost, ServiceError
from mcpstore.hooks import Transport
from testing.loopback import Loopback, LoopbackSuite, Wire
from testing.running import failures


class TestLoopback(LoopbackSuite):
    pass


class Changed:
    """A connection that passes everything on, but for what is overridden."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @property
    def protocol_version(self) -> str:
        return self.inner.protocol_version

    @property
    def server(self) -> Any:
        return self.inner.server

    async def request(self, method, params=None, *, timeout=None, on_progress=None):
        return await self.inner.request(method, params, timeout=timeout, on_progress=on_progress)

    async def notify(self, method, params=None):
        await self.inner.notify(method, params)

    async def wait_closed(self):
        return await self.inner.wait_closed()


class Wraps(Loopback):
    """A loopback that yields another connection."""

    wrapper: type[Changed] = Changed

    @asynccontextmanager
    async def connect(self, settings, peer):
        async with super().connect(settings, peer) as connection:
            yield self.wrapper(connection)


class Loose(BaseModel, extra="allow"):
    flags: list[str] = []
    token: str = ""


class LooseSettings(Loopback):
    @hookimpl
    def mcpstore_transports(self):
        return [Transport(name="loopback", config=Loose, connect=self.connect)]

    @asynccontextmanager
    async def connect(self, settings, peer):
        try:
            async with super().connect(settings, peer) as connection:
                yield connection
        except CallError:
            raise
        except Exception as error:
            raise type(error)(f"{error} (token {settings.token})") from None


class NeverAsksBack(Wraps):
    """Waits for ever, whatever the timeout."""

    class wrapper(Changed):
        async def request(self, method, params=None, *, timeout=None, on_progress=None):
            return await self.inner.request(method, params, on_progress=on_progress)


class OneAtATime(Wraps):
    class wrapper(Changed):
        def __init__(self, inner):
            super().__init__(inner)
            self.turn = asyncio.Lock()

        async def request(self, method, params=None, *, timeout=None, on_progress=None):
            async with self.turn:
                return await self.inner.request(method, params, timeout=timeout, on_progress=on_progress)


class SwallowsCancellation(Wraps):
    class wrapper(Changed):
        async def request(self, method, params=None, *, timeout=None, on_progress=None):
            try:
                return await asyncio.shield(
                    self.inner.request(method, params, timeout=timeout, on_progress=on_progress)
                )
            except asyncio.CancelledError:
                return {"content": [{"text": "never mind"}]}


class KeepsItToItself(Wraps):
    """Neither shields the wait for the end nor tells the truth about errors and progress."""

    class wrapper(Changed):
        async def request(self, method, params=None, *, timeout=None, on_progress=None):
            try:
                return await self.inner.request(method, params, timeout=timeout)
            except ServiceError as error:
                raise CallError(str(error)) from None
            except ConnectionLost:
                raise RuntimeError("socket closed") from None

        async def wait_closed(self):
            await asyncio.Event().wait()


class HearsNothing(Loopback):
    @asynccontextmanager
    async def connect(self, settings, peer):
        import attrs

        deaf = attrs.evolve(peer, on_notification=lambda *_: None, on_request=None)
        async with super().connect(settings, deaf) as connection:
            yield connection


class WrapsErrors(Loopback):
    """Raises what its libraries raise, and tells nothing."""

    @asynccontextmanager
    async def connect(self, settings, peer):
        try:
            async with super().connect(settings, peer) as connection:
                yield connection
        except Exception as error:
            raise ExceptionGroup("unhandled errors", [error]) from None


class Leaks(Loopback):
    def __init__(self):
        self.kept = []

    @asynccontextmanager
    async def connect(self, settings, peer):
        self.kept.append(asyncio.create_task(asyncio.Event().wait()))
        async with super().connect(settings, peer) as connection:
            yield connection


class NeverCloses(Loopback):
    """Leaves the connection as it is."""

    @asynccontextmanager
    async def connect(self, settings, peer):
        wire = Wire(settings.flags, peer)
        await wire.engine.open()
        wire.doom.cancel()
        yield wire.engine


class Blocks(Loopback):
    @asynccontextmanager
    async def connect(self, settings, peer):
        if "--never-answer" in settings.flags:
            time.sleep(peer.handshake_timeout)
            peer = peer.__class__(handshake_timeout=0.001)
        async with super().connect(settings, peer) as connection:
            yield connection


class Anonymous(Wraps):
    class wrapper(Changed):
        protocol_version = ""
        server = type("Nobody", (), {"name": "", "instructions": "", "capabilities": {}})()


class CutsLongTexts(Wraps):
    class wrapper(Changed):
        async def request(self, method, params=None, *, timeout=None, on_progress=None):
            result = await self.inner.request(method, params, timeout=timeout, on_progress=on_progress)
            for block in result.get("content", ()):
                block["text"] = block["text"].encode("ascii", "ignore").decode()[:65536].strip()
            return result


@pytest.mark.parametrize(
    ("plugin", "caught"),
    [
        (
            LooseSettings(),
            {
                "test_good_settings_are_accepted_and_an_unknown_one_is_refused_by_name",
                "test_a_secret_in_the_settings_does_not_show_when_they_are_printed",
                "test_no_secret_stands_in_an_error",
            },
        ),
        (
            OneAtATime(),
            {
                "test_a_request_that_is_not_answered_holds_up_no_other",
                "test_answers_may_come_in_any_order",
                "test_cancelling_one_request_leaves_the_others_alone",
            },
        ),
        (
            NeverAsksBack(),
            {
                "test_a_request_without_an_answer_times_out",
                "test_a_timeout_is_no_reason_to_end_the_connection",
                "test_a_timeout_reaches_the_server",
            },
        ),
        (
            SwallowsCancellation(),
            {"test_a_cancelled_request_ends_at_once", "test_a_cancellation_reaches_the_server"},
        ),
        (
            KeepsItToItself(),
            {
                "test_an_unknown_method_is_answered_with_an_error_of_the_service",
                "test_an_error_carries_code_message_and_data",
                "test_an_error_is_no_reason_to_end_the_connection",
                "test_progress_is_reported_in_order",
                "test_progress_goes_to_the_request_it_belongs_to",
                "test_a_request_that_the_server_dies_of_is_lost",
                "test_every_request_under_way_is_lost_with_the_server",
                "test_the_death_of_a_server_is_noticed_without_a_request",
                "test_every_waiter_is_notified_of_the_end",
                "test_every_waiter_is_notified_of_our_close",
            },
        ),
        (
            HearsNothing(),
            {
                "test_a_notification_of_the_server_arrives",
                "test_notifications_arrive_in_order_and_none_is_lost",
                "test_a_request_of_the_server_is_answered_by_our_side",
                "test_a_request_of_the_server_that_fails_is_answered_with_an_error",
            },
        ),
        (
            WrapsErrors(),
            {
                "test_an_address_without_a_listener_is_reported_as_not_ready_or_refused",
                "test_a_server_that_never_answers_is_given_up_in_time",
                "test_a_refusal_of_the_server_is_reported_in_its_own_words",
                "test_a_server_that_knows_no_handshake_is_refused_for_good",
                "test_an_error_inside_the_block_is_raised_unchanged",
            },
        ),
        (
            Leaks(),
            {
                "test_an_opening_that_failed_leaves_nothing",
                "test_a_server_that_was_silent_leaves_nothing",
                "test_a_server_that_refused_leaves_nothing",
                "test_an_opening_that_is_cancelled_ends_at_once_and_leaves_nothing",
                "test_one_server_is_opened_again_and_again_and_nothing_is_left",
                "test_our_close_leaves_nothing",
                "test_a_server_that_is_gone_is_closed_like_any_other_and_leaves_nothing",
                "test_a_task_that_is_cancelled_with_an_open_connection_closes_it_and_stays_cancelled",
            },
        ),
        (
            NeverCloses(),
            {
                "test_our_close_ends_what_is_under_way",
                "test_every_waiter_is_notified_of_our_close",
                "test_a_request_after_our_close_fails_and_does_not_hang",
            },
        ),
        (Blocks(), {"test_the_event_loop_goes_on_while_a_server_does_not_answer"}),
        (
            Anonymous(),
            {
                "test_an_open_connection_has_the_negotiated_protocol_version",
                "test_an_open_connection_names_the_server",
                "test_an_open_connection_has_the_capabilities_of_the_server",
            },
        ),
        (
            CutsLongTexts(),
            {
                "test_every_character_arrives_as_it_was_sent",
                "test_a_big_answer_arrives_whole",
                "test_a_big_question_arrives_whole",
            },
        ),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, Loopback) else "",
)
def test_a_wrong_transport_is_detected(plugin, caught, tmp_path, monkeypatch):
    from mcpstore.testing import leftovers
    from mcpstore.testing.suites.transport import base, ending, failing

    for module in (base, ending, failing):
        monkeypatch.setattr(module, "PATIENCE", 0.5)
    monkeypatch.setattr(leftovers, "PATIENCE", 0.1)

    class Suite(LoopbackSuite):
        limit = 0.5

    Suite.plugin = plugin
    assert failures(Suite, tmp_path, *caught) == caught


def test_a_declared_gap_of_a_plugin_must_be_known_and_have_a_reason():
    class Typo(LoopbackSuite):
        lacks = {"deaht": "it cannot die"}

    class NoReason(LoopbackSuite):
        lacks = {"death": " "}

    with pytest.raises(pytest.fail.Exception, match="unknown capability 'deaht'; use one of: absence, "):
        Typo.check_excuses(Typo.test_an_open_connection_is_a_connection)
    with pytest.raises(pytest.fail.Exception, match="the reason for 'death' is empty; write why the plugin lacks it"):
        NoReason.check_excuses(Typo.test_an_open_connection_is_a_connection)


def test_a_declared_gap_of_a_plugin_is_skipped_with_its_reason():
    class Immortal(LoopbackSuite):
        lacks = {"death": "it cannot die"}

    with pytest.raises(pytest.skip.Exception, match="Immortal lacks 'death': it cannot die"):
        Immortal.check_excuses(Immortal.test_the_death_of_a_server_is_noticed_without_a_request)
    Immortal.check_excuses(Immortal.test_an_open_connection_is_a_connection)


def test_a_name_that_the_plugin_does_not_return_is_an_error_that_lists_the_names():
    class Wrong(LoopbackSuite):
        name = "tcp"

    with pytest.raises(pytest.fail.Exception, match=r"mcpstore_transports does not return 'tcp' \(got loopback\)"):
        _ = Wrong().transport
