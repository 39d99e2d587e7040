"""The screen of `mcpstore top`, and its keys."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import DataTable, Input, Static

from mcpstore.cli.top.app import Top
from mcpstore.errors import ServiceNotFound

from .conftest import NOW, FakeSource

SIZE = (160, 40)


def rows(app: Top) -> list[list[str]]:
    table = app.query_one(DataTable)
    return [[str(cell) for cell in table.get_row_at(number)] for number in range(table.row_count)]


def names(app: Top) -> list[str]:
    return [row[0] for row in rows(app)]


def shown(app: Top, where: str) -> str:
    return str(app.query_one(where, Static).content)


async def test_every_service_has_a_row_with_its_figures(source, top):
    source.add("a", durations=[[NOW - 30, 0.1], [NOW, 0.4]])
    source.alerts = ["service b is down"]
    source.add("b", connection_state="disconnected", run_status="error", p95=None, error_rate=None, memory_bytes=None)
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        first, second = rows(pilot.app)
        assert first[:2] == ["a", "healthy"]
        assert first[3:] == ["4.2 ms", "100 %", "2.0", "42 ms", "0 %", "1.5 %", "50 MiB", "▃█"]
        assert second[:2] == ["b", "disconnected"]
        assert shown(pilot.app, "#header").startswith("1 of 2 running  1 in error  1 alert  4.0 calls/s")


async def test_only_changed_cells_are_redrawn(source, top, monkeypatch):
    source.add("a")
    source.add("b")
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        drawn: list[Any] = []
        table = pilot.app.query_one(DataTable)
        monkeypatch.setattr(table, "update_cell", lambda *cell: drawn.append(cell[:2]))
        await pilot.app.update_services()
        assert drawn == []
        source.services["b"]["throughput"] = 3.0
        await pilot.app.update_services()
        assert drawn == [("b", "CALLS/S")]


async def test_added_and_removed_services_appear_and_disappear(source, top):
    for name in "abc":
        source.add(name)
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        assert names(pilot.app) == ["a", "b", "c"]
        await pilot.press("down", "down")
        del source.services["b"]
        source.add("d")
        await pilot.app.update_services()
        assert names(pilot.app) == ["a", "c", "d"]
        await pilot.pause()
        assert "c is well" in shown(pilot.app, "#details")


async def test_the_details_of_the_selected_service_include_its_last_stderr_lines(source, top):
    source.add("a")
    source.add("b")
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        await pilot.press("down")
        await pilot.app.workers.wait_for_complete()
        text = shown(pilot.app, "#details")
        for words in ("b is well", "9 of 9 checks", "→ leave b alone", "greet, add", "says"):
            assert words in text
        assert "\x1b" not in text


async def test_tools_are_listed_again_only_when_they_may_have_changed(source, top):
    source.add("a")
    async with top().run_test(size=SIZE) as pilot:
        for count in (2, 2, 3):
            source.services["a"]["tool_count"] = count
            await pilot.app.update_services()
            await pilot.app.workers.wait_for_complete()
        assert [verb for verb, _ in source.asked].count("tools") == 2


async def test_the_filter_matches_names_states_and_transports(source, top):
    source.add("github")
    source.add("gitlab", connection_state="warning")
    source.add("time", transport="streamable_http")
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        await pilot.press("slash", *"git warn")
        assert names(pilot.app) == ["gitlab"]
        assert "1 shown" in shown(pilot.app, "#header")
        await pilot.press("enter", "r")
        assert ("restart", {"name": "gitlab"}) in source.asked
        await pilot.press("escape")
        assert names(pilot.app) == ["github", "gitlab", "time"]
        await pilot.press("slash", *"http")
        assert names(pilot.app) == ["time"]


async def test_letters_typed_into_the_filter_are_not_commands(source, top):
    source.add("a")
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        await pilot.press("slash", *"rsxcq")
        assert pilot.app.query_one(Input).value == "rsxcq"
        assert not [verb for verb, _ in source.asked if verb in ("restart", "start", "stop", "check")]


@pytest.mark.parametrize(
    ("key", "verb", "arguments", "answer", "words"),
    [
        ("r", "restart", {"name": "a"}, True, "a is running"),
        ("s", "start", {"name": "a"}, False, "a could not be started"),
        ("x", "stop", {"name": "a"}, True, "a is stopped"),
        ("c", "check", {"names": ["a"]}, [{"healthy": False}], "a is not healthy"),
        ("r", "restart", {"name": "a"}, ServiceNotFound("a", []), "no service is called 'a'"),
    ],
)
async def test_a_key_performs_its_action_and_shows_the_outcome(source, top, key, verb, arguments, answer, words):
    source.add("a")
    source.done = answer
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        await pilot.press(key)
        await pilot.app.workers.wait_for_complete()
        assert (verb, arguments) in source.asked
        assert any(words in note.message for note in pilot.app._notifications)


async def test_the_screen_refreshes_while_an_action_runs(source, top):
    source.add("a")
    source.gate.clear()
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        await pilot.press("r")
        source.services["a"]["throughput"] = 7.0
        await pilot.app.update_services()
        assert rows(pilot.app)[0][5] == "7.0"
        source.gate.set()
        await pilot.app.workers.wait_for_complete()


async def test_a_lost_manager_is_shown_and_the_last_figures_stay_until_it_is_back(source, top):
    source.add("a")
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        source.is_there = False
        await pilot.app.update_services()
        assert "the manager has exited; retrying" in shown(pilot.app, "#error")
        assert pilot.app.query_one("#error").display
        assert names(pilot.app) == ["a"]
        source.is_there = True
        source.add("b")
        await pilot.app.update_services()
        assert not pilot.app.query_one("#error").display
        assert names(pilot.app) == ["a", "b"]


async def test_without_services_no_action_is_performed(source, top):
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        await pilot.press("r", "x", "c")
        assert {verb for verb, _ in source.asked} == {"overview"}


async def test_it_refreshes_periodically_with_one_request_at_a_time(source):
    import asyncio

    source.add("a")
    answered = asyncio.Event()
    ask = source.ask

    async def slow(verb: str, **arguments: Any) -> Any:
        if verb == "overview":
            await answered.wait()
        return await ask(verb, **arguments)

    source.ask = slow
    app = Top(source, interval=0.01)
    async with app.run_test(size=SIZE) as pilot:
        app._schedule_update()
        app._schedule_update()
        assert len([worker for worker in app.workers if worker.group == "update"]) == 1
        answered.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert names(app) == ["a"]


async def test_q_quits(source, top):
    app = top()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


async def test_a_hundred_services_are_refreshed_within_a_frame_or_two(source, top):
    import time

    for number in range(100):
        source.add(f"service-{number}")
    async with top().run_test(size=SIZE) as pilot:
        await pilot.app.update_services()
        took = []
        for round_ in range(5):
            for service in source.services.values():
                service["throughput"] = float(round_)
            began = time.process_time()
            await pilot.app.update_services()
            took.append(time.process_time() - began)
    assert min(took) < 0.5, FakeSource  # measured: 0.03 s
