"""TOML: reading, positions, and edits that keep the rest."""

from __future__ import annotations

from textwrap import dedent

import pytest

from mcpstore.errors import ConfigConflict, ConfigError, ConfigSyntaxError
from mcpstore.hooks import MISSING, Edit
from mcpstore_plugins.mcp_json.content import content_of, edited

NEW = {"command": "npx", "args": ["-y", "pkg"], "env": {"A": "b"}}
CODEX = dedent("""
    # what Codex keeps
    model = "o9"   # the big one

    [mcp_servers.files]
    command = "npx"  # why
    args = ["-y",
      "[pkg]", # not a table
    ]

    # for files
    [mcp_servers.files.env]
    A = "b"

    # trust
    [projects."/home/me"]
    trust_level = "trusted"

    [[profiles]]
    name = 'x'
    [profiles.deep]
    at = 1

    [[profiles]]
    name = 'y'
    since = 2024-01-01T10:00:00
    text = \"\"\"
    [not.a.table]
    no = "key"
    \"\"\"
    """).lstrip("\n")


def read(text: str):
    return content_of(text.encode(), "config.toml", "config.toml")


def edit(text: str, *edits: tuple) -> str:
    wanted = [Edit(path=path, value=value) for path, value in edits]
    raw, content = edited(text.encode(), wanted, "config.toml", "config.toml")
    assert raw is not None
    assert content_of(raw, "config.toml", "config.toml").data == content.data
    return raw.decode()


def test_dates_are_read_as_text():
    content = read(CODEX)
    assert content.format == "toml"
    assert content.data["mcp_servers"]["files"] == {"command": "npx", "args": ["-y", "[pkg]"], "env": {"A": "b"}}
    assert content.data["profiles"][1]["since"] == "2024-01-01T10:00:00"
    assert read("a = 2024-01-01\nb = 10:00:00\nc = nan").data["b"] == "10:00:00"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("model",), (2, 9)),
        (("mcp_servers", "files"), (4, 1)),
        (("mcp_servers", "files", "command"), (5, 11)),
        (("mcp_servers", "files", "env", "A"), (12, 5)),
        (("projects", "/home/me", "trust_level"), (16, 15)),
        (("profiles", 0, "deep", "at"), (21, 6)),
        (("profiles", 1, "name"), (24, 8)),
        (("not",), None),
        (("profiles", 1, "no"), None),
        (("mcp_servers", "files", "args", 0), None),
    ],
)
def test_values_are_found(path, place):
    assert read(CODEX).locate(path) == place


def test_quoted_and_dotted_names_are_found():
    content = read('a."b c" . \'d\' = 1\n["x\\u0041"]\ny = 2\n')
    assert content.locate(("a", "b c", "d")) == (1, 17)
    assert content.locate(("xA", "y")) == (3, 5)
    assert content.locate(("xA", "y")) == (3, 5)


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("a = 1\nb = \n", 2, 5, "invalid value"),
        ("a = 1\r\nb = x\r\n", 2, 5, "invalid value"),
        ("a = 1\na = 2\n", 2, 6, "cannot overwrite a value"),
        ('a = """x', 1, 9, "a program may still be writing it"),
        ("a = " + "9" * 5000, 1, 1, "out of range"),
        ("a = " + "[" * 10_000, 1, 1, "nested deeper"),
        ("a = " + "[" * 210 + "]" * 210, 1, 1, "nested deeper"),
        ("a" + ".a" * 300 + " = 1", 1, 1, "nested deeper"),
    ],
)
def test_invalid_toml_is_refused_with_its_position(text, line, column, what):
    with pytest.raises(ConfigSyntaxError) as caught:
        read(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert what in str(caught.value)
    assert "; " in str(caught.value)


def test_a_new_server_is_added_after_the_others_and_can_be_removed_without_a_trace():
    added = edit(CODEX, (("mcp_servers", "a new.one"), NEW))
    tables = '\n\n[mcp_servers."a new.one"]\ncommand = "npx"\nargs = ["-y", "pkg"]\n'
    tables += '\n[mcp_servers."a new.one".env]\nA = "b"'
    before, after = CODEX.split('A = "b"')
    assert added == before + 'A = "b"' + tables + after
    assert edit(added, (("mcp_servers", "a new.one"), MISSING)) == CODEX


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "a = 1",
        "a = 1\n",
        "a = 1 # x",
        "[mcp_servers]\n",
        "[mcp_servers]",
        '[mcp_servers.a]\ncommand = "x"\n[other]\nb = 1\n[mcp_servers.b]\ncommand = "y"\n',
        '# a\r\n[mcp_servers.a]\r\ncommand = "x" # y\r\n\r\n\r\n# other\r\n[other]\r\n',
        'mcp_servers = {a={command="x"}}\n',
    ],
)
def test_an_added_value_can_be_removed_without_a_trace(text):
    is_first = "mcp_servers" not in text
    path = ("mcp_servers",) if is_first else ("mcp_servers", "new")
    value = {"new": NEW} if is_first else NEW
    added = edit(text, (path, value))
    assert ("\r\n" in added) == ("\r\n" in text)
    assert "\n" not in added.replace("\r\n", "") if "\r\n" in text else "\r" not in added
    gone = edit(added, (("mcp_servers", "new"), MISSING)) if is_first else edit(added, (path, MISSING))
    assert gone == text or (text.startswith("#") and gone.strip() == text.strip())


def test_a_removed_server_takes_its_tables_along_and_leaves_other_comments():
    gone = edit(CODEX, (("mcp_servers", "files"), MISSING))
    assert gone == CODEX[: CODEX.index("\n[mcp_servers.files]")].rstrip("\n") + CODEX[CODEX.index("\n\n# trust") :]
    assert edit("# top\n[a]\nb = 1\n\n[c]\n", (("a",), MISSING)) == "# top\n\n[c]\n"
    assert edit("[a]\nb = 1\n\n[c]\n", (("a",), MISSING)) == "[c]\n"


def test_many_servers_are_added_and_removed_at_once():
    names = [f"s{i}" for i in range(300)]
    full = edit(CODEX, *((("mcp_servers", name), NEW) for name in names))
    assert list(read(full).data["mcp_servers"]) == ["files", *names]
    assert edit(full, *((("mcp_servers", name), MISSING) for name in names)) == CODEX


def test_fields_are_changed_in_place():
    text = edit(
        CODEX,
        (("mcp_servers", "files", "enabled"), False),
        (("mcp_servers", "files", "command"), "uvx"),
        (("mcp_servers", "files", "env", "B"), "c"),
        (("model",), MISSING),
        (("profiles", 0, "name"), "z"),
    )
    for line in ('command = "uvx"  # why', "enabled = false", 'B = "c"', "# for files", "[not.a.table]", 'name = "z"'):
        assert line in text
    assert "# what Codex keeps" in text
    assert "the big one" not in text


def test_replacing_a_server_changes_only_the_differences():
    text = edit(CODEX, (("mcp_servers", "files"), {"command": "npx", "args": ["-y", "[pkg]"], "env": {}, "cwd": "/"}))
    assert 'command = "npx"  # why' in text
    assert '"[pkg]", # not a table' in text
    assert 'cwd = "/"' in text
    assert "[mcp_servers.files.env]" in text


def test_several_kinds_of_changes_at_once_work_in_inline_tables():
    text = 'mcp_servers = {a = {command = "x"}} # one line\n'
    both = edit(text, (("mcp_servers", "b"), {"command": "y"}), (("mcp_servers", "a", "command"), "z"))
    assert both == 'mcp_servers = {a = {command = "z"},b = {command = "y"}} # one line\n'


def test_a_list_of_tables_is_appended_to_and_a_document_replaced():
    assert read(edit(CODEX, (("profiles", 2), {"name": "z"}))).data["profiles"][2] == {"name": "z"}
    assert read(edit("a = 1\nb = [1]\n", (("b", 1), 2))).data == {"a": 1, "b": [1, 2]}
    assert read(edit("a = 1\nb = [1]\n", ((), {"b": [1]}))).data == {"b": [1]}


def test_nulls_are_left_out_because_toml_has_no_null():
    assert edit("", (("a",), {"b": 1, "c": None})) == "[a]\nb = 1\n"
    with pytest.raises(ConfigError, match="cannot contain null; leave it out"):
        edit("", (("a",), {"b": [None]}))


def test_expectations_are_checked():
    with pytest.raises(ConfigConflict):
        edited(b"a = 1\n", [Edit(path=("a",), value=2, expect=3)], "f.toml", "f.toml")


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (("profiles", 2), 5, "cannot be made in place; edit the file by hand"),
        (("profiles", 0), 5, "cannot be made in place; edit the file by hand"),
        (("model",), "\udcff", "half of a surrogate pair; write the whole character"),
        (("a",), {"\udcff": 1}, "half of a surrogate pair"),
    ],
)
def test_values_that_toml_cannot_represent_are_refused(path, value, what):
    with pytest.raises(ConfigError, match=r"config.toml: ") as caught:
        edit(CODEX, (path, value))
    assert what in str(caught.value)


def test_values_that_would_be_read_back_differently_are_refused(monkeypatch):
    from mcpstore_plugins.mcp_json import toml_edit

    monkeypatch.setattr(toml_edit, "rewrite", lambda text, changes: iter([text, "a = ", "b = 1"]))
    with pytest.raises(ConfigError, match="cannot be changed without rewriting the whole file; edit it by hand"):
        edit(CODEX, (("model",), 1))


def test_strings_of_every_kind_are_skipped():
    text = 'a = """x\\""" [b] "" """"\nc = \'\'\'\n[d]\n\'\'\'\'\ne = "\\"[f]"\ng = \'[h]\'\n[i]\nj = "#"\n'
    content = read(text)
    assert [content.locate((key,)) is not None for key in "aceg"] == [True] * 4
    assert content.locate(("i", "j")) == (8, 5)
    assert edit(edit(text, (("k",), NEW)), (("k",), MISSING)) == text
