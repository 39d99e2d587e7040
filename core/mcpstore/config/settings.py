"""Settings of a transport, from the fields of an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mcpstore.config.dialects.dialect import ALIASES, TIMEOUT_KEYS, Dialect
from mcpstore.config.dialects.transport_names import HTTP, SSE, STDIO
from mcpstore.config.extension import KEY, ServiceExtension
from mcpstore.config.fields import Fields
from mcpstore.config.transports import TransportChoice
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["CLIENT_KEYS", "settings_of"]

CLIENT_KEYS: Final = frozenset(
    {"name", "disabled", "enabled", "description", "timeout", *TIMEOUT_KEYS, "type", "transport", "transportType", KEY}
    | {"alwaysAllow", "autoApprove", "trust", "allowedTools", "enabled_tools", "includeTools"}
    | {"disabledTools", "disabled_tools", "excludeTools", "tools", "gallery", "version", "metadata"}
)
"""Keys for clients; they are not passed to a plugin's transport, whose settings are beside them in the entry."""

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
"""Names that clients use for the settings of an OAuth login; other keys concern the client's own login."""


def settings_of(
    fields: Fields, transport: TransportChoice, dialect: Dialect, own: ServiceExtension
) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of the transport, and warnings; errors are recorded in `fields`."""
    if transport.name in (HTTP, SSE):
        return _remote(fields, dialect, own)
    if own.addresses is not None:
        # Ignoring a restriction would be unsafe.
        fields.add_error(f"{KEY}.addresses", "only valid for services over HTTP; remove it")
    if transport.name == STDIO:
        return _local(fields, dialect, own), []
    if transport.name is None:
        if not transport.key:
            _add_missing_error(fields)
        return {}, []
    if transport.options is not None:
        return transport.options, []
    return {key: value for key, value in fields.entry.items() if key not in CLIENT_KEYS and key[:1] != "_"}, []


def _local(fields: Fields, dialect: Dialect, own: ServiceExtension) -> dict[str, Any]:
    args = fields.texts("args")
    earlier_errors = len(fields.errors)
    key = fields.key_of("command")
    if key and as_array(fields.entry[key]) is not None:
        command, *more = fields.as_texts(key, fields.entry[key]) or [""]
        args = [*more, *args]
    else:
        command = fields.text("command") or ""
    if not command and len(fields.errors) == earlier_errors:
        fields.add_error(key or "command", "missing; a local service needs one" + fields.spelling_hint(["command"]))
    settings: dict[str, Any] = {"command": command, "args": args, "env": fields.pairs("env")}
    for what in ("cwd", "env_file"):
        if (text := fields.text(what)) is not None:
            settings[what] = text
    if names := fields.texts("env_vars"):
        settings["env_vars"] = names
    if own.inherit_env is not None:
        settings["inherit_env"] = own.inherit_env
    if own.containment is not None:
        settings["containment"] = own.containment
    return _normalize_variables(settings, dialect)


def _remote(fields: Fields, dialect: Dialect, own: ServiceExtension) -> tuple[dict[str, Any], list[str]]:
    earlier_errors = len(fields.errors)
    key = fields.key_of("url")
    url = fields.text("url") or ""
    warnings: list[str] = []
    if not url and len(fields.errors) == earlier_errors:
        fields.add_error(key or "url", "missing; a remote service needs one" + fields.spelling_hint(ALIASES["url"]))
    elif url and not _URL.match(url):
        warnings.append(f"{key}: must begin with http:// or https://")
    headers = {header: text for header, text in fields.pairs("headers").items() if text is not None}
    # Codex names environment variables instead of writing tokens into its file.
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
    return _normalize_variables(settings, dialect), warnings


def _auth(entry: Mapping[str, Any]) -> Any:
    """Return the authentication settings in the form of the bundled transports; None without any."""
    auth, login = entry.get("auth"), entry.get("oauth")
    if (stated := as_object(auth)) is not None and "CLIENT_ID" in stated:  # as Cursor writes it
        return {"oauth": _oauth_settings(stated)}
    if auth is not None:
        return auth
    options = as_object(login)
    if login is True or (options is not None and options.get("enabled") is not False):
        return {"oauth": _oauth_settings(options or {})}
    return None


def _oauth_settings(stated: Mapping[str, Any]) -> dict[str, Any]:
    known = {_OAUTH_KEYS[key]: value for key, value in stated.items() if key in _OAUTH_KEYS and value is not None}
    if (scopes := as_text(known.get("scopes"))) is not None:
        known["scopes"] = scopes.split()
    return known


def _add_missing_error(fields: Fields) -> None:
    if fields.entry.get("source") == "extension":
        fields.add_error(
            "command", "missing; the service belongs to a Zed extension, which starts it itself: give its command"
        )
        return
    hint = fields.spelling_hint(["command", "url", "serverUrl", "httpUrl", "transport"])
    fields.add_error("command", f"missing; an entry needs a 'command' (local) or a 'url' (remote){hint}")


def _normalize_variables(settings: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return settings in which `$NAME` is written `${NAME}`, if the dialect's client reads it as a variable."""
    for key in dialect.bare_variables & settings.keys():
        pairs = as_object(settings[key])
        if pairs is None:
            settings[key] = _add_braces(settings[key])
        else:
            settings[key] = {name: text and _add_braces(text) for name, text in pairs.items()}
    return settings


def _add_braces(text: str) -> str:
    return re.sub(r"(?<![\\$])\$([A-Za-z_]\w*)", r"${\1}", text)
