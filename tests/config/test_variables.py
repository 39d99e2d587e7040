"""The forms of variables in texts."""

from __future__ import annotations

import pytest

from mcpstore.config.variables import Reference, substitute

VALUES = {
    ("env", "A"): "1",
    ("env", "B"): "two",
    ("env", "E"): "${A}",
    ("input", "my-key"): "asked",
    ("known", "workspaceFolder"): "/w",
    ("known", "/"): "/",
    ("file", "./f.txt"): "content",
    ("foreign", "config:python.path"): "py",
}


def resolve(reference: Reference) -> str | None:
    value = VALUES.get((reference.kind, reference.name))
    if value is None and reference.default is not None:
        return substitute(reference.default, resolve)
    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("${A}", "1"),
        ("a${A}b${B}c", "a1btwoc"),
        ("${env:A}{env:B}", "1two"),
        ("${A:-x}${C:-x}${env:C:-y}{env:C:-z}", "1xyz"),
        ("${C:-${B}}", "two"),
        ("${C:-${D:-{env:A}}}", "1"),
        ("${C:-}", ""),
        ("${C:-a}b}", "ab}"),
        ('${C:-{"k": 1}}', '{"k": 1}'),
        ("${E}", "${A}"),
        ("${input:my-key}", "asked"),
        ("${workspaceFolder}${/}x ${workspaceFolder:other}", "/w/x /w"),
        ("{file:./f.txt}", "content"),
        ("${{ secrets.A }}${{secrets.B}}", "1two"),
        ("${config:python.path}", "py"),
        ("$${A} $$A $A", "${A} $$A $A"),
    ],
)
def test_variables_are_replaced_by_their_values(text, expected):
    assert substitute(text, resolve) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$A",
        "$(cat x)",
        "`x`",
        "${",
        "${A",
        "{env:A",
        "x}y{",
        "${1}",
        "${#A}",
        "${A%.*}",
        "${A[0]}",
        "${A:0:2}",
        "${A:?no}",
        "${input:}",
        "${command:=y}",
        "${MY-VAR}",
        "${蓝湖}",
        "${}",
        "{env:}",
        "${{ github.token }}",
        "{env:secrets.A}",
        "${unknown:x}",
        "%A%",
        "{A}",
        '{"a": {"b": 1}}',
        "${missing}",
    ],
)
def test_every_other_form_is_not_changed(text):
    assert substitute(text, resolve) == text


def test_an_unclosed_brace_does_not_hide_what_follows():
    assert substitute("${A ${B}", resolve) == "${A two"


def test_a_default_that_looks_like_an_editor_variable_is_a_default():
    assert substitute("${config:-x}", lambda reference: reference.default) == "x"


def test_long_texts_take_linear_time():
    assert substitute("${" * 100_000, resolve) == "${" * 100_000
