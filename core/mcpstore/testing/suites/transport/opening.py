"""Checks of a transport: its registration, and its open connections."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import AsyncExitStack

from pydantic import BaseModel

from mcpstore.hooks import Connection, Transport
from mcpstore.models.service import ServiceConnectionState
from mcpstore.store import AsyncMCPStore
from mcpstore.testing.leftovers import nothing_left
from mcpstore.testing.suites.base import PATIENCE, error_of, needs, stand_ins
from mcpstore.testing.suites.transport.base import TransportChecks, call
from mcpstore.wire.protocol import LEGACY_VERSIONS, MODERN_VERSIONS

__all__ = ["OpeningChecks"]


class OpeningChecks(TransportChecks):
    """Checks of an open connection."""

    def test_it_is_offered_with_a_model_of_its_settings(self) -> None:
        transport = self.transport
        assert isinstance(transport, Transport)
        assert issubclass(transport.config, BaseModel)
        assert callable(transport.connect)

    async def test_good_settings_are_accepted_and_an_unknown_one_is_refused_by_name(self) -> None:
        async with self.serving() as settings:
            assert error_of(self.transport.config, settings) == ""
            error = error_of(self.transport.config, {**settings, "no_such_setting": 1})
        assert "no_such_setting" in error, (
            "settings must forbid what they do not know: class …(BaseModel, extra='forbid')"
        )

    async def test_the_time_an_opening_may_take_follows_from_its_settings(self) -> None:
        async with self.serving() as settings:
            patience = self.transport.handshake_timeout(self.transport.config.model_validate(dict(settings)))
        assert 0 < patience <= 3600

    async def test_opening_is_a_context_manager_that_has_done_nothing_before_it_is_entered(self) -> None:
        async with self.serving() as settings, nothing_left():
            opening = self.transport.connect(self.transport.config.model_validate(dict(settings)), self.peer())
            assert not inspect.isawaitable(opening), "connect must return an async context manager"
            del opening

    async def test_an_open_connection_is_a_connection(self) -> None:
        async with self.opened() as connection:
            assert isinstance(connection, Connection)

    async def test_an_open_connection_has_the_negotiated_protocol_version(self) -> None:
        async with self.opened() as connection:
            assert connection.protocol_version in (*LEGACY_VERSIONS, *MODERN_VERSIONS)

    async def test_an_open_connection_names_the_server(self) -> None:
        async with self.opened() as connection:
            assert connection.server.name == "reference"
            assert connection.server.instructions == "be kind"

    async def test_an_open_connection_has_the_capabilities_of_the_server(self) -> None:
        async with self.opened() as connection:
            assert "tools" in connection.server.capabilities

    async def test_the_handshake_is_over_when_it_is_open(self) -> None:
        async with self.opened() as connection:
            listed = await connection.request("tools/list", timeout=PATIENCE)
            assert "echo" in {tool["name"] for tool in listed["tools"]}

    async def test_one_server_is_opened_again_and_again_and_nothing_is_left(self) -> None:
        async with self.serving() as settings:
            async with self.connected(settings) as connection:  # one-time resources are created here
                assert await call(connection, "echo", text="first") == "first"
            async with nothing_left():
                for number in range(5):
                    async with self.connected(settings) as connection:
                        assert await call(connection, "echo", text=str(number)) == str(number)

    async def test_many_connections_are_open_at_once_and_none_hears_of_another(self) -> None:
        async with self.serving() as settings, AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(self.connected(settings)) for _ in range(10)]
            asked = [call(connection, "echo", text=f"to {n}") for n, connection in enumerate(connections)]
            assert await asyncio.gather(*asked) == [f"to {n}" for n in range(10)]

    async def test_closing_one_connection_leaves_the_others_alone(self) -> None:
        async with self.serving() as settings, self.connected(settings) as stays:
            async with self.connected(settings) as goes:
                assert await call(goes, "echo", text="bye") == "bye"
            assert await call(stays, "echo", text="still here") == "still here"

    async def test_a_store_manages_a_service_over_it(self) -> None:
        offer = f"transport {self.name}"
        async with self.serving() as settings:
            entry = {"transport": {"type": self.name, **settings}}
            blocked = await asyncio.to_thread(stand_ins, offer)
            async with AsyncMCPStore(
                {"mcpServers": {"it": entry}}, plugins={"tested": self.plugin}, block_plugins=blocked
            ) as store:
                healthy = await store.wait_service("it", ServiceConnectionState.HEALTHY, timeout=PATIENCE)
                assert healthy, await store.diagnose("it")
                assert "echo" in {tool.name for tool in await store.list_tools("it")}
                result = await store.call_tool("echo", {"text": "through a store"}, service="it")
                assert result.text == "through a store"

    @needs("secrets")
    async def test_a_secret_in_the_settings_does_not_show_when_they_are_printed(self) -> None:
        async with self.serving() as settings:
            given = self.with_secret(settings, "s3cret-canary")
            shown = self.transport.config.model_validate(dict(given))
        assert "s3cret-canary" not in f"{shown!r} {shown}", "hide it: pydantic.SecretStr, or Field(repr=False)"
