"""Output to a pipe: one line for each row, without control sequences."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest

from mcpstore.cli import output
from mcpstore.cli.logging import LineHandler

from .conftest import demo


@pytest.fixture
def narrow(shell, monkeypatch):
    """The command line without a terminal, and a console with few columns."""
    monkeypatch.setenv("COLUMNS", "40")
    for console in (output.out, output.err):
        monkeypatch.setattr(console, "_width", 40)
    return shell


def test_without_a_terminal_each_row_of_a_table_is_one_line(narrow):
    narrow.config(**{f"{'long' * 20}{i}": demo("a", *["argument"] * 60) for i in range(3)}, short={"command": "x"})
    lines = narrow("list").out.splitlines()
    assert [len(lines), lines[0].split()] == [5, ["SERVICE", "STATUS", "CONNECTION", "TOOLS", "TRANSPORT", "DETAIL"]]
    assert lines[1].split()[0] == "long" * 20 + "0"
    assert lines[1].count("argument") == 60
    assert not any(line.endswith(" ") for line in lines)
    assert len({line.index(word) for line, word in zip(lines, ["STATUS", *["not_started"] * 4], strict=True)}) == 1


def test_a_cell_with_line_breaks_and_wide_characters_is_one_line(narrow):
    narrow.config(a={"command": "x", "args": ["one\ntwo", "日本語"]}, 日本={"command": "y"})
    lines = narrow("list").out.splitlines()
    assert len(lines) == 3
    assert "one two 日本語" in lines[1]
    assert lines[2].startswith("日本     not_started")


def test_on_a_terminal_a_table_fits_the_window(capsys):
    console = output.SafeConsole(file=io.StringIO(), force_terminal=True, width=30)
    console.print(output.table(("A", "B"), [("a", "word " * 20)]))
    lines = console.file.getvalue().splitlines()
    assert len(lines) > 3


EVIL = "a\x1b]0;title\x07\x9b1m\u202e\rb"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (f"report {EVIL}\n  is\n", "report a\ufffd\ufffdb\n  is\n"),
        (f"a,b\r\n{EVIL},1\r\n", "a,b\r\na\ufffd\ufffdb,1\r\n"),
    ],
)
def test_external_text_is_printed_without_control_sequences_and_with_its_line_ends(capsysbinary, text, printed):
    output.print_text(text)
    sys.stdout.flush()
    assert capsysbinary.readouterr().out.decode() == printed


def test_external_json_is_printed_without_control_sequences_and_keeps_its_value(capsys):
    output.print_text(json.dumps({"error": EVIL}, ensure_ascii=False))
    line = capsys.readouterr().out
    assert line.isprintable()
    assert json.loads(line) == {"error": EVIL}


def test_reports_and_exports_are_printed_without_control_sequences(shell, monkeypatch):
    printed: list[str] = []
    monkeypatch.setattr(output, "print_text", printed.append)
    shell.config(a=demo("a"))
    for verb in (("report",), ("report", "--json"), ("export",), ("export", "-f", "csv")):
        assert (shell(*verb).out, len(printed.pop()) > 0) == ("", True)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("status", "ghost"), 4, {"kind": "ServiceNotFound", "service": "ghost", "remedy": "known services: a"}),
        (("restart", "a"), 5, {"kind": "ManagerNotRunning", "service": None, "remedy": "start one: mcpstore up"}),
        (("add", "nothing"), 3, {"kind": "ConfigError"}),
        (("alerts", "unsilence", "nothing"), 4, {"kind": "NotFound"}),
        (("report", "--since", "yesterday"), 2, {"kind": "UsageError", "remedy": None}),
        (("list", "--nonsense"), 2, {"kind": "UsageError"}),
        (("nonsense",), 2, {"kind": "UsageError"}),
    ],
)
def test_with_json_an_error_is_one_json_object_and_the_exit_code_is_the_same(shell, arguments, code, expected):
    shell.config(a=demo("a"))
    result = shell(*arguments, "--json")
    error = json.loads(result.err.splitlines()[-1])["error"]
    assert (result.code, result.out) == (code, "")
    assert set(error) == {"kind", "message", "remedy", "service"}
    assert error == {**error, **expected}
    plain = shell(*arguments)
    assert (plain.code, plain.out) == (code, "")
    assert '{"error"' not in plain.err


def test_an_error_of_a_running_manager_is_a_json_object_too(shell, up):
    shell.config(a=demo("a"))
    up()
    error = json.loads(shell("stop", "ghost", "--json").err)["error"]
    assert (error["kind"], error["service"], error["remedy"]) == ("ServiceNotFound", "ghost", "known services: a")


def test_options_after_the_command_of_a_service_are_not_options_of_mcpstore(shell):
    shell.config()
    result = shell("add", "x", "--env", "NOVALUE", "--", "y", "--json")
    assert (result.code, result.err.startswith("error: ")) == (3, True)


def run(shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command like a user: in its own process, with pipes."""
    return subprocess.run(
        [sys.executable, "-m", "mcpstore", *arguments], capture_output=True, text=True, timeout=90, cwd=shell.folder,
    )  # fmt: skip


def test_a_missing_named_configuration_is_reported_and_created(shell, monkeypatch):
    path = shell.folder / "nowhere.json"
    result = run(shell, "-c", str(path), "list")
    assert result.returncode == 0
    assert f"warning: {path} does not exist; it is created when a service is added" in result.stderr
    monkeypatch.setenv("MCPSTORE_CONFIG", str(path))
    assert "does not exist" in run(shell, "list").stderr
    assert run(shell, "add", "a", "--", "cat").returncode == 0
    assert "does not exist" not in run(shell, "list").stderr
    monkeypatch.delenv("MCPSTORE_CONFIG")
    assert "does not exist" not in run(shell, "list").stderr  # the default file need not exist


def test_blocking_an_unknown_plugin_is_reported(shell):
    shell.config()
    result = run(shell, "--block", "pingg", "list")
    assert result.returncode == 0
    assert (
        "warning: plugin 'pingg' cannot be blocked: no plugin has this name; did you mean 'ping'? known"
        in result.stderr
    )
    assert "cannot be blocked" not in run(shell, "--block", "ping", "--no-plugins", "list").stderr


def test_each_log_record_is_one_line_without_control_sequences():
    out = io.StringIO()
    printed = output.SafeConsole(file=out, width=30)
    record = {"msg": "service %r:\n%s", "args": (EVIL, "word " * 30), "levelname": "WARNING"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(output, "err", printed)
        for times in (False, True):
            LineHandler(times=times).emit(logging.makeLogRecord(record))
    once, lasting = out.getvalue().splitlines()
    assert once.startswith("warning: service ")
    assert lasting[2] == lasting[5] == ":"
    for line in (once, lasting):
        assert line.isprintable()
        assert line.count("word") == 30
