"""What went wrong on the way through HTTP, in words a person can act on.

The same refusal means one thing while a service is being opened and another while it is called: `at_connect` says the
one, `in_call` the other. Permanent is only what the server says about us or about its kind (401, 403, 405, 407, 410). A
wrong address also answers 404, or a web page; but so does a proxy whose server is still starting, and the login page of
a hotel. Taking the wrong one for permanent would cost half an hour of service; taking it for transient costs a few
requests.
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
    """How far a message got."""

    UNREACHED = "unreached"
    """There was no connection, so the message was not sent."""
    FORBIDDEN = "forbidden"
    """It is where the service may not be reached, so the message was not sent."""
    TOO_SLOW = "too slow"
    """There was no connection in time, so the message was not sent."""
    BROKEN = "broken"
    """It was sent, or a part of it; what became of it is unknown."""
    STATUS = "status"
    """HTTP answered with a status of refusal."""
    LOGIN = "login"
    """The server wants to know who we are."""
    NOT_MCP = "not MCP"
    """Something answered, but nothing that speaks MCP."""
    TOO_LONG = "too long"
    """The answer was longer than is accepted."""


class HttpFailure(CallError):
    """A message that HTTP could not deliver, or whose answer it could not bring back.

    Attributes:
        kind: How far the message got.
        status: The HTTP status, if there was one.
        retry_after: Seconds the server asked to be left alone.
        session_lost: Whether the server does not know the session of the message (any more); it did nothing then.
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
        """Return the failure an HTTP status stands for.

        Args:
            where: The address, without secrets.
            status: The status.
            retry_after: Seconds the server asked to be left alone.
            session_lost: Whether the status is about our session.
            known: Whether we said who we are.
            other: The transport that may be the right one instead.
        """
        told = f"{where} answered {status} {_PHRASES.get(status, '')}".rstrip()
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            remedy = (
                "the credentials it was given are not accepted; renew them"
                if known
                else "set headers.Authorization, or auth: oauth"
            )
            return cls(Kind.LOGIN, f"needs login: {told}; {remedy}", status=status)
        if status in _REMEDIES:
            told = f"{told}: {_REMEDIES[status].format(other=other)}"
        return cls(Kind.STATUS, told, status=status, retry_after=retry_after, session_lost=session_lost)

    @classmethod
    def redirected(cls, where: str, status: int) -> HttpFailure:
        """Return the failure of being sent to another origin, where neither the message nor our secrets may follow."""
        return cls(
            Kind.STATUS,
            f"was redirected to {where} and did not follow; set url to that address if it is the right one",
            status=status,
        )

    @property
    def may_be_an_answer(self) -> bool:
        """Whether a server of the other era may have meant it as its answer to an opening it does not know."""
        return self.kind in (Kind.STATUS, Kind.NOT_MCP) and self.status not in _BUSY

    def at_connect(self) -> ConnectError:
        """Return what it means for a service that is being opened."""
        text = str(self)
        if self.kind is Kind.LOGIN:
            return AuthRequired(text)
        if self.kind is Kind.TOO_SLOW:
            return ConnectTimeout(text)
        if self.kind is Kind.FORBIDDEN or self.status in _FINAL:
            return ConnectRefused(text)
        return NotReady(text, retry_after=self.retry_after)

    def in_call(self) -> CallError:
        """Return what it means for a request to a service that is open."""
        text = str(self)
        if self.kind in (Kind.UNREACHED, Kind.FORBIDDEN, Kind.TOO_SLOW):
            return ConnectionLost(f"{text} (the request was not sent)")
        if self.status == HTTPStatus.TOO_MANY_REQUESTS or (self.status in _BUSY and self.retry_after is not None):
            return ServiceBusy(text, retry_after=self.retry_after)
        if self.kind is Kind.BROKEN or self.status in _GATEWAY:
            return ConnectionLost(f"{text} (whether the request took effect is unknown)")
        data: Any = {"httpStatus": self.status} if self.status is not None else None
        return ServiceError(_INTERNAL_ERROR, text, data)
