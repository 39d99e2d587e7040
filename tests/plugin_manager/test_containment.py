"""Limits of hooks in the event loop and checks of their answers: each violation is contained and recorded."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from mcpstore.hooks import AlertRule, CallRequest, Refusal, hookimpl
from mcpstore.models.record import NamedList
from mcpstore.plugin_manager import PluginManager, PluginStatus, loaded_plugin

from .conftest import by_name

CALL = CallRequest(service="a", tool="t", arguments={})


def loaded(**objects):
    manager = PluginManager(entry_points=list, plugins=objects)
    manager.discover()
    return manager


class Listener:
    def __init__(self):
        self.heard = []

    @hookimpl
    async def mcpstore_tools_changed(self, service):
        self.heard.append(service)


async def tell(manager, times=1):
    for _ in range(times):
        manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
    await manager.flush()


async def test_an_async_hook_that_blocks_the_event_loop_is_muted_with_a_remedy(monkeypatch):
    class Blocking:
        @hookimpl
        async def mcpstore_tools_changed(self):
            clock[0] += 1.0

    clock = [0.0]
    loop = asyncio.get_running_loop()
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + clock[0])
    good = Listener()
    manager = loaded(blocking=Blocking(), good=good)
    await tell(manager)
    info = by_name(manager)["blocking"]
    assert "mcpstore_tools_changed kept the event loop for 1.0" in info.error
    assert "make it a plain function" in info.error
    await tell(manager, loaded_plugin.MUTE_AFTER)
    assert by_name(manager)["blocking"].status is PluginStatus.MUTED
    assert len(good.heard) == loaded_plugin.MUTE_AFTER + 1
    await manager.close()


async def test_a_hook_that_waits_long_without_blocking_is_no_failure():
    gate = asyncio.Event()

    class Patient:
        @hookimpl
        async def mcpstore_tools_changed(self):
            await gate.wait()

    manager = loaded(patient=Patient())
    manager.notify("mcpstore_tools_changed", service="a", tools=NamedList())
    await asyncio.sleep(0)
    gate.set()
    await manager.flush()
    assert by_name(manager)["patient"].failures == 0
    await manager.close()


async def test_tasks_left_by_a_plugin_are_cancelled_when_the_store_closes():
    tasks = []

    class Leaking:
        @hookimpl
        async def mcpstore_tools_changed(self):
            tasks.append(asyncio.create_task(asyncio.Event().wait()))

    manager = loaded(leaking=Leaking())
    ours = asyncio.create_task(asyncio.Event().wait())
    await tell(manager, 3)
    assert not any(task.done() for task in tasks)
    await manager.close()
    assert [task.cancelled() for task in tasks] == [True] * 3
    assert not ours.done()
    assert by_name(manager)["leaking"].error == "left 3 of its tasks running; they were cancelled"
    ours.cancel()


async def test_a_plugin_that_starts_tasks_without_end_is_muted(monkeypatch):
    monkeypatch.setattr(loaded_plugin, "MAX_TASKS", 2)

    class Leaking:
        @hookimpl
        async def mcpstore_tools_changed(self):
            self.last = asyncio.create_task(asyncio.Event().wait())

    manager = loaded(leaking=Leaking())
    await tell(manager, 20)
    info = by_name(manager)["leaking"]
    assert info.status is PluginStatus.MUTED
    assert info.error == "mcpstore_tools_changed leaves tasks behind: 7 of them are running"
    await manager.close()


async def test_a_task_that_ignores_cancellation_does_not_prevent_the_close(monkeypatch):
    monkeypatch.setattr(loaded_plugin, "TASK_CANCEL_TIMEOUT", 0.05)
    release = asyncio.Event()

    async def stubborn():
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    class Leaking:
        @hookimpl
        async def mcpstore_tools_changed(self):
            self.task = asyncio.create_task(stubborn())

    plugin = Leaking()
    manager = loaded(leaking=plugin)
    await tell(manager)
    with anyio.fail_after(10):
        await manager.close()
    release.set()
    await plugin.task


@pytest.mark.parametrize(
    ("hook", "arguments", "answer", "info"),
    [
        ("mcpstore_authorize_call", {"call": CALL}, False, "must return Refusal or None (got bool)"),
        ("mcpstore_choose_recovery", {"incident": None}, 5, "must return Retry, Reregister, GiveUp or None (got int)"),
        ("mcpstore_expand_variable", {"name": "A", "service": "a"}, 5, "must return str or None (got int)"),
    ],
)
async def test_an_answer_of_a_wrong_type_is_ignored(hook, arguments, answer, info):
    class Bad:
        pass

    class Good:
        pass

    good = {"mcpstore_authorize_call": Refusal(why="no")}.get(hook)
    for kind, value in ((Bad, answer), (Good, good)):
        function = {
            "mcpstore_authorize_call": lambda self, call, value=value: value,
            "mcpstore_choose_recovery": lambda self, incident, value=value: value,
            "mcpstore_expand_variable": lambda self, name, service, value=value: value,
        }[hook]
        setattr(kind, hook, hookimpl(function))
    manager = loaded(bad=Bad(), good=Good())
    assert await manager.decide(hook, **arguments) == good
    assert by_name(manager)["bad"].error == f"{hook} {info}"
    await manager.close()


@pytest.mark.parametrize("how", ["async def", "generator"])
def test_an_async_offer_is_refused(how):
    class Bad:
        if how == "generator":

            @hookimpl
            async def mcpstore_transports(self):
                yield 1
        else:

            @hookimpl
            async def mcpstore_transports(self):
                return []

    info = by_name(loaded(bad=Bad()))["bad"]
    assert info.status is PluginStatus.BROKEN
    assert "mcpstore_transports must be a plain function" in info.error


async def test_faults_of_a_plugin_are_recorded_and_bounded():
    class Moody:
        @hookimpl
        async def mcpstore_service_removed(self, name):
            raise RuntimeError(name)

    manager = loaded(moody=Moody())
    for number in range(loaded_plugin.MUTE_AFTER):
        manager.notify("mcpstore_service_removed", name=str(number))
    await manager.flush()
    info = by_name(manager)["moody"]
    assert info.history[0].startswith("was imported in ")
    assert info.history[-2:] == ("mcpstore_service_removed raised RuntimeError: 4", "was muted")
    assert (info.calls, info.failures) == (5, 5)
    assert len(info.history) <= loaded_plugin.MAX_HISTORY
    await manager.close()


async def test_a_fault_of_an_offer_is_counted_for_its_plugin_and_mutes_none(caplog):
    class Offering:
        @hookimpl
        def mcpstore_alert_rules(self):
            yield AlertRule("odd", lambda _m: True)

    manager = loaded(offering=Offering(), other=Listener())
    for _ in range(loaded_plugin.MUTE_AFTER + 1):
        manager.record_fault("alert rule", "odd", "kept the event loop for 1.00 s")
    info = by_name(manager)
    assert info["offering"].error == "alert rule 'odd' kept the event loop for 1.00 s"
    assert (info["offering"].failures, info["offering"].status) == (loaded_plugin.MUTE_AFTER + 1, PluginStatus.ACTIVE)
    assert (info["other"].failures, info["other"].error) == (0, None)
    assert caplog.text.count("kept the event loop") == 1
    await manager.close()
