"""Where mail goes, and how."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

__all__ = ["EmailSettings", "Security"]


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    """Encrypted after a greeting in plain text; refused if the server cannot."""
    TLS = "tls"
    """Encrypted from the first byte."""
    NONE = "none"
    """Not at all; credentials only within this machine."""


_PORTS: Final[Mapping[Security, int]] = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def _address(value: str) -> str:
    name, address = parseaddr(value)
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or not value.isprintable():
        raise ValueError(f"must be an address, such as 'Ops <ops@example.org>' (got {value[:80]!r})")
    return f"{name} <{address}>" if name else address


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class EmailSettings(BaseModel):
    """Where mail goes, and how.

    Attributes:
        to: The addresses it goes to.
        sender: The address it comes from.
        host: The mail server.
        port: Its port; by default 587 for `starttls`, 465 for `tls`, 25 for `none`.
        security: How the connection is protected: `starttls`, `tls` or `none`.
        username: Who we are to the mail server, if it wants to know.
        password: What proves it; write a variable here, as in `"${SMTP_PASSWORD}"`.
        ca_file: A file of certificates the server's is checked with, if the usual ones do not do.
        timeout: Seconds each step of the conversation may take.
        subject_prefix: What subjects begin with.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    to: Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]
    sender: str
    host: str = "localhost"
    port: int = Field(default=0, ge=0, le=65535)
    security: Security = Security.STARTTLS
    username: str | None = None
    password: SecretStr | None = None
    ca_file: str | None = None
    timeout: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    subject_prefix: str = "[MCPStore]"

    @property
    def server_port(self) -> int:
        """The port of the mail server."""
        return self.port or _PORTS[self.security]

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_address(one) for one in to)

    @field_validator("sender")
    @classmethod
    def _is_address(cls, sender: str) -> str:
        return _address(sender)

    @model_validator(mode="after")
    def _keeps_the_password(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; give both or neither")
        if self.password is not None and self.security is Security.NONE and not self._is_here():
            raise ValueError("security: none would show the password to everybody on the way; use starttls or tls")
        return self

    def _is_here(self) -> bool:
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False
