"""What all checks of a transport use: a server, a connection to it, and what our side hears."""

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
    """What a connection told our side.

    Attributes:
        notifications: The notifications, in order.
    """

    def __init__(self) -> None:
        self.notifications: list[tuple[str, Mapping[str, Any]]] = []

    def take(self, method: str, params: Mapping[str, Any]) -> None:
        """Take a notification."""
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
        "absence": "`nowhere` gives settings that lead to no server",
        "cancellation": "the server hears that nobody waits for an answer any longer",
        "death": "it notices by itself that the server is gone, without a request",
        "errors": "the code, the message and the data of an error arrive as they were sent",
        "exits": "it fails what is under way when the server is gone",
        "faults": "`serving` takes behaviours of the fault server",
        "frames": "it refuses messages longer than `ClientEndpoint.max_frame`",
        "lines": "it carries lines, so that there can be garbage between them",
        "logging": "log messages of the server arrive",
        "notifications": "notifications of ours reach the server",
        "progress": "progress of a request arrives",
        "questions": "requests of the server's own arrive, and are answered",
        "secrets": "`with_secret` gives settings that hold a secret",
    }
    era: ClassVar[Era | None] = None

    @property
    def transport(self) -> Transport[Any]:
        """The transport."""
        found: Transport[Any] = offered(self.plugin, "mcpstore_transports", self.name)
        return found

    # --- what whoever tests a transport says -------------------------------------------------------------------

    def serving(self, *faults: object) -> AbstractAsyncContextManager[Mapping[str, Any]]:
        """Serve, and yield the settings of the transport that lead to the server.

        Args:
            faults: Behaviours of the fault server; none for a server that behaves.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how its server is reached: def serving(self, …)")

    def nowhere(self) -> Mapping[str, Any]:
        """Return settings that lead to no server, though they are valid."""
        raise NotImplementedError("return settings that lead to no server, or declare that it lacks 'absence'")

    def with_secret(self, settings: Mapping[str, Any], secret: str) -> Mapping[str, Any]:
        """Return settings with a secret in them, such as a token or a variable.

        Args:
            settings: Settings without.
            secret: The secret.
        """
        raise NotImplementedError("return settings that hold the secret, or declare that it lacks 'secrets'")

    # --- what the checks use -----------------------------------------------------------------------------------

    def peer(self, **fields: Any) -> ClientEndpoint:
        """Return our side of a wire.

        Args:
            fields: What is not as usual.
        """
        closing = Closing(polite=1.0, term=1.0, kill=5.0)
        usual = ClientEndpoint(service="tested", owner_tag=str(uuid4()), era=self.era, closing=closing)
        return attrs.evolve(usual, **fields)

    @asynccontextmanager
    async def connected(self, settings: Mapping[str, Any], **fields: Any) -> AsyncGenerator[Connection]:
        """Open a connection.

        Args:
            settings: Where to.
            fields: What is not as usual with our side of the wire.
        """
        transport = self.transport
        checked = validated(transport.config, dict(settings), self.name)
        async with transport.connect(checked, self.peer(**fields)) as connection:
            yield connection

    @asynccontextmanager
    async def opened(self, *faults: object, **fields: Any) -> AsyncGenerator[Connection]:
        """Serve, and open a connection to the server.

        Args:
            faults: What the server does wrong.
            fields: What is not as usual with our side of the wire.
        """
        async with self.serving(*faults) as settings, self.connected(settings, **fields) as connection:
            yield connection

    async def refusal(self, settings: Mapping[str, Any], *kinds: type[Exception], **fields: Any) -> Exception:
        """Return the error with which an opening fails.

        Args:
            settings: Where to.
            kinds: What it must be one of.
            fields: What is not as usual with our side of the wire.
        """
        with pytest.raises(Exception) as caught:
            async with self.connected(settings, **fields):
                pass
        error = caught.value
        wanted = " or ".join(kind.__name__ for kind in kinds)
        assert isinstance(error, kinds), f"must fail with {wanted} (got {type(error).__name__}: {error})"
        assert str(error).strip(), f"{type(error).__name__} must say what is wrong"
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
    """Wait until something is so that nobody tells us of.

    Args:
        condition: Returns whether it is so; may be a coroutine function.
        what: What is waited for.
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
