"""The generated reference prints signatures and defaults as they are written in code."""

from __future__ import annotations

import inspect
import re
import sys
from enum import Enum
from pathlib import Path

import attrs
import pytest
from pydantic import BaseModel

from mcpstore import AsyncMCPStore
from mcpstore.models.timing import DEFAULT_TIMING, Timing

DOCS = Path(__file__).parents[2] / "docs"
PYTHON = (DOCS / "reference/python.md").read_text("utf-8")
SETTINGS = (DOCS / "reference/settings.md").read_text("utf-8")


class Color(Enum):
    RED = "red"


@attrs.frozen
class Limits:
    """Two limits."""

    low: int = 1
    name: str = ""
    tags: tuple[str, ...] = ()


@pytest.fixture
def reference(monkeypatch):
    """The generators of the reference."""
    monkeypatch.syspath_prepend(str(DOCS))
    from _reference import records, settings, signatures

    yield attrs.make_class("Reference", ["records", "settings", "signatures"])(records, settings, signatures)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("_reference", "_lifecycle")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("", "''"), ("*", "'*'"), (1.0, "1.0"), (None, "None"), ((), "()"), (Color.RED, "Color.RED"),
        (Limits(), "Limits()"), (Limits(low=2), "Limits(…)"), (DEFAULT_TIMING, "Timing()"),
    ],
)  # fmt: skip
def test_a_default_is_printed_as_code(reference, value, literal):
    assert reference.signatures.literal(value) == literal


def test_a_signature_keeps_its_quotes_markers_and_short_types(reference):
    def verb(self, name: str, /, rule: str = "*", *items: int, at: Color = Color.RED, **more: object) -> None: ...

    assert reference.signatures.signature("verb", verb) == (
        "verb(name: str, /, rule: str = '*', *items: int, at: Color = Color.RED, **more: object) -> None"
    )


def test_keyword_only_parameters_follow_a_star(reference):
    def verb(self, *, comment: str = "", silent=False) -> None: ...

    assert reference.signatures.signature("verb", verb) == "verb(*, comment: str = '', silent=False) -> None"


def test_a_long_signature_has_one_parameter_a_line(reference):
    def verb(self, first: int, second: int = 2) -> str: ...

    assert reference.signatures.signature("verb", verb, width=20) == (
        "verb(\n    first: int,\n    second: int = 2,\n) -> str"
    )


def test_defaults_of_a_record_are_printed_as_code(reference):
    rows = list(reference.records.record(Limits))

    assert "| `low` | `int` | `1` |  |" in rows
    assert "| `name` | `str` | `''` |  |" in rows
    assert "| `tags` | `tuple[str, ...]` | `()` |  |" in rows


def test_defaults_of_settings_are_printed_as_json(reference):
    class Model(BaseModel):
        """A model."""

        text: str = "warn"
        empty: str = ""
        flag: bool = True
        names: tuple[str, ...] = ()
        level: Color = Color.RED
        anything: str | None = None
        needed: int

    rows = [line.split(" | ")[1] for line in reference.settings._model(Model) if line.startswith("| `")]

    assert rows == ['`"warn"`', '`""`', "`true`", "`[]`", '`"red"`', "*unset*", "required"]


def test_no_default_of_the_python_page_is_empty():
    assert not re.findall(r"= *[,)\n]", "\n".join(re.findall(r"^```text\n(.*?)```", PYTHON, re.MULTILINE | re.DOTALL)))
    assert "comment: str = ''" in PYTHON


def test_the_signature_of_the_store_has_every_parameter_and_timing_as_one():
    printed = PYTHON.partition("MCPStore(\n")[2].partition("\n)")[0]

    assert re.findall(r"^    (\w+):", printed, re.MULTILINE) == list(inspect.signature(AsyncMCPStore).parameters)
    assert "    timing: Timing = Timing(),\n" in printed
    assert "check_interval" not in printed
    assert "(settings.md#timing)" in PYTHON


def test_the_settings_list_every_duration_with_its_default():
    section = SETTINGS.partition("## Timing\n")[2]
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", section, re.MULTILINE)

    assert rows == [(field.name, str(getattr(DEFAULT_TIMING, field.name))) for field in attrs.fields(Timing)]
