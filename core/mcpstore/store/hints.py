"""What a careful reader would say about a configuration that works."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

from mcpstore.core.models.catalog import Tool
from mcpstore.core.models.secret import MASK, masked
from mcpstore.core.models.service import ServiceSpec
from mcpstore.core.models.shape import as_array, as_object, as_text

__all__ = ["collisions", "hints"]

SHORTEST_SECRET: Final = 12
SECRET_KEY: Final = re.compile(r"token|secret|passw|api[-_]?key|authorization|bearer|credential", re.IGNORECASE)
PLACEHOLDER: Final = re.compile(r"^(<.+>|your[-_ ].+|.*YOUR_[A-Z_]+.*|xxx+|changeme|replace[-_ ]?me)$", re.IGNORECASE)
SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "fish", "cmd", "cmd.exe", "powershell", "pwsh"})
DOWNLOAD: Final = re.compile(r"\b(curl|wget)\b.*\|\s*(sudo\s+)?(ba|z|da)?sh\b")
LINE_OF_LAUNCHER: Final = re.compile(r"^(-c|--call)(=|$)")
"""With this option npx and npm exec give their argument to a shell."""

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
"""Variables that have another program's code run in the service."""

SECRET_IN_URL: Final = re.compile(
    r"://[^/@\s:]*:[^/@\s$]{4,}@|[?&][\w-]*(token|secret|passw|key|credential)[\w-]*=[^&\s$]{12,}", re.IGNORECASE
)

NODE_LOADS: Final = re.compile(r"(^|\s)(-r|--require|--import|--loader|--experimental-loader)\b")


def hints(spec: ServiceSpec) -> list[str]:
    """Return what is unwise about the entry of a service, each with what to do instead; no value is shown."""
    found: list[str] = []
    for field in ("env", "headers"):
        values = as_object(spec.settings.get(field)) or {}
        for name, value in values.items():
            text = as_text(value) or ""
            if PLACEHOLDER.match(text.removeprefix("Bearer ")):
                found.append(f"{field}.{name} still holds a placeholder; put the real value in its place")
            elif SECRET_KEY.search(name) and len(text) >= SHORTEST_SECRET and masked({name: text})[name] == MASK:
                found.append(f"{field}.{name} holds a secret in plain text; refer to a variable instead: ${{{name}}}")
            elif field == "env" and (name in LOADED or (name == "NODE_OPTIONS" and NODE_LOADS.search(text))):
                found.append(f"env.{name} loads code into the service that is not its own; see that you know whose")
    return [*found, *_hints_of_command(spec), *_hints_of_places(spec)]


def _hints_of_command(spec: ServiceSpec) -> list[str]:
    found: list[str] = []
    command = PurePath(as_text(spec.settings.get("command")) or "").name.lower()
    words = [str(arg) for arg in as_array(spec.settings.get("args")) or ()]
    args = " ".join(words)
    if DOWNLOAD.search(args):
        found.append("its command runs what it downloads; install the server first, and run that")
    elif command in SHELLS and re.search(r"(^|\s)(-\w*c|/c)\s", f" {args} "):
        found.append(f"its command is a line for a shell ({command}); name the program itself, with its arguments")
    elif command in ("npx", "npm") and any(map(LINE_OF_LAUNCHER.match, words)):
        found.append(f"its command is a line for a shell ({command} -c); name the package and its arguments")
    return found


def _hints_of_places(spec: ServiceSpec) -> list[str]:
    """Return where secrets stand that are meant to be seen: on a command line, which others can list, or in a URL."""
    found: list[str] = []
    words = [str(arg) for arg in as_array(spec.settings.get("args")) or ()]
    args = ["" if "://" in word else word for word in words]
    if masked(args) != args:
        found.append("its arguments hold a secret, which everybody on this machine can list; put it into env")
    if any(SECRET_IN_URL.search(text) for text in (as_text(spec.settings.get("url")) or "", *words)):
        found.append("a url holds a secret, which ends up in logs of servers and proxies; put it into a header")
    return found


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
