"""Edits like those by hand: for each promise a text, the path of an edit, its value, and the text after it."""

from __future__ import annotations

from textwrap import dedent

from mcpstore.hooks.persistence import MISSING

NEW = {"command": "npx", "args": ["-y", "pkg"], "env": {"A": "b"}}


def d(text: str) -> str:
    return dedent(text).lstrip("\n")


SPECIMENS = {
    "a new server goes behind the others, in the indentation of the file": (
        d("""
        {
            "$schema": "https://x//y",
            "mcpServers": {
                "a": {
                    "command": "x"
                }
            },
            "unknown": [1,  2 ]
        }
        """),
        ("mcpServers", "new"),
        NEW,
        d("""
        {
            "$schema": "https://x//y",
            "mcpServers": {
                "a": {
                    "command": "x"
                },
                "new": {
                    "command": "npx",
                    "args": ["-y", "pkg"],
                    "env": {
                        "A": "b"
                    }
                }
            },
            "unknown": [1,  2 ]
        }
        """),
    ),
    "tabs, comments and a trailing comma stay; the comment of the last line stays on it": (
        '{\n\t// servers\n\t"servers": {\n\t\t"a": {"command": "x"}, // mine\n\t},\n}',
        ("servers", "new"),
        {"url": "http://h"},
        '{\n\t// servers\n\t"servers": {\n\t\t"a": {"command": "x"}, // mine\n\t\t"new": {"url": "http://h"},\n\t},\n}',
    ),
    "a comma is put before the comment that stands behind the last one": (
        '{\n  "a": 1 // one\n  // "b": 2\n}\n',
        ("c",),
        3,
        '{\n  "a": 1, // one\n  "c": 3\n  // "b": 2\n}\n',
    ),
    "a block comment stays with the value before it": ('{"a": 1 /* one */}', ("b",), 2, '{"a": 1 /* one */, "b": 2}'),
    "CRLF stays CRLF": (
        '{\r\n  "mcpServers": {\r\n  }\r\n}\r\n',
        ("mcpServers", "new"),
        {"command": "x"},
        '{\r\n  "mcpServers": {\r\n    "new": {\r\n      "command": "x"\r\n    }\r\n  }\r\n}\r\n',
    ),
    "what stands on one line stays on one line": (
        '{"mcpServers": {"a": {"command": "x"}}}',
        ("mcpServers", "new"),
        NEW,
        '{"mcpServers": {"a": {"command": "x"}, "new": {"command": "npx", "args": ["-y", "pkg"], "env": {"A": "b"}}}}',
    ),
    "a minified file stays minified": (
        '{"mcpServers":{"a":{"command":"x"}}}',
        ("mcpServers", "new"),
        NEW,
        '{"mcpServers":{"a":{"command":"x"},"new":{"command":"npx","args":["-y","pkg"],"env":{"A":"b"}}}}',
    ),
    "spaces inside braces are kept up": (
        '{\n  "mcpServers": {\n    "a": { "command": "x" }\n  }\n}',
        ("mcpServers", "new"),
        {"command": "y", "args": []},
        '{\n  "mcpServers": {\n    "a": { "command": "x" },\n    "new": { "command": "y", "args": [] }\n  }\n}',
    ),
    "arrays spread over lines are kept up": (
        '{\n  "mcpServers": {\n    "a": {\n      "args": [\n        "x"\n      ]\n    }\n  }\n}',
        ("mcpServers", "new"),
        {"args": ["y", "z"]},
        d("""
        {
          "mcpServers": {
            "a": {
              "args": [
                "x"
              ]
            },
            "new": {
              "args": [
                "y",
                "z"
              ]
            }
          }
        }"""),
    ),
    "a long array is spread over lines": (
        '{\n  "a": 1\n}',
        ("b",),
        ["x" * 60, "y" * 60],
        '{\n  "a": 1,\n  "b": [\n    "' + "x" * 60 + '",\n    "' + "y" * 60 + '"\n  ]\n}',
    ),
    "an object too long for the line of its siblings is spread over lines": (
        '{\n  "a": {"b": 1}\n}',
        ("c",),
        {"d": "x" * 100},
        '{\n  "a": {"b": 1},\n  "c": {\n    "d": "' + "x" * 100 + '"\n  }\n}',
    ),
    "an empty file becomes one with two-space indentation": ("", ("a", "b"), 1, '{\n  "a": {\n    "b": 1\n  }\n}\n'),
    "a file of comments keeps them on top": ("// x", ("a",), 1, '// x\n{\n  "a": 1\n}\n'),
    "an empty object is opened": ("{}", ("a",), 1, '{\n  "a": 1\n}'),
    "an empty object keeps its comment": ("{ // none\n}\n", ("a",), 1, '{ // none\n  "a": 1\n}\n'),
    "an empty object on a line of others stays on it": ('{"a": {}, "b": 1}', ("a", "c"), 1, '{"a": {"c": 1}, "b": 1}'),
    "a comment in an empty object on one line stays": ('{"a": {/* n */}}', ("a", "b"), 1, '{"a": {/* n */ "b": 1}}'),
    "a missing section is made": (
        '{\n  "theme": "dark"\n}',
        ("mcpServers", "new", "env", "A"),
        "b",
        d("""
        {
          "theme": "dark",
          "mcpServers": {
            "new": {
              "env": {
                "A": "b"
              }
            }
          }
        }"""),
    ),
    "null where an object is wanted gives way to it": ('{"a": null}', ("a", "b"), 1, '{"a": {"b": 1}}'),
    "an array can be made, and begun": ('{"a": 1}', ("b", 0, "c"), 1, '{"a": 1, "b": [{"c": 1}]}'),
    "an array is appended to at its length": ('{"a": [1,2]}', ("a", 2), 3, '{"a": [1,2,3]}'),
    "an array on lines is appended to on a line": (
        '{\n  "a": [\n    1 // one\n  ]\n}',
        ("a", 1),
        {"b": 1},
        '{\n  "a": [\n    1, // one\n    {\n      "b": 1\n    }\n  ]\n}',
    ),
    "an item of an array is replaced": ('{"a": [1, /* two */ 2]}', ("a", 1), "b", '{"a": [1, /* two */ "b"]}'),
    "a value is replaced by one of another kind": (
        '{\n  "a": "x", // why\n  "b": 1\n}',
        ("a",),
        {"c": [1]},
        '{\n  "a": {\n    "c": [1]\n  }, // why\n  "b": 1\n}',
    ),
    "an object is replaced by a plain value": ('{"a": {"b": 1}, "c": 2}', ("a",), None, '{"a": null, "c": 2}'),
    "replacing an object leaves alone what stays the same in it": (
        d("""
        {
          "a": {
            // how
            "command": "x",   // old
            "args": [ "-y",  "pkg" ], "cwd": "/",
            "env": { "K": "v" } /* secret */
          }
        }
        """),
        ("a",),
        {"command": "z", "args": ["-y", "pkg", "more"], "env": {"K": "v"}, "disabled": True},
        d("""
        {
          "a": {
            // how
            "command": "z",   // old
            "args": [ "-y",  "pkg",  "more" ],
            "env": { "K": "v" }, /* secret */
            "disabled": true
          }
        }
        """),
    ),
    "an array that gets shorter loses its last items": ('{"a": [1, 2, 3]}', ("a",), [1], '{"a": [1]}'),
    "the whole document can be replaced": ('{"a": 1, "b": 2} // x', (), {"b": 3}, '{"b": 3} // x'),
    "characters are written as they are": ('{"a": 1}', ("é",), "Ω😀", '{"a": 1, "é": "Ω😀"}'),
    "a file that only uses escapes goes on doing so": (
        '{"a": "\\u00e9"}',
        ("b",),
        "Ω😀",
        '{"a": "\\u00e9", "b": "\\u03a9\\ud83d\\ude00"}',
    ),
    "half a character is written as the escape it is": ('{"a": "é"}', ("b",), "\udcff", '{"a": "é", "b": "\\udcff"}'),
    "a second document stays": ('{"a": 1} {"b": 2}\n', ("c",), 3, '{"a": 1, "c": 3} {"b": 2}\n'),
    "of two members with one name the one that counts is changed": (
        '{"a": 1, "a": 2}',
        ("a",),
        3,
        '{"a": 1, "a": 3}',
    ),
    "removing one takes its line, its comma and the comment behind it": (
        '{\n  "a": 1, // one\n  "b": 2, // two\n  "c": 3 // three\n}\n',
        ("b",),
        MISSING,
        '{\n  "a": 1, // one\n  "c": 3 // three\n}\n',
    ),
    "removing the last one takes the comma before it": (
        '{\n  "a": 1, // one\n  "b": 2 // two\n}\n',
        ("b",),
        MISSING,
        '{\n  "a": 1 // one\n}\n',
    ),
    "a trailing comma stays one": ('{\n  "a": 1,\n  "b": 2,\n}', ("b",), MISSING, '{\n  "a": 1,\n}'),
    "removing the first one": ('{"a": 1, "b": 2}', ("a",), MISSING, '{"b": 2}'),
    "removing the first one of a list on lines": ('{\n  "a": 1,\n\n  "b": 2\n}', ("a",), MISSING, '{\n  "b": 2\n}'),
    "removing the only one leaves an empty object": (
        '{\n  "a": {\n    "b": 1,\n  }\n}',
        ("a", "b"),
        MISSING,
        '{\n  "a": {}\n}',
    ),
    "comments on lines of their own stay, whatever they are about": (
        '{\n  // "old": {},\n  "a": 1,\n  // b is good\n  "b": 2\n  // end\n}',
        ("b",),
        MISSING,
        '{\n  // "old": {},\n  "a": 1\n  // b is good\n  // end\n}',
    ),
    "a comment above the first one stays": (
        '{ // all\n  "a": 1,\n  "b": 2\n}',
        ("a",),
        MISSING,
        '{ // all\n  "b": 2\n}',
    ),
    "a comment above the only one stays": ('{\n  // none\n  "a": 1\n}', ("a",), MISSING, "{\n  // none\n}"),
    "a comment never swallows what moves up to it": ('{"a": 1, // one\n"b": 2}', ("b",), MISSING, '{"a": 1 // one\n}'),
    "a comment that stays never swallows what follows it": ('{// x\n"a": 1}', ("a",), MISSING, "{// x\n}"),
    "one of several on a line": (
        '{\n  "a": 1, "b": 2, // ab\n  "c": 3\n}',
        ("b",),
        MISSING,
        '{\n  "a": 1, // ab\n  "c": 3\n}',
    ),
    "the first of several on a line": (
        '{\n  "a": 1, "b": 2,\n  "c": 3\n}',
        ("a",),
        MISSING,
        '{\n  "b": 2,\n  "c": 3\n}',
    ),
    "a line of its own moves to the next one": (
        '{\n  "a": 1,\n  "b": 2, "c": 3\n}',
        ("b",),
        MISSING,
        '{\n  "a": 1,\n  "c": 3\n}',
    ),
    "commas that begin lines": (
        '{\n  "a": 1\n  , "b": 2\n  , "c": 3\n}',
        ("b",),
        MISSING,
        '{\n  "a": 1\n  , "c": 3\n}',
    ),
    "an item of an array": ("{'a'}".replace("'a'", '"a": [1, 2, 3]'), ("a", 1), MISSING, '{"a": [1, 3]}'),
    "of two members with one name both go, or the other one would come back": (
        '{"a": 1, "b": 2, "a": 3}',
        ("a",),
        MISSING,
        '{"b": 2}',
    ),
}
