"""Choice of the transport for an entry: from its `transport` or `type`, or else from its command or URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from mcpstore.config.dialects.dialect import Dialect
from mcpstore.config.dialects.transport_names import HTTP, MEMORY, REMOTE, SSE, STDIO, known_transport
from mcpstore.config.fields import Fields
from mcpstore.models.json_types import as_object, as_text

__all__ = ["TransportChoice", "by_url", "choose_transport"]

_SOURCES: Final = ("transport", "type", "transportType")
# The more specific key first: beside `"type": "remote"`, `transport` says which of the remote transports.


@attrs.frozen(kw_only=True)
class TransportChoice:
    """The transport of an entry.

    Attributes:
        name: Name of the transport; None if the entry does not determine one.
        key: Key that names a plugin's transport.
        options: Settings of the transport, if the entry has them in an object of their own.
        note: Remark on a contradiction in the entry; empty without one.
    """

    name: str | None
    key: str = ""
    options: dict[str, Any] | None = None
    note: str = ""


def by_url(url: str, *, key: str = "url", dialect: Dialect | None = None) -> str:
    """Return the default transport for a URL: SSE if its path ends in `/sse`, else streamable HTTP.

    Args:
        url: The URL, variables not expanded.
        key: Key of the URL in the entry; it determines the transport in some dialects.
        dialect: The dialect of the entry.
    """
    if dialect is not None and dialect.url_is_sse:
        return HTTP if key == "httpUrl" else SSE
    try:
        path = urlsplit(url).path
    except ValueError:
        return HTTP
    return SSE if path.rstrip("/").endswith("/sse") else HTTP


def choose_transport(fields: Fields, dialect: Dialect) -> TransportChoice:
    """Return the transport of an entry; a transport object without a type is recorded as an error in `fields`."""
    entry = fields.entry
    if (vendor := as_object(entry.get("transport"))) is not None:
        return _from_transport_object(fields, vendor)
    has_command = fields.has("command")
    url_key = fields.key_of("url")
    remote = by_url(as_text(entry[url_key]) or "", key=url_key, dialect=dialect) if url_key else None
    stated, key, vendor_name = _stated_transport(entry)
    if stated is not None:
        return _reconcile((remote or HTTP) if stated == REMOTE else stated, key, has_command, remote)
    if vendor_name and (key == "transport" or not (has_command or remote)):
        return TransportChoice(name=vendor_name, key=key)
    if has_command or remote:
        # An unknown "type" beside a command or a URL is a label of the client, not a transport.
        return TransportChoice(name=STDIO if has_command else remote)
    return _from_server_object(entry)


def _stated_transport(entry: Mapping[str, Any]) -> tuple[str | None, str, str]:
    """Return the stated transport and its key; for an unknown name None, the key and the name."""
    vendor = ("", "")
    for key in _SOURCES:
        word = as_text(entry.get(key))
        if not word:
            continue
        if (known := known_transport(word)) is not None:
            return known, key, ""
        if not vendor[0]:
            vendor = (key, word)
    return None, vendor[0], vendor[1]


def _reconcile(stated: str, key: str, has_command: bool, remote: str | None) -> TransportChoice:
    """Return the transport that can work if the stated one contradicts the entry."""
    if stated == STDIO and not has_command and remote is not None:
        note = f"{key} is 'stdio', but the entry has a URL and no command; it is used as a remote service"
        return TransportChoice(name=remote, note=note)
    if stated != STDIO and has_command and remote is None:
        note = f"{key} is remote, but the entry has a command and no URL; it is used as a local service"
        return TransportChoice(name=STDIO, note=note)
    return TransportChoice(name=stated)


def _from_server_object(entry: Mapping[str, Any]) -> TransportChoice:
    """Return the in-memory transport if a program passes its server as an object."""
    server = entry.get("server")
    if isinstance(server, str | int | float | list | dict | None):
        return TransportChoice(name=None)
    return TransportChoice(name=MEMORY, key="server", options={"server": server})


def _from_transport_object(fields: Fields, transport: Mapping[str, Any]) -> TransportChoice:
    options = {str(key): value for key, value in transport.items() if key != "type"}
    name = as_text(transport.get("type"))
    if not name:
        fields.add_error("transport.type", "missing; it names the transport, such as 'stdio' or 'tcp'")
        return TransportChoice(name=None, key="transport")
    known = known_transport(name)
    if known == REMOTE:
        known = HTTP
    return TransportChoice(name=known or name, key="transport", options=options)
