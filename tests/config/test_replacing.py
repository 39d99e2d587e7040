"""Replacing, removing, enabling and disabling entries, in the spelling of each client."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from config.trees import applied, paths, reading, specs
from mcpstore.config.dialects.catalog import GEMINI, MCP_SERVERS
from mcpstore.config.editing import add_edits, remove_edits, replace_edits, switch_edits
from mcpstore.config.entry import spec_of
from mcpstore.errors import ConfigError, ServiceNotFound
from mcpstore.hooks.persistence import ANYTHING, MISSING

from .entries import GEMINI_AT, OK, local


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
        (
            {"url": "https://x.test/mcp", "mcpstore": {"addresses": "public"}},
            {"url": "https://x.test/mcp", "mcpstore": {"addresses": ["public", "10.1.0.0/16"]}},
            ["mcpstore.addresses"],
        ),
        ({"url": "https://x.test/sse"}, {"type": "http", "url": "https://x.test/sse"}, ["type"]),
        ({"type": "sse", "url": "https://x.test/mcp"}, {"url": "https://x.test/mcp"}, ["type"]),
    ],
)
def test_a_replacement_is_minimal(old, new, touched):
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
def test_a_replacement_keeps_the_spelling_of_the_file(tree, more, touched):
    wanted = spec_of("a", {"command": "x", "args": ["2"], "env": {"A": "2"}, "mcpstore": {"restart": "never"}})
    edits = replace_edits(reading(tree, **more), wanted)
    assert sorted(paths(edits)) == touched
    assert specs(applied(tree, edits), **more)["a"] == wanted


def test_gemini_keeps_its_two_keys_for_urls():
    tree = {"mcpServers": {"a": {"url": "https://x.test/mcp", "trust": True}}}
    wanted = spec_of("a", {"url": "https://x.test/mcp"})
    edits = replace_edits(reading(tree, where=GEMINI_AT), wanted)
    assert paths(edits) == ["mcpServers.a.url", "mcpServers.a.httpUrl"]
    assert specs(applied(tree, edits), where=GEMINI_AT)["a"] == wanted
    back = spec_of("a", {"url": "https://y.test/mcp"}, GEMINI)
    (edit,) = replace_edits(reading(tree, where=GEMINI_AT), back, GEMINI)
    assert (edit.path[-1], edit.value) == ("url", "https://y.test/mcp")


def test_an_invalid_entry_is_fixed():
    tree: dict[str, Any] = {"mcpServers": {"a": {"command": 5, "_note": "n", "host": "h"}, "b": "npx"}}
    parsed = reading(tree)
    wanted = spec_of("a", OK)
    changed = applied(tree, replace_edits(parsed, wanted))
    assert changed["mcpServers"]["a"] == {"command": "x", "args": ["1"], "_note": "n", "host": "h"}
    (edit,) = replace_edits(parsed, attrs.evolve(wanted, name="b"))
    assert (edit.path, edit.value, edit.expect) == (("mcpServers", "b"), OK, "npx")
    vendor = spec_of("a", {"transport": "tcp", "port": 1})
    assert specs({"mcpServers": {"a": applied(tree, replace_edits(parsed, vendor))["mcpServers"]["a"]}})["a"] == vendor


def test_a_variable_that_a_client_would_misread_is_written_anyway():
    spec = spec_of("a", {"command": "x", "env": {"A": "$B"}})
    (edit,) = add_edits(reading({}, where=GEMINI_AT), spec, MCP_SERVERS)
    assert edit.value == {"command": "x", "env": {"A": "$B"}}


def test_an_entry_is_removed_if_it_has_not_changed_since_it_was_read():
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
def test_services_are_enabled_and_disabled_in_the_notation_of_their_client(tree, more, off, on):
    parsed = reading(tree, **more)
    for enabled, expected in ((False, off), (True, on)):
        edits = switch_edits(parsed, "a", enabled=enabled)
        assert {".".join(map(str, edit.path)): edit.value for edit in edits} == expected
        assert specs(applied(tree, edits), **more)["a"].enabled is enabled


def test_enabling_does_not_depend_on_the_content_of_the_entry():
    (edit,) = switch_edits(reading({"mcpServers": {"a": OK}}), "a", enabled=False)
    assert edit.expect is ANYTHING
    (edit,) = switch_edits(reading({"mcpServers": {"a": OK}}, where=GEMINI_AT), "a", enabled=False)
    assert edit.expect is MISSING


def test_adding_and_replacing_update_the_lists_of_gemini():
    tree = {"mcp": {"excluded": ["new"], "allowed": []}, "mcpServers": {}}
    changed = applied(tree, add_edits(reading(tree), local()))
    assert changed["mcp"] == {"excluded": [], "allowed": ["new"]}
    parsed = reading(changed)
    off = attrs.evolve(parsed.specs["new"], enabled=False)
    again = applied(changed, replace_edits(parsed, off))
    assert again["mcp"]["excluded"] == ["new"]
    assert again["mcpServers"] == changed["mcpServers"]
    assert not specs(again)["new"].enabled


def test_null_in_place_of_the_section_is_replaced():
    tree = {"mcpServers": None}
    (edit,) = add_edits(reading(tree), local())
    assert (edit.path, edit.expect, list(edit.value)) == (("mcpServers",), None, ["new"])


@pytest.mark.parametrize(
    ("act", "tree", "more", "message"),
    [
        (lambda r: add_edits(r, local()), {"mcpServers": {"new": OK}}, {}, "service 'new' exists already"),
        (
            lambda r: add_edits(r, local()),
            {"mcpServers": {"a": OK}},
            {"format": "yaml"},
            "files in this format are read-only",
        ),
        (lambda r: add_edits(r, local()), {"name": "a", **OK}, {}, "the file is the entry of a single service"),
        (lambda r: add_edits(r, local()), {"mcpServers": "x"}, {}, "must be an object of servers (got a string)"),
        (lambda r: remove_edits(r, "a"), {"name": "a", **OK}, {}, "delete the file instead"),
        (lambda r: remove_edits(r, "a"), {"extensions": {"a": {"cmd": "x"}}}, {}, "files in this format are read-only"),
        (
            lambda r: switch_edits(r, "a", enabled=True),
            {"mcpServers": {"a": "npx"}},
            {},
            "must be an object (got a string)",
        ),
    ],
)
def test_an_impossible_edit_is_refused_with_a_reason(act, tree, more, message):
    with pytest.raises(ConfigError) as caught:
        act(reading(tree, **more))
    assert message in str(caught.value)


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
