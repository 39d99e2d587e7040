"""Text of servers, entries and errors is printed without terminal control sequences."""

from __future__ import annotations

import io
import json
import logging
import sys

from rich.live import Live
from rich.logging import RichHandler
from rich.markup import escape

from mcpstore.cli import output

from .conftest import demo, eventually

EVIL = "\x1b[31mred\x1b]0;title\x07\x1b[2J\r\x9b1m\u202e"
SERVER = r"""
import json, sys
EVIL = "\x1b[31mred\x1b]0;title\x07\x1b[2J\r\x9b1m\u202e"
sys.stderr.write(EVIL + "stderr\n"); sys.stderr.flush()
sys.stdout.write("noise" + EVIL + "\n"); sys.stdout.flush()
for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    if "id" not in message: continue
    answer = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
              "serverInfo": {"name": EVIL + "name", "version": EVIL}}
    if message["method"] == "tools/list":
        answer = {"tools": [{"name": "evil" + EVIL, "description": EVIL, "inputSchema": {"type": "object"}},
                            {"name": "say", "inputSchema": {"type": "object"}}]}
    if message["method"] == "tools/call":
        answer = {"content": [{"type": "text", "text": EVIL + "said"}]}
        if message["params"]["arguments"].get("fail"):
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {"code": 1, "message": EVIL + "bad"}}))
            sys.stdout.flush()
            continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer})); sys.stdout.flush()
"""


def commands(text: str) -> set[str]:
    """Return the control characters in a text, except newlines and tabs."""
    return {char for char in text if not char.isprintable() and char not in "\n\t"}


def test_no_output_of_a_server_controls_the_terminal(shell, up):
    shell.config(evil={"command": sys.executable, "args": ["-S", "-E", "-c", SERVER]}, **{f"na{EVIL}me": demo("a")})
    manager = up()
    eventually(lambda: shell("status", "evil", "--json").json["connection_state"] == "healthy")
    for verb in (
        ("list",), ("list", "--json"), ("status", "evil"), ("status", "evil", "--json"), ("tools",),
        ("tools", "--json"),
        ("call", "evil/say"), ("call", "evil/say", "--json"), ("call", "evil/say", "fail=true"), ("doctor",),
        ("logs",), ("logs", "evil", "--json"), ("status", f"no{EVIL}"), ("check",),
    ):  # fmt: skip
        result = shell(*verb)
        assert commands(result.out + result.err) == set(), verb
        assert result.out + result.err
    assert "stderr" in shell("logs", "evil").out
    assert json.loads(shell("call", "evil/say", "--json").out)["content"][0]["text"] == EVIL + "said"
    manager.stop()
    assert commands(manager.log.read_text()) == set()


def test_intended_terminal_commands_are_sent(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    out = io.StringIO()
    console = output.SafeConsole(file=out, force_terminal=True, width=60, color_system="standard")
    console.print(f"[red]error[/]{escape(EVIL)}", style="bold")
    assert "\x1b[1;31merror" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()
    with Live(output.table(("A", EVIL), [(EVIL, "b")]), console=console, refresh_per_second=1) as live:
        live.refresh()
    assert "\x1b[?25l" in out.getvalue()  # the cursor is hidden while the table is shown
    assert "\x1b[2J" not in out.getvalue()


def test_no_server_can_add_a_line_to_a_log_record():
    out = io.StringIO()
    console = output.SafeConsole(file=out, width=200)
    handler = RichHandler(console=console, show_path=False, show_level=False)
    handler.emit(logging.makeLogRecord({"msg": "service %r: %s", "args": (EVIL, EVIL)}))
    assert commands(out.getvalue()) == set()


def test_the_limit_of_every_buffer_is_printed(shell, up):
    shell.config(a=demo("a"))
    up()
    eventually(lambda: shell("status", "a", "--json").json["connection_state"] == "healthy")
    status = shell("status", "a", "--json").json
    assert {buffer["name"] for buffer in status["buffers"]} >= {
        "log", "past checks", "unfinished message", "requests under way", "requests of the server",
        "answers it does not read", "noise kept", "stderr kept for errors", "unfinished stderr line",
    }  # fmt: skip
    assert all(0 <= buffer["used"] <= buffer["bound"] for buffer in status["buffers"])
    shown = shell("status", "a", "--verbose").out
    assert "unfinished message" in shown
    assert "8,388,608" in shown
    assert "8,388,608" not in shell("status", "a").out
    assert status["containment"] in ("cgroup", "subreaper")
    assert f"isolation of service processes: {status['containment']}" in shell("doctor").out
