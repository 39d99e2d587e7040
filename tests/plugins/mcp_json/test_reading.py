"""Reading hand-written JSON, and errors for invalid JSON."""

from __future__ import annotations

import contextlib
import json

import pytest

from mcpstore.errors import ConfigSyntaxError
from mcpstore_plugins.mcp_json.content import content_of, revision_of

SERVERS = {"mcpServers": {"files": {"command": "npx", "args": ["-y", "pkg"]}}}
STRICT = json.dumps(SERVERS, indent=2)


def read(raw: bytes | str, name: str = "mcp.json"):
    return content_of(raw.encode() if isinstance(raw, str) else raw, name, name)


def refusal(raw: bytes | str, name: str = "mcp.json") -> ConfigSyntaxError:
    with pytest.raises(ConfigSyntaxError) as caught:
        read(raw, name)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        STRICT,
        "\ufeff" + STRICT,
        STRICT.replace("\n", "\r\n"),
        STRICT.replace("  ", "\t"),
        STRICT + "\n\n",
        "// note\n" + STRICT,
        STRICT + " // note",
        STRICT + "/* note */",
        STRICT.replace('"npx",', '"npx", /* a, "b" */ // c {'),
        STRICT.replace('"pkg"', '"pkg",'),
        STRICT.replace('"pkg"', '"pkg" // ]\n,\n/* } */ '),
        STRICT.replace("}", ",}"),
    ],
)
def test_common_extensions_of_json_are_read(text):
    content = read(text)
    assert content.data == SERVERS
    assert content.problems == ()
    assert content.format == "json"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_determines_the_encoding(codec):
    assert read('{"é": "Ω😀"}'.encode(codec)).data == {"é": "Ω😀"}


@pytest.mark.parametrize("raw", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"// nothing yet\n", b"/* a */ /* b */"])
def test_an_empty_file_is_an_empty_document(raw):
    content = read(raw)
    assert content.data == {}
    assert content.problems == ()
    assert content.locate(("a",)) is None


def test_comment_marks_and_commas_inside_strings_are_text():
    data = {"url": "https://x//y", "glob": "/*", "end": "*/", "list": ",]", "escaped": '\\",}//'}
    assert read(json.dumps(data)[:-1] + ",}").data == data


def test_a_second_document_is_reported_with_its_line_and_not_read():
    content = read('{"a": 1}\n// and\n{"b": 2}\n')
    assert content.data == {"a": 1}
    (problem,) = content.problems
    assert problem.where == "mcp.json:3:1"
    assert "after the end of the document" in problem.what
    assert problem.remedy


def test_a_duplicate_name_is_reported_with_both_lines_and_the_last_one_counts():
    content = read('{\n  "a": 1,\n  "b": {"c": 1, "c": 2},\n  "\\u0061": 3\n}')
    assert content.data == {"a": 3, "b": {"c": 2}}
    inner, outer = content.problems
    assert inner.where == "mcp.json:3:17"
    assert "'c' is duplicate, on line 3 and on line 3" in inner.what
    assert outer.where == "mcp.json:4:3"
    assert "'a' is duplicate, on line 2 and on line 4" in outer.what
    assert content.locate(("a",)) == (4, 13)


def test_nan_and_infinity_are_read_and_reported():
    content = read('{"a": [NaN, -Infinity, -1, "NaN"],\n "b": Infinity}')
    assert content.data["a"][1:] == [float("-inf"), -1, "NaN"]
    assert [problem.where for problem in content.problems] == ["mcp.json:1:8", "mcp.json:1:13", "mcp.json:2:7"]
    assert "Infinity is not a JSON number" in content.problems[2].what


def test_a_lone_surrogate_is_read_and_reported_and_a_pair_is_a_character():
    content = read('{"a": "\\ud83d\\ude00", "b": "x\\ud83d"}')
    assert content.data == {"a": "😀", "b": "x\ud83d"}
    (problem,) = content.problems
    assert problem.where == "mcp.json:1:28"


def test_only_the_first_twenty_warnings_are_listed_one_by_one():
    text = "{" + ",\n".join(f'"k{i % 1000}": {i}' for i in range(50_000)) + "}"
    problems = read(text).problems
    assert len(problems) == 21
    assert problems[-1].what == "48980 more warnings of this kind"
    assert problems[0].where == "mcp.json:1001:1"


def test_warnings_of_every_kind_are_limited():
    problems = read('{"a": [' + "NaN, " * 50 + "1]}").problems
    assert len(problems) == 21
    assert problems[-1].what == "30 more warnings of this kind"


@pytest.mark.parametrize(
    ("text", "line", "column", "what", "remedy"),
    [
        (
            '{\n  "a": 1\n  "b": 2\n}',
            3,
            3,
            "expected a comma or the closing bracket, found '\"'",
            "add the missing comma",
        ),
        ('{"a": [1, 2', 1, 12, "found the end of the file", "a program may still be writing it"),
        ("{\r\n 'a': 1}", 2, 2, "expected a name in double quotes", "use double quotes"),
        ("{a: 1}", 1, 2, "expected a name in double quotes, found 'a'", "put the name into double quotes"),
        ('{"a": True}', 1, 7, "expected a value", "write true"),
        ('{"a": /* x */ None}', 1, 15, "expected a value", "write null"),
        ('{\n<<<<<<< HEAD\n"a": 1}', 2, 1, "expected a name", "finish the merge"),
        ('# x\n{"a": 1}', 1, 1, "expected a value, found '#'", "begin comments with //"),
        ("\0\0\0", 1, 1, "U+0000", "restore the file from a backup"),
        ('{\xa0"a": 1}', 1, 2, "U+00A0 (NO-BREAK SPACE)", "an ordinary space"),
        ("{“a”: 1}", 1, 2, "found '“'", "straight double quotes"),
        ('{"a": "x\n}', 1, 9, "is not closed on its line", "close it"),
        ('{"a": "x', 1, 7, "is not closed", "close it"),
        ('{"a": "C:\\Users"}', 1, 10, "escape sequence does not exist", "backslash"),
        ('{"a": "\\u12"}', 1, 9, "four hexadecimal digits", "backslash"),
        ('{"a" 1}', 1, 6, "expected a colon after the name", "repair the file by hand"),
        ('{"a": 1 b}', 1, 9, "expected a comma or the closing bracket, found 'b'", "missing quote or bracket"),
        ('{"a": 1,,}', 1, 9, "expected a name in double quotes, found ,", "repair"),
        ("{,}", 1, 2, "expected a name in double quotes, found ,", "repair"),
        ('{"a":,}', 1, 6, "expected a value, found ,", "repair"),
        ('{"a": 1 /* x', 1, 9, "this comment is not closed", "close it with */"),
        ("[1]", 1, 1, "expected an object, found an array", "begin the file with {"),
        ('// x\n"a"', 2, 1, "expected an object, found a single value", "begin the file with {"),
        ('{"a": ' + "1" * 5000 + "}", 1, 7, "more than 4300 digits", "put it into quotes"),
    ],
)
def test_invalid_json_is_refused_with_position_and_remedy(text, line, column, what, remedy):
    error = refusal(text)
    assert (error.line, error.column) == (line, column)
    assert what in str(error)
    assert remedy in str(error).partition("; ")[2]
    assert str(error).startswith(f"mcp.json:{line}:{column}: ")


def test_undecodable_bytes_are_refused_with_their_position():
    error = refusal(b'{"\xc3\xa9":\n"\xc3\xa9\xff"}')
    assert (error.line, error.column) == (2, 3)
    assert "byte 0xff is not UTF-8; save the file as UTF-8" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' + "[" * 10_000 + "]" * 10_000 + "}",
        '{"a":' + "[" * 250 + "]" * 250 + "}",
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "[" * 10_000,
        '{"a":' + "[" * 10_000 + "// x\n",
    ],
)
def test_too_deep_nesting_is_refused_with_its_position(text):
    error = refusal(text)
    assert "nested deeper than 200 levels" in str(error)
    assert error.column in {201, 205, 1001}


def test_a_recursion_error_of_the_parser_is_reported_as_too_deep_nesting(monkeypatch):
    from mcpstore_plugins.mcp_json import json_format

    monkeypatch.setattr(json_format, "add_warnings", lambda *_: None)
    assert "nested deeper than 200 levels" in str(refusal("[" * 100_000))


def test_two_hundred_levels_are_accepted():
    text = '{"a":' + "[" * 199 + "]" * 199 + "}"
    assert read(text).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "{" + " " * 300_000 + ",}",
        '{"a": "' + "\\n" * 300_000 + '"}',
        '{"a": [' + "1, " * 300_000 + "1,]} // x",
        '{"a": 1' + "/" * 300_000,
        '{"a": 1 ' + "/* *" * 300_000,
        "{" + '"' * 300_000,
        "{" + "\\" * 300_000,
    ],
)
def test_any_text_is_read_in_linear_time(text):
    # a quadratic algorithm would take minutes here and exceed the timeout of the test
    with contextlib.suppress(ConfigSyntaxError):
        read(text)


def test_values_are_found_by_line_and_column():
    content = read('// x\n{\r\n  "mcpServers": {\n    "é": {"args": ["😀", "b"]}\n  }\n}')
    assert content.locate(()) == (2, 1)
    assert content.locate(("mcpServers",)) == (3, 17)
    assert content.locate(("mcpServers", "é")) == (4, 10)
    assert content.locate(("mcpServers", "é", "args", 1)) == (4, 25)
    assert content.locate(("mcpServers", "é", "args", 2)) is None
    assert content.locate(("mcpServers", "é", "args", 0, "x")) is None
    assert content.locate(("nothing",)) is None


def test_ten_thousand_servers_are_located_one_by_one():
    text = json.dumps({"mcpServers": {f"s{i}": {"command": "x"} for i in range(10_000)}}, indent=1)
    content = read(text)
    lines = [content.locate(("mcpServers", f"s{i}", "command")) for i in range(10_000)]
    assert lines == [(4 + 3 * i, 15) for i in range(10_000)]


def test_the_revision_changes_with_every_byte():
    assert revision_of(None) == ""
    assert len({revision_of(raw) for raw in (None, b"", b"{}", b"{} ")}) == 4
    assert read("{}").revision == revision_of(b"{}")


@pytest.mark.parametrize(
    ("name", "text", "format_"),
    [
        ("x.json", "{}", "json"),
        ("x.JSONC", "{}", "json"),
        (".mcp", "// a\n{}", "json"),
        ("noname", "", "json"),
        ("noname", "/* a */ {}", "json"),
        ("noname", "[mcp_servers.a]\ncommand = 'x'\n", "toml"),
        ("x.toml", "", "toml"),
        ("noname", "extensions:\n  a: 1\n", "yaml"),
        ("noname", "# note\na: 1\n", "yaml"),
        ("x.yml", "", "yaml"),
        ("x.yaml", "{}", "yaml"),
    ],
)
def test_the_format_is_inferred_from_the_name_or_else_from_the_text(name, text, format_):
    assert read(text, name).format == format_


def test_unparsable_text_in_a_file_of_unknown_format_is_reported_as_invalid_json():
    assert "expected a value" in str(refusal("hello", "noname"))
