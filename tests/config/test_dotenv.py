"""`.env` files as clients write them."""

from __future__ import annotations

import pytest

from mcpstore.config.dotenv import parse_dotenv


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("", {}),
        ("A=1\nB = 2 \r\n\tC=3", {"A": "1", "B": "2", "C": "3"}),
        ("export A=1\nexport  B='2'", {"A": "1", "B": "2"}),
        ("# A=1\n  # B=2\nC=3 # a comment\nD=#4\nE=a#b", {"C": "3", "D": "", "E": "a#b"}),
        ("A=\nB=''\nC=\"\"", {"A": "", "B": "", "C": ""}),
        ("A='x # y' # z", {"A": "x # y"}),
        (r"A='\n$B'", {"A": r"\n$B"}),
        (r'A="a\nb\t\"c\" \\ \$d \q"', {"A": 'a\nb\t"c" \\ $d \\q'}),
        ('KEY="-----BEGIN-----\nabc\n-----END-----"\nB=1', {"KEY": "-----BEGIN-----\nabc\n-----END-----", "B": "1"}),
        ("A=it's", {"A": "it's"}),
        ("A='open", {"A": "'open"}),
        ("nonsense\n=1\n1A=2\nA B=3\nA.B-C=4", {"A.B-C": "4"}),
        ("A=1\nA=2", {"A": "2"}),
        ("\ufeffA=1", {"A": "1"}),
        ("A=${B}$(rm)`x`", {"A": "${B}$(rm)`x`"}),
        ("A=b=c", {"A": "b=c"}),
    ],
)
def test_variables_are_read(text, variables):
    assert parse_dotenv(text) == variables
