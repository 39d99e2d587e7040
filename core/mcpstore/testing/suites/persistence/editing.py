"""Checks of a persistence backend: edits, their conditions, and their failures."""

from __future__ import annotations

import asyncio
from typing import Any

from mcpstore.errors import ConfigConflict, ConfigError
from mcpstore.hooks import ANYTHING, MISSING
from mcpstore.testing._pytest import pytest
from mcpstore.testing.suites.base import PATIENCE, needs, ticking
from mcpstore.testing.suites.persistence.base import ENTRY, PersistenceChecks, put

__all__ = ["EditingChecks"]

TWO: dict[str, Any] = {"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}}, "other": {"kept": [1, 2]}}


class EditingChecks(PersistenceChecks):
    """Checks of editing."""

    async def test_an_edit_returns_the_new_content(self) -> None:
        content = await self.document().edit([put(("mcpServers", "a"), ENTRY)])
        assert content.data == {"mcpServers": {"a": ENTRY}}

    async def test_what_was_edited_is_read_by_the_same_document(self) -> None:
        document = self.document()
        await document.edit([put(("mcpServers", "a"), ENTRY)])
        assert (await document.read()).data == {"mcpServers": {"a": ENTRY}}

    async def test_objects_on_the_way_are_made(self) -> None:
        document = self.document()
        await document.edit([put(("a", "b", "c"), 1)])
        assert (await document.read()).data == {"a": {"b": {"c": 1}}}

    async def test_a_value_is_replaced(self) -> None:
        document = await self.holding(TWO)
        content = await document.edit([put(("mcpServers", "a", "command"), "z")])
        assert content.data["mcpServers"]["a"] == {"command": "z"}

    async def test_everything_else_is_left_alone(self) -> None:
        document = await self.holding({**TWO, "an unknown key": {"deep": [{"x": 0.5}]}})
        content = await document.edit([put(("mcpServers", "a", "args"), ["1"])])
        assert content.data == {
            "mcpServers": {"a": {"command": "x", "args": ["1"]}, "b": {"command": "y"}},
            "other": {"kept": [1, 2]},
            "an unknown key": {"deep": [{"x": 0.5}]},
        }

    @needs("order")
    async def test_an_edit_leaves_the_order_of_keys_alone(self) -> None:
        document = await self.holding({"z": 1, "m": 2, "a": 3})
        content = await document.edit([put(("m",), 9), put(("new",), 4)])
        assert list(content.data) == ["z", "m", "a", "new"]

    async def test_a_key_is_removed(self) -> None:
        document = await self.holding(TWO)
        content = await document.edit([put(("mcpServers", "a"), MISSING)])
        assert content.data == {"mcpServers": {"b": {"command": "y"}}, "other": {"kept": [1, 2]}}

    async def test_removing_what_is_not_there_changes_nothing(self) -> None:
        document = await self.holding(TWO)
        content = await document.edit([put(("mcpServers", "c"), MISSING)])
        assert content.data == TWO

    @needs("arrays")
    async def test_an_item_of_an_array_is_replaced(self) -> None:
        document = await self.holding({"a": {"args": ["1", "2", "3"]}})
        content = await document.edit([put(("a", "args", 1), "two")])
        assert content.data == {"a": {"args": ["1", "two", "3"]}}

    async def test_several_edits_build_on_each_other(self) -> None:
        document = self.document()
        content = await document.edit(
            [put(("a",), {}), put(("a", "b"), 1), put(("a", "c"), 2), put(("a", "b"), MISSING)]
        )
        assert content.data == {"a": {"c": 2}}

    async def test_no_edits_change_nothing(self) -> None:
        document = await self.holding(TWO)
        assert (await document.edit([])).data == TWO

    async def test_a_value_that_was_put_in_may_be_changed_afterwards(self) -> None:
        document, value = self.document(), {"args": ["x"]}
        await document.edit([put(("a",), value)])
        value["args"].append("y")
        assert (await document.read()).data == {"a": {"args": ["x"]}}

    # --- conditions --------------------------------------------------------------------------------------------

    async def test_a_condition_that_holds_is_no_obstacle(self) -> None:
        document = await self.holding(TWO)
        content = await document.edit(
            [
                put(("mcpServers", "a"), ENTRY, expect={"command": "x"}),
                put(("mcpServers", "c"), ENTRY, expect=MISSING),
                put(("mcpServers", "b"), ENTRY, expect=ANYTHING),
            ]
        )
        assert content.data["mcpServers"] == {"a": ENTRY, "b": ENTRY, "c": ENTRY}

    @pytest.mark.parametrize("expected", [MISSING, {"command": "other"}, {}, "x"])
    async def test_a_condition_that_does_not_hold_is_a_conflict_that_names_the_service(self, expected: object) -> None:
        document = await self.holding(TWO)
        with pytest.raises(ConfigConflict) as caught:
            await document.edit([put(("mcpServers", "a"), ENTRY, expect=expected, entry="a")])
        assert caught.value.entry == "a"

    async def test_expecting_something_where_nothing_is_is_a_conflict(self) -> None:
        document = await self.holding(TWO)
        with pytest.raises(ConfigConflict):
            await document.edit([put(("mcpServers", "c"), ENTRY, expect={"command": "x"}, entry="c")])

    async def test_true_is_not_one(self) -> None:
        document = await self.holding({"a": True})
        with pytest.raises(ConfigConflict):
            await document.edit([put(("a",), 2, expect=1, entry="x")])

    @needs("null")
    async def test_null_is_not_nothing(self) -> None:
        document = await self.holding({"a": None})
        with pytest.raises(ConfigConflict):
            await document.edit([put(("a",), 2, expect=MISSING, entry="x")])
        assert (await document.edit([put(("a",), 2, expect=None)])).data == {"a": 2}

    async def test_one_conflict_refuses_all_edits(self) -> None:
        document = await self.holding(TWO)
        with pytest.raises(ConfigConflict):
            await document.edit(
                [
                    put(("mcpServers", "new"), ENTRY),
                    put(("mcpServers", "a"), ENTRY, expect=MISSING, entry="a"),
                    put(("other",), MISSING),
                ]
            )
        assert (await document.read()).data == TWO

    async def test_a_conflict_is_no_reason_to_fail_the_next_edit(self) -> None:
        document = await self.holding(TWO)
        with pytest.raises(ConfigConflict):
            await document.edit([put(("mcpServers", "a"), ENTRY, expect=MISSING, entry="a")])
        assert (await document.edit([put(("mcpServers", "a"), ENTRY)])).data["mcpServers"]["a"] == ENTRY

    # --- failures ----------------------------------------------------------------------------------------------

    async def test_a_path_through_something_that_is_no_object_is_refused_and_changes_nothing(self) -> None:
        document = await self.holding(TWO)
        with pytest.raises(ConfigError):
            await document.edit([put(("other", "kept", "x", "y"), 1), put(("fine",), 1)])
        assert (await document.read()).data == TWO

    @needs("failures")
    async def test_a_failed_write_raises_and_changes_nothing(self) -> None:
        document = await self.holding(TWO)
        async with self.failing(self.location()):
            with pytest.raises(ConfigError) as caught:
                await document.edit([put(("mcpServers", "a"), ENTRY)])
        assert str(caught.value).strip()
        assert (await self.document().read()).data == TWO

    @needs("failures")
    async def test_after_a_failure_it_can_be_written_again(self) -> None:
        document = await self.holding(TWO)
        async with self.failing(self.location()):
            with pytest.raises(ConfigError):
                await document.edit([put(("mcpServers", "a"), ENTRY)])
        assert (await document.edit([put(("mcpServers", "a"), ENTRY)])).data["mcpServers"]["a"] == ENTRY

    async def test_a_cancelled_edit_takes_place_as_a_whole_or_not_at_all(self) -> None:
        document = await self.holding({"n": 0, "m": 0})
        for n in range(1, 20):
            editing = asyncio.create_task(document.edit([put(("n",), n), put(("m",), n)]))
            await asyncio.sleep(0.0002 * n)
            editing.cancel()
            await asyncio.wait([editing], timeout=PATIENCE)
            data = (await document.read()).data
            assert data["n"] == data["m"]
        assert (await document.edit([put(("n",), "end")])).data["n"] == "end"

    async def test_the_event_loop_goes_on_while_much_is_written(self) -> None:
        servers = {f"server-{n}": ENTRY for n in range(300)}
        document = await self.holding({"mcpServers": servers})
        async with ticking() as ticks:
            for n in range(10):
                await document.edit([put(("mcpServers", f"server-{n}", "args"), [str(n)])])
        took = ticks[-1] - ticks[0]
        assert took < 0.1 or len(ticks) > 5, "the event loop was blocked; use async calls, or asyncio.to_thread"
