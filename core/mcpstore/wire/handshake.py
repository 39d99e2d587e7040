"""Handshake: negotiates the newest protocol version that both sides support, in either era.

A server of one era answers the opening of the other with an error, on the same pipe. So both openings are tried, one
after the other. `initialize` is the safer first one: some servers exit on any other message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import attrs

from mcpstore.errors import ConnectError, NotReady, ServiceError, UnsupportedProtocol
from mcpstore.hooks.connection import ClientEndpoint, Era, ServerInfo
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.wire.protocol import (
    CLIENT_CAPABILITIES_KEY,
    CLIENT_INFO_KEY,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LEGACY_VERSIONS,
    METHOD_NOT_FOUND,
    MODERN_VERSIONS,
    PROTOCOL_VERSION_KEY,
    SERVER_INFO_KEY,
    UNSUPPORTED_VERSION,
    mutual,
)

__all__ = ["DISCOVER", "DISCOVER_PATIENCE", "INITIALIZE", "Agreement", "agree"]

INITIALIZE: Final = "initialize"
DISCOVER: Final = "server/discover"

DISCOVER_PATIENCE: Final = 5.0
"""Time limit of the first opening in the modern era, in seconds; the SDK waits 10."""

_PERHAPS_MODERN: Final = frozenset({UNSUPPORTED_VERSION, METHOD_NOT_FOUND, INVALID_REQUEST, INVALID_PARAMS})

Ask = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]


@attrs.frozen(kw_only=True)
class Agreement:
    """Result of the handshake.

    Attributes:
        era: The era.
        version: The protocol version.
        server: Name, version and capabilities of the server.
        stamp: The `_meta` of every request.
    """

    era: Era
    version: str
    server: ServerInfo
    stamp: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


async def agree(ask: Ask, peer: ClientEndpoint, first: Era) -> Agreement:
    """Negotiate era and version.

    Args:
        ask: Sends a request.
        peer: Identity of the client.
        first: The era to try first.

    Raises:
        UnsupportedProtocol: There is no common version.
        NotReady: The server refuses for a reason of its own.
    """
    agreement = await _discover(ask, peer, DISCOVER_PATIENCE) if first is Era.MODERN else None
    if agreement is not None:
        return agreement
    try:
        return await _initialize(ask, peer)
    except ServiceError as error:
        # The server is modern, or it answered the first opening after its time limit.
        agreement = await _discover(ask, peer, None) if error.code in _PERHAPS_MODERN else None
        if agreement is None:
            raise _refusal(peer, error) from error
        return agreement


async def _initialize(ask: Ask, peer: ClientEndpoint) -> Agreement:
    offer = LEGACY_VERSIONS[-1]
    try:
        result = await _offer(ask, peer, offer)
    except ServiceError as error:
        other = mutual(_supported(error), LEGACY_VERSIONS)
        if other in (None, offer):
            raise
        result = await _offer(ask, peer, other)
    version = as_text(result.get("protocolVersion"))
    if version not in LEGACY_VERSIONS:
        raise UnsupportedProtocol(
            f"service {peer.service!r} answers in protocol version {version!r}; "
            f"known versions: {', '.join(LEGACY_VERSIONS + MODERN_VERSIONS)}"
        )
    server = _server(result, as_object(result.get("serverInfo")))
    return Agreement(era=Era.LEGACY, version=version, server=server)


def _offer(ask: Ask, peer: ClientEndpoint, version: str | None) -> Awaitable[dict[str, Any]]:
    return ask(
        INITIALIZE,
        {"protocolVersion": version, "capabilities": dict(peer.capabilities), "clientInfo": _who(peer)},
    )


async def _discover(ask: Ask, peer: ClientEndpoint, limit: float | None) -> Agreement | None:
    version: str | None = MODERN_VERSIONS[-1]
    for _ in range(2):  # a server that does not support the version names those it supports: one more attempt
        try:
            async with asyncio.timeout(limit):
                result = await ask(DISCOVER, {"_meta": _stamp(peer, version)})
        except TimeoutError:
            return None
        except ServiceError as error:
            version = mutual(_supported(error), MODERN_VERSIONS)
            if version is None:
                return None
            continue
        version = mutual(result.get("supportedVersions"), MODERN_VERSIONS)
        if version is None:
            return None
        meta = as_object(result.get("_meta")) or {}
        server = _server(result, as_object(meta.get(SERVER_INFO_KEY)))
        return Agreement(era=Era.MODERN, version=version, server=server, stamp=_stamp(peer, version))
    return None


def _who(peer: ClientEndpoint) -> dict[str, str]:
    return {"name": peer.name, "version": peer.version}


def _stamp(peer: ClientEndpoint, version: str | None) -> dict[str, Any]:
    return {
        PROTOCOL_VERSION_KEY: version,
        CLIENT_INFO_KEY: _who(peer),
        CLIENT_CAPABILITIES_KEY: dict(peer.capabilities),
    }


def _server(result: Mapping[str, Any], who: Mapping[str, Any] | None) -> ServerInfo:
    named = who or {}
    return ServerInfo(
        name=as_text(named.get("name")) or "",
        version=as_text(named.get("version")) or "",
        capabilities=as_object(result.get("capabilities")) or {},
        instructions=as_text(result.get("instructions")) or "",
    )


def _supported(error: ServiceError) -> Any:
    return (as_object(error.data) or {}).get("supported")


def _refusal(peer: ClientEndpoint, error: ServiceError) -> ConnectError:
    supported = as_array(_supported(error))
    if supported is not None:
        theirs = ", ".join(str(version) for version in supported) or "none"
        ours = ", ".join(LEGACY_VERSIONS + MODERN_VERSIONS)
        return UnsupportedProtocol(
            f"service {peer.service!r} supports other protocol versions (it: {theirs}; we: {ours})"
        )
    if error.code in (METHOD_NOT_FOUND, UNSUPPORTED_VERSION):
        return UnsupportedProtocol(f"service {peer.service!r} knows no MCP handshake: {error}")
    return NotReady(f"service {peer.service!r} refused the handshake: {error}")
