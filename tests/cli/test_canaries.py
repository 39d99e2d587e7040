"""No secret of a configuration is ever shown, written or answered: every byte that leaves MCPStore is searched."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

import pytest

from mcpstore.store.state_dir import socket_path

from .canaries import OF_A_SERVICE, VERBS, Canaries, answered, configuration, echoing, spoken, written
from .conftest import eventually


@pytest.fixture
def echoes() -> Iterator[dict[int, str]]:
    with echoing() as addresses:
        yield addresses


@pytest.mark.timeout(300)
def test_no_secret_leaves_a_manager_in_any_way(shell, up, echoes, monkeypatch):
    canaries = Canaries()
    monkeypatch.setenv("FROM_OUTSIDE", canaries.new("a variable of the environment"))
    path = shell.folder / "mcp.json"
    configured = configuration(canaries, echoes, shell.folder)
    path.write_text(json.dumps(configured))
    names = list(configured["mcpServers"])
    manager = up("--log-level", "debug") if "--log-level" in shell("--help").out else up()
    eventually(lambda: shell("status", "well", "--json").json["connection_state"] == "healthy")
    eventually(lambda: "my secret is" in shell("logs", "telltale").out)
    eventually(lambda: re.search(r"refused", shell("logs", "teller").out))

    told = spoken(VERBS, shell, canaries)
    for name in names:
        told += spoken(OF_A_SERVICE, shell, canaries, name)
    (sockets,) = [socket_path(found.parent) for found in (shell.folder / "state").rglob("owner")]
    told += answered(sockets, canaries, names)
    assert manager.stop() == 0
    told += written(shell.folder, canaries, but={path, shell.folder / "secret.txt"})

    assert told == []


def test_no_secret_is_shown_without_a_manager(shell, echoes, monkeypatch):
    canaries = Canaries()
    monkeypatch.setenv("FROM_OUTSIDE", canaries.new("a variable of the environment"))
    path = shell.folder / "mcp.json"
    path.write_text(json.dumps(configuration(canaries, echoes, shell.folder)))

    told = spoken(VERBS, shell, canaries)
    told += written(shell.folder, canaries, but={path, shell.folder / "secret.txt"})

    assert told == []


def test_a_canary_is_found_however_it_is_written():
    canaries = Canaries()
    secret = canaries.new("here")

    for way in (secret, secret.upper(), base64.b64encode(secret.encode()).decode(), secret.encode().hex()):
        assert canaries.found_in(f"some {way} text".encode(), "a text")
    assert not canaries.found_in(b"some *** text", "a text")
