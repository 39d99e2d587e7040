"""Reading a configuration: a bad entry hides no other one, and every oddity is reported."""

from __future__ import annotations

import sys
from typing import Any

import attrs
import pytest

from config.trees import reading, spec, specs
from mcpstore.config.description import describe
from mcpstore.config.reader import read
from mcpstore.hooks.persistence import Content, Problem

OK = {"command": "x"}


def problems(tree: dict[str, Any], **more: Any) -> list[str]:
    return [str(problem) for problem in reading(tree, **more).problems]


def test_a_bad_entry_never_hides_the_others():
    tree = {"mcpServers": {"a": OK, "bad": {"args": 5}, "worse": "npx", "b": OK}}
    parsed = reading(tree)
    assert list(parsed.specs) == ["a", "b"]
    assert list(parsed.locations) == ["a", "bad", "worse", "b"]
    assert parsed.refused["worse"] == ("entry: must be an object (got a string)",)
    assert [problem.where for problem in parsed.problems] == ["mcp.json: service 'bad'", "mcp.json: service 'worse'"]
    assert all(problem.remedy for problem in parsed.problems)


def test_a_problem_has_line_and_column_where_they_are_known():
    content = Content(data={"mcpServers": {"a": {}}}, locate=lambda path: (3, 5) if path[-1] == "a" else None)
    (problem,) = read(content, where="mcp.json").problems
    assert problem.where == "mcp.json:3:5: service 'a'"


def test_only_the_first_of_thousands_of_problems_are_located():
    asked: list[Any] = []
    data = {"mcpServers": {f"s{i}": {} for i in range(1000)}}
    content = Content(data=data, locate=lambda path: asked.append(path))  # noqa: PLW0108
    parsed = read(content, where="mcp.json")
    assert len(parsed.problems) == 1000
    assert len(asked) == 200


def test_problems_of_the_document_come_first():
    odd = Problem(where="mcp.json:1:1", what="the key 'a' occurs twice")
    content = Content(data={"mcpServers": {"a": {}}}, problems=(odd,))
    assert read(content, where="mcp.json").problems[0] is odd


@pytest.mark.parametrize("name", ["a/b", "github.com/x/y", "with space", "Dubhe 测试", "🙂", "a.b", "@x/y", "x" * 200])
def test_names_are_not_changed(name):
    assert list(specs({"mcpServers": {name: OK}})) == [name]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00", "x" * 201, "\u2028", "half \ud800", "\x1b[31m"])
def test_absurd_names_are_refused(name):
    parsed = reading({"mcpServers": {name: OK, "good": OK}})
    assert list(parsed.specs) == ["good"]
    assert parsed.refused[name][0].startswith("name: must not")


def test_a_name_must_be_a_string():
    parsed = reading({"servers": [{"name": 7, **OK}, {**OK}, 5]})
    assert not parsed.specs
    assert parsed.refused == {
        "servers.0": ("name: must be a string (got a number)",),
        "servers.1": ("name: must be a string (got nothing)",),
        "servers.2": ("name: must be a string (got nothing)", "entry: must be an object (got a number)"),
    }


def test_an_odd_name_of_the_only_service_is_reported():
    parsed = reading({"command": "x", "name": [], "type": "stdio"})
    assert parsed.refused == {"the file itself": ("name: must be a string (got a list)",)}
    assert not reading({"extensions": {"a": {"cmd": "x", "type": []}}}).refused


def test_a_name_that_occurs_twice_is_reported_and_the_first_counts():
    tree = {"mcpServers": {"a": {"command": "first"}}, "servers": {"a": {"command": "second"}}}
    parsed = reading(tree)
    assert parsed.specs["a"].settings["command"] == "first"
    assert [place.path for place in parsed.shadowed["a"]] == [("servers", "a")]
    assert problems(tree) == [
        (
            "mcp.json: service 'a': the name occurs in 'servers' as well; the first one, in 'mcpServers', is used; "
            "remove or rename the other"
        )
    ]
    (problem,) = problems({"servers": [{"name": "a", **OK}, {"name": "a", **OK}]})
    assert "the name occurs twice" in problem


def test_an_empty_file_has_no_servers_and_no_problems():
    for tree in ({}, {"mcpServers": {}}, {"mcpServers": None}, {"servers": []}):
        assert reading(tree).specs == {}
    assert problems({}) == problems({"mcpServers": {}}) == problems({"servers": []}) == []


def test_a_settings_file_without_servers_is_reported():
    assert problems({"theme": "dark"}) == [
        "mcp.json: no servers found: no section holds any; put servers under 'mcpServers'"
    ]
    assert problems({"lsp": {"nix": {"command": "nil", "args": []}}})[0].startswith("mcp.json: no servers found")
    assert problems({"statusLine": {"type": "command", "command": "x"}})[0].startswith("mcp.json: no servers found")


def test_a_section_in_the_wrong_place_is_located():
    (problem,) = problems({"config": {"McpServers": {"a": OK}}})
    assert problem == (
        "mcp.json: no servers found, but section 'config.McpServers' looks like 'mcpServers'; "
        "move its content to the top level, as 'mcpServers'"
    )
    (problem,) = problems({"x": {"my-servers": {"a": {"type": "local", "command": ["x"]}}}})
    assert "looks like 'mcp' of opencode" in problem


def test_the_search_of_a_huge_unknown_file_is_bounded():
    deep: dict[str, Any] = {"mcp": {"a": OK}}
    wide = {f"k{i}": {} for i in range(20_000)}
    assert problems({"wide": wide, "deep": {"deeper": {"deepest": deep}}})[0].startswith("mcp.json: no servers found")


@pytest.mark.parametrize(("value", "kind"), [("x", "a string"), (5, "a number"), (True, "true")])
def test_a_section_of_the_wrong_type_is_reported(value, kind):
    assert problems({"mcpServers": value}) == [f"mcp.json: 'mcpServers' must be an object of servers (got {kind})"]


def test_harmless_oddities_are_reported():
    tree = {
        "mcpServers": {
            "a": {"type": "http", "command": "x"},
            "b": {"type": "stdio", "url": "https://x.test/mcp"},
            "c": {"url": "<your url>"},
        }
    }
    parsed = reading(tree)
    assert [s.transport for s in parsed.specs.values()] == ["stdio", "streamable_http", "streamable_http"]
    assert [problem.what for problem in parsed.problems] == [
        "type is remote, but the entry has a command and no URL; it is used as a local service",
        "type is 'stdio', but the entry has a URL and no command; it is used as a remote service",
        "url: must begin with http:// or https://",
    ]


def test_a_file_named_for_servers_may_hold_one_bad_entry_at_its_root():
    assert list(specs({"a": OK, "b": {**OK, "args": ["1"]}}, where="x.json")) == ["a", "b"]
    parsed = reading({"a": OK, "b": {"comand": "x"}}, where=".mcp.json")
    assert list(parsed.specs) == ["a"]
    assert "did you mean 'command' instead of 'comand'?" in parsed.refused["b"][0]
    assert not reading({"a": OK, "b": {"theme": "x"}}, where="settings.json").specs


def test_declared_inputs_are_read():
    tree = {
        "inputs": [
            {"id": "key", "description": "the key", "password": True},
            {"id": "host", "default": "h"},
            {"id": "key"},
            {"no": "id"},
            7,
        ],
        "mcp": {"inputs": [{"id": "more"}], "servers": {}},
        "mcpServers": {},
    }
    inputs = reading(tree).inputs
    assert list(inputs) == ["key", "host", "more"]
    assert (inputs["key"].description, inputs["key"].is_secret, inputs["host"].default) == ("the key", True, "h")


def test_unknown_keys_are_kept_and_described():
    entry = {"command": "x", "alwaysAllow": ["y"], "_note": "z", "env": {"B": "1", "A": None}, "cwd": "/"}
    assert spec(entry).entry == entry
    (shown,) = describe(reading({"mcpServers": {"x": entry}}))["servers"]
    assert shown == {
        "name": "x",
        "dialect": "mcpServers",
        "transport": "stdio",
        "enabled": True,
        "command": "x",
        "args": [],
        "env_keys": ["A", "B"],
        "url": None,
        "extra_keys": ["_note", "alwaysAllow", "cwd"],
    }


def test_fields_that_the_transport_does_not_use_are_described_too():
    tree = {
        "mcpServers": {
            "a": {"command": "x", "url": "https://x.test/mcp"},
            "b": {"url": "https://x.test/mcp", "env": {"A": "1"}, "type": "http", "command": "x"},
            "c": {"transport": {"type": "tcp", "env": {"B": 1}, "url": "tcp://h"}},
        }
    }
    shown = describe(reading(tree))["servers"]
    assert [(s["transport"], s["command"], s["url"], s["env_keys"]) for s in shown] == [
        ("stdio", "x", "https://x.test/mcp", []),
        ("http", "x", "https://x.test/mcp", ["A"]),
        ("tcp", None, "tcp://h", ["B"]),
    ]


def test_a_vendor_transport_is_described_by_its_own_name():
    shown = describe(reading({"mcpServers": {"x": {"transport": {"type": "tcp", "host": "h"}}, "y": {}}}))
    assert shown["servers"][0]["transport"] == "tcp"
    assert shown["problems"][0].keys() == {"where", "what", "remedy"}


def test_reading_takes_linear_time():
    def calls(count: int) -> int:
        data = {"mcpServers": {f"s{i}": {"command": "x", "args": ["1"], "env": {"A": "b"}} for i in range(count)}}
        seen = 0

        def note(_frame: object, event: str, _arg: object) -> None:
            nonlocal seen
            seen += event == "call"

        sys.setprofile(note)
        try:
            parsed = reading(data)
        finally:
            sys.setprofile(None)
        assert len(parsed.specs) == count
        return seen

    few, many = calls(500), calls(5000)
    assert many < few * 10.5


def test_ten_thousand_services_are_read():
    assert len(reading({"mcpServers": {f"s{i}": OK for i in range(10_000)}}).specs) == 10_000


def test_a_parsed_configuration_shows_no_secret():
    parsed = reading({"mcpServers": {"x": {"command": "y", "env": {"TOKEN": "hunter22"}, "mcpstore": 5}}})
    assert "hunter22" not in str(parsed.problems)
    assert "hunter22" not in repr(attrs.evolve(parsed.locations["x"]))
