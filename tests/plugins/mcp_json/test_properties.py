"""An edit of any document, with any white space and comments, has its effect and keeps the rest."""

from __future__ import annotations

import copy
import json
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpstore.errors import ConfigSyntaxError
from mcpstore.hooks import MISSING, Edit
from mcpstore_plugins.mcp_json.content import content_of, edited

KEYS = st.sampled_from(["a", "b", "mcpServers", "x.y", "é", 'say "hi"', "//", "{", "", "\u2028", "a\\b"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False, width=16)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.sampled_from(["// no comment", "/* nor this */", ",]", ",}", '"', "\\"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
COMMENTS = st.sampled_from(["", " note", ' "quoted', " {", " }", " ],", " // twice", " * star", " #"])


@attrs.define
class Text:
    """A text under construction, and the position of each value in it."""

    draw: Any
    newline: str
    has_comments: bool
    text: str = ""
    spans: dict[tuple, tuple[int, int]] = attrs.Factory(dict)

    def space(self) -> None:
        kinds = ["", "", " ", "\t", self.newline, self.newline + "  "]
        if self.has_comments:
            kinds += ["//", "/*"]
        for _ in range(self.draw(st.integers(0, 3))):
            kind = self.draw(st.sampled_from(kinds))
            if kind == "//":
                self.text += f"//{self.draw(COMMENTS)}{self.newline}"
            elif kind == "/*":
                lines = self.draw(st.sampled_from(["", self.newline]))
                self.text += f"/*{self.draw(COMMENTS)}{lines}*/"
            else:
                self.text += kind

    def value(self, path: tuple, value: Any) -> None:
        start = len(self.text)
        if isinstance(value, dict | list):
            self.text += "{" if isinstance(value, dict) else "["
            items = list(value.items() if isinstance(value, dict) else enumerate(value))
            for position, (key, item) in enumerate(items):
                self.space()
                if isinstance(value, dict):
                    self.text += json.dumps(key, ensure_ascii=self.draw(st.booleans()))
                    self.space()
                    self.text += ":"
                    self.space()
                self.value((*path, key), item)
                self.space()
                if position < len(items) - 1 or (self.has_comments and self.draw(st.booleans())):
                    self.text += ","
            self.space()
            self.text += "}" if isinstance(value, dict) else "]"
        else:
            self.text += json.dumps(value, ensure_ascii=self.draw(st.booleans()))
        self.spans[path] = (start, len(self.text))


@st.composite
def documents(draw: Any) -> tuple[str, dict[str, Any], dict[tuple, tuple[int, int]]]:
    data = draw(st.dictionaries(KEYS, VALUES, max_size=4))
    text = Text(draw, draw(st.sampled_from(["\n", "\r\n"])), draw(st.booleans()))
    text.space()
    text.value((), data)
    text.space()
    return text.text, data, text.spans


def at(data: Any, path: tuple) -> Any:
    for key in path:
        data = data[key]
    return data


def changed(data: Any, path: tuple, value: Any) -> Any:
    """Return the expected data after an edit, by an independent and trivial model."""
    data = copy.deepcopy(data)
    holder = at(data, path[:-1])
    if value is MISSING:
        del holder[path[-1]]
    elif isinstance(holder, list) and path[-1] == len(holder):
        holder.append(value)
    else:
        holder[path[-1]] = value
    return data


def edit(text: str, path: tuple, value: Any) -> tuple[str, Any]:
    raw, content = edited(text.encode(), [Edit(path=path, value=value)], "f.json", "f.json")
    assert raw is not None
    return raw.decode(), content.data


def survivors(spans: dict[tuple, tuple[int, int]], holder: tuple, gone: tuple | None) -> list[tuple[int, int]]:
    """Return the spans of the members of a value, in order, without the removed one."""
    return sorted(span for path, span in spans.items() if path[:-1] == holder and path and path != gone)


@settings(max_examples=100, deadline=None)
@given(documents())
def test_a_document_is_read_back_as_its_source_data_and_every_value_is_located(document):
    text, data, spans = document
    content = content_of(text.encode(), "f.json", "f.json")
    assert content.data == data
    assert content.problems == ()
    for path, (start, _) in spans.items():
        lines = text[:start].split("\n")
        assert content.locate(path) == (len(lines), len(lines[-1]) + 1)


@settings(max_examples=100, deadline=None)
@given(documents(), VALUES, st.data())
def test_replacing_a_value_changes_only_its_own_bytes(document, value, data):
    text, before, spans = document
    paths = sorted((path for path in spans if path), key=repr)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    after, read = edit(text, path, value)
    assert read == changed(before, path, value)
    start, end = spans[path]
    assert after.startswith(text[:start])
    assert after.endswith(text[end:])


@settings(max_examples=100, deadline=None)
@given(documents(), VALUES, st.data())
def test_adding_a_value_keeps_all_other_bytes_and_removing_it_restores_the_text(document, value, data):
    text, before, spans = document
    holders = sorted((path for path in spans if isinstance(at(before, path), dict | list)), key=repr)
    holder = data.draw(st.sampled_from(holders))
    inside = at(before, holder)
    path = (*holder, "a new one" if isinstance(inside, dict) else len(inside))
    after, read = edit(text, path, value)
    assert read == changed(before, path, value)
    start, end = spans[holder]
    assert after.startswith(text[:start])
    assert after.endswith(text[end:])
    rest = after[start:]
    for first, last in survivors(spans, holder, None):
        assert text[first:last] in rest
        rest = rest.partition(text[first:last])[2]
    # an empty object with white space cannot be distinguished from one that was opened for the item
    if inside:
        assert edit(after, path, MISSING)[0] == text


@settings(max_examples=100, deadline=None)
@given(documents(), st.data())
def test_removing_a_member_removes_only_it_and_its_comma(document, data):
    text, before, spans = document
    paths = sorted((path for path in spans if path), key=repr)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    after, read = edit(text, path, MISSING)
    assert read == changed(before, path, MISSING)
    start, end = spans[path[:-1]]
    assert after.startswith(text[:start])
    assert after.endswith(text[end:])
    rest = after[start:]
    for first, last in survivors(spans, path[:-1], path):
        assert text[first:last] in rest
        rest = rest.partition(text[first:last])[2]


@settings(max_examples=150, deadline=None)
@given(documents(), st.lists(st.tuples(KEYS, st.just(MISSING) | VALUES), max_size=6))
def test_many_edits_at_once_equal_the_same_edits_in_sequence(document, wishes):
    text, data, _ = document
    edits = [Edit(path=(key,), value=value) for key, value in wishes]
    raw, content = edited(text.encode(), edits, "f.json", "f.json")
    is_needed = False
    for key, value in wishes:
        before = copy.deepcopy(data)
        if value is MISSING:
            data.pop(key, None)
        else:
            data[key] = value
        is_needed |= json.dumps(data, sort_keys=True) != json.dumps(before, sort_keys=True)
    assert content.data == data
    assert is_needed or raw == text.encode()
    single = text.encode()
    for one in edits:
        single = edited(single, [one], "f.json", "f.json")[0]
    assert content_of(single, "f.json", "f.json").data == data


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=40) | st.text(st.sampled_from('{}[]",:/*\\ \n\tatrue1e-.\ufeff'), max_size=30).map(str.encode)
)
def test_any_bytes_are_read_or_refused_with_line_and_column(raw):
    for name in ("f.json", "f.toml", "f.yaml", "f"):
        refused = None
        try:
            assert isinstance(content_of(raw, name, name).data, dict)
        except ConfigSyntaxError as error:
            refused = error
        if refused is not None:
            assert min(refused.line, refused.column) >= 1
            assert str(refused).startswith(f"{name}:{refused.line}:{refused.column}: ")
