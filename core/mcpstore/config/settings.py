"""The settings a transport gets, from the fields of an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mcpstore.config.dialects.dialect import ALIASES, TIMEOUT_KEYS, Dialect
from mcpstore.config.dialects.transport_names import HTTP, SSE, STDIO
from mcpstore.config.extension import KEY, OwnSettings
from mcpstore.config.fields import Fields
from mcpstore.config.transports import Wanted
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["CLIENT_KEYS", "settings_of"]

CLIENT_KEYS: Final = frozenset(
    {"name", "disabled", "enabled", "description", "timeout", *TIMEOUT_KEYS, "type", "transport", "transportType", KEY}
    | {"alwaysAllow", "autoApprove", "trust", "allowedTools", "enabled_tools", "includeTools"}
    | {"disabledTools", "disabled_tools", "excludeTools", "tools", "gallery", "version", "metadata"}
)
"""Keys that concern clients; a vendor's transport, whose settings stand beside them, does not get them."""

_URL: Final = re.compile(r"https?://|\$\{|\{env:|\{file:", re.IGNORECASE)

_OAUTH_KEYS: Final = {
    "clientId": "client_id",
    "CLIENT_ID": "client_id",
    "client_id": "client_id",
    "clientSecret": "client_secret",
    "CLIENT_SECRET": "client_secret",
    "client_secret": "client_secret",
    "callbackPort": "callback_port",
    "callback_port": "callback_port",
    "scope": "scopes",
    "scopes": "scopes",
}
"""What clients call what a login by browser needs; whatever else they say concerns their own browser flow."""


def settings_of(fields: Fields, wanted: Wanted, dialect: Dialect, own: OwnSettings) -> tuple[dict[str, Any], list[str]]:
    """Return the settings, and what will most likely keep them from working. Complains about bad fields."""
    if wanted.name in (HTTP, SSE):
        return _remote(fields, dialect, own)
    if own.addresses is not None:
        # Whoever wrote it relies on it.
        fields.complain(f"{KEY}.addresses", "only services reached by HTTP heed it; remove it")
    if wanted.name == STDIO:
        return _local(fields, dialect, own), []
    if wanted.name is None:
        if not wanted.key:
            _complain_of_nothing(fields)
        return {}, []
    if wanted.options is not None:
        return wanted.options, []
    return {key: value for key, value in fields.entry.items() if key not in CLIENT_KEYS and key[:1] != "_"}, []


def _local(fields: Fields, dialect: Dialect, own: OwnSettings) -> dict[str, Any]:
    args = fields.words("args")
    complained = len(fields.complaints)
    key = fields.key_of("command")
    if key and as_array(fields.entry[key]) is not None:
        command, *more = fields.as_words(key, fields.entry[key]) or [""]
        args = [*more, *args]
    else:
        command = fields.text("command") or ""
    if not command and len(fields.complaints) == complained:
        fields.complain(key or "command", "missing; a local service needs one" + fields.nearest(["command"]))
    settings: dict[str, Any] = {"command": command, "args": args, "env": fields.pairs("env")}
    for what in ("cwd", "env_file"):
        if (text := fields.text(what)) is not None:
            settings[what] = text
    if names := fields.words("env_vars"):
        settings["env_vars"] = names
    if own.inherit_env is not None:
        settings["inherit_env"] = own.inherit_env
    if own.containment is not None:
        settings["containment"] = own.containment
    return _with_braces(settings, dialect)


def _remote(fields: Fields, dialect: Dialect, own: OwnSettings) -> tuple[dict[str, Any], list[str]]:
    complained = len(fields.complaints)
    key = fields.key_of("url")
    url = fields.text("url") or ""
    doubts: list[str] = []
    if not url and len(fields.complaints) == complained:
        fields.complain(key or "url", "missing; a remote service needs one" + fields.nearest(ALIASES["url"]))
    elif url and not _URL.match(url):
        doubts.append(f"{key}: must begin with http:// or https://")
    headers = {header: text for header, text in fields.pairs("headers").items() if text is not None}
    # Codex keeps tokens out of its file by naming variables instead.
    headers |= {header: f"${{{variable}}}" for header, variable in fields.pairs("env_headers").items() if variable}
    if (token := fields.text("bearer")) is not None:
        headers["Authorization"] = f"Bearer ${{{token}}}"
    settings: dict[str, Any] = {"url": url, "headers": headers}
    if (auth := _auth(fields.entry)) is not None:
        settings["auth"] = auth
    if (verify := fields.entry.get("verify")) is not None:
        settings["verify"] = verify
    if own.addresses is not None:
        settings["addresses"] = list(own.addresses)
    return _with_braces(settings, dialect), doubts


def _auth(entry: Mapping[str, Any]) -> Any:
    """Return how to prove who we are, in the form of the bundled transports; None if there is no need to."""
    auth, login = entry.get("auth"), entry.get("oauth")
    if (stated := as_object(auth)) is not None and "CLIENT_ID" in stated:  # as Cursor writes it
        return {"oauth": _login(stated)}
    if auth is not None:
        return auth
    found = as_object(login)
    if login is True or (found is not None and found.get("enabled") is not False):
        return {"oauth": _login(found or {})}
    return None


def _login(stated: Mapping[str, Any]) -> dict[str, Any]:
    known = {_OAUTH_KEYS[key]: value for key, value in stated.items() if key in _OAUTH_KEYS and value is not None}
    if (scopes := as_text(known.get("scopes"))) is not None:
        known["scopes"] = scopes.split()
    return known


def _complain_of_nothing(fields: Fields) -> None:
    if fields.entry.get("source") == "extension":
        fields.complain(
            "command", "missing; the service belongs to an extension of Zed, and only Zed knows its command"
        )
        return
    hint = fields.nearest(["command", "url", "serverUrl", "httpUrl", "transport"])
    fields.complain("command", f"missing; an entry needs a 'command' (local) or a 'url' (remote){hint}")


def _with_braces(settings: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Turn `$NAME` into `${NAME}` where the dialect's client reads it so; variables have one form from here on."""
    for key in dialect.bare & settings.keys():
        pairs = as_object(settings[key])
        if pairs is None:
            settings[key] = _braced(settings[key])
        else:
            settings[key] = {name: text and _braced(text) for name, text in pairs.items()}
    return settings


def _braced(text: str) -> str:
    return re.sub(r"(?<![\\$])\$([A-Za-z_]\w*)", r"${\1}", text)
