"""Defaults for launchers such as npx and docker."""

from __future__ import annotations

import pytest

from mcpstore_plugins.stdio.launchers import container_options_index, handshake_timeout
from mcpstore_plugins.stdio.settings import StdioSettings


@pytest.mark.parametrize(
    "line",
    [
        "npx -y server",
        "/usr/local/bin/npx server",
        "npx.cmd server",
        "uvx server",
        "bunx server",
        "pnpx server",
        "pnpm dlx server",
        "yarn dlx server",
        "npm exec -- server",
        "bun x server",
        "docker run -i image",
        "podman run image",
        "uv run server.py",
        "uv --directory /srv run server.py",
        "uv tool run server",
        "pipx run server",
    ],
)
def test_commands_that_may_download_packages_have_a_timeout_of_five_minutes(line: str):
    command, *args = line.split()
    assert handshake_timeout(StdioSettings(command=command, args=args)) == 300.0


@pytest.mark.parametrize("line", ["python server.py", "node run", "docker exec x", "pnpm start", "uv pip", "npxx"])
def test_all_other_commands_have_a_timeout_of_one_minute(line: str):
    command, *args = line.split()
    assert handshake_timeout(StdioSettings(command=command, args=args)) == 60.0


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("docker run -i image", 1),
        ("podman container run image", 2),
        ("docker exec run", None),
        ("docker", None),
        ("npx run", None),
    ],
)
def test_containers_are_recognised(line: str, at: int | None):
    command, *args = line.split()
    assert container_options_index(command, args) == at
