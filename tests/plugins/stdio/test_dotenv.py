"""Env files."""

from __future__ import annotations

import pytest

from mcpstore_plugins.stdio.dotenv import parse


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("", {}),
        ("\n  \n# comment\n", {}),
        ("A=1\nB = two words \n", {"A": "1", "B": "two words"}),
        ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("export A=1\nexport\tB=2", {"A": "1", "B": "2"}),
        ("A=\nB= # nothing\nC=#hash", {"A": "", "B": "", "C": ""}),
        ("A=x#y # z", {"A": "x#y"}),
        ("A='a # \\n $B' # comment", {"A": "a # \\n $B"}),
        ('A="a\\n\\"b\\" \\\\ \\t \\x # "', {"A": 'a\n"b" \\ \t x # '}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=b=c", {"A": "b=c"}),
        ("A=${B}", {"A": "${B}"}),
        ("A=it's", {"A": "it's"}),
        ("a.b-c=1", {"a.b-c": "1"}),
    ],
)
def test_the_common_notations_are_read(text: str, variables: dict[str, str]):
    assert parse(text) == variables


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A=1\ns3cret", "line 2 is not NAME=value"),
        ("=s3cret", "line 1 is not NAME=value"),
        ("A='s3cret", "line 1 has an unfinished quotation"),
        ('A="s3cret\\"', "line 1 has an unfinished quotation"),
        ("A='s3' cret", "line 1 has an unfinished quotation"),
    ],
)
def test_anything_else_is_told_by_its_line_number_alone(text: str, told: str):
    with pytest.raises(ValueError, match=told) as caught:
        parse(text)
    assert str(caught.value) == told
