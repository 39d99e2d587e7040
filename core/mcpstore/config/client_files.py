"""Known configuration files of other MCP clients, for `mcpstore import`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["KnownLocation", "known_locations"]


class KnownLocation(NamedTuple):
    """A file in which a client looks for its configuration.

    Attributes:
        client: Display name of the client.
        path: Path of the file; it may not exist.
    """

    client: str
    path: Path


_HOME: Final = (
    ("Claude Code", ".claude.json"),
    ("Cursor", ".cursor/mcp.json"),
    ("Windsurf", ".codeium/windsurf/mcp_config.json"),
    ("Windsurf", ".codeium/mcp_config.json"),
    ("Gemini CLI", ".gemini/settings.json"),
    ("Antigravity", ".gemini/antigravity/mcp_config.json"),
    ("Qwen Code", ".qwen/settings.json"),
    ("Codex", ".codex/config.toml"),
    ("Copilot CLI", ".copilot/mcp-config.json"),
    ("Amazon Q", ".aws/amazonq/mcp.json"),
    ("Kiro", ".kiro/settings/mcp.json"),
    ("Junie", ".junie/mcp/mcp.json"),
    ("Cline", ".cline/data/settings/cline_mcp_settings.json"),
    ("Kilo", ".kilocode/cli/global/settings/mcp_settings.json"),
    ("Continue", ".continue/config.yaml"),
    ("Continue", ".continue/config.json"),
    ("LM Studio", ".lmstudio/mcp.json"),
    ("Factory", ".factory/mcp.json"),
    ("VS Code", ".vscode-server/data/User/mcp.json"),
)
"""Client and path below the user's home folder, on every platform."""

_CONFIG: Final = (
    ("opencode", "opencode/opencode.json"),
    ("opencode", "opencode/opencode.jsonc"),
    ("Crush", "crush/crush.json"),
    ("Zed", "zed/settings.json"),
    ("goose", "goose/config.yaml"),
    ("Amp", "amp/settings.json"),
    ("JetBrains Copilot", "github-copilot/intellij/mcp.json"),
)
"""Client and path below ~/.config, on every platform."""

_PROJECT: Final = (
    ("Claude Code", ".mcp.json"),
    ("Cursor", ".cursor/mcp.json"),
    ("VS Code", ".vscode/mcp.json"),
    ("VS Code", ".vscode/settings.json"),
    ("Windsurf", ".windsurf/mcp_config.json"),
    ("Gemini CLI", ".gemini/settings.json"),
    ("Qwen Code", ".qwen/settings.json"),
    ("Roo", ".roo/mcp.json"),
    ("Kilo", ".kilocode/mcp.json"),
    ("Zed", ".zed/settings.json"),
    ("Codex", ".codex/config.toml"),
    ("opencode", "opencode.json"),
    ("opencode", "opencode.jsonc"),
    ("opencode", ".opencode/opencode.json"),
    ("Crush", "crush.json"),
    ("Crush", ".crush.json"),
    ("Amazon Q", ".amazonq/mcp.json"),
    ("Kiro", ".kiro/settings/mcp.json"),
    ("Junie", ".junie/mcp/mcp.json"),
    ("Trae", ".trae/mcp.json"),
)
"""Client and path below the folder of a project."""

_EDITORS: Final = (
    ("VS Code", "Code"),
    ("VS Code Insiders", "Code - Insiders"),
    ("VSCodium", "VSCodium"),
    ("Cursor", "Cursor"),
    ("Windsurf", "Windsurf"),
    ("Trae", "Trae"),
)
"""Editors based on VS Code, with their folder in the application data; each has a `User` folder there."""

_EXTENSIONS: Final = (
    ("Cline", "saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
    ("Roo", "rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
    ("Kilo", "kilocode.kilo-code/settings/mcp_settings.json"),
)
"""Extensions of these editors, with their path below `User/globalStorage`."""


def known_locations(home: Path, cwd: Path, platform: str) -> list[KnownLocation]:
    """Return the files in which clients look for their configuration; the file system is not read.

    Args:
        home: The user's home folder.
        cwd: The folder of the project.
        platform: Value of `sys.platform`; "darwin" has other folders than the rest.
    """
    data = home / "Library" / "Application Support" if platform == "darwin" else home / ".config"
    locations = [
        KnownLocation("Claude Desktop", data / "Claude" / "claude_desktop_config.json"),
        *(KnownLocation(client, home / path) for client, path in _HOME),
        *(KnownLocation(client, home / ".config" / path) for client, path in _CONFIG),
        *_editor_locations(data),
        *(KnownLocation(client, cwd / path) for client, path in _PROJECT),
    ]
    return list({location.path: location for location in reversed(locations)}.values())[::-1]


def _editor_locations(data: Path) -> Iterator[KnownLocation]:
    for editor, folder in _EDITORS:
        user = data / folder / "User"
        yield KnownLocation(editor, user / "mcp.json")
        yield KnownLocation(editor, user / "settings.json")
        for extension, path in _EXTENSIONS:
            yield KnownLocation(f"{extension} in {editor}", user / "globalStorage" / path)
