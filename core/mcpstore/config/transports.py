"""Which transport an entry means: its words for them, and what follows when it uses none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from mcpstore.config.dialects.dialect import Dialect
from mcpstore.config.dialects.transport_names import HTTP, MEMORY, REMOTE, SSE, STDIO, known_transport
from mcpstore.config.fields import Fields
from mcpstore.models.json_types import as_object, as_text

__all__ = ["Wanted", "by_url", "wanted_transport"]

_SOURCES: Final = ("transport", "type", "transportType")
# The narrower word first: beside `"type": "remote"`, `transport` says which of the remote ones.


@attrs.frozen(kw_only=True)
class Wanted:
    """What an entry says about its transport.

    Attributes:
        name: Name of the transport; None if nothing in the entry leads to one.
        key: The key that names a vendor's transport.
        options: The vendor's settings, where they stand apart in an object of their own.
        note: What is odd about it, though it can be used.
    """

    name: str | None
    key: str = ""
    options: dict[str, Any] | None = None
    note: str = ""


def by_url(url: str, *, key: str = "url", dialect: Dialect | None = None) -> str:
    """Return the transport of a URL whose entry does not say: SSE if its path ends in `/sse`, else streamable HTTP.

    Args:
        url: The URL, variables not expanded.
        key: The key it stands under; some dialects tell the transport by it.
        dialect: The dialect of the entry.
    """
    if dialect is not None and dialect.url_is_sse:
        return HTTP if key == "httpUrl" else SSE
    try:
        path = urlsplit(url).path
    except ValueError:
        return HTTP
    return SSE if path.rstrip("/").endswith("/sse") else HTTP


def wanted_transport(fields: Fields, dialect: Dialect) -> Wanted:
    """Find out which transport an entry means. Complains about a transport object without a type."""
    entry = fields.entry
    if (vendor := as_object(entry.get("transport"))) is not None:
        return _from_object(fields, vendor)
    has_command = fields.has("command")
    url_key = fields.key_of("url")
    remote = by_url(as_text(entry[url_key]) or "", key=url_key, dialect=dialect) if url_key else None
    stated, key, vendor_name = _stated(entry)
    if stated is not None:
        return _reconciled((remote or HTTP) if stated == REMOTE else stated, key, has_command, remote)
    if vendor_name and (key == "transport" or not (has_command or remote)):
        return Wanted(name=vendor_name, key=key)
    if has_command or remote:
        # Unknown words under "type" beside a command are labels of the client, not transports.
        return Wanted(name=STDIO if has_command else remote)
    return _from_python(entry)


def _stated(entry: Mapping[str, Any]) -> tuple[str | None, str, str]:
    """Return the transport stated in known words, the key that states it, and else a vendor's name."""
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


def _reconciled(stated: str, key: str, has_command: bool, remote: str | None) -> Wanted:
    """Start what can be started where an entry says one thing and holds another."""
    if stated == STDIO and not has_command and remote is not None:
        return Wanted(name=remote, note=f"{key} says 'stdio', but there is a URL and no command; read as remote")
    if stated != STDIO and has_command and remote is None:
        return Wanted(name=STDIO, note=f"{key} says remote, but there is a command and no URL; read as local")
    return Wanted(name=stated)


def _from_python(entry: Mapping[str, Any]) -> Wanted:
    """Recognise a server that a program hands over as an object, which no file could hold."""
    server = entry.get("server")
    if isinstance(server, str | int | float | list | dict | None):
        return Wanted(name=None)
    return Wanted(name=MEMORY, key="server", options={"server": server})


def _from_object(fields: Fields, transport: Mapping[str, Any]) -> Wanted:
    options = {str(key): value for key, value in transport.items() if key != "type"}
    name = as_text(transport.get("type"))
    if not name:
        fields.complain("transport.type", "missing; it names the transport, such as 'stdio' or 'tcp'")
        return Wanted(name=None, key="transport")
    known = known_transport(name)
    if known == REMOTE:
        known = HTTP
    return Wanted(name=known or name, key="transport", options=options)
