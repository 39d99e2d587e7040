"""Definitions of the known dialects, after the documentation of their clients."""

from __future__ import annotations

from typing import Final

import attrs

from mcpstore.config.dialects.dialect import Dialect

__all__ = [
    "AMAZON_Q",
    "AMP",
    "CLINE",
    "CODEX",
    "CRUSH",
    "GEMINI",
    "GOOSE",
    "MCP_SERVERS",
    "OPENCODE",
    "OPENCODE_2",
    "ROOT_MAP",
    "SERVERS",
    "SINGLE_SERVER",
    "SNAKE_CASE",
    "TOOLS",
    "VSCODE_SETTINGS",
    "ZED",
    "list_variant",
]

MCP_SERVERS: Final = Dialect(name="mcpServers")
"""The most common dialect: Claude Desktop and Code, Cursor, Windsurf, Junie, Trae, LM Studio and many more."""

GEMINI: Final = Dialect(
    name="mcpServers",
    client="gemini",
    timeout=("call", 0.001),
    url_is_sse=True,
    has_allow_lists=True,
    bare_variables=frozenset({"env"}),
)
"""Gemini CLI and Qwen Code: `mcp.allowed` and `mcp.excluded` beside `mcpServers`."""

AMAZON_Q: Final = Dialect(name="mcpServers", client="amazon-q", timeout=("call", 0.001))
"""Amazon Q and Kiro."""

CLINE: Final = Dialect(name="mcpServers", client="cline", timeout=("call", 1.0))
"""Cline, Roo and Kilo."""

SERVERS: Final = Dialect(name="servers")
"""VS Code's mcp.json, with `inputs` beside it."""

VSCODE_SETTINGS: Final = Dialect(name="mcp.servers")
"""VS Code's settings, with the servers under `mcp.servers`."""

AMP: Final = Dialect(name="amp.mcpServers")
"""Amp, in the settings of an editor."""

SNAKE_CASE: Final = Dialect(name="mcp_servers")
"""`mcp_servers` in JSON or YAML."""

ROOT_MAP: Final = Dialect(name="root-map")
"""Entries at the root of the file, as in Claude plugins."""

SINGLE_SERVER: Final = Dialect(name="single-server")
"""A file that is a single entry."""

TOOLS: Final = Dialect(name="tools")
"""A list `tools` of entries."""

OPENCODE: Final = Dialect(
    name="mcp",
    client="opencode",
    switch="enabled",
    command_list=True,
    keys={"env": "environment"},
    types={"stdio": "local", "streamable_http": "remote", "sse": "remote"},
    timeout=("handshake", 0.001),
    is_native=True,
)
"""opencode up to version 1, and Kilo's command line."""

OPENCODE_2: Final = attrs.evolve(OPENCODE, name="mcp.servers", switch="disabled")
"""opencode from version 2 on."""

CRUSH: Final = Dialect(
    name="mcp",
    client="crush",
    types={"stdio": "stdio", "streamable_http": "http", "sse": "sse"},
    timeout=("handshake", 1.0),
    bare_variables=frozenset({"env", "headers", "url"}),
    is_native=True,
)
"""Crush."""

ZED: Final = Dialect(name="context_servers", client="zed", switch="enabled", is_native=True)
"""Zed."""

CODEX: Final = Dialect(
    name="codex-toml", client="codex", switch="enabled", keys={"headers": "http_headers"}, is_native=True
)
"""Codex."""

GOOSE: Final = Dialect(
    name="extensions",
    client="goose",
    switch="enabled",
    keys={"command": "cmd", "env": "envs", "url": "uri"},
    types={"stdio": "stdio", "streamable_http": "streamable_http", "sse": "sse"},
    timeout=("call", 1.0),
    is_native=True,
    editable=False,
)
"""goose; read-only."""


def list_variant(dialect: Dialect) -> Dialect:
    """Return the variant of a dialect whose section is a list of entries with names."""
    return attrs.evolve(dialect, name=f"{dialect.name}[]")
