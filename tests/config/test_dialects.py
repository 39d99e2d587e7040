"""Every dialect is read, and entries are found in every section that clients use."""

from __future__ import annotations

from typing import Any

import pytest

from config.trees import reading, specs
from mcpstore.config.description import describe
from mcpstore.config.dialects.sections import target_section
from mcpstore.hooks.persistence import Content
from mcpstore.models.timing import Timeouts

STDIO = {"transport": "stdio", "command": "npx", "args": ["-y", "tool"], "url": None}
HTTP = {"transport": "http", "command": None, "args": [], "url": "https://x.test/mcp"}

ENTRY = {"command": "npx", "args": ["-y", "tool"]}
REMOTE = {"url": "https://x.test/mcp"}

SPECIMENS: list[tuple[str, str, dict[str, Any], list[dict[str, Any]]]] = [
    ("mcpServers", "mcp.json", {"mcpServers": {"a": ENTRY, "b": {**REMOTE, "disabled": True}}}, [STDIO, HTTP]),
    ("servers", ".vscode/mcp.json", {"servers": {"a": {"type": "stdio", **ENTRY}}, "inputs": []}, [STDIO]),
    ("servers[]", "mcp.json", {"servers": [{"name": "a", **ENTRY}, {"id": "b", **REMOTE}]}, [STDIO, HTTP]),
    ("mcpServers[]", "config.json", {"mcpServers": [{"name": "a", **ENTRY}]}, [STDIO]),
    ("tools[]", "mcp.json", {"tools": [{"id": "i", "name": "a", "command": "npx", "args": ["-y", "tool"]}]}, [STDIO]),
    ("root-map", ".mcp.json", {"a": ENTRY, "b": REMOTE, "$schema": "s", "_note": {"by": "me"}}, [STDIO, HTTP]),
    ("single-server", "mcp_config.json", {"name": "a", "version": "1", **ENTRY}, [STDIO]),
    (
        "mcp",
        "opencode.json",
        {
            "$schema": "https://opencode.ai/config.json",
            "mcp": {
                "a": {"type": "local", "command": ["npx", "-y", "tool"], "environment": {}, "enabled": True},
                "b": {"type": "remote", "url": "https://x.test/mcp"},
            },
        },
        [STDIO, HTTP],
    ),
    (
        "mcp",
        "crush.json",
        {"$schema": "https://charm.land/crush.json", "mcp": {"a": {"type": "stdio", **ENTRY}}},
        [STDIO],
    ),
    (
        "context_servers",
        ".zed/settings.json",
        {"theme": "x", "context_servers": {"a": ENTRY, "b": REMOTE}},
        [STDIO, HTTP],
    ),
    ("mcp", "x.json", {"$schema": "https://x.test/s.json", "mcp": {"a": {"type": "stdio", **ENTRY}}}, [STDIO]),
    ("mcp_servers", "mcp.json", {"mcp_servers": {"a": ENTRY}}, [STDIO]),
    ("mcp_servers[]", "call.json", {"mcp_servers": [{"type": "url", "name": "a", **REMOTE}]}, [HTTP]),
    ("mcp.servers", "settings.json", {"editor.tabSize": 2, "mcp": {"servers": {"a": ENTRY}, "inputs": []}}, [STDIO]),
    ("mcp.servers", "settings.json", {"mcp.servers": {"a": ENTRY}}, [STDIO]),
    (
        "mcp.servers",
        "opencode.jsonc",
        {"mcp": {"servers": {"a": {"type": "local", "command": ["npx", "-y", "tool"]}}, "timeout": 9}},
        [STDIO],
    ),
    ("mcpServers", "config.json", {"mcp": {"mcpServers": {"a": ENTRY}}}, [STDIO]),
    ("amp.mcpServers", "settings.json", {"amp.mcpServers": {"a": ENTRY}}, [STDIO]),
]


@pytest.mark.parametrize(("dialect", "where", "tree", "expected"), SPECIMENS)
def test_a_dialect_is_read(dialect, where, tree, expected):
    shown = describe(reading(tree, where=where))
    assert shown["problems"] == []
    assert [server["dialect"] for server in shown["servers"]] == [dialect] * len(expected)
    assert [server["name"] for server in shown["servers"]] == ["a", "b"][: len(expected)]
    assert [{key: server[key] for key in expected[0]} for server in shown["servers"]] == expected


def test_codex_is_recognised_by_its_notation():
    tree = {
        "mcp_servers": {
            "a": {**ENTRY, "env_vars": ["TOKEN"], "startup_timeout_sec": 20, "tool_timeout_sec": 90, "enabled": False},
            "b": {
                **REMOTE,
                "bearer_token_env_var": "KEY",
                "http_headers": {"X-A": "1"},
                "env_http_headers": {"X-B": "B_VALUE"},
            },
        }
    }
    parsed = specs(tree, format="toml", where="config.toml")
    assert parsed["a"].dialect == "codex-toml"
    assert parsed["a"].settings["env_vars"] == ["TOKEN"]
    assert parsed["a"].timeouts == Timeouts(handshake=20, call=90)
    assert not parsed["a"].enabled
    assert parsed["b"].settings["headers"] == {
        "X-A": "1",
        "X-B": "${B_VALUE}",
        "Authorization": "Bearer ${KEY}",
    }


def test_goose_is_read_without_its_own_extensions():
    tree = {
        "extensions": {
            "a": {
                "type": "stdio",
                "cmd": "npx",
                "args": ["-y", "tool"],
                "envs": {"K": "v"},
                "enabled": True,
                "timeout": 9,
            },
            "b": {"type": "streamable_http", "uri": "https://x.test/mcp", "enabled": False},
            "developer": {"type": "builtin", "enabled": True},
        }
    }
    parsed = specs(tree, format="yaml", where="config.yaml")
    assert list(parsed) == ["a", "b"]
    assert parsed["a"].settings == {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}}
    assert parsed["a"].timeouts.call == 9
    assert parsed["b"].settings["url"] == "https://x.test/mcp"
    assert not parsed["b"].enabled


def test_in_gemini_files_url_is_sse_and_http_url_is_http():
    tree = {"mcpServers": {"a": {"url": "https://x.test/mcp"}, "b": {"httpUrl": "https://x.test/sse"}}}
    parsed = specs(tree, where="/home/me/.gemini/settings.json")
    assert (parsed["a"].transport, parsed["b"].transport) == ("sse", "streamable_http")
    elsewhere = specs(tree, where="/home/me/.cursor/mcp.json")
    assert (elsewhere["a"].transport, elsewhere["b"].transport) == ("streamable_http", "sse")


@pytest.mark.parametrize(
    ("lists", "enabled"),
    [
        ({"excluded": ["b"]}, ["a"]),
        ({"allowed": ["b"]}, ["b"]),
        ({"allowed": ["a", "b"], "excluded": ["a"]}, ["b"]),
        ({"allowed": [], "serverCommand": "x"}, []),
    ],
)
def test_gemini_disables_services_by_lists(lists, enabled):
    parsed = specs({"mcp": lists, "mcpServers": {"a": ENTRY, "b": ENTRY}}, where="settings.json")
    assert [name for name, spec in parsed.items() if spec.enabled] == enabled


@pytest.mark.parametrize(
    ("where", "timeout", "seconds"),
    [
        ("/p/.gemini/settings.json", 600, 0.6),
        ("/p/.amazonq/mcp.json", 900, 0.9),
        ("/p/.kiro/settings/mcp.json", 60_000, 60),
        ("/p/.roo/mcp.json", 3600, 3600),
        ("/p/cline_mcp_settings.json", 60, 60),
        ("/p/mcp.json", 60, 60),
        ("/p/mcp.json", 30_000, 30),
        ("/p/gemini-extension.json", 500, 0.5),
    ],
)
def test_the_unit_of_a_timeout_depends_on_the_client(where, timeout, seconds):
    parsed = specs({"mcpServers": {"a": {**ENTRY, "timeout": timeout}}}, where=where)
    assert parsed["a"].timeouts == Timeouts(call=seconds)


def test_in_opencode_and_crush_timeout_limits_the_handshake():
    opencode = specs({"mcp": {"a": {"command": ["x"], "timeout": 5000}}})["a"]
    crush = specs({"$schema": "https://charm.land/crush.json", "mcp": {"a": {"command": "x", "timeout": 120}}})["a"]
    assert opencode.timeouts == Timeouts(handshake=5)
    assert crush.timeouts == Timeouts(handshake=120)


def test_variables_without_braces_are_expanded_where_the_client_does_it():
    tree = {"mcpServers": {"a": {**ENTRY, "args": ["$A"], "env": {"K": "$KEY", "L": "\\$x $$y", "M": None}}}}
    assert specs(tree, where="/p/.qwen/settings.json")["a"].settings["env"] == {
        "K": "${KEY}",
        "L": "\\$x $$y",
        "M": None,
    }
    assert specs(tree)["a"].settings["env"]["K"] == "$KEY"
    crush = {"mcp": {"a": {"type": "http", "url": "https://$HOST/mcp", "headers": {"A": "Bearer $PAT"}}}}
    settings = specs(crush)["a"].settings
    assert settings == {"url": "https://${HOST}/mcp", "headers": {"A": "Bearer ${PAT}"}}


def test_several_sections_of_one_file_are_merged():
    tree = {"mcpServers": {"a": ENTRY}, "servers": {"b": REMOTE}, "mcp": {"c": {"type": "local", "command": ["x"]}}}
    assert {name: spec.dialect for name, spec in specs(tree).items()} == {"a": "mcpServers", "b": "servers", "c": "mcp"}


def test_a_service_may_have_the_name_of_a_section():
    tree = {"mcp": {"servers": {"type": "local", "command": ["x"]}, "b": {"type": "local", "command": ["y"]}}}
    assert list(specs(tree)) == ["servers", "b"]
    assert {spec.dialect for spec in specs(tree).values()} == {"mcp"}


def test_keys_of_other_programs_are_not_taken_for_servers():
    tree = {
        "mcp": {"allowed": ["x"]},
        "tools": [{"name": "bash"}],
        "extensions": [{"command": "x"}],
        "mcpServers": {},
    }
    assert specs(tree) == {}
    assert specs({"mcp": [{"command": "x"}], "tools": {"a": ENTRY}, "mcpServers": {}}) == {}


def test_the_project_section_of_a_user_file_has_precedence():
    tree = {"mcpServers": {"a": ENTRY}, "projects": {"/p": {"mcpServers": {"a": REMOTE, "b": REMOTE}}, "/q": {}}}
    assert specs(tree)["a"].transport == "stdio"
    assert list(specs(tree, project="/q")) == ["a"]
    parsed = reading(tree, project="/p")
    assert parsed.specs["a"].transport == "streamable_http"
    assert list(parsed.specs) == ["a", "b"]
    assert parsed.locations["b"].path == ("projects", "/p", "mcpServers", "b")


@pytest.mark.parametrize(
    ("tree", "where", "format_", "path", "dialect"),
    [
        ({}, "mcp.json", "json", ("mcpServers",), "mcpServers"),
        ({}, "/p/.vscode/mcp.json", "json", ("servers",), "servers"),
        ({}, "/c/Code/User/mcp.json", "json", ("servers",), "servers"),
        ({}, "/p/opencode.json", "json", ("mcp",), "mcp"),
        ({"$schema": "https://opencode.ai/config.json"}, "x.json", "json", ("mcp",), "mcp"),
        ({"$schema": "https://charm.land/crush.json", "mcp": {}}, "x.json", "json", ("mcp",), "mcp"),
        ({"options": {}}, "/p/crush.json", "json", ("mcp",), "mcp"),
        ({}, "/p/.zed/settings.json", "json", ("context_servers",), "context_servers"),
        ({"model": "x"}, "/h/.codex/config.toml", "toml", ("mcp_servers",), "codex-toml"),
        ({"theme": "x"}, "/h/.gemini/settings.json", "json", ("mcpServers",), "mcpServers"),
        ({"mcpServers": {}, "servers": {"a": REMOTE}}, "mcp.json", "json", ("mcpServers",), "mcpServers"),
        ({"servers": {"a": REMOTE}}, "mcp.json", "json", ("servers",), "servers"),
        ({"a": ENTRY}, ".mcp.json", "json", (), "root-map"),
    ],
)
def test_new_entries_are_added_to_the_section_of_the_client(tree, where, format_, path, dialect):
    home = target_section(Content(data=tree, format=format_), where=where)
    assert (home.path, home.dialect.name) == (path, dialect)
