"""Settings of a transport: variables are expanded, and secret values are collected."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import attrs
import pytest

from config.trees import reading, specs
from mcpstore.config.entry import spec_of
from mcpstore.config.expansion import ExpandedSettings, ExpansionContext, expand, unset_variables, workspace_of
from mcpstore.config.reader import Input
from mcpstore.errors import ConfigError, UnsetVariable

ENVIRON = {"PATH": "/nowhere", "KEY": "key-value", "HOST": "host-value", "API_TOKEN": "token-value", "EMPTY": ""}


@pytest.fixture
def around(tmp_path: Path) -> ExpansionContext:
    for folder in ("home", "cwd", "work", "conf"):
        (tmp_path / folder).mkdir()
    return ExpansionContext(
        environ=ENVIRON,
        home=str(tmp_path / "home"),
        cwd=str(tmp_path / "cwd"),
        workspace=str(tmp_path / "work"),
        folder=str(tmp_path / "conf"),
    )


def expanded(entry: dict[str, Any], around: ExpansionContext) -> ExpandedSettings:
    return expand(spec_of("x", entry), around)


def test_variables_of_a_local_service_are_expanded(around):
    entry = {
        "command": "${KEY}",
        "args": ["--host=${env:HOST}", "{env:HOST}", "~/x", "~", "--path=~/x", "a~", "~user"],
        "env": {"A": "${KEY}", "B": "${NONE:-b}", "C": "~/c", "D": None, "F": "$KEY"},
        "cwd": "${workspaceFolderBasename}/sub",
        "mcpstore": {"inherit_env": "minimal"},
    }
    settings = expanded(entry, around).settings
    assert settings == {
        "command": "key-value",
        "args": ["--host=host-value", "host-value", f"{around.home}/x", around.home, "--path=~/x", "a~", "~user"],
        "env": {"A": "key-value", "B": "b", "C": f"{around.home}/c", "D": None, "F": "$KEY"},
        "cwd": f"{around.workspace}/work/sub",
        "inherit_env": "minimal",
    }


def test_variables_of_a_remote_service_are_expanded(around):
    entry = {
        "url": "https://${HOST}/mcp?key=${KEY}",
        "headers": {"Authorization": "Bearer ${API_TOKEN}"},
        "oauth": {"clientId": "${KEY}"},
    }
    assert expanded(entry, around).settings == {
        "url": "https://host-value/mcp?key=key-value",
        "headers": {"Authorization": "Bearer token-value"},
        "auth": {"oauth": {"client_id": "key-value"}},
    }


def test_variables_of_a_vendor_transport_are_expanded_at_any_depth(around):
    server = object()
    entry = {"transport": {"type": "tcp", "a": {"b": ["${KEY}", 5, True, None]}, "server": server}}
    settings = expanded(entry, around).settings
    assert settings == {"a": {"b": ["key-value", 5, True, None]}, "server": server}
    assert settings["server"] is server


def test_variables_of_editors_are_known(around):
    names = ["workspaceFolder", "workspaceFolderBasename", "userHome", "cwd", "pathSeparator", "/"]
    entry = {"command": "x", "args": [f"${{{name}}}" for name in names]}
    assert expanded(entry, around).settings["args"] == [
        around.workspace,
        "work",
        around.home,
        around.cwd,
        os.sep,
        os.sep,
    ]


def test_folders_of_claude_have_values_unless_the_environment_sets_them(around):
    entry = {"command": "x", "args": ["${CLAUDE_PROJECT_DIR:-.}", "${CLAUDE_PLUGIN_ROOT}/y"]}
    assert expanded(entry, around).settings["args"] == [around.workspace, f"{around.folder}/y"]
    context = attrs.evolve(around, environ={"CLAUDE_PROJECT_DIR": "/p", "CLAUDE_PLUGIN_ROOT": "/r"})
    assert expanded(entry, context).settings["args"] == ["/p", "/r/y"]


def test_a_default_is_used_where_a_variable_is_unset_or_empty(around):
    entry = {"command": "x", "args": ["${EMPTY}", "${EMPTY:-a}", "${NONE:-${KEY}}", "${NONE:-}"]}
    assert expanded(entry, around).settings["args"] == ["", "a", "key-value", ""]


def test_an_unset_variable_is_named_with_its_field(around):
    for entry, field in (
        ({"command": "x", "args": ["a", "${NONE}"]}, "args[1]"),
        ({"command": "${NONE}"}, "command"),
        ({"command": "x", "cwd": "{env:NONE}"}, "cwd"),
        ({"command": "x", "env": {"A": "${env:NONE}"}}, "env.A"),
        ({"command": "x", "env": {"A": "${OTHER:-${NONE}}"}}, "env.A"),
        ({"url": "https://${NONE}"}, "url"),
        ({"transport": {"type": "tcp", "a": [{"b": "${NONE}"}]}}, "a[0].b"),
    ):
        with pytest.raises(UnsetVariable) as caught:
            expanded(entry, around)
        assert (caught.value.variable, caught.value.field) == ("NONE", field)


def test_every_unset_variable_can_be_listed(around):
    spec = spec_of("x", {"command": "${A}", "args": ["${B}", "${B}", "${KEY}"], "env": {"C": "${C}"}})
    assert [(u.variable, u.field) for u in unset_variables(spec, around)] == [
        ("C", "env.C"),
        ("A", "command"),
        ("B", "args[0]"),
        ("B", "args[1]"),
    ]


def test_a_variable_is_listed_once_although_its_command_is_expanded_twice(around):
    spec = spec_of("x", {"command": "${A} y"})
    assert [(u.variable, u.field) for u in unset_variables(spec, around)] == [("A", "command")]


def test_resolvers_are_asked_where_the_environment_has_no_value(around):
    asked: list[str] = []

    def lookup(name: str) -> str | None:
        asked.append(name)
        return {"NONE": "found", "input:id": "answer", "command:pick": "picked"}.get(name)

    entry = {"command": "x", "args": ["${KEY}", "${NONE}", "${input:id}", "${command:pick}", "${MORE:-d}"]}
    args = expanded(entry, attrs.evolve(around, lookup=lookup)).settings["args"]
    assert args == ["key-value", "found", "answer", "picked", "d"]
    assert asked == ["NONE", "input:id", "command:pick", "MORE"]


def test_the_value_of_an_input_is_from_the_environment_a_person_or_its_default(around):
    tree = {
        "inputs": [
            {"id": "my-key", "description": "the key of the shop", "password": True},
            {"id": "host", "default": "localhost"},
        ],
        "servers": {"x": {"command": "y", "args": ["${input:my-key}", "${input:host}"]}},
    }
    parsed = reading(tree)
    spec = parsed.specs["x"]
    here = attrs.evolve(around, inputs=parsed.inputs)
    with pytest.raises(UnsetVariable) as caught:
        expand(spec, here)
    assert str(caught.value) == (
        "args[0]: variable 'input:my-key' has no value; "
        "set MCPSTORE_INPUT_MY_KEY in the environment (the key of the shop)"
    )
    answered = attrs.evolve(here, environ={"MCPSTORE_INPUT_MY_KEY": "from-environ", "PATH": ""})
    assert expand(spec, answered).settings["args"] == ["from-environ", "localhost"]
    people: list[Input] = []

    def ask(wanted: Input) -> str:
        people.append(wanted)
        return f"answer to {wanted.id}"

    result = expand(spec, attrs.evolve(here, ask=ask))
    assert result.settings["args"] == ["answer to my-key", "answer to host"]
    assert [(wanted.id, wanted.is_secret) for wanted in people] == [("my-key", True), ("host", False)]
    assert result.secrets == {"answer to my-key"}


def test_an_undeclared_input_is_a_secret(around):
    with pytest.raises(UnsetVariable, match=r"MCPSTORE_INPUT_A_B in the environment$"):
        expanded({"command": "x", "args": ["${input:a b}"]}, around)
    result = expanded({"command": "x", "args": ["${input:a b}"]}, attrs.evolve(around, ask=lambda _: "answer"))
    assert result.secrets == {"answer"}


def test_a_variable_that_only_an_editor_knows_is_reported(around):
    with pytest.raises(UnsetVariable, match="only VS Code can resolve it"):
        expanded({"command": "${config:python.path}"}, around)


def test_a_shell_script_keeps_unknown_variables(around):
    script = "for i in a; do echo ${i} ${KEY} ${OTHER:-${i}}; done"
    entry = {"command": "/bin/bash", "args": ["-lc", script, "${j}"]}
    assert expanded(entry, around).settings["args"] == [
        "-lc",
        "for i in a; do echo ${i} key-value ${i}; done",
        "${j}",
    ]
    for entry in ({"command": "bash", "args": ["${i}", "-c", "x"]}, {"command": "python", "args": ["-c", "${i}"]}):
        with pytest.raises(UnsetVariable):
            expanded(entry, around)


# --- files ---------------------------------------------------------------------------------------------------


def test_file_contents_are_inserted(around):
    Path(around.folder, "token").write_text("from-file\n")
    Path(around.home, "token").write_text("from-home")
    absolute = Path(around.cwd, "token")
    absolute.write_text("absolute\r\n")
    entry = {
        "url": "https://x.test",
        "headers": {f"H{i}": f"{{file:{p}}}" for i, p in enumerate(("./token", "~/token", absolute))},
    }
    result = expanded(entry, around)
    assert result.settings["headers"] == {"H0": "from-file", "H1": "from-home", "H2": "absolute"}
    assert result.secrets == {"from-file", "from-home", "absolute"}


def test_env_of_the_entry_overrides_its_env_file(around):
    Path(around.workspace, ".env").write_text("A=file\nB='file value'\n")
    entry = {"command": "x", "envFile": "${workspaceFolder}/.env", "env": {"A": "entry"}}
    result = expanded(entry, around)
    assert result.settings["env"] == {"A": "entry", "B": "file value"}
    assert "env_file" not in result.settings
    assert result.secrets == {"entry", "file value"}
    assert expanded({"command": "x", "envFile": ".env"}, around).settings["env"]["A"] == "file"


def test_variables_passed_by_name_may_be_unset(around):
    spec = specs({"mcp_servers": {"x": {"command": "y", "env_vars": ["KEY", "NONE"]}}}, format="toml")["x"]
    result = expand(spec, around)
    assert result.settings == {"command": "y", "args": [], "env": {"KEY": "key-value"}}
    assert result.secrets == {"key-value"}


@pytest.mark.parametrize("entry", [{"command": "x", "envFile": "gone"}, {"command": "x", "args": ["{file:gone}"]}])
def test_a_missing_file_is_named(entry, around):
    with pytest.raises(ConfigError, match=r"file '.*/gone' does not exist; create it or correct the path"):
        expanded(entry, around)


def test_only_regular_files_of_limited_size_are_read(around):
    huge, pipe = Path(around.folder, "huge"), Path(around.folder, "pipe")
    huge.write_bytes(b"x" * (1024 * 1024 + 1))
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="is larger than 1048576 bytes"):
        expanded({"command": "x", "args": ["{file:huge}"]}, around)
    with pytest.raises(ConfigError, match="does not exist; create it"):
        expanded({"command": "x", "args": ["{file:pipe}"]}, around)


def test_an_unreadable_file_is_named(around, monkeypatch):
    Path(around.folder, "shut").write_text("x")

    def refuse(self: Path, *_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError, match=r"file '.*/shut' cannot be read: Permission denied"):
        expanded({"command": "x", "args": ["{file:shut}"]}, around)


# --- a command line as command -------------------------------------------------------------------------------


@pytest.fixture
def programs(around: ExpansionContext, tmp_path: Path) -> ExpansionContext:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("tool", "my tool"):
        program = folder / name
        program.write_text("#!/bin/sh\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return attrs.evolve(around, environ={**ENVIRON, "PATH": str(folder), "BIN": str(folder), "ARG": "two words"})


@pytest.mark.parametrize(
    ("entry", "command", "args"),
    [
        ({"command": "tool -y 'a b'"}, "tool", ["-y", "a b"]),
        ({"command": "tool -y", "args": ["c"]}, "tool", ["-y", "c"]),
        ({"command": "tool ${ARG} '${ARG}'"}, "tool", ["two words", "two words"]),
        ({"command": "${BIN}/tool x"}, "{BIN}/tool", ["x"]),
        ({"command": "my tool"}, "my tool", []),
        ({"command": "${BIN}/my tool", "args": ["x"]}, "{BIN}/my tool", ["x"]),
        ({"command": "gone -y"}, "gone -y", []),
        ({"command": "tool 'open"}, "tool 'open", []),
        ({"command": "tool "}, "tool ", []),
        ({"command": "tool"}, "tool", []),
    ],
)
def test_a_command_line_is_split_if_its_first_word_is_a_program(entry, command, args, programs):
    settings = expanded(entry, programs).settings
    assert settings["command"] == command.replace("{BIN}", programs.environ["BIN"])
    assert settings["args"] == args


def test_a_command_line_is_looked_up_in_the_environment_of_the_service(programs):
    here = attrs.evolve(programs, environ={})
    line = {"command": "./tool x", "cwd": programs.environ["BIN"]}
    assert expanded(line, here).settings["command"] == "./tool"
    assert expanded({"command": "./tool x"}, here).settings["command"] == "./tool x"
    by_path = {"command": "tool x", "env": {"PATH": programs.environ["BIN"]}}
    assert expanded(by_path, here).settings["command"] == "tool"


# --- secrets -------------------------------------------------------------------------------------------------


def test_secrets_are_collected(around):
    assert expanded({"command": "x", "env": {"A": "plain-value", "B": "x-${KEY}", "C": ""}}, around).secrets == {
        "plain-value",
        "x-key-value",
        "key-value",
    }
    entry = {
        "url": "https://me:pass%20word@x.test/mcp?api_key=query-value&page=2&x=${API_TOKEN}",
        "headers": {"Authorization": "Bearer ${KEY}", "X": "basic abc"},
    }
    assert expanded(entry, around).secrets == {
        "Bearer key-value",
        "key-value",
        "basic abc",
        "abc",
        "pass word",
        "pass%20word",
        "bWU6cGFzcyB3b3Jk",
        "query-value",
        "token-value",
    }
    assert expanded({"url": "https://[x.test"}, around).secrets == set()
    assert expanded({"command": "x", "args": ["${HOST}", "${API_TOKEN}"]}, around).secrets == {"token-value"}
    vendor = {"transport": {"type": "tcp", "token": "hunter22", "tls": {"password": ["deep"]}, "host": "${HOST}"}}
    assert expanded(vendor, around).secrets == {"hunter22", "deep"}
    assert "plain-value" not in repr(expanded({"command": "x", "env": {"A": "plain-value"}}, around))


def test_the_entry_is_not_changed(around):
    spec = spec_of("x", {"command": "${KEY} x", "env": {"A": "${KEY}"}, "cwd": "~"})
    before = attrs.asdict(spec)
    expand(spec, around)
    assert attrs.asdict(spec) == before


def test_the_default_environment_is_that_of_this_process(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "value")
    here = ExpansionContext()
    assert here.environ["SOME_KEY"] == "value"
    assert here.cwd == here.workspace == here.folder == str(Path.cwd())
    assert "value" not in repr(here)
    with pytest.raises(UnsetVariable):
        expanded({"command": "${input:x}"}, here)


@pytest.mark.parametrize(
    ("location", "workspace"),
    [
        ("/p/mcp.json", "/p"),
        ("/p/.mcp.json", "/p"),
        ("/p/.vscode/mcp.json", "/p"),
        ("/p/.kiro/settings/mcp.json", "/p"),
        ("/p/.junie/mcp/mcp.json", "/p"),
        ("/p/settings/mcp.json", "/p/settings"),
        ("/h/.config/mcpstore/mcp.json", "/h/.config/mcpstore"),
        ("../mcp.json", ".."),
    ],
)
def test_the_workspace_is_the_folder_an_editor_would_open(location, workspace):
    assert workspace_of(Path(location)) == Path(workspace)
