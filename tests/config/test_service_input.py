"""Services given by a program: accepted, or refused with every reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from config.trees import specs
from mcpstore.config.service_input import config_of, entries, examine, with_fields
from mcpstore.errors import ConfigError, InvalidService
from mcpstore.models.service import ServiceConnectionState, ServiceInfo, ServiceStatus

OK = {"command": "x"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"name": "a", "command": "x"}, [("a", {"command": "x"}, "mcpServers")]),
        ({"name": "a", "url": "https://x.test"}, [("a", {"url": "https://x.test"}, "mcpServers")]),
        ({"name": "a", "type": "local", "command": ["x"]}, [("a", {"type": "local", "command": ["x"]}, "mcp")]),
        ({"mcpServers": {"a": OK, "b": OK}}, [("a", OK, "mcpServers"), ("b", OK, "mcpServers")]),
        ({"servers": [{"name": "a", **OK}]}, [("a", OK, "servers[]")]),
        ({"mcp": {"a": {"type": "local", "command": ["x"]}}}, [("a", {"type": "local", "command": ["x"]}, "mcp")]),
        ({"a": OK}, [("a", OK, "root-map")]),
        ([{"name": "a", **OK}, {"mcpServers": {"b": OK}}], [("a", OK, "mcpServers"), ("b", OK, "mcpServers")]),
        ([{"name": "a", **OK}, {"name": "a", **OK}], [("a", OK, "mcpServers")]),
        (
            {"name": "a", "command": Path("/bin/x"), "args": ("1",)},
            [("a", {"command": "/bin/x", "args": ["1"]}, "mcpServers")],
        ),
        (
            {"mcpServers": {"a": {"name": "shown", **OK}}},
            [("a", {"name": "shown", **OK}, "mcpServers")],
        ),
        ({"name": "a", "transport": {"type": "tcp"}}, [("a", {"transport": {"type": "tcp"}}, "mcpServers")]),
    ],
)
def test_entries_are_accepted_in_every_form(config, expected):
    assert [(given.name, given.entry, given.dialect.name) for given in entries(config)] == expected


def test_the_input_is_copied():
    config = {"name": "a", "command": "x", "env": {"A": "1"}}
    (given,) = entries(config)
    config["env"]["A"] = "2"  # type: ignore[index]
    assert given.spec.settings["env"] == {"A": "1"}


def test_a_server_object_is_accepted_unchanged():
    server = object()
    for config in (
        {"name": "a", "server": server},
        {"mcpServers": {"a": {"transport": {"type": "memory", "server": server}}}},
    ):
        (given,) = entries(config)
        assert given.spec.settings["server"] is server


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "service must be an object (got nothing)"),
        (5, "got a number"),
        (True, "got true"),
        ("mcp.json", "got a string"),
        (b"x", "got a Python bytes"),
        (bytearray(b"x"), "list of services must hold objects (got a number)"),
        (object(), "got a Python object"),
        ({1, 2}, "got a Python set"),
        ([None], "list of services must hold objects (got nothing)"),
        ([["a"]], "list of services must hold objects (got a list)"),
        ({}, "input holds no service; give"),
        ([], "input holds no service; give"),
        ({"mcpServers": {}}, "input holds no service; give"),
        ({"theme": "dark", "size": 5}, "it has 'size', 'theme', but no 'command', no 'url'"),
        ({"mcpServers": "x"}, "'mcpServers' must be an object of servers (got a string)"),
        ({"servers": 5}, "'servers' must be an object of servers (got a number)"),
    ],
)
def test_any_other_input_is_refused_with_a_reason(config, message):
    with pytest.raises(ConfigError) as caught:
        entries(config)
    assert message in str(caught.value)


def test_an_endless_iterator_is_refused():
    config: dict[str, Any] = {"name": "a"}
    config["env"] = config
    with pytest.raises(ConfigError, match="nested more than 80 levels"):
        entries(config)


def test_every_bad_field_of_every_bad_entry_is_listed():
    config = [
        {"mcpServers": {"a": OK, "b": {"command": "", "args": 5}, "c": 5}},
        {"url": "nonsense", "name": "d"},
        {"command": "x"},
        {"name": 7, "command": "x"},
        {"name": "", "command": "x"},
    ]
    with pytest.raises(InvalidService) as caught:
        entries(config)
    assert caught.value.problems == {
        "b": ("args: must be a list of strings (got a number)", "command: missing; a local service needs one"),
        "c": ("entry: must be an object (got a number)",),
        "d": ("url: must begin with http:// or https://",),
        "(no name)": (
            "name: missing; every service needs one",
            "name: must be a string (got a number)",
            "name: must not be empty",
        ),
    }


def test_good_entries_can_be_kept_when_others_are_bad():
    examined = examine({"mcpServers": {"a": OK, "b": {}}})
    assert [given.name for given in examined.usable] == ["a"]
    assert list(examined.refused) == ["b"]


def test_one_name_with_two_entries_is_refused():
    other = {"command": "y"}
    for second in (other, {}):
        examined = examine([{"mcpServers": {"a": OK}}, {"mcpServers": {"a": second}}, {"mcpServers": {"a": OK}}])
        assert not examined.usable
        assert "name: given twice, with different entries" in examined.refused["a"]


def test_keyword_arguments_complete_an_entry():
    config = with_fields(None, "a", {"command": "x", "restart": "never", "timeouts": {"call": 5}})
    (given,) = entries(config)
    assert given.entry == {"command": "x", "mcpstore": {"restart": "never", "timeouts": {"call": 5}}}
    merged = with_fields({"name": "b", "command": "x", "mcpstore": {"restart": "never"}}, "a", {"health": "ping"})
    assert merged == {"name": "a", "command": "x", "mcpstore": {"restart": "never", "health": "ping"}}
    assert with_fields({"name": "a", "command": "x"}, None, {"cwd": "/"})["cwd"] == "/"
    assert with_fields({"mcpServers": {}}, None, {}) == {"mcpServers": {}}
    assert with_fields({}, "a", {"command": "x"}) == {"name": "a", "command": "x"}


@pytest.mark.parametrize("config", [{"mcpServers": {"a": OK}}, [{"name": "a", **OK}], 5, {"servers": "x"}])
def test_keyword_arguments_need_exactly_one_entry(config):
    with pytest.raises(ConfigError, match="describe one service"):
        with_fields(config, "a", {})


@pytest.mark.parametrize(
    ("tree", "more"),
    [
        ({"mcpServers": {"a": {"command": "x", "alwaysAllow": ["y"], "mcpstore": {"restart": "never"}}}}, {}),
        ({"mcpServers": {"a": {"name": "shown", "command": "x", "args": ["1"]}}}, {}),
        ({"servers": [{"name": "a", "url": "https://x.test/mcp", "headers": {"A": "b"}}]}, {}),
        ({"mcp": {"a": {"type": "local", "command": ["x", "y"], "timeout": 5000}}}, {}),
        ({"mcpServers": {"a": {"url": "https://x.test/mcp"}}}, {"where": "/p/.gemini/settings.json"}),
        ({"mcpServers": {"a": OK}, "mcp": {"excluded": ["a"]}}, {}),
        ({"mcpServers": {"a": {"command": "x", "timeout": 900}}}, {"where": "/p/.amazonq/mcp.json"}),
        ({"mcpServers": {"a": {"url": "nonsense"}}}, {}),
        ({"mcp_servers": {"a": {"url": "https://x.test", "bearer_token_env_var": "T"}}}, {"format": "toml"}),
        ({"context_servers": {"a": {"command": {"path": "x", "args": ["y"]}}}}, {}),
    ],
)
def test_a_shown_entry_can_be_passed_in_again(tree, more):
    (spec,) = specs(tree, **more).values()
    config = config_of(spec)
    assert config["name"] == "a"
    assert next(iter(config)) == "name"
    (given,) = examine(config).usable or (None,)
    if given is None:  # an invalid URL is accepted in a file, and refused as an argument
        assert spec.settings["url"] == "nonsense"
        return
    assert given.spec == spec
    info = ServiceInfo(
        name="a",
        status=ServiceStatus.RUNNING,
        run_status=ServiceStatus.RUNNING,
        connection_state=ServiceConnectionState.HEALTHY,
        transport=spec.transport,
        config={key: value for key, value in config.items() if key != "name"},
    )
    for handed in (info, [info], attrs.evolve(info, config=config)):
        assert entries(handed)[0].spec == spec
