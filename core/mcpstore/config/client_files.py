"""Where other clients keep their configuration, so that `mcpstore import` finds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["KnownLocation", "known_locations"]


class KnownLocation(NamedTuple):
    """A place where a client looks for its configuration.

    Attributes:
        client: The client, as its users call it.
        path: The file; it need not exist.
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
"""By client, below the user's home folder on every platform."""

_CONFIG: Final = (
    ("opencode", "opencode/opencode.json"),
    ("opencode", "opencode/opencode.jsonc"),
    ("Crush", "crush/crush.json"),
    ("Zed", "zed/settings.json"),
    ("goose", "goose/config.yaml"),
    ("Amp", "amp/settings.json"),
    ("JetBrains Copilot", "github-copilot/intellij/mcp.json"),
)
"""By client, below ~/.config on every platform."""

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
"""By client, below the folder of a project."""

_EDITORS: Final = (
    ("VS Code", "Code"),
    ("VS Code Insiders", "Code - Insiders"),
    ("VSCodium", "VSCodium"),
    ("Cursor", "Cursor"),
    ("Windsurf", "Windsurf"),
    ("Trae", "Trae"),
)
"""Editors built like VS Code: each has a `User` folder in the folder where applications keep their data."""

_EXTENSIONS: Final = (
    ("Cline", "saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
    ("Roo", "rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
    ("Kilo", "kilocode.kilo-code/settings/mcp_settings.json"),
)
"""Extensions of such editors, below their `User/globalStorage`."""


def known_locations(home: Path, cwd: Path, platform: str) -> list[KnownLocation]:
    """Return where clients on this machine would keep their configuration; nothing is looked at.

    Args:
        home: The user's home folder.
        cwd: The folder whose project is meant.
        platform: As in `sys.platform`; "darwin" has folders of its own.
    """
    data = home / "Library" / "Application Support" if platform == "darwin" else home / ".config"
    found = [
        KnownLocation("Claude Desktop", data / "Claude" / "claude_desktop_config.json"),
        *(KnownLocation(client, home / path) for client, path in _HOME),
        *(KnownLocation(client, home / ".config" / path) for client, path in _CONFIG),
        *_of_editors(data),
        *(KnownLocation(client, cwd / path) for client, path in _PROJECT),
    ]
    return list({place.path: place for place in reversed(found)}.values())[::-1]


def _of_editors(data: Path) -> Iterator[KnownLocation]:
    for editor, folder in _EDITORS:
        user = data / folder / "User"
        yield KnownLocation(editor, user / "mcp.json")
        yield KnownLocation(editor, user / "settings.json")
        for extension, path in _EXTENSIONS:
            yield KnownLocation(f"{extension} in {editor}", user / "globalStorage" / path)
