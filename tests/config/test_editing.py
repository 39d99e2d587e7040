"""Edits: as small as can be, in the dialect of the file, and meaning what was wanted."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from config.trees import applied, paths, reading, specs
from mcpstore.config.dialects.known import CODEX, GEMINI, MCP_SERVERS, OPENCODE, ZED
from mcpstore.config.editing import add_edits, remove_edits, replace_edits, switch_edits
from mcpstore.config.entry import spec_of
from mcpstore.core.models.service import Choice, RestartOption, ServiceSpec
from mcpstore.core.models.timing import Timeouts
from mcpstore.errors import ConfigError, ServiceNotFound
from mcpstore.hooks.persistence import ANYTHING, MISSING

OK = {"command": "x", "args": ["1"]}
OPENCODE_FILE = {"$schema": "https://opencode.ai/config.json"}
CRUSH_FILE = {"$schema": "https://charm.land/crush.json"}
GEMINI_AT = "/p/.gemini/settings.json"


def local(**more: Any) -> ServiceSpec:
    return spec_of("new", {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}, **more})


def remote(**more: Any) -> ServiceSpec:
    return spec_of("new", {"url": "https://x.test/mcp", "headers": {"A": "b"}, **more})


@pytest.mark.parametrize(
    ("tree", "more", "path", "local_entry", "remote_entry"),
    [
        (
            {},
            {},
            ("mcpServers", "new"),
            {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"url": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
        (
            {"servers": {}},
            {},
            ("servers", "new"),
            {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"url": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
        (
            {"servers": [{"name": "a", **OK}]},
            {},
            ("servers", 1),
            {"name": "new", "command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"name": "new", "url": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
        (
            {"a": OK},
            {},
            ("new",),
            {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"url": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
        (
            OPENCODE_FILE,
            {},
            ("mcp", "new"),
            {"type": "local", "command": ["npx", "-y", "tool"], "environment": {"K": "v"}},
            {"type": "remote", "url": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
        (
            CRUSH_FILE,
            {},
            ("mcp", "new"),
            {"type": "stdio", "command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"type": "http", "url": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
        (
            {"context_servers": {}},
            {},
            ("context_servers", "new"),
            {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"url": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
        (
            {"mcp_servers": {"a": OK}},
            {"format": "toml"},
            ("mcp_servers", "new"),
            {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"url": "https://x.test/mcp", "http_headers": {"A": "b"}},
        ),
        (
            {},
            {"where": GEMINI_AT},
            ("mcpServers", "new"),
            {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}},
            {"httpUrl": "https://x.test/mcp", "headers": {"A": "b"}},
        ),
    ],
)
def test_an_entry_is_added_as_the_client_spells_it(tree, more, path, local_entry, remote_entry):
    for spec, entry in ((local(), local_entry), (remote(), remote_entry)):
        (edit,) = add_edits(reading(tree, **more), spec)
        assert (edit.path, edit.value, edit.expect, edit.entry) == (path, entry, MISSING, "new")
        assert specs(applied(tree, [edit]), **more)["new"] == spec


@pytest.mark.parametrize("tree", [{}, OPENCODE_FILE, CRUSH_FILE, {"context_servers": {}}, {"mcp.servers": {}}])
@pytest.mark.parametrize("url", ["https://x.test/mcp", "https://x.test/sse"])
@pytest.mark.parametrize("transport", ["sse", "http"])
def test_a_remote_transport_is_never_lost(tree, url, transport):
    spec = spec_of("new", {"type": transport, "url": url})
    assert specs(applied(tree, add_edits(reading(tree), spec)))["new"] == spec


def test_opencode_is_told_of_sse_beside_its_own_word():
    (edit,) = add_edits(reading(OPENCODE_FILE), spec_of("new", {"type": "sse", "url": "https://x.test/mcp"}))
    assert edit.value == {"type": "remote", "transport": "sse", "url": "https://x.test/mcp"}
    (edit,) = add_edits(reading({"context_servers": {}}), spec_of("new", {"type": "sse", "url": "https://x.test/mcp"}))
    assert edit.value == {"type": "sse", "url": "https://x.test/mcp"}


def test_an_entry_that_is_understood_is_written_as_it_was_given():
    entry = {"type": "streamable-http", "url": "https://x.test/mcp", "alwaysAllow": ["a"], "timeout": 60, "_note": "n"}
    (edit,) = add_edits(reading({}), spec_of("new", entry))
    assert edit.value == entry
    native = {"type": "local", "command": ["x"], "timeout": 5000}
    (edit,) = add_edits(reading(OPENCODE_FILE), spec_of("new", native, OPENCODE), OPENCODE)
    assert edit.value == native


def test_an_entry_of_one_client_is_respelled_for_another():
    given = {"type": "local", "command": ["npx", "y"], "environment": {"A": "1"}, "enabled": False, "timeout": 5000}
    spec = spec_of("new", {**given, "extra": 1}, OPENCODE)
    (edit,) = add_edits(reading({}), spec, OPENCODE)
    assert edit.value == {
        "command": "npx",
        "args": ["y"],
        "env": {"A": "1"},
        "disabled": True,
        "mcpstore": {"timeouts": {"handshake": 5.0}},
        "extra": 1,
    }
    codex = spec_of("new", {"url": "https://x.test", "bearer_token_env_var": "T", "enabled": False}, CODEX)
    (edit,) = add_edits(reading({"context_servers": {}}), codex, CODEX)
    assert edit.value == {
        "url": "https://x.test",
        "headers": {"Authorization": "Bearer ${T}"},
        "enabled": False,
    }
    (edit,) = add_edits(reading(CRUSH_FILE), spec_of("new", {"command": "x", "disabled": True}, ZED), ZED)
    assert edit.value == {"type": "stdio", "command": "x", "disabled": True}


def test_everything_a_spec_says_is_written():
    spec = attrs.evolve(
        local(cwd="/d", envFile=".env", description="what"),
        enabled=False,
        depends_on=("b",),
        health=Choice("list_tools"),
        recovery=Choice("hours", {"from": 8}),
        restart=RestartOption.NEVER,
        timeouts=Timeouts(call=5),
        agents=("one", "two"),
    )
    for tree in ({}, OPENCODE_FILE, CRUSH_FILE, {"context_servers": {}}, {"servers": [{"name": "a", **OK}]}):
        assert specs(applied(tree, add_edits(reading(tree), spec)))["new"] == spec
    (edit,) = add_edits(reading({}), spec)
    assert edit.value["mcpstore"] == {
        "depends_on": ["b"],
        "health": "list_tools",
        "recovery": {"type": "hours", "from": 8},
        "restart": "never",
        "timeouts": {"call": 5},
        "agents": ["one", "two"],
    }


@pytest.mark.parametrize(
    "entry",
    [
        {"transport": {"type": "tcp", "host": "h"}},
        {"transport": "tcp", "host": "h", "alwaysAllow": []},
        {"transport": {"type": "tcp", "timeout": 5}},
        {"type": "tcp"},
        {"server": object()},
    ],
)
def test_a_vendors_transport_is_written(entry):
    spec = spec_of("new", entry)
    for tree in ({}, OPENCODE_FILE, {"context_servers": {}}):
        (edit,) = add_edits(reading(tree), spec)
        assert specs({"mcpServers": {"new": edit.value}})["new"] == spec


def test_what_belongs_to_remote_services_only_is_written():
    entry = {"url": "https://x.test", "verify": False, "oauth": {"clientId": "c"}}
    spec = spec_of("new", entry)
    for tree in ({}, OPENCODE_FILE, {"context_servers": {}}):
        assert specs(applied(tree, add_edits(reading(tree), spec)))["new"] == spec
    tree = {"mcpServers": {"a": {**entry, "auth": {"oauth": {"client_id": "d"}}}}}
    (edit,) = replace_edits(reading(tree), attrs.evolve(spec, name="a"))
    assert (edit.path[-1], edit.value) == ("auth", MISSING)


def test_an_inline_vendors_transport_can_be_changed():
    tree = {"mcpServers": {"a": {"transport": "tcp", "host": "h", "port": 1, "_note": "n"}}}
    found = reading(tree)
    for entry in (
        {"transport": "tcp", "host": "h", "port": 2},
        {"transport": "tcp", "host": "h"},
        {"transport": {"type": "tcp", "host": "g"}},
        {"command": "x"},
        {"transport": "udp", "version": 1},
    ):
        spec = spec_of("a", entry)
        changed = applied(tree, replace_edits(found, spec))
        assert specs(changed)["a"] == spec
        assert changed["mcpServers"]["a"]["_note"] == "n"
    assert paths(replace_edits(found, spec_of("a", {"transport": "tcp", "host": "h", "port": 2}))) == [
        "mcpServers.a.port"
    ]


def test_a_replacement_touches_only_what_means_something_else():
    tree = {
        "mcpServers": {
            "a": {
                "type": "streamable-http",
                "serverUrl": "https://x.test/mcp",
                "headers": {"A": "1", "B": "2"},
                "alwaysAllow": ["x"],
                "_note": "n",
                "name": "shown",
                "timeout": 60,
            }
        }
    }
    wanted = spec_of("a", {"url": "https://y.test/mcp", "headers": {"A": "1", "B": "3"}, "timeout": 60})
    edits = replace_edits(reading(tree), wanted)
    assert {".".join(map(str, e.path)): (e.expect, e.value) for e in edits} == {
        "mcpServers.a.serverUrl": ("https://x.test/mcp", "https://y.test/mcp"),
        "mcpServers.a.headers.B": ("2", "3"),
    }
    assert specs(applied(tree, edits))["a"] == wanted


@pytest.mark.parametrize(
    ("old", "new", "touched"),
    [
        (OK, OK, []),
        ({**OK, "disabled": False}, OK, []),
        ({"command": ["x", "1"]}, OK, []),
        ({"command": {"path": "x", "args": ["1"]}}, OK, []),
        (OK, {**OK, "args": ["2"]}, ["args.0"]),
        (OK, {**OK, "args": ["1", "2"]}, ["args"]),
        (OK, {"command": "x"}, ["args"]),
        ({**OK, "env": {"A": "1", "B": "1"}}, {**OK, "env": {"A": "1"}}, ["env.B"]),
        ({**OK, "environment": {"A": "1"}}, {**OK, "env": {"A": "2"}}, ["environment.A"]),
        ({**OK, "disabled": True}, OK, ["disabled"]),
        (OK, {**OK, "disabled": True}, ["disabled"]),
        ({**OK, "enabled": True}, {**OK, "enabled": False}, ["enabled"]),
        ({**OK, "timeout": 60}, {**OK, "timeout": 30}, ["timeout"]),
        ({**OK, "timeout": 60}, OK, ["timeout"]),
        ({**OK, "mcpstore": {"restart": "never"}}, {**OK, "mcpstore": {"restart": "always"}}, ["mcpstore.restart"]),
        ({**OK, "mcpstore": {"restart": "never"}}, OK, ["mcpstore"]),
        ({**OK, "description": "a"}, {**OK, "description": "b"}, ["description"]),
        (OK, {**OK, "alwaysAllow": ["y"]}, ["alwaysAllow"]),
        ({**OK, "x": 1}, {**OK, "x": True}, ["x"]),
        (OK, {"url": "https://x.test/mcp"}, ["args", "command", "url"]),
        ({"command": {"path": "x", "args": ["1"]}}, {"command": "y"}, ["command"]),
        ({"url": "https://x.test/sse"}, {"url": "https://x.test/mcp"}, ["url"]),
        ({"url": "https://x.test/sse"}, {"type": "http", "url": "https://x.test/sse"}, ["type"]),
        ({"type": "sse", "url": "https://x.test/mcp"}, {"url": "https://x.test/mcp"}, ["type"]),
    ],
)
def test_replacing_is_minimal(old, new, touched):
    tree = {"mcpServers": {"a": old, "b": OK}}
    wanted = spec_of("a", new)
    edits = replace_edits(reading(tree), wanted)
    assert sorted(path.removeprefix("mcpServers.a.") for path in paths(edits)) == touched
    changed = applied(tree, edits)
    assert specs(changed)["a"] == wanted
    assert changed["mcpServers"]["b"] == OK


@pytest.mark.parametrize(
    ("tree", "more", "touched"),
    [
        (
            {"mcp": {"a": {"type": "local", "command": ["x", "1"], "environment": {"A": "1"}, "timeout": 5000}}},
            {},
            ["mcp.a.command.1", "mcp.a.environment.A", "mcp.a.mcpstore", "mcp.a.timeout"],
        ),
        (
            {"servers": [{"id": "a", "command": "x", "args": ["1"], "env": {"A": "1"}}]},
            {},
            ["servers.0.args.0", "servers.0.env.A", "servers.0.mcpstore"],
        ),
        ({"name": "a", "command": "x", "args": ["1"], "env": {"A": "1"}}, {}, ["args.0", "env.A", "mcpstore"]),
    ],
)
def test_replacing_keeps_the_spelling_of_the_file(tree, more, touched):
    wanted = spec_of("a", {"command": "x", "args": ["2"], "env": {"A": "2"}, "mcpstore": {"restart": "never"}})
    edits = replace_edits(reading(tree, **more), wanted)
    assert sorted(paths(edits)) == touched
    assert specs(applied(tree, edits), **more)["a"] == wanted


def test_gemini_keeps_its_two_words_for_urls():
    tree = {"mcpServers": {"a": {"url": "https://x.test/mcp", "trust": True}}}
    wanted = spec_of("a", {"url": "https://x.test/mcp"})
    edits = replace_edits(reading(tree, where=GEMINI_AT), wanted)
    assert paths(edits) == ["mcpServers.a.url", "mcpServers.a.httpUrl"]
    assert specs(applied(tree, edits), where=GEMINI_AT)["a"] == wanted
    back = spec_of("a", {"url": "https://y.test/mcp"}, GEMINI)
    (edit,) = replace_edits(reading(tree, where=GEMINI_AT), back, GEMINI)
    assert (edit.path[-1], edit.value) == ("url", "https://y.test/mcp")


def test_an_entry_that_could_not_be_used_is_mended():
    tree: dict[str, Any] = {"mcpServers": {"a": {"command": 5, "_note": "n", "host": "h"}, "b": "npx"}}
    found = reading(tree)
    wanted = spec_of("a", OK)
    changed = applied(tree, replace_edits(found, wanted))
    assert changed["mcpServers"]["a"] == {"command": "x", "args": ["1"], "_note": "n", "host": "h"}
    (edit,) = replace_edits(found, attrs.evolve(wanted, name="b"))
    assert (edit.path, edit.value, edit.expect) == (("mcpServers", "b"), OK, "npx")
    vendor = spec_of("a", {"transport": "tcp", "port": 1})
    assert specs({"mcpServers": {"a": applied(tree, replace_edits(found, vendor))["mcpServers"]["a"]}})["a"] == vendor


def test_a_variable_that_a_client_would_misread_is_at_least_written():
    spec = spec_of("a", {"command": "x", "env": {"A": "$B"}})
    (edit,) = add_edits(reading({}, where=GEMINI_AT), spec, MCP_SERVERS)
    assert edit.value == {"command": "x", "env": {"A": "$B"}}


def test_an_entry_is_removed_if_it_is_as_it_was_read():
    tree = {"mcpServers": {"a": OK, "b": OK}}
    (edit,) = remove_edits(reading(tree), "a")
    assert (edit.path, edit.value, edit.expect) == (("mcpServers", "a"), MISSING, OK)


def test_a_removed_service_does_not_come_back_under_the_same_name():
    tree = {
        "mcpServers": {"a": {"command": "first"}},
        "servers": [{"name": "a", **OK}, {"name": "b", **OK}, {"name": "a", **OK}],
    }
    changed = applied(tree, remove_edits(reading(tree), "a"))
    assert changed == {"mcpServers": {}, "servers": [{"name": "b", **OK}]}


@pytest.mark.parametrize(
    ("tree", "more", "off", "on"),
    [
        ({"mcpServers": {"a": OK}}, {}, {"mcpServers.a.disabled": True}, {}),
        ({"mcpServers": {"a": {**OK, "disabled": True}}}, {}, {}, {"mcpServers.a.disabled": False}),
        ({"servers": {"a": {**OK, "enabled": True}}}, {}, {"servers.a.enabled": False}, {}),
        (
            {"mcpServers": {"a": {**OK, "enabled": False, "disabled": True}}},
            {},
            {},
            {"mcpServers.a.disabled": False, "mcpServers.a.enabled": True},
        ),
        ({"mcp": {"a": {"type": "local", "command": ["x"]}}}, {}, {"mcp.a.enabled": False}, {}),
        ({"mcp": {"servers": {"a": {"type": "local", "command": ["x"]}}}}, {}, {"mcp.servers.a.disabled": True}, {}),
        ({"mcp": {"a": {"type": "stdio", "command": "x"}}}, {}, {"mcp.a.disabled": True}, {}),
        ({"context_servers": {"a": OK}}, {}, {"context_servers.a.enabled": False}, {}),
        ({"mcp_servers": {"a": OK}}, {"format": "toml"}, {"mcp_servers.a.enabled": False}, {}),
        ({"name": "a", **OK}, {}, {"disabled": True}, {}),
        ({"servers": [{"name": "a", **OK}]}, {}, {"servers.0.disabled": True}, {}),
        ({"mcpServers": {"a": OK}}, {"where": GEMINI_AT}, {"mcp.excluded": ["a"]}, {}),
        (
            {"mcp": {"excluded": ["b"], "allowed": ["b", "a"]}, "mcpServers": {"a": OK}},
            {},
            {"mcp.excluded": ["b", "a"]},
            {},
        ),
        ({"mcp": {"excluded": ["a", "b"]}, "mcpServers": {"a": OK}}, {}, {}, {"mcp.excluded": ["b"]}),
        (
            {"mcp": {"allowed": ["b"]}, "mcpServers": {"a": OK}},
            {},
            {"mcp.excluded": ["a"]},
            {"mcp.allowed": ["b", "a"]},
        ),
        (
            {"mcp": {"excluded": ["a"]}, "mcpServers": {"a": {**OK, "disabled": True}}},
            {},
            {},
            {"mcpServers.a.disabled": False, "mcp.excluded": []},
        ),
    ],
)
def test_services_are_switched_as_their_client_does_it(tree, more, off, on):
    found = reading(tree, **more)
    for enabled, expected in ((False, off), (True, on)):
        edits = switch_edits(found, "a", enabled=enabled)
        assert {".".join(map(str, edit.path)): edit.value for edit in edits} == expected
        assert specs(applied(tree, edits), **more)["a"].enabled is enabled


def test_switching_expects_nothing_of_the_entry():
    (edit,) = switch_edits(reading({"mcpServers": {"a": OK}}), "a", enabled=False)
    assert edit.expect is ANYTHING
    (edit,) = switch_edits(reading({"mcpServers": {"a": OK}}, where=GEMINI_AT), "a", enabled=False)
    assert edit.expect is MISSING


def test_adding_and_replacing_switch_gemini_lists():
    tree = {"mcp": {"excluded": ["new"], "allowed": []}, "mcpServers": {}}
    changed = applied(tree, add_edits(reading(tree), local()))
    assert changed["mcp"] == {"excluded": [], "allowed": ["new"]}
    found = reading(changed)
    off = attrs.evolve(found.specs["new"], enabled=False)
    again = applied(changed, replace_edits(found, off))
    assert again["mcp"]["excluded"] == ["new"]
    assert again["mcpServers"] == changed["mcpServers"]
    assert not specs(again)["new"].enabled


def test_null_where_the_section_should_be_is_replaced():
    tree = {"mcpServers": None}
    (edit,) = add_edits(reading(tree), local())
    assert (edit.path, edit.expect, list(edit.value)) == (("mcpServers",), None, ["new"])


@pytest.mark.parametrize(
    ("act", "tree", "more", "told"),
    [
        (lambda r: add_edits(r, local()), {"mcpServers": {"new": OK}}, {}, "there is a service 'new' already"),
        (lambda r: add_edits(r, local()), {"mcpServers": {"a": OK}}, {"format": "yaml"}, "such files are only read"),
        (lambda r: add_edits(r, local()), {"name": "a", **OK}, {}, "the file is the entry of one service"),
        (lambda r: add_edits(r, local()), {"mcpServers": "x"}, {}, "must be an object of servers (got a string)"),
        (lambda r: remove_edits(r, "a"), {"name": "a", **OK}, {}, "delete the file instead"),
        (lambda r: remove_edits(r, "a"), {"extensions": {"a": {"cmd": "x"}}}, {}, "such files are only read"),
        (
            lambda r: switch_edits(r, "a", enabled=True),
            {"mcpServers": {"a": "npx"}},
            {},
            "must be an object (got a string)",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(act, tree, more, told):
    with pytest.raises(ConfigError) as caught:
        act(reading(tree, **more))
    assert told in str(caught.value)


def test_a_file_of_goose_gets_new_entries_beside_the_extensions():
    tree = {"extensions": {"a": {"cmd": "x"}}}
    (edit,) = add_edits(reading(tree), local())
    assert edit.path == ("mcpServers", "new")


@pytest.mark.parametrize(
    "act",
    [
        lambda r: replace_edits(r, local()),
        lambda r: remove_edits(r, "new"),
        lambda r: switch_edits(r, "new", enabled=True),
    ],
)
def test_an_unknown_service_is_named(act):
    with pytest.raises(ServiceNotFound, match="'new'"):
        act(reading({"mcpServers": {"a": OK}}))
