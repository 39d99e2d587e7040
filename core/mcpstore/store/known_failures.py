"""Known failures: the problem that an error text usually means, and the remedy."""

from __future__ import annotations

import re
from typing import Final

import attrs

__all__ = ["Remedy", "remedy_for"]


@attrs.frozen
class Remedy:
    """A known failure.

    Attributes:
        sign: Pattern of its error texts or stderr lines.
        problem: The problem.
        remedy: The remedy.
    """

    sign: re.Pattern[str]
    problem: str
    remedy: str


def _remedy(sign: str, problem: str, remedy: str) -> Remedy:
    return Remedy(re.compile(sign, re.IGNORECASE), problem, remedy)


KNOWN: Final = (
    _remedy(
        r"'Server' object has no attribute '(list_tools|list_resources)'|No module named 'mcp\.server\.fastmcp'",
        "the server was written for version 1 of the mcp package and got version 2",
        "run it with the older package: uvx --with 'mcp<2' …",
    ),
    _remedy(
        r"requires Python\s*>=|Requires-Python|python version .* does not satisfy|No solution found.*Python",
        "the server needs another version of Python",
        "choose a supported one: uvx --python 3.12 …",
    ),
    _remedy(
        r"Unsupported engine|EBADENGINE|requires Node(\.js)? ",
        "the server needs a newer Node.js",
        "update Node.js",
    ),
    _remedy(
        r"variable '.*' has no value",
        "the configuration refers to a variable that is not set",
        "set it in the environment of the manager, or give it a default: ${NAME:-value}",
    ),
    _remedy(
        r"(api[_ -]?key|token|credential|password)\b.{0,60}\b(required|missing|not set|not provided|must be set)"
        r"|(missing|no|set|provide)\b.{0,40}\b(api[_ -]?key|access token)",
        "the server needs a key or token",
        "add it under 'env' of its entry, as a reference such as ${API_KEY}",
    ),
    _remedy(
        r"needs login|\b401\b|\b403\b|unauthorized|forbidden",
        "the server wants credentials",
        'set headers.Authorization in its entry, or "auth": "oauth"',
    ),
    _remedy(
        r"ETARGET|E404|No matching version|not found in the (package )?registry|could not find a version",
        "the package does not exist in the registry, or not in this version",
        "check the name and the version in its arguments",
    ),
    _remedy(
        r"EADDRINUSE|address already in use",
        "the server wants a port that is in use",
        "stop the other program, or give the server another port",
    ),
    _remedy(
        r"repeats its input",
        "the program is not an MCP server",
        "correct command and args in its entry",
    ),
    _remedy(
        r"\banswered (404|405|406|410|415|501)\b",
        "the server at its url is not an MCP server",
        "correct url in its entry; many end in /mcp or /sse",
    ),
    _remedy(
        r"\banswered 5\d\d\b",
        "the server at its url has an internal error",
        "read the log of that server, or correct url in its entry; then: mcpstore check",
    ),
    _remedy(
        r"ENOTFOUND|getaddrinfo|the host of .* is not known"
        r"|name or service not known|name resolution|nodename nor servname",
        "a host name cannot be resolved",
        "check the address, the network and the proxy settings",
    ),
    _remedy(
        r"nothing listens at|connection refused|ECONNREFUSED|connection attempts failed",
        "nothing listens at the address",
        "start the server, or correct its address",
    ),
    _remedy(
        r"ENOSPC|no space left",
        "the disk is full",
        "free space",
    ),
    _remedy(
        r"command '.*' (was not found|not found|does not exist)|was not found on PATH",
        "the command does not exist on this machine",
        "install it, or write its full path into the entry",
    ),
    _remedy(
        r"Cannot find module|ModuleNotFoundError|No module named|ImportError",
        "a module of the server is missing",
        "install the server again, or correct the path in its arguments",
    ),
)


def remedy_for(*texts: str) -> Remedy | None:
    """Return the first known failure whose pattern one of the texts matches."""
    for known in KNOWN:
        if any(known.sign.search(text) for text in texts):
            return known
    return None
