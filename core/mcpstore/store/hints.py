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
    command = PurePath(as_text(spec.settings.get("command")) or "").name.lower()
    args = " ".join(str(arg) for arg in as_array(spec.settings.get("args")) or ())
    if DOWNLOAD.search(args):
        found.append("its command runs what it downloads; install the server first, and run that")
    elif command in SHELLS and re.search(r"(^|\s)(-\w*c|/c)\s", f" {args} "):
        found.append(f"its command is a line for a shell ({command}); name the program itself, with its arguments")
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
