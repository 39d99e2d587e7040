"""Plugins that are called, and what they do wrong."""

from __future__ import annotations

import asyncio
import threading

import anyio
import pytest

from mcpstore.hooks import CallRequest, GiveUp, Refusal, Retry, hookimpl
from mcpstore.models.record import NamedList
from mcpstore.plugin_manager import PluginManager, PluginStatus
from mcpstore.plugin_manager.loaded_plugin import MUTE_AFTER

from .conftest import by_name

CALL = CallRequest(service="a", tool="t", arguments={})


@pytest.fixture
async def plugins():
    managers: list[PluginManager] = []

    def make(**objects):
        manager = PluginManager(entry_points=list, plugins=objects)
        manager.discover()
        managers.append(manager)
        return manager

    yield make
    for manager in managers:
        await manager.close()


class Listener:
    def __init__(self):
        self.heard = []

    @hookimpl
    def mcpstore_tools_changed(self, service):
        self.heard.append((service, threading.current_thread() is threading.main_thread()))


class AsyncListener(Listener):
    @hookimpl
    async def mcpstore_tools_changed(self, service):
        await asyncio.sleep(0)
        self.heard.append((service, threading.current_thread() is threading.main_thread()))


async def test_notices_reach_sync_hooks_in_a_thread_and_async_ones_in_the_loop(plugins):
    sync, asynchronous = Listener(), AsyncListener()
    manager = plugins(sync=sync, asynchronous=asynchronous)
    for name in "abc":
        manager.notify("mcpstore_tools_changed", service=name, tools=NamedList())
    await manager.flush()
    assert sync.heard == [("a", False), ("b", False), ("c", False)]
    assert asynchronous.heard == [("a", True), ("b", True), ("c", True)]


async def test_a_hook_that_raises_is_counted_and_the_others_still_run(plugins):
    class Bad:
        @hookimpl
        def mcpstore_tools_changed(self):
            raise SystemExit("pulled the plug")

    good = Listener()
    manager = plugins(bad=Bad(), good=good)
    manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
    await manager.flush()
    assert good.heard
    bad = by_name(manager)["bad"]
    assert (bad.failures, bad.error) == (1, "mcpstore_tools_changed raised SystemExit: pulled the plug")
    assert bad.status is PluginStatus.ACTIVE


async def test_a_plugin_that_keeps_failing_is_muted(plugins, caplog):
    calls = []

    class Bad:
        @hookimpl
        async def mcpstore_tools_changed(self):
            calls.append(1)
            raise TimeoutError("mine")

    manager = plugins(bad=Bad())
    for _ in range(MUTE_AFTER + 3):
        manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
        await manager.flush()
    assert len(calls) == MUTE_AFTER
    assert by_name(manager)["bad"].status is PluginStatus.MUTED
    assert [r.levelname for r in caplog.records] == ["WARNING", "WARNING"]


async def test_a_success_resets_the_failure_count(plugins):
    outcomes = iter([1, 1, 1, 1, 0] * 3)

    class Moody:
        @hookimpl
        async def mcpstore_tools_changed(self):
            if next(outcomes):
                raise RuntimeError

    manager = plugins(moody=Moody())
    for _ in range(15):
        manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
    await manager.flush()
    assert by_name(manager)["moody"].status is PluginStatus.ACTIVE
    assert by_name(manager)["moody"].failures == 12


async def test_a_sync_hook_that_never_returns_is_muted_and_stalls_no_other(plugins, monkeypatch):
    monkeypatch.setattr("mcpstore.plugin_manager.loaded_plugin.HOOK_LIMIT", 0.1)
    release = threading.Event()

    class Stuck:
        @hookimpl
        def mcpstore_tools_changed(self):
            release.wait(30)

    good = Listener()
    manager = plugins(stuck=Stuck(), good=good)
    with anyio.fail_after(10):
        manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
        await manager.flush()
    assert good.heard
    assert by_name(manager)["stuck"].status is PluginStatus.MUTED
    assert "took longer than 0.1 s" in by_name(manager)["stuck"].error
    release.set()


async def test_an_async_hook_that_never_returns_is_cancelled(plugins, monkeypatch):
    monkeypatch.setattr("mcpstore.plugin_manager.loaded_plugin.HOOK_LIMIT", 0.1)
    cancelled = []

    class Stuck:
        @hookimpl
        async def mcpstore_tools_changed(self):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(1)
                raise

    manager = plugins(stuck=Stuck())
    with anyio.fail_after(10):
        manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
        await manager.flush()
    assert by_name(manager)["stuck"].status is PluginStatus.ACTIVE
    assert by_name(manager)["stuck"].failures == 1
    await asyncio.sleep(0)
    assert cancelled


async def test_the_backlog_of_a_slow_plugin_is_bounded(plugins, monkeypatch):
    monkeypatch.setattr("mcpstore.concurrency.delivery_queue.MAX_BACKLOG", 3)
    gate, heard = asyncio.Event(), []

    class Slow:
        @hookimpl
        async def mcpstore_service_removed(self, name):
            await gate.wait()
            heard.append(name)

    manager = plugins(slow=Slow())
    manager.notify("mcpstore_service_removed", name="0")
    await asyncio.sleep(0)
    for name in "12345":
        manager.notify("mcpstore_service_removed", name=name)
    gate.set()
    await manager.flush()
    assert heard == ["0", "3", "4", "5"]
    assert by_name(manager)["slow"].failures == 2


async def test_the_first_answer_that_is_not_none_decides(plugins):
    asked = []

    def voter(name, answer):
        class Voter:
            @hookimpl
            def mcpstore_choose_recovery(self, incident):
                asked.append(name)
                if isinstance(answer, Exception):
                    raise answer
                return answer

        return Voter()

    manager = plugins(
        silent=voter("silent", None),
        broken=voter("broken", ValueError("no")),
        patient=voter("patient", Retry(after=9)),
        late=voter("late", GiveUp(why="never asked")),
    )
    assert await manager.decide("mcpstore_choose_recovery", incident=None) == Retry(after=9)
    assert asked == ["silent", "broken", "patient"]


async def test_a_decision_may_be_async(plugins):
    class Guard:
        @hookimpl
        async def mcpstore_authorize_call(self, call):
            return Refusal(why=f"not {call.tool}")

    assert await plugins(guard=Guard()).decide("mcpstore_authorize_call", call=CALL) == Refusal(why="not t")


async def test_no_plugin_is_called_for_an_unimplemented_hook(plugins):
    manager = plugins(listener=Listener())
    assert manager.has_hook("mcpstore_tools_changed")
    assert not manager.has_hook("mcpstore_authorize_call")
    assert await manager.decide("mcpstore_authorize_call", call=CALL) is None


async def test_time_spent_in_hooks_is_counted(plugins):
    class Sleepy:
        @hookimpl
        async def mcpstore_tools_changed(self):
            await asyncio.sleep(0.02)

    manager = plugins(sleepy=Sleepy())
    manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
    await manager.flush()
    assert by_name(manager)["sleepy"].time_spent > 0
