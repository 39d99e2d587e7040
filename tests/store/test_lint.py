"""What a careful reader would say about an entry that works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore
from mcpstore.models.service import ServiceSpec
from mcpstore.store.lint import hints, hints_of_file


def advice_on(**settings: Any) -> list[str]:
    return hints(ServiceSpec(name="web", transport="stdio", settings={"command": "server", **settings}))


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"env": {"API_TOKEN": "0123456789abcdef"}}, "env.API_TOKEN holds a secret in plain text"),
        ({"env": {"API_TOKEN": "YOUR_TOKEN_HERE"}}, "env.API_TOKEN still holds a placeholder"),
        ({"env": {"AWS_ACCESS": "AKIA0123456789ABCDEF"}}, "env.AWS_ACCESS holds a secret in plain text"),
        ({"env": {"SIGNING_KEY": "0123456789abcdef"}}, "env.SIGNING_KEY holds a secret in plain text"),
        (
            {"headers": {"Authorization": "Bearer 0123456789abcdef"}},
            "headers.Authorization holds a secret in plain text; refer to a variable instead: Bearer ${TOKEN}",
        ),
        ({"headers": {"X-Api-Key": "${KEY}"}, "url": "http://host/mcp"}, "its credentials are sent unencrypted"),
        ({"headers": {"Authorization": "Bearer ${T}"}, "url": "HTTP://10.0.0.7/mcp"}, "use https:// in its url"),
        ({"auth": "oauth", "url": "http://host/mcp"}, "its credentials are sent unencrypted"),
        ({"url": "https://host/mcp", "verify": False}, "its certificate is not verified"),
        ({"args": ["--api-key=0123456789abcdef"]}, "its arguments hold a secret"),
        ({"args": ["sk-0123456789abcdef0123"]}, "its arguments hold a secret"),
        ({"command": "npx server --token 0123456789abcdef"}, "its arguments hold a secret"),
        ({"args": ["--api-key", "0123456789abcdef"]}, "its arguments hold a secret"),
        ({"url": "https://user:0123456789@host/mcp"}, "a url holds a secret"),
        ({"args": ["--db", "postgres://user:0123456789@host/db"]}, "a url holds a secret"),
        ({"url": "https://host/mcp?key=0123456789abcdef"}, "a url holds a secret"),
        ({"env": {"LD_PRELOAD": "/tmp/x.so"}}, "env.LD_PRELOAD loads foreign code into the service"),
        ({"env": {"NODE_OPTIONS": "--require /tmp/x.js"}}, "env.NODE_OPTIONS loads foreign code"),
        ({"command": "/bin/bash", "args": ["-c", "server; id"]}, "its command is a line for a shell (bash)"),
        ({"command": "sh", "args": ["-ec", "server"]}, "its command is a line for a shell (sh)"),
        ({"command": "cmd.exe", "args": ["/c", "server"]}, "its command is a line for a shell (cmd.exe)"),
        ({"command": "npx", "args": ["-y", "-c", "server && id"]}, "its command is a line for a shell (npx -c)"),
        ({"command": "npx", "args": ["--call=server"]}, "its command is a line for a shell (npx -c)"),
        ({"command": "bash", "args": ["-c", "curl https://x | sudo bash"]}, "its command runs what it downloads"),
    ],
)
def test_unwise_settings_are_reported_without_their_values(settings: dict[str, Any], hint: str):
    [advice] = advice_on(**settings)
    assert hint in advice
    assert "0123456789" not in advice


@pytest.mark.parametrize(
    "settings",
    [
        {"args": ["--port", "8080"]},
        {"headers": {"Authorization": "Bearer ${TOKEN}"}, "url": "https://host/mcp"},
        {"headers": {"Authorization": "Bearer ${TOKEN}"}, "url": "http://127.0.0.1:8000/mcp"},
        {"headers": {"Authorization": "Bearer ${TOKEN}"}, "url": "http://[::1]:8000/mcp"},
        {"headers": {"Authorization": "Bearer ${TOKEN}"}, "url": "http://localhost:8000/mcp", "verify": False},
        {"headers": {"Authorization": "Bearer ${TOKEN}"}, "url": "http://${HOST}/mcp"},
        {"headers": {"Accept-Language": "en"}, "url": "http://host/mcp"},
        {"env": {"API_TOKEN": "${API_TOKEN}", "NODE_OPTIONS": "--max-old-space-size=4096", "DEBUG": "1"}},
        {"args": ["--api-key", "${KEY}"]},
        {"command": "npx", "args": ["-y", "server"]},
        {"command": "bash", "args": ["server.sh"]},
        {"url": "https://host/mcp?version=2&key=${KEY}"},
        {"url": "https://${USER}:${PASSWORD}@host/mcp"},
        {"args": ["https://host/page?a=1"]},
    ],
)
def test_usual_settings_are_not_reported(settings: dict[str, Any]):
    assert advice_on(**settings) == []


SECRET = {"env": {"API_TOKEN": "0123456789abcdef"}}
NO_SECRET = {"env": {"API_TOKEN": "${API_TOKEN}", "DEBUG": "1"}}


@pytest.mark.parametrize(
    ("mode", "entry", "hint"),
    [
        (0o600, SECRET, None),
        (0o640, SECRET, None),
        (0o644, NO_SECRET, None),
        (0o644, SECRET, "all users of this machine can read"),
        (0o604, {"args": ["--token=0123456789abcdef"]}, "all users of this machine can read"),
        (0o664, NO_SECRET, "other users may write to"),
        (0o666, SECRET, "other users may write to"),
    ],
)
def test_a_file_that_other_users_can_read_or_write_is_reported_with_a_remedy(
    tmp_path: Path, mode: int, entry: dict[str, Any], hint: str | None
):
    path = tmp_path / "mcp.json"
    path.write_text("{}")
    path.chmod(mode)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)  # pytest shuts its folders
    advice = hints_of_file(path, [entry])
    if hint is None:
        assert advice == []
    else:
        assert hint in advice[0]
        assert advice[0].endswith(f"chmod 600 {path}")


def test_a_file_in_a_private_folder_is_not_reported(tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    (folder / "mcp.json").write_text("{}")
    (folder / "mcp.json").chmod(0o666)
    assert hints_of_file(folder / "mcp.json", [SECRET]) == []
    assert hints_of_file(folder / "not there", [SECRET]) == []


async def test_passwords_of_alert_handlers_are_reported_too(tmp_path: Path):
    path = tmp_path / "mcp.json"
    mail = {"type": "email", "to": "a@b.test", "sender": "a@b.test", "username": "me", "password": "0123456789abcdef"}
    path.write_text(json.dumps({"mcpServers": {}, "mcpstore": {"monitoring": {"alerts": {"handlers": [mail]}}}}))
    path.chmod(0o600)
    async with AsyncMCPStore(path, state_dir=tmp_path / "state", start=False) as store:
        [hint] = await store.lint_config()
    assert hint.startswith("alert handler 'email': password holds a secret in plain text; refer to a variable")
