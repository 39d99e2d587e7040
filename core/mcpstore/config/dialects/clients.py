"""Whose file it is: where one section name has several dialects, and where a file has no section yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from mcpstore.config.dialects.catalog import AMAZON_Q, CLINE, CODEX, CRUSH, GEMINI, MCP_SERVERS, OPENCODE, SERVERS, ZED
from mcpstore.config.dialects.dialect import Dialect
from mcpstore.hooks.persistence import Content, Path
from mcpstore.models.json_types import as_array, as_object, as_text

__all__ = ["mcp_servers_of", "usual_section"]


def mcp_servers_of(tree: Mapping[str, Any], where: str = "") -> Dialect:
    """Return whose dialect a section called `mcpServers` is written in."""
    place = PurePath(where)
    folders, file = {part.lower() for part in place.parts[:-1]}, place.name.lower()
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


def usual_section(content: Content, where: str = "") -> tuple[Path, Dialect]:
    """Return where the client of a file without a section would look for one, and the dialect it would read."""
    place = PurePath(where)
    schema = as_text(content.data.get("$schema")) or ""
    file, folder = place.name.lower(), place.parent.name.lower()
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
    return ("mcpServers",), mcp_servers_of(content.data, where)
