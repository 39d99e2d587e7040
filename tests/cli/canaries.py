"""Recognisable secrets (canaries) in every place of a configuration, and searches for them in all output."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import quote

from .conftest import demo

TELLTALE = """
import os, sys
for name, value in os.environ.items():
    if "CANARY" in name:
        print("my secret is", value, "and", repr(value), file=sys.stderr, flush=True)
sys.exit(3)
"""
"""A server that prints its secrets to stderr and exits."""

TELLER = """
import json, os, sys
for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    if "id" in message:
        said = {"code": 7, "message": "bad token " + os.environ["THE_CANARY"]}
        print("refused", os.environ["THE_CANARY"], file=sys.stderr, flush=True)
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": said}), flush=True)
"""
"""A server that answers with errors that contain its secret."""

FAILING = """
import json, os, sys
for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    result = {}
    if message.get("method") == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "failing", "version": "1"}}
    elif message.get("method") == "tools/list":
        result = {"tools": [{"name": "greet", "inputSchema": {"type": "object"}}]}
    if "id" in message:
        text = "the far side answered 401 to " + os.environ["THE_CANARY"]
        error = {"code": 7, "message": text, "data": {"sent": [text]}}
        answer = {"error": error} if "call" in message["method"] else {"result": result}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"""
"""A server whose tools return errors that contain its secret."""

ARGUED = """
import json, sys
print("I was started as", sys.argv, file=sys.stderr, flush=True)
for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    if "id" in message:
        said = {"code": 7, "message": f"refused to {sys.argv[1:]}"}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": said}), flush=True)
"""
"""A server that prints its arguments and repeats them in its errors."""

DOOMED = """
import sys
sys.exit("cannot use " + " ".join(sys.argv[1:]))
"""
"""A server that exits with an error that contains its arguments."""


class Echo(BaseHTTPRequestHandler):
    """Answers every request with an error that contains everything the client sent."""

    def do_POST(self) -> None:
        body = json.dumps({"error": f"refused: {self.path} {dict(self.headers)}"}).encode()
        self.send_response(self.server.status, f"no entry for {self.headers.get('X-Api-Key', '')}")  # type: ignore[attr-defined]
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_POST  # noqa: N815 - names of the base class

    def log_message(self, *_arguments: object) -> None:
        pass


class Canaries:
    """Recognisable secrets, and the encodings in which they may appear."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._numbers = count(1)

    def new(self, where: str) -> str:
        """Return a new secret, and record where it is placed."""
        secret = f"cAnAry{next(self._numbers):02}x{os.urandom(6).hex()}"
        self.known[secret] = where
        return secret

    def found_in(self, content: bytes, place: str) -> list[str]:
        """Return the secrets in some bytes, plain or encoded, with the places they come from."""
        text = content.lower()
        found_secrets = []
        for secret, where in self.known.items():
            raw = secret.encode()
            # The base64 encoding depends on the number of bytes before the secret.
            in_64 = (base64.b64encode(b"?" * before + raw)[4:].rstrip(b"=")[:-1] for before in range(3))
            ways = (raw, quote(secret).encode(), *in_64, raw.hex().encode(), raw[::-1])
            if any(way.lower() in text for way in ways):
                at = text.find(secret.lower().encode())
                found_secrets.append(f"{where} in {place}: …{content[max(0, at - 120) : at + 60]!r}…")
        return found_secrets


@contextmanager
def echoing() -> Iterator[dict[int, str]]:
    """Yield the addresses of servers, by the status they answer with; their answers repeat the request."""
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
    """Return a configuration with a secret in every possible place."""
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
        "failing": {
            "command": sys.executable,
            "args": ["-S", "-c", FAILING],
            "env": {"THE_CANARY": new("env of a service whose tools fail")},
        },
        "argued": {
            "command": sys.executable,
            "args": [
                "-S",
                "-c",
                ARGUED,
                "--api-key",
                new("argument after a flag"),
                f"--token={new('argument with a flag')}",
                f"postgres://ada:{new('password in a URL among the arguments')}@db.example/x",
                f"https://x.example/mcp?api_key={new('query of a URL among the arguments')}",
                "--header",
                f"Authorization: Bearer {new('header among the arguments')}",
                f"SOME_API_KEY={new('variable among the arguments')}",
            ],
        },
        "doomed": {
            "command": f"{sys.executable} -S -c '{DOOMED.strip()}' --password {new('argument in a line')}",
        },
        "unknown": {
            "command": "no-such-program",
            "args": ["--password", new("argument of a program that is not there")],
        },
        "options": {
            **demo("options"),
            "mcpstore": {
                "health": {
                    "type": "call_tool",
                    "tool": "no-such-tool",
                    "arguments": {"access_token": new("argument of a health check")},
                }
            },
        },
        "unreachable": {
            "url": f"http://user:{new('password in a URL')}@127.0.0.1:9/mcp?api_key={new('query of a URL')}",
            "headers": {"Authorization": f"Bearer {new('header of a service that is not there')}"},
        },
        "nowhere": {
            "url": f"https://{new('user in a URL')}@no-such-host.invalid/mcp?token={new('query of an unknown host')}",
        },
    }
    for status, address in echoes.items():
        servers[f"basic{status}"] = {
            "url": f"http://ada:{new(f'password of a URL that answers {status}')}@{address}/mcp",
        }
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
    ("config", "show", "mcp.json"), ("import", "mcp.json", "--json"), ("report",), ("report", "--format", "markdown"),
    ("report", "--format", "html"), ("export", "--format", "json"), ("export", "--format", "csv"),
    ("export", "--format", "prometheus"), ("--help",), ("status", "ghost"), ("call", "ghost"), ("alerts", "history"),
    ("alerts", "history", "--json"), ("alerts", "silences"),
)  # fmt: skip
"""Commands that are run for every store."""

OF_A_SERVICE = (
    ("status", "{}"), ("status", "{}", "--json"), ("logs", "{}"), ("doctor", "{}"), ("check", "{}"),
    ("call", "{}/greet", "who=you"), ("restart", "{}"), ("recover", "{}"),
)  # fmt: skip
"""Commands that are run for every service."""


def spoken(verbs: tuple[tuple[str, ...], ...], shell, canaries: Canaries, name: str = "") -> list[str]:
    found_secrets = []
    for verb in verbs:
        arguments = [word.format(name) for word in verb]
        result = shell(*arguments)
        found_secrets += canaries.found_in((result.out + result.err).encode(), f"the answer to {' '.join(arguments)}")
    return found_secrets


def written(folder: Path, canaries: Canaries, but: set[Path]) -> list[str]:
    found_secrets = []
    for path in folder.rglob("*"):
        if path.is_file() and path not in but:
            found_secrets += canaries.found_in(path.read_bytes(), str(path.relative_to(folder)))
        found_secrets += canaries.found_in(os.fsencode(path.name), "the name of a file")
    return found_secrets


def answered(path: Path, canaries: Canaries, names: list[str]) -> list[str]:
    """Query the control socket directly, with valid and invalid verbs and arguments."""
    found_secrets = []
    asked = [("list", {}), ("problems", {}), ("overview", {}), ("plugins", {}), ("hints", {}), ("nonsense", {})]
    asked += [("report", {}), ("tools", {}), ("logs", {})]
    asked += [(verb, {"name": name}) for verb in ("info", "diagnose", "logs", "check", "call") for name in names]
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(60)
        talk.connect(os.fspath(path))
        with talk.makefile("rwb") as lines:
            for verb, arguments in asked:
                lines.write(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
                lines.flush()
                found_secrets += canaries.found_in(lines.readline(), f"the answer of the socket to {verb} {arguments}")
    return found_secrets
