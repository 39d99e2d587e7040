"""The base of all checks of a transport: a server, a connection, and the received notifications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar, Final
from uuid import uuid4

import attrs

from mcpstore.hooks import ClientEndpoint, Closing, Connection, Era, Transport
from mcpstore.runtime.validation import validated
from mcpstore.testing._pytest import pytest
from mcpstore.testing.suites.base import PATIENCE, Suite, offered

__all__ = ["Heard", "TransportChecks", "call", "until"]

PAUSE: Final = 0.01


class Heard:
    """The notifications that a connection delivered.

    Attributes:
        notifications: The notifications, in order.
    """

    def __init__(self) -> None:
        self.notifications: list[tuple[str, Mapping[str, Any]]] = []

    def take(self, method: str, params: Mapping[str, Any]) -> None:
        """Record a notification."""
        self.notifications.append((method, params))

    def of(self, method: str) -> list[Mapping[str, Any]]:
        """Return the parameters of the notifications of one method."""
        return [params for known, params in self.notifications if known == method]


class TransportChecks(Suite):
    """The transport and the server it is tested against.

    Attributes:
        era: The protocol era that is tried first; None leaves it to the transport.
    """

    capabilities: ClassVar[Mapping[str, str]] = {
        "absence": "`nowhere` returns settings without a server behind them",
        "cancellation": "a cancelled request is cancelled on the server",
        "death": "it detects the end of the server without a request",
        "errors": "the code, the message and the data of an error arrive as they were sent",
        "exits": "it fails pending requests when the server ends",
        "faults": "`serving` takes faults of the fault server",
        "frames": "it refuses messages longer than `ClientEndpoint.max_frame`",
        "lines": "it carries lines, so invalid lines can occur between them",
        "logging": "log messages of the server arrive",
        "notifications": "notifications of the client reach the server",
        "progress": "progress of a request arrives",
        "questions": "requests of the server arrive, and are answered",
        "secrets": "`with_secret` returns settings with a secret",
    }
    era: ClassVar[Era | None] = None

    @property
    def transport(self) -> Transport[Any]:
        """The transport."""
        transport: Transport[Any] = offered(self.plugin, "mcpstore_transports", self.name)
        return transport

    # --- what a derived class defines --------------------------------------------------------------------------

    def serving(self, *faults: object) -> AbstractAsyncContextManager[Mapping[str, Any]]:
        """Run a server, and yield the transport settings that connect to it.

        Args:
            faults: Flags of the fault server; none for a correct server.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define how to run and reach a server: def serving(self, …)"
        )

    def nowhere(self) -> Mapping[str, Any]:
        """Return valid settings without a server behind them."""
        raise NotImplementedError("return settings without a server, or add 'absence' to lacks")

    def with_secret(self, settings: Mapping[str, Any], secret: str) -> Mapping[str, Any]:
        """Return settings with a secret in them, such as a token or a variable.

        Args:
            settings: Settings without.
            secret: The secret.
        """
        raise NotImplementedError("return settings with the secret, or add 'secrets' to lacks")

    # --- what the checks use -----------------------------------------------------------------------------------

    def peer(self, **fields: Any) -> ClientEndpoint:
        """Return the client side of a connection.

        Args:
            fields: Fields that differ from the default.
        """
        closing = Closing(polite=1.0, term=1.0, kill=5.0)
        usual = ClientEndpoint(service="tested", owner_tag=str(uuid4()), era=self.era, closing=closing)
        return attrs.evolve(usual, **fields)

    @asynccontextmanager
    async def connected(self, settings: Mapping[str, Any], **fields: Any) -> AsyncGenerator[Connection]:
        """Open a connection.

        Args:
            settings: Where to.
            fields: Fields of the client side that differ from the default.
        """
        transport = self.transport
        checked = validated(transport.config, dict(settings), self.name)
        async with transport.connect(checked, self.peer(**fields)) as connection:
            yield connection

    @asynccontextmanager
    async def opened(self, *faults: object, **fields: Any) -> AsyncGenerator[Connection]:
        """Run a server, and open a connection to it.

        Args:
            faults: Flags of the fault server.
            fields: Fields of the client side that differ from the default.
        """
        async with self.serving(*faults) as settings, self.connected(settings, **fields) as connection:
            yield connection

    async def refusal(self, settings: Mapping[str, Any], *kinds: type[Exception], **fields: Any) -> Exception:
        """Return the error of an opening that must fail.

        Args:
            settings: Where to.
            kinds: Allowed types of the error.
            fields: Fields of the client side that differ from the default.
        """
        with pytest.raises(Exception) as caught:
            async with self.connected(settings, **fields):
                pass
        error = caught.value
        wanted = " or ".join(kind.__name__ for kind in kinds)
        assert isinstance(error, kinds), f"must fail with {wanted} (got {type(error).__name__}: {error})"
        assert str(error).strip(), f"{type(error).__name__} must have a message"
        return error


async def call(
    connection: Connection,
    tool: str,
    *,
    timeout: float | None = PATIENCE,  # noqa: ASYNC109 - the connection keeps it
    **arguments: Any,
) -> str:
    """Call a tool and return its text.

    Args:
        connection: To which server.
        tool: Its name.
        timeout: Seconds to wait; None waits.
        arguments: Its arguments.
    """
    result = await connection.request("tools/call", {"name": tool, "arguments": arguments}, timeout=timeout)
    text: str = result["content"][0]["text"]
    return text


async def until(condition: Callable[[], Any], what: str) -> None:
    """Poll until a condition holds.

    Args:
        condition: Returns whether it holds; may be a coroutine function.
        what: Description of the condition, for the error.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while True:
        met = condition()
        if asyncio.iscoroutine(met):
            met = await met
        if met:
            return
        assert loop.time() < deadline, f"{what} did not happen within {PATIENCE:g} s"
        await asyncio.sleep(PAUSE)
