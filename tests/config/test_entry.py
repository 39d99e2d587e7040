"""Meaning of the fields of an entry, and errors for invalid ones."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from config.trees import reading, spec
from mcpstore.config.entry import read_entry, spec_of
from mcpstore.errors import InvalidService
from mcpstore.models.service import Choice, RestartOption, ToolPinning
from mcpstore.models.timing import Timeouts


def complaints(entry: Any, name: Any = "x") -> list[str]:
    outcome = read_entry(name, entry)
    assert (outcome.spec is None) == bool(outcome.errors)
    return list(outcome.errors)


@pytest.mark.parametrize(
    ("entry", "transport"),
    [
        ({"command": "x"}, "stdio"),
        ({"command": "x", "type": "interactiveApp"}, "stdio"),
        ({"command": "x", "url": "https://x.test/mcp"}, "stdio"),
        ({"command": "x", "url": "https://x.test/mcp", "type": "http"}, "streamable_http"),
        ({"url": "https://x.test/mcp"}, "streamable_http"),
        ({"url": "https://x.test/sse"}, "sse"),
        ({"url": "https://x.test/sse/?a=b"}, "sse"),
        ({"url": "https://x.test/sse", "type": "http"}, "streamable_http"),
        ({"url": "https://x.test/mcp", "type": "sse"}, "sse"),
        ({"url": "https://[bad/mcp"}, "streamable_http"),
        ({"serverUrl": "https://x.test/mcp"}, "streamable_http"),
        ({"httpUrl": "https://x.test/mcp"}, "streamable_http"),
        ({"uri": "https://x.test/mcp"}, "streamable_http"),
        ({"type": "remote", "url": "https://x.test/mcp"}, "streamable_http"),
        ({"type": "remote", "url": "https://x.test/sse"}, "sse"),
        ({"type": "remote", "transport": "sse", "url": "https://x.test/mcp"}, "sse"),
        ({"transportType": "sse", "url": "https://x.test/mcp"}, "sse"),
        ({"type": "ours", "transport": "sse", "url": "https://x.test/mcp"}, "sse"),
        ({"transport": "tcp", "type": "ours", "host": "h"}, "tcp"),
        ({"type": "tcp", "host": "h"}, "tcp"),
        ({"transport": {"type": "http", "url": "https://x.test/mcp"}}, "streamable_http"),
        ({"transport": {"type": "remote", "url": "https://x.test/mcp"}}, "streamable_http"),
        ({"transport": {"type": "stdio", "command": "x"}}, "stdio"),
        ({"transport": {"type": "memory", "server": "pkg:server"}}, "memory"),
        *(
            ({"type": word, "url": "https://x.test/sse"}, "streamable_http")
            for word in ("HTTP", "streamable-http", "streamable_http", "streamableHttp", "url", "Streamable HTTP")
        ),
    ],
)
def test_the_transport_is_inferred(entry, transport):
    assert spec(entry).transport == transport


def test_a_server_object_is_not_changed():
    server = object()
    for entry in ({"server": server}, {"transport": {"type": "memory", "server": server}}):
        parsed = spec(entry)
        assert parsed.transport == "memory"
        assert parsed.settings == {"server": server}
        assert parsed.settings["server"] is server
    assert complaints({"server": "x"}) == ["command: missing; an entry needs a 'command' (local) or a 'url' (remote)"]


@pytest.mark.parametrize(
    ("entry", "settings"),
    [
        ({"command": ["x", "a"], "args": ["b"]}, {"command": "x", "args": ["a", "b"], "env": {}}),
        (
            {"command": {"path": "x", "args": ["a"], "env": {"A": "1"}}},
            {"command": "x", "args": ["a"], "env": {"A": "1"}},
        ),
        ({"command": {"command": "x"}, "env": {"B": "2"}}, {"command": "x", "args": [], "env": {"B": "2"}}),
        ({"command": "npx -y tool"}, {"command": "npx -y tool", "args": [], "env": {}}),
        ({"command": "x", "args": None, "env": None}, {"command": "x", "args": [], "env": {}}),
        ({"command": "x", "args": [1, True, 2.5]}, {"command": "x", "args": ["1", "true", "2.5"], "env": {}}),
        (
            {"command": "x", "environment": {"A": 1, "B": False, "C": None}},
            {"command": "x", "args": [], "env": {"A": "1", "B": "false", "C": None}},
        ),
        ({"command": "x", "env": ["A=1", "B: 2"]}, {"command": "x", "args": [], "env": {"A": "1", "B": "2"}}),
        (
            {"command": Path("/bin/x"), "cwd": PurePosixPath("/tmp"), "args": (Path("a"),)},
            {"command": "/bin/x", "args": ["a"], "env": {}, "cwd": "/tmp"},
        ),
        (
            {"command": "x", "cwd": "d", "envFile": ".env", "mcpstore": {"inherit_env": "all"}},
            {"command": "x", "args": [], "env": {}, "cwd": "d", "env_file": ".env", "inherit_env": "all"},
        ),
        ({"command": "x", "env": {1: "a"}}, {"command": "x", "args": [], "env": {"1": "a"}}),
        ({"transport": {"type": "stdio", "command": "x", "args": ["a"]}}, {"command": "x", "args": ["a"], "env": {}}),
    ],
)
def test_local_services_are_read(entry, settings):
    assert spec(entry).settings == settings


@pytest.mark.parametrize(
    ("entry", "settings"),
    [
        ({"url": "https://x.test"}, {"url": "https://x.test", "headers": {}}),
        ({"url": "${URL}", "headers": {"A": 1, "B": None}}, {"url": "${URL}", "headers": {"A": "1"}}),
        ({"url": "https://x.test", "auth": "oauth"}, {"url": "https://x.test", "headers": {}, "auth": "oauth"}),
        ({"url": "https://x.test", "verify": False}, {"url": "https://x.test", "headers": {}, "verify": False}),
    ],
)
def test_remote_services_are_read(entry, settings):
    assert spec(entry).settings == settings


@pytest.mark.parametrize(
    ("entry", "settings"),
    [
        (
            {"transport": {"type": "tcp", "host": "h", "tls": {"ca": "x"}}, "cwd": "d"},
            {"host": "h", "tls": {"ca": "x"}},
        ),
        (
            {
                "transport": "tcp",
                "host": "h",
                "timeout": {"read": 5},
                "alwaysAllow": [],
                "_note": "n",
                "url": "tcp://h",
            },
            {"host": "h", "url": "tcp://h"},
        ),
    ],
)
def test_a_vendor_transport_gets_its_settings(entry, settings):
    assert spec(entry).settings == settings


@pytest.mark.parametrize(
    ("switches", "enabled"),
    [
        ({}, True),
        ({"disabled": True}, False),
        ({"disabled": False}, True),
        ({"enabled": False}, False),
        ({"enabled": True, "disabled": True}, False),
        ({"disabled": None, "enabled": "True"}, True),
        ({"disabled": "true"}, False),
    ],
)
def test_services_are_disabled_in_two_ways(switches, enabled):
    assert spec({"command": "x", **switches}).enabled is enabled


@pytest.mark.parametrize(
    ("keys", "timeouts"),
    [
        ({"timeout": 60}, Timeouts(call=60)),
        ({"timeout": "60"}, Timeouts(call=60)),
        ({"timeout": 0}, Timeouts()),
        ({"timeout": -1}, Timeouts()),
        ({"timeout": None}, Timeouts()),
        ({"timeout_seconds": 2000}, Timeouts(call=2000)),
        ({"timeoutMs": 500, "initTimeout": 250}, Timeouts(call=0.5, handshake=0.25)),
        ({"timeout": 9, "mcpstore": {"timeouts": {"call": 5, "check": 1.5}}}, Timeouts(call=5, check=1.5)),
    ],
)
def test_timeouts_are_read_in_seconds(keys, timeouts):
    assert spec({"command": "x", **keys}).timeouts == timeouts


def test_settings_of_mcpstore_are_read():
    own = {
        "depends_on": ["b", "a", "b"],
        "health": "list_tools",
        "recovery": {"type": "office_hours", "from": 8},
        "restart": "on-failure",
        "tool_pinning": "block",
        "agents": ["one"],
    }
    parsed = spec({"command": "x", "description": "what", "mcpstore": own})
    assert parsed.depends_on == ("b", "a")
    assert parsed.health == Choice("list_tools")
    assert parsed.recovery == Choice("office_hours", {"from": 8})
    assert parsed.restart is RestartOption.ON_FAILURE
    assert parsed.tool_pinning is ToolPinning.BLOCK
    assert parsed.agents == ("one",)
    assert parsed.description == "what"
    plain = spec({"command": "x", "description": 5, "mcpstore": None})
    assert (plain.health, plain.recovery, plain.description) == (Choice("ping"), Choice("backoff"), "")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (5, ["entry: must be an object (got a number)"]),
        (object(), ["entry: must be an object (got a Python object)"]),
        ({}, ["command: missing; an entry needs a 'command' (local) or a 'url' (remote)"]),
        (
            {"comand": "x"},
            [
                (
                    "command: missing; an entry needs a 'command' (local) or a 'url' (remote); "
                    "did you mean 'command' instead of 'comand'?"
                )
            ],
        ),
        (
            {"source": "extension", "settings": {}},
            ["command: missing; the service belongs to a Zed extension, which starts it itself: give its command"],
        ),
        ({"command": ""}, ["command: missing; a local service needs one"]),
        ({"command": []}, ["command: missing; a local service needs one"]),
        ({"command": [{}]}, ["command[0]: must be a string (got an object)"]),
        ({"command": 5}, ["command: must be a string (got a number)"]),
        ({"command": {}}, ["command: missing; an entry needs a 'command' (local) or a 'url' (remote)"]),
        (
            {"type": "stdio", "commands": "x"},
            ["command: missing; a local service needs one; did you mean 'command' instead of 'commands'?"],
        ),
        (
            {"type": "http", "serverURL": "x"},
            ["url: missing; a remote service needs one; did you mean 'serverUrl' instead of 'serverURL'?"],
        ),
        ({"url": ""}, ["url: missing; a remote service needs one"]),
        ({"url": ["x"]}, ["url: must be a string (got a list)"]),
        ({"transport": {}}, ["transport.type: missing; it names the transport, such as 'stdio' or 'tcp'"]),
        (
            {"command": "x\0y", "args": "a b", "env": 5, "disabled": "maybe", "cwd": [], "timeout": "soon"},
            [
                "args: must be a list of strings (got a string)",
                "command: must not contain a NUL character",
                "env: must be an object of strings (got a number)",
                "cwd: must be a string (got a list)",
                "timeout: must be a number (got a string)",
                "disabled: must be true or false (got a string)",
            ],
        ),
        ({"command": "x", "args": ["a\0b"]}, ["args[0]: must not contain a NUL character"]),
        (
            {"command": "x", "env": {"A": [], "B": {}}},
            ["env.A: must be a string (got a list)", "env.B: must be a string (got an object)"],
        ),
        (
            {"command": "x", "env": ["A", 5]},
            ["env[0]: must have the form 'NAME=value'", "env[1]: must have the form 'NAME=value'"],
        ),
        ({"command": "x", "timeout": True}, ["timeout: must be a number (got true)"]),
        ({"command": "x", "timeout": float("inf")}, ["timeout: must be a number (got a number)"]),
        ({"command": "x", "timeout": 10**400}, ["timeout: must be a number (got a number)"]),
        ({"command": "x", "timeout": []}, ["timeout: must be a number (got a list)"]),
    ],
)
def test_every_bad_field_is_named(entry, expected):
    assert complaints(entry) == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (5, ["mcpstore: must be an object"]),
        ({"restrat": "never"}, ["mcpstore.restrat: unknown key; did you mean 'restart'?"]),
        ({"timeouts": {"conect": 1}}, ["mcpstore.timeouts.conect: unknown key; did you mean 'connect'?"]),
        ({"timeouts": {"zz": 1}}, ["mcpstore.timeouts.zz: unknown key; known: connect, handshake, check, call"]),
        ({"restart": "sometimes"}, ["mcpstore.restart: must be 'always', 'on-failure' or 'never'"]),
        ({"tool_pinning": 5}, ["mcpstore.tool_pinning: must be 'off', 'warn' or 'block'"]),
        ({"inherit_env": "some"}, ["mcpstore.inherit_env: must be 'minimal', 'default' or 'all'"]),
        ({"health": 5}, ["mcpstore.health: must be a name or an object with a 'type'"]),
        ({"health": {"x": 1}}, ["mcpstore.health: must have a 'type'"]),
        ({"recovery": ""}, ["mcpstore.recovery: must have a 'type'"]),
        ({"health": None, "depends_on": ["x"]}, ["mcpstore.depends_on: a service cannot depend on itself"]),
        ({"timeouts": {"call": 0}}, ["mcpstore.timeouts.call: must be greater than 0"]),
        ({"timeouts": {"call": "5"}}, ["mcpstore.timeouts.call: must be a valid number"]),
        ({"timeouts": {"call": True}}, ["mcpstore.timeouts.call: must be a valid number"]),
        (
            {"depends_on": "db", "agents": [""]},
            ["mcpstore.depends_on: must be a valid list", "mcpstore.agents.0: string should have at least 1 character"],
        ),
    ],
)
def test_every_bad_setting_of_mcpstore_is_named(own, expected):
    assert complaints({"command": "x", "mcpstore": own}) == expected


def test_bad_name_bad_fields_and_bad_settings_are_reported_together():
    problems = complaints({"args": 5, "mcpstore": {"x": 1}}, name="")
    assert [complaint.split(":")[0] for complaint in problems] == ["name", "command", "mcpstore.x"]


def test_nesting_beyond_the_limit_is_refused():
    deep: Any = "x"
    for _ in range(70):
        deep = [deep]
    assert complaints({"transport": {"type": "tcp", "x": deep}}) == [
        "entry: must not be nested more than 64 levels deep"
    ]


def test_an_error_shows_no_secret():
    entry = {
        "command": "x",
        "env": {"TOKEN": ["hunter22"]},
        "headers": {"A": ["hunter22"]},
        "args": [{"k": "hunter22"}],
    }
    assert "hunter22" not in str(complaints(entry))
    assert "hunter22" not in str(complaints({**entry, "mcpstore": {"health": {"type": 5, "key": "hunter22"}}}))


def test_a_single_entry_is_read_or_refused():
    assert spec_of("x", {"command": "y"}).name == "x"
    with pytest.raises(InvalidService) as caught:
        spec_of("x", {"command": "", "args": 5})
    assert caught.value.problems == {
        "x": ("args: must be a list of strings (got a number)", "command: missing; a local service needs one")
    }


def test_specs_with_the_same_meaning_are_equal():
    one = reading({"mcpServers": {"x": {"command": ["npx", "a"], "disabled": True}}}).specs["x"]
    other = reading({"servers": {"x": {"command": "npx", "args": ["a"], "enabled": False}}}).specs["x"]
    assert one == other
    assert one.dialect != other.dialect


def test_the_certificate_setting_is_passed_to_the_transport():
    assert spec({"url": "https://x.test", "verify": False}).settings["verify"] is False


@pytest.mark.parametrize(
    ("keys", "auth"),
    [
        ({}, None),
        ({"auth": "token"}, "token"),
        ({"auth": {"bearer": "token"}, "oauth": {}}, {"bearer": "token"}),
        ({"oauth": {}}, {"oauth": {}}),
        ({"oauth": True}, {"oauth": {}}),
        ({"oauth": False}, None),
        ({"oauth": {"enabled": False, "clientId": "c"}}, None),
        (
            {"oauth": {"enabled": True, "clientId": "c", "clientSecret": "s", "scopes": ["a"], "tokenUrl": "u"}},
            {"oauth": {"client_id": "c", "client_secret": "s", "scopes": ["a"]}},
        ),
        ({"oauth": {"scope": "a b", "callbackPort": 8080}}, {"oauth": {"scopes": ["a", "b"], "callback_port": 8080}}),
        (
            {"auth": {"CLIENT_ID": "c", "CLIENT_SECRET": None, "scopes": ["a"]}},
            {"oauth": {"client_id": "c", "scopes": ["a"]}},
        ),
    ],
)
def test_logins_are_read_in_the_spelling_of_clients(keys, auth):
    assert spec({"url": "https://x.test", **keys}).settings.get("auth") == auth


def test_the_allowed_addresses_are_passed_to_transports_that_support_them():
    far = {"url": "https://x.test", "mcpstore": {"addresses": ["public", "10.1.0.0/16"]}}
    assert spec(far).settings["addresses"] == ["public", "10.1.0.0/16"]
    assert "addresses" not in spec({**far, "mcpstore": {"addresses": "any"}}).settings
    for entry in ({"command": "x"}, {"transport": {"type": "tcp", "host": "h"}}):
        with pytest.raises(InvalidService, match=r"mcpstore\.addresses: only valid for services over HTTP"):
            spec_of("x", {**entry, "mcpstore": {"addresses": "public"}})
    with pytest.raises(InvalidService, match=r'mcpstore\.addresses: .*neither "public" nor an address nor a network'):
        spec_of("x", {**far, "mcpstore": {"addresses": "intranet"}})
