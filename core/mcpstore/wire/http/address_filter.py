"""Address filter: HTTP connections to allowed IP addresses only.

For each connection the host name is resolved once, all its addresses are checked, and the connection goes to one of the
checked addresses. So no spelling of a URL, redirect or DNS rebinding leads to another address. TLS certificates are
still verified against the name.
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

__all__ = ["AddressForbidden", "FilteredTransport", "filtered_transport", "resolve"]


class AddressForbidden(Exception):
    """The host name of a service resolves to an address that is not allowed."""


def filtered_transport(
    addresses: Sequence[str] | None, verify: ssl.SSLContext, limits: httpx2.Limits
) -> httpx2.AsyncBaseTransport | None:
    """Return a transport with an address filter; None, which means the default transport, if all are allowed.

    Args:
        addresses: Result of `read_addresses`.
        verify: TLS context.
        limits: Limits of the connection pool.
    """
    return None if addresses is None else FilteredTransport(addresses, verify, limits)


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host name, in the order in which they should be tried.

    Raises:
        OSError: The name cannot be resolved.
    """
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in infos))


class FilteredTransport(httpx2.AsyncBaseTransport):
    """Transport that connects to allowed addresses only; it uses no proxy, because a proxy resolves names itself.

    Args:
        addresses: Result of `read_addresses`.
        verify: TLS context.
        limits: Limits of the connection pool.
    """

    def __init__(self, addresses: Sequence[str], verify: ssl.SSLContext, limits: httpx2.Limits) -> None:
        self._pool: Final = httpcore2.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_FilteredBackend(addresses),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        assert isinstance(request.stream, httpx2.AsyncByteStream)  # noqa: S101 - used by async clients only
        url = request.url
        core_request = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=dict[str, Any](request.extensions),
        )
        with _httpx_exceptions():
            response = await self._pool.handle_async_request(core_request)
        body = _Body(response)
        extensions = cast("Any", response).extensions  # its annotation is too vague
        return httpx2.Response(response.status, headers=response.headers, stream=body, extensions=extensions)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response: Final = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_exceptions():
            async for chunk in self._response.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


class _FilteredBackend(httpcore2.AsyncNetworkBackend):
    """Network backend that connects to checked addresses."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses: Final = addresses
        self._inner: Final = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - signature of the base class
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a host name; each of its addresses gets a share of the timeout."""
        try:
            with anyio.fail_after(timeout) as scope:
                resolved = await resolve(host, port)
            self._check(host, resolved)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except (OSError, AddressForbidden) as error:
            raise httpcore2.ConnectError(str(error)) from error
        for later in range(len(resolved) - 1, 0, -1):
            share = max(scope.deadline - anyio.current_time(), 0.0) / (later + 1)
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._inner.connect_tcp(resolved[-later - 1], port, share, local_address, socket_options)
        rest = max(scope.deadline - anyio.current_time(), 0.0)
        return await self._inner.connect_tcp(resolved[-1], port, rest, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    def _check(self, host: str, resolved: Sequence[str]) -> None:
        if not resolved:
            raise socket.gaierror(socket.EAI_NONAME, "it has no address")
        # One forbidden address is enough to refuse the name: mixed addresses are an attack or a mistake.
        for address in resolved:
            if not allows(self._addresses, address):
                raise AddressForbidden(f"{host} is at {address}, and addresses allows {', '.join(self._addresses)}")


@contextmanager
def _httpx_exceptions() -> Generator[None]:
    """Raise the exceptions of httpcore2 as those of httpx2, which have the same names."""
    try:
        yield
    except Exception as error:
        exception: Any = getattr(httpx2, type(error).__name__, None)
        if not type(error).__module__.startswith("httpcore2") or exception is None:
            raise
        raise exception(str(error)) from error
