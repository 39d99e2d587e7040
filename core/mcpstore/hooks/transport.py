"""Offer of a transport plugin: connections to services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from mcpstore.hooks.connection import ClientEndpoint, Connection
from mcpstore.hooks.orphans import Orphans

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["Transport"]

C = TypeVar("C", bound="BaseModel")


@attrs.frozen(kw_only=True)
class Transport(Generic[C]):
    """Method of opening a connection to a service.

    Attributes:
        name: Name of the transport in configurations: `"transport": "tcp"` or `{"type": "tcp", …}`.
        config: Pydantic model of its settings. Variables are expanded before it validates them.
        connect: Called with (settings, endpoint); returns an async context manager. Entering it opens the connection
            and yields a `Connection` after the handshake; it raises `NotReady`, `ConnectTimeout` or a `ConnectRefused`.
            Leaving it closes everything that belongs to the connection; it raises `CloseFailed` if something is left.
            It is entered, used and left in one task.
        is_local: Whether opening starts a process on this machine; the manager limits how many start at once.
        handshake_timeout: Called with the settings; returns the seconds an opening may take if the configuration does
            not set `handshake`.
        reap: Async function that ends what killed managers left behind and returns a description of each thing it
            ended. Awaited once, before any service is opened. Raises `CloseFailed` if something is left. None if the
            transport leaves nothing behind.
    """

    name: str
    config: type[C]
    connect: Callable[[C, ClientEndpoint], AbstractAsyncContextManager[Connection]]
    is_local: bool = False
    handshake_timeout: Callable[[C], float] = attrs.field(default=lambda _settings: 30.0)
    reap: Callable[[Orphans], Awaitable[Sequence[str]]] | None = None
