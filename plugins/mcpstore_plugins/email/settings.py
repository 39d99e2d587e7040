"""Settings of the e-mail channel."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

__all__ = ["EmailSettings", "Security"]


class Security(StrEnum):
    """Encryption of the connection to the mail server."""

    STARTTLS = "starttls"
    """Encrypted after a greeting in plain text; fails if the server has no STARTTLS."""
    TLS = "tls"
    """Encrypted from the first byte."""
    NONE = "none"
    """No encryption; credentials are allowed only if the mail server is on this machine."""


_PORTS: Final[Mapping[Security, int]] = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def _address(value: str) -> str:
    name, address = parseaddr(value)
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or not value.isprintable():
        raise ValueError(f"must be an e-mail address, such as 'Ops <ops@example.org>' (got {value[:80]!r})")
    return f"{name} <{address}>" if name else address


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class EmailSettings(BaseModel):
    """Settings of the e-mail channel.

    Attributes:
        to: Recipients: one address, or a list.
        sender: Address of the sender.
        host: Host of the mail server.
        port: Port of the mail server; the default is 587 for `starttls`, 465 for `tls` and 25 for `none`.
        security: Encryption of the connection: `starttls`, `tls` or `none`.
        username: User name at the mail server, if it requires a login.
        password: Password of the user; use a variable, as in `"${SMTP_PASSWORD}"`.
        ca_file: File with the certificates that the server's certificate is verified with, instead of the system's.
        timeout: Timeout of each step of the SMTP dialogue, in seconds.
        subject_prefix: Text at the beginning of every subject.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    to: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
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
        """Port of the mail server, with the default resolved."""
        return self.port or _PORTS[self.security]

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_address(address) for address in to)

    @field_validator("sender")
    @classmethod
    def _is_address(cls, sender: str) -> str:
        return _address(sender)

    @model_validator(mode="after")
    def _protects_password(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; give both or neither")
        if self.password is not None and self.security is Security.NONE and not self._is_local():
            raise ValueError("security 'none' would send the password in plain text; use starttls or tls")
        return self

    def _is_local(self) -> bool:
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False
