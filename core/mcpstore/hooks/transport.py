"""What a transport plugin offers: a way to open a connection to a service."""

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
    """A way to open a connection.

    Attributes:
        name: What configurations call it: `"transport": "tcp"` or `{"type": "tcp", …}`.
        config: The pydantic model of its settings; variables are expanded before it validates them.
        connect: Called with (settings, peer); an async context manager that opens on entering, yields a `Connection`
            whose handshake is done, and on leaving has closed everything that belongs to it. Raises `NotReady`,
            `ConnectTimeout` or a `ConnectRefused` on the way in, `CloseFailed` on the way out; it is entered, used and
            left in one task.
        is_local: Whether opening starts a process on this machine; such openings are admitted a few at a time.
        handshake_timeout: Called with the settings; the seconds an opening may take unless the configuration says.
        reap: Ends what managers left that were killed, and returns what that was, in words; awaited once, before
            anything is opened. Raises `CloseFailed` if something of it is still there. None if nothing can be left.
    """

    name: str
    config: type[C]
    connect: Callable[[C, ClientEndpoint], AbstractAsyncContextManager[Connection]]
    is_local: bool = False
    handshake_timeout: Callable[[C], float] = attrs.field(default=lambda _settings: 30.0)
    reap: Callable[[Orphans], Awaitable[Sequence[str]]] | None = None
