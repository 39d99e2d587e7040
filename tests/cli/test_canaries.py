"""No secret of a configuration is printed, written or returned: all output of MCPStore is searched."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from mcpstore.store.state_dir import socket_path

from .canaries import OF_A_SERVICE, VERBS, Canaries, answered, configuration, echoing, spoken, written
from .conftest import demo, eventually


@pytest.fixture
def echoes() -> Iterator[dict[int, str]]:
    with echoing() as addresses:
        yield addresses


@pytest.mark.timeout(300)
def test_no_secret_appears_in_any_output_of_a_manager(shell, up, echoes, monkeypatch, record_property):
    canaries = Canaries()
    monkeypatch.setenv("FROM_OUTSIDE", canaries.new("a variable of the environment"))
    path = shell.folder / "mcp.json"
    configured = configuration(canaries, echoes, shell.folder)
    path.write_text(json.dumps(configured))
    names = list(configured["mcpServers"])
    manager = up(more=("--verbose",))
    eventually(lambda: shell("status", "well", "--json").json["connection_state"] == "healthy")
    eventually(lambda: shell("status", "failing", "--json").json["connection_state"] == "healthy")
    eventually(lambda: "my secret is" in shell("logs", "telltale").out)
    eventually(lambda: re.search(r"refused", shell("logs", "teller").out))

    assert "answered 401 to ***" in shell("call", "failing/greet").err
    leaks = spoken(VERBS, shell, canaries)
    for name in names:
        leaks += spoken(OF_A_SERVICE, shell, canaries, name)
    (sockets,) = [socket_path(owner.parent) for owner in (shell.folder / "state").rglob("owner")]
    leaks += answered(sockets, canaries, names)
    assert manager.stop() == 0
    leaks += written(shell.folder, canaries, but={path, shell.folder / "secret.txt"})

    record_property("found", len(leaks))
    assert leaks == []


def test_no_secret_appears_in_any_output_without_a_manager(shell, echoes, monkeypatch, record_property):
    canaries = Canaries()
    monkeypatch.setenv("FROM_OUTSIDE", canaries.new("a variable of the environment"))
    path = shell.folder / "mcp.json"
    path.write_text(json.dumps(configuration(canaries, echoes, shell.folder)))

    leaks = spoken(VERBS, shell, canaries)
    leaks += written(shell.folder, canaries, but={path, shell.folder / "secret.txt"})

    record_property("found", len(leaks))
    assert leaks == []


def test_a_canary_is_found_in_every_encoding():
    canaries = Canaries()
    secret = canaries.new("here")

    for way in (secret, secret.upper(), base64.b64encode(secret.encode()).decode(), secret.encode().hex()):
        assert canaries.found_in(f"some {way} text".encode(), "a text")
    assert not canaries.found_in(b"some *** text", "a text")


ROOT = Path(__file__).parents[2]


def installed(folder: Path) -> None:
    """Register plugins of the checkout by metadata like that of an installation."""
    for name, module in (
        ("leaking", "cli.leaking_plugin"),
        ("chat", "mcpstore_chat_alert"),
        ("apprise", "mcpstore_apprise"),
    ):
        info = folder / f"canary_{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: canary-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[mcpstore.plugins]\n{name} = {module}\n")


@contextmanager
def mail_server(folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield the port of a mail server that repeats the passwords it refuses, and its certificate."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def refuse(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        message = f"535 5.7.8 wrong password {data.password.decode()} {base64.b64encode(data.password).decode()}"
        return AuthResult(success=False, handled=False, message=message)

    server = Controller(object(), "localhost", free_port(), tls_context=context, authenticator=refuse)
    server.start()
    try:
        yield server.server.sockets[0].getsockname()[1], cert
    finally:
        server.stop()


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated:DeprecationWarning")
def test_no_secret_of_a_channel_or_plugin_appears_in_its_errors(shell, up, echoes, monkeypatch, record_property):
    canaries = Canaries()
    new = canaries.new
    installed(shell.folder / "site")
    parts = [shell.folder / "site", ROOT / "tests"]
    parts += [ROOT / "contrib" / f"mcpstore-{name}" / "src" for name in ("chat-alert", "apprise")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, parts)))
    monkeypatch.setenv("HOOK_SECRET", new("a variable in the settings of a handler"))
    for part in reversed(parts):
        monkeypatch.syspath_prepend(str(part))
    hook = f"http://{echoes[500]}/services/T00000001"
    with mail_server(shell.folder) as (port, cert):
        handlers: list[dict[str, Any]] = [
            {"type": "email", "host": "localhost", "port": port, "username": "me", "ca_file": str(cert),
             "password": new("password of a mail server"), "sender": "a@example.org", "to": "b@example.org"},
            {"type": "chat", "url": f"{hook}/{new('webhook of a chat')}"},
            {"type": "chat", "name": "gone", "url": f"http://127.0.0.1:9/hook/{new('webhook of a chat that is gone')}"},
            {"type": "apprise", "urls": [f"json://ada:{new('password for it')}@{echoes[500]}/{new('path for it')}"]},
            {"type": "apprise", "name": "nonsense", "urls": [f"nothing://{new('unknown address')}/x"]},
            {"type": "leaking", "webhook": f"https://hooks.example/{new('webhook')}/x", "token": "${HOOK_SECRET}",
             "deep": [{"password": new("password deep in settings")}]},
            {"type": "plain_leaking", "api_key": new("key of a plugin that runs in a thread")},
        ]  # fmt: skip
        leaking = {"type": "leaking", "api_key": new("option of a strategy")}
        servers = {
            "well": {**demo("well", "--token", new("argument of a service a plugin looks at")),
                     "env": {"A_TOKEN": new("env of a service a plugin looks at")}},
            "checked": {**demo("checked"), "mcpstore": {"health": leaking}},
            "dead": {"command": "no-such-program", "mcpstore": {
                "recovery": {"type": "leaking", "secret": new("option of a recovery policy")}}},
            "far": {"transport": {"type": "leaking", "token": new("token of a transport"),
                                  "url": f"tcp://me:{new('password of a transport')}@far.example"}},
        }  # fmt: skip
        ours = {
            "monitoring": {"check_interval": 1, "alerts": {"handlers": handlers, "rules": [
                {"name": "at_once", "when": "uptime >= 0.0", "level": "error"}]}},
            "exporters": {"leaking": {"token": new("token of an exporter")},
                          "prometheus": {"port": free_port(), "textfile": str(shell.folder / "metrics.prom")}},
        }  # fmt: skip
        path = shell.folder / "mcp.json"
        path.write_text(json.dumps({"mcpServers": servers, "mcpstore": ours}))
        manager = up(more=("--verbose",))
        eventually(lambda: "pinging" in shell("status", "checked").out or shell("status", "checked").code == 0)
        names = [one.get("name", one["type"]) for one in handlers]

        def told_by() -> dict[str, str]:
            return {one["name"]: one["error"] for one in shell("alerts", "handlers", "--json").json}

        eventually(lambda: all(told_by().get(name) for name in names))
        leaks = spoken((*VERBS, ("plugins", "show", "leaking")), shell, canaries)
        for name in names:
            leaks += spoken((("alerts", "test", "{}"), ("alerts", "test", "{}", "--json")), shell, canaries, name)
        for name in servers:
            leaks += spoken(OF_A_SERVICE, shell, canaries, name)
        with urllib.request.urlopen(f"http://127.0.0.1:{ours['exporters']['prometheus']['port']}/metrics") as answer:
            leaks += canaries.found_in(answer.read(), "the metrics")
        for form in ("json", "csv", "parquet"):
            assert shell("export", "--output", str(shell.folder / f"figures.{form}")).code == 0
        assert shell("report", "--output", str(shell.folder / "report.html")).code == 0
        eventually((shell.folder / "metrics.prom").exists)
        assert "RuntimeError" in told_by()["leaking"]
        assert "rejected username and password" in told_by()["email"]
        (sockets,) = [socket_path(owner.parent) for owner in (shell.folder / "state").rglob("owner")]
        leaks += answered(sockets, canaries, list(servers))
        assert manager.stop() == 0
    log = manager.log.read_text()
    assert all(f"{what} 'leaking'" in log for what in ("plugin", "exporter", "recovery policy"))
    leaks += written(shell.folder, canaries, but={path})

    record_property("found", len(leaks))
    assert leaks == []


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
