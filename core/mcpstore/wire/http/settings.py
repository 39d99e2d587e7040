"""The settings of a service that is reached by HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from mcpstore.models.redaction import MASK, masked
from mcpstore.wire.http.addresses import read_addresses

__all__ = ["LOGIN_PATIENCE", "PATIENCE", "Auth", "HttpSettings", "OAuthClient"]

PATIENCE: Final = 30.0
"""Seconds an opening may take."""

LOGIN_PATIENCE: Final = 300.0
"""Seconds an opening may take where a person may have to log in with a browser first; FastMCP waits as long."""

# What the name of a header is made of: RFC 9110, section 5.6.2.
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class _Strict(BaseModel):
    """Settings that know all their fields."""

    # Errors must not show what was given: it may be a secret.
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OAuthClient(_Strict):
    """What a login by browser needs where the server does not tell it by itself; usually nothing.

    Attributes:
        scopes: What to ask permission for.
        client_id: Who we are to the server, where it does not register clients by itself.
        client_secret: What proves it.
        callback_port: The local port the browser comes back to; None takes a free one.
    """

    scopes: tuple[str, ...] = ()
    client_id: str | None = None
    client_secret: SecretStr | None = None
    callback_port: int | None = Field(default=None, ge=1, le=65535)


class Auth(_Strict):
    """How to prove who we are: a token that is sent as it is, or a login by browser.

    Attributes:
        bearer: The token.
        oauth: The settings of the login.
    """

    bearer: SecretStr | None = Field(default=None, min_length=1)
    oauth: OAuthClient | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Auth:
        if (self.bearer is None) == (self.oauth is None):
            raise ValueError('must be "oauth", {"oauth": {…}} or {"bearer": "…"}')
        return self


class HttpSettings(_Strict):
    """The settings of a service that is reached by HTTP.

    Attributes:
        url: Its address.
        headers: HTTP headers sent with every request.
        auth: How to prove who we are, if headers are not enough.
        verify: Whether its certificate is checked, or the file (or folder) of certificates it is checked with.
        timeout: Seconds an opening may take.
        addresses: What it may be reached at: `public`, and networks; None if it is everything.
    """

    url: str
    headers: dict[str, str] = {}
    auth: Auth | None = None
    verify: bool | str = True
    timeout: float | None = Field(default=None, gt=0)
    addresses: tuple[str, ...] | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show everything but the values of headers and the credentials in addresses."""
        for name, value in super().__repr_args__():
            yield name, dict.fromkeys(self.headers, MASK) if name == "headers" else masked(value)

    @property
    def patience(self) -> float:
        """Seconds an opening may take."""
        if self.timeout is not None:
            return self.timeout
        return LOGIN_PATIENCE if self.auth is not None and self.auth.oauth is not None else PATIENCE

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
        """Read the forms other clients write: a word, or a token without anything around it."""
        if given in (None, False, "", "none"):
            return None
        if isinstance(given, str):
            return {"oauth": {}} if given.lower() == "oauth" else {"bearer": given}
        return given
