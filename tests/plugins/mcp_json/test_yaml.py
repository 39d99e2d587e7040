"""YAML is read with limits and never written."""

from __future__ import annotations

import pytest

from mcpstore.errors import ConfigError, ConfigSyntaxError
from mcpstore.hooks import MISSING, Edit
from mcpstore_plugins.mcp_json.content import content_of, edited

GOOSE = """\
# goose
extensions:
  files: &files
    cmd: npx
    args: [-y, pkg]
  again:
    <<: *files
    enabled: true
    since: 2024-01-01
"""


def read(text: str):
    return content_of(text.encode(), "config.yaml", "config.yaml")


def refusal(text: str) -> ConfigSyntaxError:
    with pytest.raises(ConfigSyntaxError) as caught:
        read(text)
    return caught.value


def test_anchors_merges_and_positions_are_read():
    content = read(GOOSE)
    assert content.format == "yaml"
    assert content.data["extensions"]["again"] == {
        "cmd": "npx",
        "args": ["-y", "pkg"],
        "enabled": True,
        "since": "2024-01-01",
    }
    assert content.locate(("extensions", "files", "args", 1)) == (5, 16)
    assert content.locate(("extensions", "again", "enabled")) == (8, 14)
    assert content.locate(("extensions", "files", "args", 2)) is None
    assert content.locate(("extensions", "missing")) is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}"])
def test_an_empty_file_is_an_empty_document(text):
    assert read(text).data == {}


def test_every_yaml_type_becomes_json():
    text = "1: a\nnull: b\nfalse: c\n2024-01-01: d\ne: !!set {y, x}\ni: =\nf: !!binary aGk=\ng: !!omap [h: 1]\n"
    assert read(text).data == {
        "1": "a",
        "null": "b",
        "false": "c",
        "2024-01-01": "d",
        "e": ["x", "y"],
        "f": "hi",
        "g": [["h", 1]],
        "i": "=",
    }


def test_warnings_are_reported_with_their_lines():
    content = read("a: 1\nb: 2\na: 3\n---\nc: 4\n")
    assert content.data == {"a": 3, "b": 2}
    twice, second = content.problems
    assert twice.where == "config.yaml:3:1"
    assert "on line 1 and on line 3" in twice.what
    assert second.where == "config.yaml:4:1"


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("a: 1\n b: 2\n", 2, 3, "this is not valid YAML"),
        ("a:\n\t- b\n", 2, 1, "this is not valid YAML"),
        ("é: 1\nb: !include x\n", 2, 4, "the tag !include is not supported"),
        ("a: !!python/object:os.system {}\n", 1, 4, "the tag !!python/object:os.system is not supported"),
        ("a: 2024-13-45\n", 1, 1, "out of range"),
        ("a: 1\nb: \0", 2, 4, "U+0000 is not allowed"),
        ("- a\n", 1, 1, "expected a mapping"),
        ("a: &a\n  b: *a\n", 1, 4, "contains itself"),
        ("[" * 10_000, 1, 201, "nested deeper"),
        ("[{" * 5_000, 1, 201, "nested deeper"),
        ('a: [\'[[\', "]\\"[", x # [[\n, ' + "[" * 5_000, 2, 201, "nested deeper"),
        (
            "a:\n" + "".join("  " * i + "- b:\n" for i in range(1, 90)) + "  " * 90 + "[" * 5_000,
            91,
            202,
            "nested deeper",
        ),
        ("".join(" " * i + "a:\n" for i in range(3000)), 201, 201, "nested deeper"),
        ("k0: &k0 {}\n" + "".join(f"k{i}: &k{i} {{a: *k{i - 1}}}\n" for i in range(1, 300)), 201, 7, "nested deeper"),
    ],
)
def test_unusable_yaml_is_refused_with_its_position(text, line, column, what):
    error = refusal(text)
    assert what in str(error)
    assert (error.line, error.column) == (line, column)


@pytest.mark.parametrize("use", ["[{}]", "{{<<: [{}]}}"])
def test_exponential_alias_expansion_is_refused_early(use):
    first = "k0: &k0 {x: 1}\n" if "<<" in use else "k0: &k0 [x, x, x, x, x, x, x, x, x]\n"
    lines = (f"k{i}: &k{i} " + use.format(", ".join([f"*k{i - 1}"] * 9)) + "\n" for i in range(1, 10))
    assert "expand to more than 1000000 values" in str(refusal(first + "".join(lines)))


def test_an_error_without_a_position_is_reported_at_the_beginning(monkeypatch):
    import yaml

    def parse(text, loader):
        raise yaml.MarkedYAMLError

    monkeypatch.setattr(yaml, "parse", parse)
    assert str(refusal("a: 1")).startswith("config.yaml:1:1: this is not valid YAML; repair")


def test_it_works_without_the_c_parser(monkeypatch):
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert read(GOOSE).data["extensions"]["again"]["cmd"] == "npx"
    assert "U+0000 is not allowed" in str(refusal("a: \0"))
    assert "nested deeper" in str(refusal("[" * 10_000))


@pytest.mark.parametrize("value", [{"cmd": "x"}, MISSING])
def test_editing_is_refused_with_a_remedy(value):
    with pytest.raises(ConfigError, match=r"config.yaml: YAML can only be read; import it into an mcp.json with `mcp"):
        edited(GOOSE.encode(), [Edit(path=("extensions", "files"), value=value)], "config.yaml", "config.yaml")
