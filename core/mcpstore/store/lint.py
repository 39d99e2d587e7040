"""Advice on a configuration that works: secrets in plain text, insecure connections, names that collide."""

from __future__ import annotations

import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import urlsplit

from mcpstore.models.catalog import Tool
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.models.redaction import MASK, masked, masked_command, secrets_in
from mcpstore.models.service import ServiceSpec

__all__ = ["collisions", "hints", "hints_of_channel", "hints_of_file"]

SHORTEST_SECRET: Final = 12
SECRET_KEY: Final = re.compile(
    r"token|secret|passw|api[-_]?key|(^|_)key$|authorization|bearer|credential|webhook", re.IGNORECASE
)
SECRET_VALUE: Final = re.compile(
    r"\b(sk-[\w-]{16,}|gh[oprsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}"
    r"|AIza[\w-]{30,}|npm_\w{30,}|eyJ[\w-]{10,}\.[\w-]{10,}\.)"
)
"""Tokens of well-known services, recognized by their form."""

SCHEME: Final = re.compile(r"^(Bearer|Basic|token)\s+", re.IGNORECASE)
PLACEHOLDER: Final = re.compile(r"^(<.+>|your[-_ ].+|.*YOUR_[A-Z_]+.*|xxx+|changeme|replace[-_ ]?me)$", re.IGNORECASE)
SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "fish", "cmd", "cmd.exe", "powershell", "pwsh"})
DOWNLOAD: Final = re.compile(r"\b(curl|wget)\b.*\|\s*(sudo\s+)?(ba|z|da)?sh\b")
LINE_OF_LAUNCHER: Final = re.compile(r"^(-c|--call)(=|$)")
"""Option with which npx and npm exec pass their argument to a shell."""

LOADED: Final = frozenset(
    {
        "BASH_ENV",
        "DYLD_INSERT_LIBRARIES",
        "LD_AUDIT",
        "LD_PRELOAD",
        "PERL5OPT",
        "PYTHONSTARTUP",
        "RUBYOPT",
    }
)
"""Variables that load code of another program into the service."""

SECRET_IN_URL: Final = re.compile(
    r"://[^/@\s:]*:[^/@\s$]{4,}@|[?&][\w-]*(token|secret|passw|key|credential)[\w-]*=[^&\s$]{12,}", re.IGNORECASE
)

NODE_LOADS: Final = re.compile(r"(^|\s)(-r|--require|--import|--loader|--experimental-loader)\b")


def hints(spec: ServiceSpec) -> list[str]:
    """Return advice on the entry of a service, each with the remedy; no value is shown."""
    advice: list[str] = []
    for field in ("env", "headers"):
        values = as_object(spec.settings.get(field)) or {}
        for name, value in values.items():
            text = as_text(value) or ""
            bare = SCHEME.sub("", text)
            if PLACEHOLDER.match(bare):
                advice.append(f"{field}.{name} still holds a placeholder; put the real value in its place")
            elif _is_plain_secret(name, bare):
                instead = f"{text.removesuffix(bare)}${{{name if field == 'env' else 'TOKEN'}}}"
                advice.append(f"{field}.{name} holds a secret in plain text; refer to a variable instead: {instead}")
            elif field == "env" and (name in LOADED or (name == "NODE_OPTIONS" and NODE_LOADS.search(text))):
                advice.append(f"env.{name} loads foreign code into the service; check where it comes from")
    return [*advice, *_hints_of_command(spec), *_hints_of_places(spec)]


def _hints_of_command(spec: ServiceSpec) -> list[str]:
    advice: list[str] = []
    command = PurePath(as_text(spec.settings.get("command")) or "").name.lower()
    words = [str(arg) for arg in as_array(spec.settings.get("args")) or ()]
    args = " ".join(words)
    if DOWNLOAD.search(args):
        advice.append("its command runs what it downloads; install the server first, and run that")
    elif command in SHELLS and re.search(r"(^|\s)(-\w*c|/c)\s", f" {args} "):
        advice.append(f"its command is a line for a shell ({command}); name the program itself, with its arguments")
    elif command in ("npx", "npm") and any(map(LINE_OF_LAUNCHER.match, words)):
        advice.append(f"its command is a line for a shell ({command} -c); name the package and its arguments")
    return advice


def _hints_of_places(spec: ServiceSpec) -> list[str]:
    """Return advice on secrets in command lines and URLs, and on connections that are not secure."""
    advice: list[str] = []
    words = [str(arg) for arg in as_array(spec.settings.get("args")) or ()]
    args = ["" if "://" in word else word for word in words]
    command = as_text(spec.settings.get("command")) or ""
    if masked(args) != args or masked_command(command) != command or any(map(SECRET_VALUE.search, args)):
        advice.append("its arguments hold a secret, which all users of this machine can list; put it into env")
    url = as_text(spec.settings.get("url")) or ""
    if any(SECRET_IN_URL.search(text) for text in (url, *words)):
        advice.append("a url holds a secret, which ends up in logs of servers and proxies; put it into a header")
    headers = as_object(spec.settings.get("headers")) or {}
    proves = bool(spec.settings.get("auth")) or any(map(SECRET_KEY.search, headers))
    if (proves or SECRET_IN_URL.search(url)) and _is_open(url):
        advice.append("its credentials are sent unencrypted; use https:// in its url")
    if spec.settings.get("verify") is False and not _is_here(url):
        advice.append(
            "its certificate is not verified, so others can pose as it; set verify to the file of its certificate"
        )
    return advice


def _is_plain_secret(name: str, text: str) -> bool:
    sounds = SECRET_KEY.search(name) is not None and len(text) >= SHORTEST_SECRET
    return bool((sounds and masked({"token": text})["token"] == MASK) or SECRET_VALUE.search(text))


def _is_open(url: str) -> bool:
    return url.lower().startswith("http://") and not _is_here(url)


def _is_here(url: str) -> bool:
    """Whether a URL names this machine; its host name is not resolved."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost") or "$" in host


def hints_of_channel(name: str, settings: Mapping[str, Any]) -> list[str]:
    """Return advice on the settings of an alert channel."""
    return [
        f"alert handler {name!r}: {key} holds a secret in plain text; refer to a variable instead: ${{{key.upper()}}}"
        for key, value in settings.items()
        if (text := as_text(value)) and _is_plain_secret(key, text)
    ]


def hints_of_file(path: Path, entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return advice on the permissions of a configuration file. Blocking.

    Args:
        path: The file.
        entries: The entries in it.
    """
    try:
        path = path.expanduser()
        mode = path.stat().st_mode
        # Others cannot reach a file below a folder that they may not enter.
        is_shut = any(not folder.stat().st_mode & stat.S_IXOTH for folder in path.absolute().parents)
    except OSError:
        return []
    shown = f"(mode {stat.S_IMODE(mode):04o})"
    if mode & (stat.S_IWOTH | stat.S_IWGRP) and not is_shut:
        return [f"other users may write to {path} {shown}, and so run any command here; chmod 600 {path}"]
    if mode & stat.S_IROTH and not is_shut and any(_holds_secrets(entry) for entry in entries):
        return [f"all users of this machine can read {path} {shown}, which holds secrets; chmod 600 {path}"]
    return []


def _holds_secrets(entry: Mapping[str, Any]) -> bool:
    plain = {SCHEME.sub("", text) for text in secrets_in(entry)}
    return any(len(text) >= SHORTEST_SECRET and masked({"token": text})["token"] == MASK for text in plain)


def collisions(tools: Iterable[Tool]) -> list[str]:
    """Return the names that more than one service uses for a tool."""
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for tool in tools:
        owners[tool.name].append(tool.service)
    return [
        f"tool {name!r} is offered by {', '.join(services)}; call it as {services[0]}/{name}"
        for name, services in owners.items()
        if len(services) > 1
    ]
