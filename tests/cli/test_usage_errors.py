"""Mistakes in commands: each is reported at once with a remedy and changes nothing."""

from __future__ import annotations

import json
import sys

import pytest

from .conftest import demo, eventually


def words(result) -> str:
    return " ".join(result.err.replace("│", " ").split())


def test_a_url_and_a_command_exclude_each_other(shell):
    path = shell.config()
    before = path.read_text()
    result = shell("add", "x", "--url", "http://127.0.0.1:9/mcp", "--", "cat")
    assert result.code == 2
    assert "--url http://127.0.0.1:9/mcp and the command 'cat'" in words(result)
    assert path.read_text() == before


@pytest.mark.parametrize("how", [("--url", "http://127.0.0.1:9/mcp"), ("--", "cat")])
def test_an_unknown_transport_is_refused_at_once_with_the_known_ones(shell, how):
    path = shell.config()
    before = path.read_text()
    result = shell("add", "x", "--transport", "streamable_htp", *how)
    assert (result.code, path.read_text()) == (3, before)
    assert "no transport has this name" in words(result)
    assert "did you mean 'streamable_http'?" in words(result)
    assert "stdio" in words(result)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b", "must not contain '/', which separates service and tool (got 'a/b'); for example 'a-b'"),
        ("-x", "must not begin with '-'"),
        ("", "must not be empty"),
        ("a\x1bb", "must not contain control characters"),
        (" a", "must not begin or end with a space"),
    ],
)
def test_a_name_that_cannot_be_typed_is_refused_with_a_remedy(shell, name, message):
    path = shell.config()
    before = path.read_text()
    result = shell("add", "--url", "http://127.0.0.1:9/mcp", "--", name)
    assert (result.code, path.read_text()) == (3, before)
    assert message in words(result)


def test_a_file_may_contain_names_that_are_hard_to_type(shell):
    shell.config(**{"github.com/a/b": demo("a"), "-x": demo("x")})
    assert [s["name"] for s in shell("list", "--json").json] == ["github.com/a/b", "-x"]
    assert shell("call", "github.com/a/b/greet", "who=you").out == "Hello, you!\n"
    assert shell("remove", "github.com/a/b").out == "removed github.com/a/b\n"


def test_adding_a_service_again_prints_the_outcome(shell):
    shell.config()
    add = ("add", "x", "--", sys.executable, "-m", "mcpstore.demo.server")
    assert shell(*add, "x").out == "added x\n"
    assert shell(*add, "x").out == "x is unchanged\n"
    assert shell(*add, "y").out == "updated x\n"
    assert shell("add", "--json", *add[1:], "z").json[0]["outcome"] == "updated"
    (shell.folder / "other.json").write_text(json.dumps({"mcpServers": {"x": demo("x"), "new": demo("n")}}))
    assert shell("add", "other.json").out == "updated x\nadded new\n"


def test_silencing_everything_needs_an_explicit_option(shell):
    shell.config(a=demo("a"))
    result = shell("alerts", "silence", "--for", "2h")
    assert result.code == 2
    assert "needs a service, a --rule, or both; or --all without them" in words(result)
    assert shell("alerts", "silence", "web-*", "--all").code == 2
    assert shell("alerts", "silences", "--json").json == []
    for selected, service, rule in (
        (("--all",), "*", "*"), (("web-*",), "web-*", "*"), (("--rule", "slow_*"), "*", "slow_*"), (("",), "", "*"),
    ):  # fmt: skip
        silence = shell("alerts", "silence", *selected, "--json").json
        assert (silence["service"], silence["rule"]) == (service, rule)


def test_a_service_that_never_answered_has_no_response_time(shell):
    shell.config(a=demo("a"), b={"command": "no-such-command-at-all"})
    result = shell("check", "--json")
    times = {one["name"]: one["response_time"] for one in result.json}
    assert (result.code, times["b"], times["a"] > 0) == (1, None, True)
    (row,) = (line.split() for line in shell("check").out.splitlines() if line.startswith("b "))
    assert row[2] == "-"


def test_an_edit_of_the_configuration_only_is_printed_as_json_too(shell):
    shell.config(a=demo("a"))
    assert shell("stop", "a", "--json").json == [{"name": "a", "done": True, "enabled": False}]
    assert shell("start", "a", "--json").json == [{"name": "a", "done": True, "enabled": True}]


def test_a_message_says_that_a_service_has_written_nothing_to_stderr(shell, up):
    shell.config(a={"command": "cat", "disabled": True})
    up()
    result = shell("logs", "a")
    assert (result.code, result.out, result.err) == (0, "", "a has written nothing to stderr\n")
    assert "no service has written to stderr" in shell("logs").err
    assert (shell("logs", "a", "--json").json, shell("logs", "a", "--json").err) == ([], "")


def test_the_default_wait_of_a_command_is_in_its_help(shell):
    for verb in ("start", "restart", "recover"):
        assert "Default: until the attempt has ended" in " ".join(shell(verb, "--help").out.replace("│", " ").split())


def test_long_work_shows_progress_on_a_terminal_only(shell, up, monkeypatch):
    from mcpstore.cli import output

    texts: list[str] = []
    real = output.busy
    monkeypatch.setattr(output, "busy", lambda text: texts.append(text) or real(text))
    shell.config(a=demo("a"))
    up()
    eventually(lambda: shell("status", "a", "--json").json["connection_state"] == "healthy")
    for verb in (
        ("check",),
        ("restart", "a"),
        ("recover", "a"),
        ("stop", "a"),
        ("start", "a"),
        ("call", "greet", "who=x"),
    ):
        texts.clear()
        assert (shell(*verb).err, len(texts)) == ("", 1), verb
