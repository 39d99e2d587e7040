"""No secret of a configuration is ever shown, written or answered: every byte that leaves MCPStore is searched."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from mcpstore.store.state_dir import socket_path

from .conftest import demo, eventually

TELLTALE = """
import os, sys
for name, value in os.environ.items():
    if "CANARY" in name:
        print("my secret is", value, "and", repr(value), file=sys.stderr, flush=True)
sys.exit(3)
"""
"""A server that tells its secrets to everybody, and ends."""

TELLER = """
import json, os, sys
for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    if "id" in message:
        said = {"code": 7, "message": "bad token " + os.environ["THE_CANARY"]}
        print("refused", os.environ["THE_CANARY"], file=sys.stderr, flush=True)
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": said}), flush=True)
"""
"""A server that answers with errors that hold its secret."""


class Echo(BaseHTTPRequestHandler):
    """Answers every request with an error that holds everything the client sent."""

    def do_POST(self) -> None:
        said = json.dumps({"error": f"refused: {self.path} {dict(self.headers)}"}).encode()
        self.send_response(self.server.status, f"no entry for {self.headers.get('X-Api-Key', '')}")  # type: ignore[attr-defined]
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_DELETE = do_POST  # noqa: N815 - the base class wants them so

    def log_message(self, *_arguments: object) -> None:
        pass


class Canaries:
    """Secrets that can be told from everything else, and in what ways they may be written."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._numbers = count(1)

    def new(self, where: str) -> str:
        """Return a secret, and remember where it is put."""
        secret = f"cAnAry{next(self._numbers):02}x{os.urandom(6).hex()}"
        self.known[secret] = where
        return secret

    def found_in(self, content: bytes, place: str) -> list[str]:
        """Return which secrets stand in some bytes, and where they were put; plainly or thinly disguised."""
        text = content.lower()
        told = []
        for secret, where in self.known.items():
            raw = secret.encode()
            ways = (raw, quote(secret).encode(), base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), raw[::-1])
            if any(way.lower() in text for way in ways):
                at = text.find(secret.lower().encode())
                told.append(f"{where} in {place}: …{content[max(0, at - 120) : at + 60]!r}…")
        return told


@pytest.fixture
def echoes() -> Iterator[dict[int, str]]:
    servers = {}
    for status in (401, 403, 404, 500):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        server.status = status  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers[status] = server
    yield {status: f"127.0.0.1:{server.server_port}" for status, server in servers.items()}
    for server in servers.values():
        server.shutdown()
        server.server_close()


def configuration(canaries: Canaries, echoes: dict[int, str], folder: Path) -> dict[str, object]:
    """Return a configuration with a secret in every place where there may be one."""
    new = canaries.new
    (folder / "secret.txt").write_text(new("a file that is read"))
    servers: dict[str, object] = {
        "well": {**demo("well"), "env": {"THE_CANARY": new("env of a healthy service")}},
        "telltale": {
            "command": sys.executable,
            "args": ["-S", "-c", TELLTALE],
            "env": {"A_CANARY": new("env of a talkative service"), "B_CANARY": "${FROM_OUTSIDE}"},
        },
        "teller": {
            "command": sys.executable,
            "args": ["-S", "-c", TELLER],
            "env": {"THE_CANARY": new("env of a service that answers with it")},
        },
        "wrong": {
            "command": "no-such-command-anywhere",
            "env": {"TOKEN": new("env of a command that does not exist")},
        },
        "invalid": {
            "command": sys.executable,
            "env": {"TOKEN": new("env of an entry that is wrong")},
            "timeout": "x" * 3,
        },
        "nobody": {
            "url": f"http://user:{new('password in a URL')}@127.0.0.1:9/mcp?api_key={new('query of a URL')}",
            "headers": {"Authorization": f"Bearer {new('header of a service that is not there')}"},
        },
        "nowhere": {
            "url": f"https://{new('user in a URL')}@no-such-host.invalid/mcp?token={new('query of an unknown host')}",
        },
    }
    for status, address in echoes.items():
        servers[f"echo{status}"] = {
            "url": f"http://{address}/mcp?key={new(f'query of a URL that answers {status}')}",
            "headers": {
                "Authorization": f"Bearer {new(f'bearer of a service that answers {status}')}",
                "X-Api-Key": new(f"header of a service that answers {status}"),
            },
        }
    handlers = [
        {
            "type": "email",
            "host": "127.0.0.1",
            "port": 9,
            "security": "starttls",
            "username": "me",
            "password": new("password of a handler"),
            "sender": "a@example.org",
            "to": ["b@example.org"],
        }
    ]
    return {"mcpServers": servers, "mcpstore": {"monitoring": {"alerts": {"handlers": handlers}}}}


VERBS = (
    ("list",), ("list", "--json"), ("status",), ("status", "--json"), ("doctor",), ("doctor", "--json"),
    ("logs",), ("logs", "--json"), ("tools", "--json"), ("plugins",), ("plugins", "--json"), ("check",),
    ("config", "read"), ("config", "read", "--json"), ("report",), ("report", "--format", "markdown"),
    ("report", "--format", "html"), ("export", "--format", "json"), ("export", "--format", "csv"),
    ("export", "--format", "prometheus"), ("--help",), ("status", "ghost"), ("call", "ghost"), ("import", "--dry-run"),
)  # fmt: skip
"""What is asked of every store."""

OF_A_SERVICE = (
    ("status", "{}"), ("status", "{}", "--json"), ("logs", "{}"), ("doctor", "{}"), ("check", "{}"),
    ("call", "{}/greet", "who=you"), ("restart", "{}"), ("recover", "{}"),
)  # fmt: skip
"""What is asked about every service."""


def spoken(verbs: tuple[tuple[str, ...], ...], shell, canaries: Canaries, name: str = "") -> list[str]:
    told = []
    for verb in verbs:
        arguments = [word.format(name) for word in verb]
        said = shell(*arguments)
        told += canaries.found_in((said.out + said.err).encode(), f"the answer to {' '.join(arguments)}")
    return told


def written(folder: Path, canaries: Canaries, but: set[Path]) -> list[str]:
    told = []
    for path in folder.rglob("*"):
        if path.is_file() and path not in but:
            told += canaries.found_in(path.read_bytes(), str(path.relative_to(folder)))
        told += canaries.found_in(os.fsencode(path.name), "the name of a file")
    return told


def answered(path: Path, canaries: Canaries, names: list[str]) -> list[str]:
    """Ask the control socket directly, with verbs and arguments right and wrong."""
    told = []
    asked = [("list", {}), ("problems", {}), ("glance", {}), ("plugins", {}), ("hints", {}), ("nonsense", {})]
    asked += [("report", {}), ("tools", {}), ("logs", {})]
    asked += [(verb, {"name": name}) for verb in ("info", "diagnose", "logs", "check", "call") for name in names]
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(60)
        talk.connect(os.fspath(path))
        with talk.makefile("rwb") as lines:
            for verb, arguments in asked:
                lines.write(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
                lines.flush()
                told += canaries.found_in(lines.readline(), f"the answer of the socket to {verb} {arguments}")
    return told


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
