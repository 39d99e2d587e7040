"""Failures of HTTP, with remedies.

The same failure has one meaning while a service is opened (`at_connect`) and another in a call (`in_call`). Only 401,
403, 405, 407 and 410 are permanent. A wrong URL answers 404 or a web page, but so does a proxy whose server is still
starting, or the login page of a hotel. A transient failure that counts as permanent costs half an hour of service; a
permanent one that counts as transient costs a few requests.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import Any, Final

from mcpstore.errors import (
    AuthRequired,
    CallError,
    ConnectError,
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    NotReady,
    ServiceBusy,
    ServiceError,
)

__all__ = ["HttpFailure", "Kind"]

_INTERNAL_ERROR: Final = -32603

_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_GATEWAY: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_FINAL: Final = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.GONE})

_PHRASES: Final = {int(status): status.phrase for status in HTTPStatus}

_REMEDIES: Final[dict[int, str]] = {
    HTTPStatus.NOT_FOUND: "no MCP endpoint at this path; usual paths are /mcp and /sse",
    HTTPStatus.METHOD_NOT_ALLOWED: "another transport may live there; try {other}",
    HTTPStatus.NOT_ACCEPTABLE: "another transport may live there; try {other}",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "the proxy wants a login; put it into HTTPS_PROXY or HTTP_PROXY",
    HTTPStatus.GONE: "the service has moved or was given up; correct url",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the request is too large for this server",
}


class Kind(Enum):
    """Kind of a failure: how far the message got."""

    UNREACHED = "unreached"
    """No connection; the message was not sent."""
    FORBIDDEN = "forbidden"
    """The address is not allowed; the message was not sent."""
    TOO_SLOW = "too slow"
    """No connection in time; the message was not sent."""
    BROKEN = "broken"
    """The message was sent at least in part; whether it took effect is unknown."""
    STATUS = "status"
    """HTTP error status."""
    LOGIN = "login"
    """The server requires authentication."""
    NOT_MCP = "not MCP"
    """The server does not speak MCP."""
    TOO_LONG = "too long"
    """The answer is longer than the limit."""


class HttpFailure(CallError):
    """A message could not be delivered over HTTP, or its answer could not be received.

    Attributes:
        kind: Kind of the failure.
        status: HTTP status, if there was a response.
        retry_after: Seconds of the server's Retry-After.
        session_lost: Whether the server does not know the session; it has not executed the request then.
    """

    def __init__(
        self,
        kind: Kind,
        what: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        session_lost: bool = False,
    ) -> None:
        self.kind: Final = kind
        self.status: Final = status
        self.retry_after: Final = retry_after
        self.session_lost: Final = session_lost
        super().__init__(what)

    @classmethod
    def refused(
        cls,
        where: str,
        status: int,
        *,
        retry_after: float | None = None,
        session_lost: bool = False,
        known: bool = False,
        other: str = "sse",
    ) -> HttpFailure:
        """Return the failure for an HTTP error status.

        Args:
            where: URL, without secrets.
            status: HTTP status.
            retry_after: Seconds of the server's Retry-After.
            session_lost: Whether the status means that the session is unknown.
            known: Whether the request contained credentials.
            other: Transport that may be the right one instead.
        """
        problem = f"{where} answered {status} {_PHRASES.get(status, '')}".rstrip()
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            remedy = (
                "the credentials it was given are not accepted; renew them"
                if known
                else "set headers.Authorization, or auth: oauth"
            )
            return cls(Kind.LOGIN, f"needs login: {problem}; {remedy}", status=status)
        if status in _REMEDIES:
            problem = f"{problem}: {_REMEDIES[status].format(other=other)}"
        return cls(Kind.STATUS, problem, status=status, retry_after=retry_after, session_lost=session_lost)

    @classmethod
    def redirected(cls, where: str, status: int) -> HttpFailure:
        """Return the failure for a redirect to another origin, which must get neither the message nor the secrets."""
        return cls(
            Kind.STATUS,
            f"was redirected to {where} and did not follow; set url to that address if it is the right one",
            status=status,
        )

    @property
    def may_be_an_answer(self) -> bool:
        """Whether a server of the other era may have rejected the handshake in this way."""
        return self.kind in (Kind.STATUS, Kind.NOT_MCP) and self.status not in _BUSY

    def at_connect(self) -> ConnectError:
        """Return the error for a service that is being opened."""
        text = str(self)
        if self.kind is Kind.LOGIN:
            return AuthRequired(text)
        if self.kind is Kind.TOO_SLOW:
            return ConnectTimeout(text)
        if self.kind is Kind.FORBIDDEN or self.status in _FINAL:
            return ConnectRefused(text)
        return NotReady(text, retry_after=self.retry_after)

    def in_call(self) -> CallError:
        """Return the error for a request to an open service."""
        text = str(self)
        if self.kind in (Kind.UNREACHED, Kind.FORBIDDEN, Kind.TOO_SLOW):
            return ConnectionLost(f"{text} (the request was not sent)")
        if self.status == HTTPStatus.TOO_MANY_REQUESTS or (self.status in _BUSY and self.retry_after is not None):
            return ServiceBusy(text, retry_after=self.retry_after)
        if self.kind is Kind.BROKEN or self.status in _GATEWAY:
            return ConnectionLost(f"{text} (whether the request took effect is unknown)")
        data: Any = {"httpStatus": self.status} if self.status is not None else None
        return ServiceError(_INTERNAL_ERROR, text, data)
