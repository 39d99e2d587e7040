"""Properties of any configuration."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from config.trees import applied, reading
from mcpstore.config.description import describe
from mcpstore.config.editing import add_edits, remove_edits, replace_edits, switch_edits
from mcpstore.config.entry import spec_of
from mcpstore.config.expansion import ExpansionContext, unset_variables
from mcpstore.config.service_input import ServiceInput, config_of, entries, examine
from mcpstore.config.variables import substitute
from mcpstore.errors import ConfigError, InvalidService
from mcpstore.models.service import ServiceSpec

WORDS = st.sampled_from(
    [
        *("mcpServers", "servers", "mcp", "mcp_servers", "context_servers", "tools", "extensions", "projects"),
        *("inputs", "excluded", "mcpstore", "command", "args", "env", "url", "type", "transport", "headers"),
        *("disabled", "enabled", "timeout", "name", "id", "health", "timeouts", "depends_on"),
        *("stdio", "http", "sse", "local", "tcp", "https://x"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
CONFIGS = st.dictionaries(WORDS | st.text(max_size=5), TREES, max_size=4)

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
PAIRS = st.dictionaries(TEXTS, TEXTS, max_size=3)
OWN = st.fixed_dictionaries(
    {},
    optional={
        "depends_on": st.lists(st.sampled_from(["b", "c"]), unique=True),
        "restart": st.sampled_from(["always", "on-failure", "never"]),
        "health": st.sampled_from(["ping", "list_tools", {"type": "call_tool", "tool": "t"}]),
        "timeouts": st.dictionaries(st.sampled_from(["connect", "call"]), st.integers(1, 99), max_size=2),
        "agents": st.lists(st.sampled_from(["one", "two"]), unique=True),
    },
)
BESIDES = {
    "disabled": st.booleans(),
    "enabled": st.booleans(),
    "description": TEXTS,
    "timeout": st.integers(1, 9000),
    "mcpstore": OWN,
    "alwaysAllow": st.lists(TEXTS, max_size=2),
    "_note": TREES,
}
LOCAL = st.fixed_dictionaries(
    {"command": TEXTS},
    optional={"args": st.lists(TEXTS, max_size=3), "env": PAIRS, "cwd": TEXTS, "envFile": TEXTS, **BESIDES},
)
REMOTE = st.fixed_dictionaries(
    {"url": st.sampled_from(["https://x.test/mcp", "https://x.test/sse", "${URL}"])},
    optional={"headers": PAIRS, "type": st.sampled_from(["sse", "http"]), **BESIDES},
)
VENDOR = st.fixed_dictionaries(
    {"transport": st.fixed_dictionaries({"type": st.just("tcp")}, optional={"host": TEXTS, "port": st.integers()})}
) | st.fixed_dictionaries({"transport": st.just("tcp")}, optional={"host": TEXTS, "port": st.integers(), **BESIDES})
ENTRIES = LOCAL | REMOTE | VENDOR

MANY = settings(max_examples=100, deadline=None)
FEW = settings(max_examples=15, deadline=None)

FILES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "mcp.json", "json"),
    ({"mcpServers": {}}, "mcp.json", "json"),
    ({"servers": {}}, ".vscode/mcp.json", "json"),
    ({"servers": [{"name": "first", "command": "x"}]}, "mcp.json", "json"),
    ({"first": {"command": "x"}}, ".mcp.json", "json"),
    ({"$schema": "https://opencode.ai/config.json"}, "opencode.json", "json"),
    ({"$schema": "https://charm.land/crush.json", "mcp": {"first": {"type": "stdio", "command": "x"}}}, "c", "json"),
    ({"mcp": {"servers": {"first": {"type": "local", "command": ["x"]}}}}, "opencode.json", "json"),
    ({"context_servers": {}}, "settings.json", "json"),
    ({"mcp_servers": {}}, "config.toml", "toml"),
    ({"mcpServers": {}, "mcp": {"excluded": []}}, ".gemini/settings.json", "json"),
]


@MANY
@given(CONFIGS)
@example({"mcpServers": {"a": {"transport": {"type": "tcp", "env": 5, "args": 5, "url": [], "command": {}}}}})
@example({"mcpServers": {"a": {"command": "x", "mcpstore": {"health": {"type": []}}}}})
def test_reading_never_raises(tree):
    before = copy.deepcopy(tree)
    parsed = reading(tree)
    assert str(tree) == str(before)
    assert [server["name"] for server in describe(parsed)["servers"]] == list(parsed.specs)
    assert parsed.specs.keys() | parsed.refused.keys() >= parsed.locations.keys()
    assert not parsed.specs.keys() & parsed.refused.keys()


@MANY
@given(TREES)
def test_any_input_is_accepted_or_refused(tree):
    problems: dict[str, Any] | str = ""
    inputs: list[ServiceInput] = []
    try:
        inputs = entries(tree)
    except InvalidService as error:
        problems = dict(error.problems)
        assert all(problems.values())
    except ConfigError as error:
        problems = str(error)
    assert bool(inputs) != bool(problems)


@pytest.mark.parametrize(("tree", "where", "format_"), FILES)
@FEW
@given(entry=ENTRIES)
def test_an_added_service_is_read_back_with_the_same_meaning(tree, where, format_, entry):
    spec = spec_of("new", entry)
    assume("$" not in str(entry.get("env", "")) + str(entry.get("headers", "")))
    after = applied(tree, add_edits(reading(tree, where=where, format=format_), spec))
    read_again = reading(after, where=where, format=format_)
    assert read_again.specs["new"] == spec
    assert reading(tree, where=where, format=format_).specs.items() <= read_again.specs.items()


@pytest.mark.parametrize(("tree", "where", "format_"), FILES)
@FEW
@given(first=ENTRIES, second=ENTRIES)
def test_a_replaced_service_is_read_back_with_the_same_meaning(tree, where, format_, first, second):
    assume("$" not in "".join(str(e.get(k, "")) for e in (first, second) for k in ("env", "headers")))
    one = applied(tree, add_edits(reading(tree, where=where, format=format_), spec_of("new", first)))
    parsed = reading(one, where=where, format=format_)
    wanted = spec_of("new", second)
    edits = replace_edits(parsed, wanted)
    after = reading(applied(one, edits), where=where, format=format_)
    assert after.specs["new"] == wanted
    if parsed.specs["new"] == wanted and not {"_note", "alwaysAllow"} & second.keys():
        assert edits == []
    kept = {"_note", "alwaysAllow"} & first.keys()
    assert kept <= after.specs["new"].entry.keys()


@pytest.mark.parametrize(("tree", "where", "format_"), FILES)
@FEW
@given(entry=ENTRIES, enabled=st.booleans())
def test_an_enabled_or_disabled_service_is_read_back_as_such(tree, where, format_, entry, enabled):
    spec = spec_of("new", entry)
    assume("$" not in str(entry.get("env", "")) + str(entry.get("headers", "")))
    one = applied(tree, add_edits(reading(tree, where=where, format=format_), spec))
    parsed = reading(one, where=where, format=format_)
    after = reading(applied(one, switch_edits(parsed, "new", enabled=enabled)), where=where, format=format_)
    assert after.specs["new"] == attrs.evolve(parsed.specs["new"], enabled=enabled)
    gone = reading(applied(one, remove_edits(parsed, "new")), where=where, format=format_)
    assert "new" not in gone.locations


@MANY
@given(ENTRIES)
def test_a_shown_entry_is_read_back_with_the_same_meaning(entry):
    spec = spec_of("new", entry)
    assert entries(config_of(spec))[0].spec == spec


@MANY
@given(ENTRIES)
def test_an_examined_entry_has_the_same_meaning_as_a_read_one(entry):
    (usable,) = examine({"mcpServers": {"new": entry}}).usable
    assert usable.spec == spec_of("new", entry)


@MANY
@given(st.text(st.sampled_from("${}:-envA1/~ f")))
def test_texts_without_values_are_not_changed(text):
    assume("$${" not in text)
    assert substitute(text, lambda _: None) == text


@MANY
@given(ENTRIES)
def test_expanding_returns_settings_or_an_error_message(entry):
    spec: ServiceSpec = spec_of("new", {key: value for key, value in entry.items() if key != "envFile"})
    around = ExpansionContext(environ={}, home="/h", cwd="/c", workspace="/w", folder="/f")
    message = ""
    try:
        unset_variables(spec, around)
    except ConfigError as error:
        message = str(error)
    assert not message or "does not exist; create it" in message
