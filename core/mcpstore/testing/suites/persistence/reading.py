"""Checks of a persistence backend: claims and reads."""

from __future__ import annotations

from typing import Any

from mcpstore.errors import ConfigError, ConfigSyntaxError
from mcpstore.hooks import Content, PersistenceBackend
from mcpstore.testing._pytest import pytest
from mcpstore.testing.leftovers import nothing_left
from mcpstore.testing.suites.base import needs
from mcpstore.testing.suites.persistence.base import ENTRY, PersistenceChecks, put

__all__ = ["ReadingChecks"]

VALUES: dict[str, Any] = {
    "yes": True,
    "no": False,
    "zero": 0,
    "negative": -7,
    "fraction": 0.5,
    "big": 2**53,
    "text": "",
    "unicode": "é漢😀 \u2028 \x7f",
    "lines": "a\nb\r\nc\td",
    "quotes": "\"'\\",
    "array": [],
    "object": {},
    "nested": {"a": [{"b": [1, [2, [3]]]}]},
    "looks like true": "true",
    "looks like a number": "007",
}
KEYS = ("", " ", "a.b", "a/b", "../x", "é漢😀", "a\nb", '"', "null", "0", "mcpServers ", "x" * 300)


class ReadingChecks(PersistenceChecks):
    """Checks of reading."""

    def test_it_is_offered_by_name(self) -> None:
        backend = self.backend
        assert isinstance(backend, PersistenceBackend)
        assert callable(backend.claims)
        assert callable(backend.open)

    def test_it_claims_its_own_locations(self) -> None:
        assert self.backend.claims(self.location()) is True

    def test_it_claims_no_others(self) -> None:
        claimed = [location for location in self.foreign if self.backend.claims(location)]
        assert claimed == []

    async def test_opening_touches_nothing(self) -> None:
        async with nothing_left():
            before = sorted(self.folder.rglob("*"))
            self.document()
            assert sorted(self.folder.rglob("*")) == before

    async def test_nothing_is_read_as_an_empty_document(self) -> None:
        content = await self.document().read()
        assert isinstance(content, Content)
        assert dict(content.data) == {}
        assert content.problems == ()

    async def test_reading_writes_nothing(self) -> None:
        before = sorted(self.folder.rglob("*"))
        await self.document().read()
        assert sorted(self.folder.rglob("*")) == before

    async def test_it_tells_where_it_is_kept(self) -> None:
        assert self.document().location.strip()

    @needs("secrets")
    async def test_the_location_of_a_document_shows_no_secret(self) -> None:
        document = self.backend.open(self.secret_location("s3cret-canary"))
        assert "s3cret-canary" not in document.location
        assert "s3cret-canary" not in repr(document)

    @pytest.mark.parametrize("name", list(VALUES))
    async def test_every_kind_of_value_is_read_as_it_was_written(self, name: str) -> None:
        document = await self.holding({"mcpServers": {"a": {"x": VALUES[name]}}})
        value = (await document.read()).data["mcpServers"]["a"]["x"]
        assert value == VALUES[name]
        assert type(value) is type(VALUES[name])

    @needs("null")
    async def test_null_is_read_as_null(self) -> None:
        document = await self.holding({"mcpServers": {"a": {"x": None, "y": [None]}}})
        assert (await document.read()).data["mcpServers"]["a"] == {"x": None, "y": [None]}

    @pytest.mark.parametrize("key", KEYS)
    async def test_every_key_is_read_as_it_was_written(self, key: str) -> None:
        document = await self.holding({"mcpServers": {key: ENTRY, "other": ENTRY}})
        assert (await document.read()).data == {"mcpServers": {key: ENTRY, "other": ENTRY}}

    @needs("order")
    async def test_the_order_of_keys_is_kept(self) -> None:
        names = [f"server-{n * 7 % 20}" for n in range(20)]
        document = await self.holding({"mcpServers": dict.fromkeys(names, ENTRY)})
        assert list((await document.read()).data["mcpServers"]) == names

    async def test_a_big_document_is_read_as_it_was_written(self) -> None:
        servers = {f"server-{n}": {"command": "x" * 100, "args": ["y"] * 5} for n in range(1000)}
        document = await self.holding({"mcpServers": servers})
        assert (await document.read()).data == {"mcpServers": servers}

    async def test_what_was_read_can_be_changed_without_changing_what_is_kept(self) -> None:
        document = await self.holding({"mcpServers": {"a": {"args": ["x"]}}})
        data: Any = (await document.read()).data
        data["mcpServers"]["a"]["args"].append("y")
        assert (await document.read()).data == {"mcpServers": {"a": {"args": ["x"]}}}

    async def test_the_revision_changes_with_the_content_and_only_then(self) -> None:
        document = await self.holding({"a": 1})
        first, again = await document.read(), await document.read()
        assert first.revision == again.revision
        changed = await document.edit([put(("a",), 2)])
        assert changed.revision != first.revision
        assert (await document.read()).revision == changed.revision

    async def test_a_place_in_the_text_is_a_line_and_a_column_or_unknown(self) -> None:
        content = await (await self.holding({"mcpServers": {"a": ENTRY}})).read()
        place = content.locate(("mcpServers", "a"))
        assert place is None or min(place) >= 1

    # --- what cannot be read -----------------------------------------------------------------------------------

    @needs("syntax")
    async def test_a_syntax_error_names_the_location(self) -> None:
        await self.holding({"a": 1})
        await self.corrupt(self.location())
        with pytest.raises(ConfigSyntaxError) as caught:
            await self.document().read()
        assert caught.value.where
        assert caught.value.line >= 1
        assert caught.value.column >= 1

    @needs("syntax")
    async def test_what_cannot_be_understood_is_not_overwritten(self) -> None:
        document = await self.holding({"a": 1})
        await self.corrupt(self.location())
        with pytest.raises(ConfigError):
            await document.edit([put(("b",), 2)])
        with pytest.raises(ConfigSyntaxError):
            await self.document().read()

    async def test_using_it_leaves_nothing(self) -> None:
        await self.holding({"a": 1})
        async with nothing_left():
            document = self.document()
            for n in range(5):
                await document.edit([put(("a",), n)])
                await document.read()
            del document
