"""Settings of a service over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from mcpstore.models.redaction import MASK, masked
from mcpstore.wire.http.addresses import read_addresses

__all__ = ["HANDSHAKE_TIMEOUT", "LOGIN_TIMEOUT", "Auth", "HttpSettings", "OAuthClient"]

HANDSHAKE_TIMEOUT: Final = 30.0
"""Default handshake timeout, in seconds."""

LOGIN_TIMEOUT: Final = 300.0
"""Default handshake timeout with an OAuth login, in seconds; FastMCP waits as long for the person."""

# Characters of a header name: RFC 9110, section 5.6.2.
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class _Strict(BaseModel):
    """Settings without unknown fields."""

    # Errors must not show the input: it may be a secret.
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OAuthClient(_Strict):
    """OAuth client of a login in the browser; most servers need no fields.

    Attributes:
        scopes: Scopes to request.
        client_id: Client id, for servers without dynamic client registration.
        client_secret: Client secret.
        callback_port: Local port of the redirect; None for a free port.
    """

    scopes: tuple[str, ...] = ()
    client_id: str | None = None
    client_secret: SecretStr | None = None
    callback_port: int | None = Field(default=None, ge=1, le=65535)


class Auth(_Strict):
    """Authentication: a bearer token, or an OAuth login in the browser.

    Attributes:
        bearer: Bearer token.
        oauth: OAuth client of the login.
    """

    bearer: SecretStr | None = Field(default=None, min_length=1)
    oauth: OAuthClient | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Auth:
        if (self.bearer is None) == (self.oauth is None):
            raise ValueError('must be "oauth", {"oauth": {…}} or {"bearer": "…"}')
        return self


class HttpSettings(_Strict):
    """Settings of a service over HTTP.

    Attributes:
        url: URL of the MCP endpoint.
        headers: HTTP headers of every request.
        auth: Authentication, if the headers are not enough.
        verify: Whether the server's certificate is verified, or the file or folder of certificates to verify it with.
        timeout: Handshake timeout, in seconds; None for the default.
        addresses: Allowed addresses of the server: `public`, and networks; None for all.
    """

    url: str
    headers: dict[str, str] = {}
    auth: Auth | None = None
    verify: bool | str = True
    timeout: float | None = Field(default=None, gt=0)
    addresses: tuple[str, ...] | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show all fields, with the values of headers and the credentials in URLs masked."""
        for name, value in super().__repr_args__():
            yield name, dict.fromkeys(self.headers, MASK) if name == "headers" else masked(value)

    @property
    def handshake_timeout(self) -> float:
        """Handshake timeout, in seconds."""
        if self.timeout is not None:
            return self.timeout
        return LOGIN_TIMEOUT if self.auth is not None and self.auth.oauth is not None else HANDSHAKE_TIMEOUT

    @field_validator("url")
    @classmethod
    def _has_host(cls, url: str) -> str:
        url = url.strip()
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("must be an address such as https://host/mcp (its host or port cannot be read)") from None
        if parts.scheme not in ("http", "https"):
            got = f"got scheme {parts.scheme!r}" if parts.scheme and parts.netloc else "got no scheme"
            raise ValueError(f"must begin with http:// or https:// ({got})")
        if not host:
            raise ValueError("must name a host, as in https://host/mcp")
        return url

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not name or not _TOKEN.issuperset(name):
                raise ValueError(f"{name!r} cannot be the name of a header")
            # A line break would let a value add headers of its own.
            if any(char != "\t" and not " " <= char <= "~" for char in value):
                raise ValueError(f"the value of {name!r} holds characters that no header can carry")
        return headers

    @field_validator("addresses", mode="before")
    @classmethod
    def _known_words(cls, given: Any) -> Any:
        return read_addresses(given)

    @field_validator("auth", mode="before")
    @classmethod
    def _short_forms(cls, given: Any) -> Any:
        """Accept the short forms of other clients: a keyword, or only the token."""
        if given in (None, False, "", "none"):
            return None
        if isinstance(given, str):
            return {"oauth": {}} if given.lower() == "oauth" else {"bearer": given}
        return given
