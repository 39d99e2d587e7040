"""Conversion of httpx2's exceptions and of HTTP error responses into an `HttpFailure`."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import httpx2

from mcpstore.errors import ServiceError
from mcpstore.models.json_types import as_object
from mcpstore.models.redaction import masked_url
from mcpstore.wire.exception_tree import causes
from mcpstore.wire.http.address_filter import AddressForbidden
from mcpstore.wire.message import error_text
from mcpstore.wire.messages.failure import HttpFailure, Kind

__all__ = ["SESSION_HEADER", "content_kind", "of_exception", "of_refusal", "retry_after", "where"]

SESSION_HEADER: Final = "mcp-session-id"

_MAX_RETRY_AFTER: Final = 86_400.0
"""Upper limit of Retry-After, in seconds; a larger value is a mistake of the server."""

_SESSION_ERRORS: Final = (-32600, -32000)
"""Error codes that may concern the session instead of the request: invalid request, and servers' own."""

_HTTP_MATTERS: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)


def of_exception(error: Exception, url: httpx2.URL) -> HttpFailure:
    """Return the failure that an exception of httpx2 means."""
    place, why = where(url), error_text(error)
    match error:
        case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            kind, what = Kind.TOO_SLOW, f"no connection to {place} in time; check url, network, firewall and proxy"
        case httpx2.ProxyError():
            kind, what = Kind.UNREACHED, f"the proxy does not lead to {place} ({why}); check HTTPS_PROXY and NO_PROXY"
        case httpx2.ConnectError() if forbidden := [at for at in causes(error) if isinstance(at, AddressForbidden)]:
            kind, what = Kind.FORBIDDEN, f"{place} may not be reached: {forbidden[0]}; correct url or addresses"
        case httpx2.ConnectError():
            kind, what = Kind.UNREACHED, _why_unreached(error, place)
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
            kind, what = Kind.UNREACHED, f"{place}: not an address for HTTP; correct url"
        case httpx2.TimeoutException():
            kind, what = Kind.BROKEN, f"{place} did not answer in time"
        case httpx2.RemoteProtocolError() | httpx2.DecodingError():
            kind, what = Kind.BROKEN, f"{place} broke off its answer, or does not speak HTTP ({why})"
        case _:
            kind, what = Kind.BROKEN, f"the connection to {place} broke ({why})"
    return HttpFailure(kind, what)


def of_refusal(
    response: httpx2.Response, body: bytes, *, known: bool = False, other: str = "sse", has_session: bool = False
) -> HttpFailure | ServiceError:
    """Return the failure that a response with a status of 400 or more means.

    Args:
        response: The response.
        body: Its body, or the beginning of it.
        known: Whether the request contained credentials.
        other: Transport that may be the right one instead.
        has_session: Whether the request belonged to a session.
    """
    status = response.status_code
    error = _rpc_error(body) if content_kind(response) == "application/json" else None
    # Servers that keep their own table of sessions answer 400, as the examples of the TypeScript SDK do.
    lost = has_session and (
        status == HTTPStatus.NOT_FOUND or (status == HTTPStatus.BAD_REQUEST and _is_about_sessions(error, body))
    )
    if error is not None and not lost and status not in _HTTP_MATTERS:
        return error
    return HttpFailure.refused(
        masked_url(str(response.request.url)),
        status,
        retry_after=retry_after(response.headers),
        session_lost=lost,
        known=known,
        other=other,
    )


def content_kind(response: httpx2.Response) -> str:
    """Return the media type of a response, without its parameters."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def retry_after(headers: httpx2.Headers) -> float | None:
    """Return the Retry-After of a response in seconds (RFC 9110, section 10.2.3), or None."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _MAX_RETRY_AFTER)
    until, now = _date(value), _date(headers.get("date", ""))
    if until is None or now is None:  # a date is useful only relative to the server's clock
        return None
    return min(max((until - now).total_seconds(), 0.0), _MAX_RETRY_AFTER)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo is not None else None


def _is_about_sessions(error: ServiceError | None, body: bytes) -> bool:
    if error is None:
        return b"session" in body.lower()
    return error.code in _SESSION_ERRORS and "session" in error.message.lower()


def _rpc_error(body: bytes) -> ServiceError | None:
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = as_object((as_object(message) or {}).get("error"))
    if error is None:
        return None
    code, text = error.get("code"), error.get("message")
    if not isinstance(code, int) or isinstance(code, bool) or not isinstance(text, str):
        return None
    return ServiceError(code, text, error.get("data"))


def _why_unreached(error: Exception, place: str) -> str:
    for cause in causes(error):
        if isinstance(cause, socket.gaierror):
            return f"the host of {place} is not known; check url and network"
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message or "the certificate is not valid"
            return f"{place} is not trusted: {reason}; set verify to the file of the certificate that signed it"
        if isinstance(cause, ssl.SSLError):
            return f"TLS with {place} failed ({cause.reason or cause}); check whether it speaks https at all"
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens at {place}; start the server, or correct url"
        if isinstance(cause, OSError) and cause.errno is not None:
            return f"{place} cannot be reached ({cause.strerror or cause}); check url and network"
    return f"{place} cannot be reached ({error_text(error)}); check url and network"


def where(url: httpx2.URL) -> str:
    """Return the host and port of a URL."""
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return f"[{url.host}]:{port}" if ":" in url.host else f"{url.host}:{port}"
