"""Errors of opening and closing a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcpstore.errors.base import MCPStoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = [
    "AuthRequired",
    "CloseFailed",
    "CommandNotFound",
    "ConnectError",
    "ConnectRefused",
    "ConnectTimeout",
    "NotReady",
    "UnsupportedProtocol",
]


class ConnectError(MCPStoreError):
    """The service cannot be opened."""


class NotReady(ConnectError):
    """The service is not available yet; another attempt can succeed.

    Attributes:
        retry_after: Seconds after which the service wants the next attempt; None if it did not say.
        exit_code: Exit code of the process; None if it did not exit.
    """

    def __init__(self, what: str, *, retry_after: float | None = None, exit_code: int | None = None) -> None:
        self.retry_after: Final = retry_after
        self.exit_code: Final = exit_code
        super().__init__(what)


class ConnectTimeout(ConnectError):
    """The service did not finish the handshake in time."""


class ConnectRefused(ConnectError):
    """The service refuses the connection permanently; another attempt fails until the cause is removed."""


class CommandNotFound(ConnectRefused):
    """The command of a stdio service does not exist or cannot be executed."""


class AuthRequired(ConnectRefused):
    """The service requires valid credentials (HTTP 401 or 403)."""


class UnsupportedProtocol(ConnectRefused):
    """The server supports none of the protocol versions of this client."""


class CloseFailed(MCPStoreError):
    """Processes of the service are left after its close.

    Attributes:
        survivors: Ids of the processes that are left.
        reap: Tries again to end them; raises `CloseFailed` if this fails, too.
    """

    def __init__(self, what: str, survivors: Sequence[int], reap: Callable[[], Awaitable[None]]) -> None:
        self.survivors: Final = tuple(survivors)
        self.reap: Final = reap
        super().__init__(what)
