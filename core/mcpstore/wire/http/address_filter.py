"""HTTP to certain addresses only.

What a name stands for is asked once for each connection, every answer is looked at, and the connection is made to one
of the addresses that were looked at. So it does not matter how a URL is spelt, what a redirect says, or what the name
stands for a moment later. TLS is still checked against the name.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

import anyio
import httpcore2
import httpx2

from mcpstore.wire.http.addresses import allows

__all__ = ["AddressForbidden", "GuardedTransport", "guarded_transport", "resolve"]


class AddressForbidden(Exception):
    """A name stands for an address that the service may not be reached at."""


def guarded_transport(
    addresses: Sequence[str] | None, verify: ssl.SSLContext, limits: httpx2.Limits
) -> httpx2.AsyncBaseTransport | None:
    """Return a transport to certain addresses; None, which means that of httpx2, if they may be any.

    Args:
        addresses: What `read_addresses` returned.
        verify: How certificates are checked.
        limits: How many connections there may be.
    """
    return None if addresses is None else GuardedTransport(addresses, verify, limits)


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses a name stands for, in the order in which they are to be tried.

    Raises:
        OSError: Nobody knows the name.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty, or too long
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Carries requests to certain addresses, and to no other; proxies are not used, for they would ask for themselves.

    Args:
        addresses: What `read_addresses` returned.
        verify: How certificates are checked.
        limits: How many connections there may be.
    """

    def __init__(self, addresses: Sequence[str], verify: ssl.SSLContext, limits: httpx2.Limits) -> None:
        self._pool: Final = httpcore2.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Guard(addresses),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry a request."""
        assert isinstance(request.stream, httpx2.AsyncByteStream)  # noqa: S101 - only such clients are given it
        url = request.url
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=dict[str, Any](request.extensions),
        )
        with _in_words_of_httpx():
            got = await self._pool.handle_async_request(sent)
        body = _Body(got)
        untyped = cast("Any", got)  # what it says of its extensions is too vague for us
        return httpx2.Response(got.status, headers=got.headers, stream=body, extensions=untyped.extensions)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response: Final = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_words_of_httpx():
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


class _Guard(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were looked at."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses: Final = addresses
        self._inner: Final = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class wants it so
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a name; each of its addresses gets its share of the time."""
        try:
            with anyio.fail_after(timeout) as scope:
                found = await resolve(host, port)
            self._check(host, found)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except (OSError, AddressForbidden) as error:
            raise httpcore2.ConnectError(str(error)) from error
        for later in range(len(found) - 1, 0, -1):
            share = max(scope.deadline - anyio.current_time(), 0.0) / (later + 1)
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._inner.connect_tcp(found[-later - 1], port, share, local_address, socket_options)
        rest = max(scope.deadline - anyio.current_time(), 0.0)
        return await self._inner.connect_tcp(found[-1], port, rest, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    def _check(self, host: str, found: Sequence[str]) -> None:
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "it stands for no address")
        # One that is not allowed spoils the others: whoever owns the name plays with it, or made a mistake.
        for address in found:
            if not allows(self._addresses, address):
                raise AddressForbidden(f"{host} is at {address}, and addresses allows {', '.join(self._addresses)}")


@contextmanager
def _in_words_of_httpx() -> Generator[None]:
    """Raise the exceptions of httpcore2 as those of httpx2, which have the same names."""
    try:
        yield
    except Exception as error:
        meaning: Any = getattr(httpx2, type(error).__name__, None)
        if not type(error).__module__.startswith("httpcore2") or meaning is None:
            raise
        raise meaning(str(error)) from error
