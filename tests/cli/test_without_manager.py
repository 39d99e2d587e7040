"""The command line without a running manager."""

from __future__ import annotations

import json
import sys

import pytest

from .conftest import demo


def test_the_configuration_is_listed_without_starting_a_service(shell):
    shell.config(a=demo("a"), b={"url": "https://user:secret@example.invalid/mcp?key=hidden"})
    result = shell("list", "--json")
    assert (result.code, [s["name"] for s in result.json]) == (0, ["a", "b"])
    assert {s["run_status"] for s in result.json} == {"not_started"}
    assert "no manager is running" in shell("list").err
    assert "secret" not in result.out + shell("list").out
    assert "hidden" not in result.out


def test_a_service_is_added_from_its_command_with_all_its_options(shell):
    result = shell("add", "time", "--env", "TZ=UTC", "--cwd", "/", "--", sys.executable, "-m", "x y", "$HOME")
    assert result.code == 0, result.err
    entry = json.loads((shell.folder / "config/mcpstore/mcp.json").read_text())["mcpServers"]["time"]
    assert entry == {"command": sys.executable, "args": ["-m", "x y", "$HOME"], "env": {"TZ": "UTC"}, "cwd": "/"}


def test_a_remote_service_is_added_from_its_url(shell):
    shell.config()
    assert shell("add", "r", "--url", "http://127.0.0.1:9/sse", "--transport", "sse", "-H", "X-A: b").code == 0
    entry = json.loads((shell.folder / "mcp.json").read_text())["mcpServers"]["r"]
    assert entry == {"url": "http://127.0.0.1:9/sse", "type": "sse", "headers": {"X-A": "b"}}


def test_the_services_of_a_file_are_added(shell):
    shell.config()
    (shell.folder / "other.json").write_text(json.dumps({"servers": {"a": demo("a"), "b": demo("b")}}))
    assert [s["name"] for s in shell("add", "other.json", "--json").json] == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("add", "nothing"), 3, "'nothing' has neither a command nor a URL"),
        (("add", "x", "--env", "NOVALUE", "--", "y"), 3, "expected --env NAME=VALUE"),
        (("remove", "ghost"), 4, "no service is called 'ghost'"),
        (("status", "ghost"), 4, "no service is called 'ghost'"),
        (("stop", "ghost"), 4, "no service is called 'ghost'"),
        (("restart", "a"), 5, "no manager is running"),
        (("logs",), 5, "no manager is running"),
        (("call", "a/greet", "{oops"), 3, "not valid JSON"),
        (("call", "a/greet", "who"), 3, "expected NAME=VALUE"),
        (("config", "show", "ghost.json"), 3, "ghost.json does not exist"),
        (("-c", "ftp://somewhere/mcp.json", "list"), 3, "no persistence backend keeps"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_an_impossible_request_is_an_error_with_its_exit_code_and_no_traceback(shell, arguments, code, message):
    shell.config(a=demo("a"))
    result = shell(*arguments)
    assert result.code == code, result.err
    assert message in result.err.replace("\n", " ")
    assert "Traceback" not in result.err


def test_a_corrupt_configuration_is_reported_with_line_and_column_and_not_changed(shell):
    path = shell.folder / "mcp.json"
    path.write_text('{"mcpServers": {"a": }}')
    result = shell("list")
    assert result.code == 3
    assert "mcp.json:1:22" in result.err
    assert shell("add", "b", "--", "x").code == 3
    assert path.read_text() == '{"mcpServers": {"a": }}'


def test_starting_and_stopping_without_a_manager_only_edits_the_configuration(shell):
    path = shell.config(a=demo("a"))
    assert shell("stop", "a").code == 0
    assert json.loads(path.read_text())["mcpServers"]["a"]["disabled"] is True
    assert shell("start", "a").code == 0
    assert json.loads(path.read_text())["mcpServers"]["a"]["disabled"] is False


def test_a_tool_is_called_on_a_service_started_for_this_command_only(shell):
    shell.config(a=demo("a"), broken={"command": "no-such-command-at-all"})
    result = shell("call", "a/greet", "who=you")
    assert (result.code, result.out) == (0, "Hello, you!\n")
    assert "started for this command only" in result.err
    assert shell("call", "a/add", '{"a": 1, "b": 2}', "--json").json["content"][0]["text"] == "3"
    failed = shell("call", "a/add", "a=1")
    assert (failed.code, "wrong arguments" in failed.out) == (1, True)


def test_tools_and_check_start_the_services_for_this_command_only(shell):
    shell.config(a=demo("a"))
    assert [t["full_name"] for t in shell("tools", "--json").json] == ["a/greet", "a/add"]
    assert "Greet a person." in shell("tools", "a").out
    result = shell("check", "--json")
    assert (result.code, result.json[0]["healthy"]) == (0, True)


def test_the_doctor_prints_diagnosis_and_remedy(shell):
    shell.config(
        a=demo("a"),
        gone={"command": "no-such-command-at-all"},
        early={"command": sys.executable, "args": ["-c", "import no_such_module_at_all"]},
        unset={"command": sys.executable, "args": ["${NOT_SET_ANYWHERE}"]},
        loose={**demo("b"), "env": {"API_TOKEN": "abcdefghijklmnop"}},
    )
    result = shell("doctor", "--json")
    assert result.code == 1
    services = {one["name"]: one for one in result.json["services"]}
    assert services["a"]["summary"] == "it is healthy"
    assert "install it" in services["gone"]["remedy"]
    assert any("No module named 'no_such_module_at_all'" in line for line in services["early"]["evidence"])
    assert "NOT_SET_ANYWHERE" in " ".join(services["unset"]["evidence"])
    assert any("API_TOKEN holds a secret in plain text" in hint for hint in result.json["hints"])
    assert any("tool 'greet' is offered by a, loose" in hint for hint in result.json["hints"])
    shown = shell("doctor")
    assert "✗ gone" in shown.out
    assert "abcdefghijklmnop" not in result.out + shown.out + shown.err


def test_plugins_are_listed_with_their_offers(shell):
    listed = {plugin["name"]: plugin for plugin in shell("plugins", "--json").json}
    assert listed["stdio"]["offers"] == ["transport stdio"]
    assert "transport stdio" in shell("plugins").out
    blocked = {plugin["name"]: plugin for plugin in shell("--block", "ping", "plugins", "--json").json}
    assert blocked["ping"]["status"] == "blocked"


def test_a_configuration_of_any_client_is_read_and_shown(shell):
    file = shell.folder / "settings.json"
    file.write_text(
        '{"servers": {"a": {"type": "stdio", "command": "x", "env": {"K": "${input:k}"}}}, "inputs": []} // c'
    )
    result = shell("config", "show", "settings.json", "--json")
    assert result.json == {
        "servers": [
            {
                "name": "a", "dialect": "servers", "transport": "stdio", "enabled": True, "command": "x", "args": [],
                "env_keys": ["K"], "url": None, "extra_keys": [],
            }
        ],
        "problems": [],
    }  # fmt: skip
    assert "a" in shell("config", "show", "settings.json").out


def test_services_of_other_clients_are_discovered_shown_and_imported(shell):
    cursor = shell.folder / "home/.cursor"
    cursor.mkdir()
    (cursor / "mcp.json").write_text(json.dumps({"mcpServers": {"a": demo("a"), "b": demo("b")}}))
    shell.config(b=demo("b"))
    plan = shell("import", "--json").json
    assert [(one["client"], one["name"], one["new"]) for one in plan] == [("Cursor", "a", True), ("Cursor", "b", False)]
    asked = shell("import")
    assert "nothing was imported" in asked.err
    assert shell("import", "cursor", "--yes").code == 0
    assert [s["name"] for s in shell("list", "--json").json] == ["b", "a"]


def test_the_version_is_printed(shell):
    from mcpstore import __version__

    assert shell("--version").out == f"mcpstore {__version__}\n"


def test_every_verb_has_help(shell):
    for verb in (
        "demo", "up", "add", "remove", "list", "status", "start", "stop", "restart", "check", "tools", "call", "logs",
        "recover", "plugins", "doctor", "import", "config", "report", "export", "top",
    ):  # fmt: skip
        result = shell(verb, "--help")
        assert result.code == 0
        assert "Usage" in result.out


@pytest.mark.parametrize("arguments", [["list"], ["plugins"], ["alerts"], ["doctor"]])
def test_a_command_in_an_empty_folder_prints_no_needless_warning(shell, caplog, arguments):
    shell.config()
    assert shell(*arguments).code == 0
    assert [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"] == []
