"""Detection of the client of a file, for section names with several dialects and for files without a section."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from mcpstore.config.dialects.catalog import AMAZON_Q, CLINE, CODEX, CRUSH, GEMINI, MCP_SERVERS, OPENCODE, SERVERS, ZED
from mcpstore.config.dialects.dialect import Dialect
from mcpstore.hooks.persistence import Content, Path
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["default_section", "mcp_servers_dialect"]


def mcp_servers_dialect(tree: Mapping[str, Any], where: str = "") -> Dialect:
    """Return the dialect of a section called `mcpServers`."""
    path = PurePath(where)
    folders, file = {part.lower() for part in path.parts[:-1]}, path.name.lower()
    lists = as_object(tree.get("mcp")) or {}
    if (
        (folders & {".gemini", ".qwen"} and file == "settings.json")
        or file in ("gemini-extension.json", "qwen-extension.json")
        or any(as_array(lists.get(key)) is not None for key in ("allowed", "excluded"))
    ):
        return GEMINI
    if folders & {".amazonq", "amazonq", ".kiro"}:
        return AMAZON_Q
    if folders & {".roo", ".kilocode", ".cline"} or file in ("cline_mcp_settings.json", "mcp_settings.json"):
        return CLINE
    return MCP_SERVERS


def default_section(content: Content, where: str = "") -> tuple[Path, Dialect]:
    """Return path and dialect of the section in which the client of a file looks for entries."""
    path = PurePath(where)
    schema = as_text(content.data.get("$schema")) or ""
    file, folder = path.name.lower(), path.parent.name.lower()
    if "opencode" in schema or file in ("opencode.json", "opencode.jsonc"):
        return ("mcp",), OPENCODE
    if "crush" in schema or file in ("crush.json", ".crush.json"):
        return ("mcp",), CRUSH
    if content.format == "toml":
        return ("mcp_servers",), CODEX
    if file == "settings.json" and folder in (".zed", "zed"):
        return ("context_servers",), ZED
    if file == "mcp.json" and folder in (".vscode", "user"):
        return ("servers",), SERVERS
    return ("mcpServers",), mcp_servers_dialect(content.data, where)
