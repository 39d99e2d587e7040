"""Locations of the configuration files of other clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpstore.config.client_files import known_locations

HOME, CWD = Path("/home/me"), Path("/work/project")


@pytest.mark.parametrize(
    ("platform", "client", "path"),
    [
        ("linux", "Claude Desktop", "/home/me/.config/Claude/claude_desktop_config.json"),
        ("darwin", "Claude Desktop", "/home/me/Library/Application Support/Claude/claude_desktop_config.json"),
        ("linux", "VS Code", "/home/me/.config/Code/User/mcp.json"),
        ("darwin", "VS Code", "/home/me/Library/Application Support/Code/User/mcp.json"),
        (
            "linux",
            "Cline in VS Code",
            "/home/me/.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        ),
        ("darwin", "Zed", "/home/me/.config/zed/settings.json"),
        ("linux", "Claude Code", "/home/me/.claude.json"),
        ("linux", "Claude Code", "/work/project/.mcp.json"),
        ("linux", "Codex", "/home/me/.codex/config.toml"),
        ("linux", "goose", "/home/me/.config/goose/config.yaml"),
    ],
)
def test_a_clients_file_is_known(platform, client, path):
    assert (client, Path(path)) in known_locations(HOME, CWD, platform)


def test_no_file_is_listed_twice():
    for cwd in (CWD, HOME):
        places = [place.path for place in known_locations(HOME, cwd, "linux")]
        assert len(places) == len(set(places))


def test_the_file_of_the_user_is_listed_before_that_of_the_project():
    clients = {place.path: place.client for place in known_locations(HOME, HOME, "linux")}
    assert clients[HOME / ".cursor/mcp.json"] == "Cursor"
