"""Edits are minimal, in the dialect of the file, and have the intended meaning."""

from __future__ import annotations

import attrs
import pytest

from config.trees import applied, paths, reading, specs
from mcpstore.config.dialects.catalog import CODEX, OPENCODE, ZED
from mcpstore.config.editing import add_edits, replace_edits
from mcpstore.config.entry import spec_of
from mcpstore.hooks.persistence import MISSING
from mcpstore.models.service import Choice, RestartOption
from mcpstore.models.timing import Timeouts

from .entries import CRUSH_FILE, GEMINI_AT, OK, OPENCODE_FILE, local, remote


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
def test_an_entry_is_added_in_the_spelling_of_the_client(tree, more, path, local_entry, remote_entry):
    for spec, entry in ((local(), local_entry), (remote(), remote_entry)):
        (edit,) = add_edits(reading(tree, **more), spec)
        assert (edit.path, edit.value, edit.expect, edit.entry) == (path, entry, MISSING, "new")
        assert specs(applied(tree, [edit]), **more)["new"] == spec


@pytest.mark.parametrize("tree", [{}, OPENCODE_FILE, CRUSH_FILE, {"context_servers": {}}, {"mcp.servers": {}}])
@pytest.mark.parametrize("url", ["https://x.test/mcp", "https://x.test/sse"])
@pytest.mark.parametrize("transport", ["sse", "http"])
def test_the_type_of_a_remote_transport_is_never_lost(tree, url, transport):
    spec = spec_of("new", {"type": transport, "url": url})
    assert specs(applied(tree, add_edits(reading(tree), spec)))["new"] == spec


def test_an_entry_for_opencode_names_sse_beside_its_own_type():
    (edit,) = add_edits(reading(OPENCODE_FILE), spec_of("new", {"type": "sse", "url": "https://x.test/mcp"}))
    assert edit.value == {"type": "remote", "transport": "sse", "url": "https://x.test/mcp"}
    (edit,) = add_edits(reading({"context_servers": {}}), spec_of("new", {"type": "sse", "url": "https://x.test/mcp"}))
    assert edit.value == {"type": "sse", "url": "https://x.test/mcp"}


def test_an_entry_in_a_known_spelling_is_written_unchanged():
    entry = {"type": "streamable-http", "url": "https://x.test/mcp", "alwaysAllow": ["a"], "timeout": 60, "_note": "n"}
    (edit,) = add_edits(reading({}), spec_of("new", entry))
    assert edit.value == entry
    native = {"type": "local", "command": ["x"], "timeout": 5000}
    (edit,) = add_edits(reading(OPENCODE_FILE), spec_of("new", native, OPENCODE), OPENCODE)
    assert edit.value == native


def test_an_entry_of_one_client_is_converted_for_another():
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


def test_every_field_of_a_spec_is_written():
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
def test_a_vendor_transport_is_written(entry):
    spec = spec_of("new", entry)
    for tree in ({}, OPENCODE_FILE, {"context_servers": {}}):
        (edit,) = add_edits(reading(tree), spec)
        assert specs({"mcpServers": {"new": edit.value}})["new"] == spec


def test_fields_for_remote_services_only_are_written():
    entry = {"url": "https://x.test", "verify": False, "oauth": {"clientId": "c"}}
    spec = spec_of("new", entry)
    for tree in ({}, OPENCODE_FILE, {"context_servers": {}}):
        assert specs(applied(tree, add_edits(reading(tree), spec)))["new"] == spec
    tree = {"mcpServers": {"a": {**entry, "auth": {"oauth": {"client_id": "d"}}}}}
    (edit,) = replace_edits(reading(tree), attrs.evolve(spec, name="a"))
    assert (edit.path[-1], edit.value) == ("auth", MISSING)


def test_an_inline_vendor_transport_can_be_changed():
    tree = {"mcpServers": {"a": {"transport": "tcp", "host": "h", "port": 1, "_note": "n"}}}
    parsed = reading(tree)
    for entry in (
        {"transport": "tcp", "host": "h", "port": 2},
        {"transport": "tcp", "host": "h"},
        {"transport": {"type": "tcp", "host": "g"}},
        {"command": "x"},
        {"transport": "udp", "version": 1},
    ):
        spec = spec_of("a", entry)
        changed = applied(tree, replace_edits(parsed, spec))
        assert specs(changed)["a"] == spec
        assert changed["mcpServers"]["a"]["_note"] == "n"
    assert paths(replace_edits(parsed, spec_of("a", {"transport": "tcp", "host": "h", "port": 2}))) == [
        "mcpServers.a.port"
    ]


def test_a_replacement_changes_only_fields_with_a_new_meaning():
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
