"""Results are read as objects and as mappings, lists of them as sequences and by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import attrs
import pytest

from mcpstore.models.record import NamedList, Record, plain


class Colour(Enum):
    RED = "red"


@attrs.frozen(kw_only=True)
class Thing(Record):
    name: str
    size: int = 0
    parts: Any = ()


@attrs.frozen(kw_only=True)
class Labelled(Record):
    name: str
    hidden: str = "hidden"

    SHOWN = ("name", "label")

    @property
    def label(self) -> str:
        return f"<{self.name}>"


A, B, TWIN = Thing(name="a", size=1), Thing(name="b", size=2), Thing(name="a", size=3)


def test_a_record_is_read_as_an_object_and_as_a_mapping():
    assert A.size == A["size"] == A.get("size") == 1
    assert isinstance(A, Mapping)
    assert dict(A) == {"name": "a", "size": 1, "parts": ()}
    assert list(A.keys()) == ["name", "size", "parts"]
    assert len(A) == 3
    assert {**A}["name"] == "a"


def test_a_record_has_its_fields_and_nothing_else():
    assert "size" in A
    assert "to_dict" not in A
    assert A.get("to_dict", "default") == "default"
    with pytest.raises(KeyError, match="colour"):
        A["colour"]


def test_a_record_without_fields_is_true():
    @attrs.frozen
    class Empty(Record):
        pass

    assert len(Empty()) == 0
    assert Empty()


def test_a_record_may_show_other_attributes_than_its_fields():
    labelled = Labelled(name="x")

    assert dict(labelled) == {"name": "x", "label": "<x>"}
    assert labelled.to_dict() == {"name": "x", "label": "<x>"}
    assert "hidden" not in labelled


def test_records_with_the_same_content_are_equal():
    assert Thing(name="a", size=1) == A
    assert A != B
    assert hash(Thing(name="a", size=1)) == hash(A)


def test_a_record_as_a_dictionary_is_json():
    thing = Thing(
        name="a", parts=[B, {"when": datetime.fromisoformat("2025-01-02T03:04:05.678901"), 7: Colour.RED}, (None, 1.5)]
    )

    data = json.loads(json.dumps(thing.to_dict()))

    assert data["parts"][0] == {"name": "b", "size": 2, "parts": []}
    assert data["parts"][1]["7"] == "red"
    assert data["parts"][1]["when"].startswith("2025-01-02T03:04:05.678")
    assert data["parts"][2] == [None, 1.5]


def test_plain_leaves_plain_values_alone():
    assert plain("text") == "text"
    assert plain(b"raw") == b"raw"
    assert plain(True) is True


def test_named_items_are_a_sequence():
    things = NamedList([A, B])

    assert isinstance(things, Sequence)
    assert list(things) == [A, B]
    assert things[0] is A
    assert things[-1] is B
    assert len(things) == 2
    assert things.index(B) == 1
    assert list(reversed(things)) == [B, A]


def test_named_items_can_be_read_by_name():
    things = NamedList([A, B])

    assert things["b"] is B
    assert things.get("b") is B
    assert things.get("c") is None
    assert things.get("c", A) is A
    assert things.names() == ["a", "b"]
    assert things.items() == [("a", A), ("b", B)]
    with pytest.raises(KeyError, match="c"):
        things["c"]


def test_both_names_and_items_are_in_the_list():
    things = NamedList([A, B])

    assert "a" in things
    assert "c" not in things
    assert A in things
    assert TWIN not in things


def test_the_first_of_two_items_with_one_name_is_returned():
    things = NamedList([A, TWIN])

    assert things["a"] is A
    assert list(things) == [A, TWIN]


def test_a_slice_of_named_items_has_names_too():
    assert NamedList([A, B])[1:] == NamedList([B])
    assert NamedList([A, B])[1:]["b"] is B


def test_named_items_are_compared_by_content():
    assert NamedList([A]) == NamedList([A])
    assert NamedList([A]) != NamedList([B])
    assert NamedList([A]) != [A]
    assert hash(NamedList([A])) == hash(NamedList([A]))
    assert not NamedList()


def test_the_repr_of_named_items_shows_their_content():
    assert repr(NamedList([A])) == "NamedList([Thing(name='a', size=1, parts=())])"
    assert NamedList([A]).to_list() == [{"name": "a", "size": 1, "parts": []}]
