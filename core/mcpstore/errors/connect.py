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
    """A service could not be opened."""


class NotReady(ConnectError):
    """The service is not there yet; trying again may help.

    Attributes:
        retry_after: Seconds the service asked to be left alone, if it said so.
        exit_code: Exit code of its process, if it ended.
    """

    def __init__(self, what: str, *, retry_after: float | None = None, exit_code: int | None = None) -> None:
        self.retry_after: Final = retry_after
        self.exit_code: Final = exit_code
        super().__init__(what)


class ConnectTimeout(ConnectError):
    """The service did not finish the handshake in time."""


class ConnectRefused(ConnectError):
    """Trying again changes nothing until somebody changes something."""


class CommandNotFound(ConnectRefused):
    """The command of a stdio service does not exist or may not be executed."""


class AuthRequired(ConnectRefused):
    """The service wants credentials that it was not given (HTTP 401 or 403)."""


class UnsupportedProtocol(ConnectRefused):
    """The peer answers, but not in a protocol version this client speaks."""


class CloseFailed(MCPStoreError):
    """Something of a service survived its close.

    Attributes:
        survivors: Process ids that are still there.
        reap: Tries again; raises `CloseFailed` if it does not succeed either.
    """

    def __init__(self, what: str, survivors: Sequence[int], reap: Callable[[], Awaitable[None]]) -> None:
        self.survivors: Final = tuple(survivors)
        self.reap: Final = reap
        super().__init__(what)
