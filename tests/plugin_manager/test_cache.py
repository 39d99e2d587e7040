"""Cached plugins are imported on demand, and not before."""

from __future__ import annotations

import asyncio
import json
import sys
import threading

import pytest

from mcpstore.errors import PluginConflict, UnknownPlugin
from mcpstore.models.record import NamedList
from mcpstore.plugin_manager import PluginCache, PluginManager, PluginStatus

from .conftest import GOOD, by_name

LISTENER = """
heard = []
@hookimpl
async def mcpstore_tools_changed(service):
    heard.append(service)
"""

HANDLER = """
from pydantic import BaseModel
class Settings(BaseModel): pass
async def send(alert, settings): pass
@hookimpl
def mcpstore_alert_handlers():
    yield AlertHandler(name="chat", config=Settings, send=send)
"""


@pytest.fixture
def restart(shelf, tmp_path):
    """Return a function that returns the manager of a restarted program."""

    def started(**options):
        for module in shelf.modules:
            sys.modules.pop(module, None)
        index = PluginCache(tmp_path / "cache" / "plugins.json")
        manager = PluginManager(entry_points=shelf.entry_points, cache=index, **options)
        manager.discover()
        return manager

    return started


def test_a_plugin_is_imported_at_the_first_start_and_later_only_on_demand(shelf, restart):
    shelf.put("good", GOOD)
    assert by_name(restart())["good"].status is PluginStatus.ACTIVE
    manager = restart()
    idle = by_name(manager)["good"]
    assert (idle.status, idle.offers) == (PluginStatus.IDLE, ("health strategy good",))
    assert "acme_good" not in sys.modules
    assert manager.get_offer("health strategy", "good").name == "good"
    assert by_name(manager)["good"].status is PluginStatus.ACTIVE


def test_load_imports_only_plugins_with_an_offer_of_the_kind(shelf, restart):
    shelf.put("good", GOOD)
    shelf.put("chat", HANDLER)
    shelf.put("ear", LISTENER)
    restart()
    manager = restart()
    manager.load("alert handler")
    status = {name: plugin.status for name, plugin in by_name(manager).items()}
    assert status == {"good": PluginStatus.IDLE, "chat": PluginStatus.ACTIVE, "ear": PluginStatus.IDLE}
    assert "acme_chat" in sys.modules
    assert sys.modules.keys().isdisjoint({"acme_good", "acme_ear"})
    manager.load()
    assert {plugin.status for plugin in by_name(manager).values()} == {PluginStatus.ACTIVE}


async def test_the_event_loop_runs_while_a_plugin_is_imported(shelf, restart, monkeypatch):
    monkeypatch.setitem(sys.modules, "acme_gate", threading.Event())
    sys.modules["acme_gate"].set()
    shelf.put("good", "\nimport sys\nassert sys.modules['acme_gate'].wait(10)" + GOOD.replace("\n    ", "\n"))
    restart()
    manager = restart()
    sys.modules["acme_gate"].clear()
    asyncio.get_running_loop().call_soon(sys.modules["acme_gate"].set)
    assert (await manager.get_offer_async("health strategy", "good")).name == "good"


async def test_a_listener_is_imported_at_its_first_event(shelf, restart):
    shelf.put("ear", LISTENER)
    restart()
    manager = restart()
    assert manager.has_hook("mcpstore_tools_changed")
    assert "acme_ear" not in sys.modules
    for name in "ab":
        manager.notify("mcpstore_tools_changed", service=name, tools=NamedList())
    await manager.flush()
    assert sys.modules["acme_ear"].heard == ["a", "b"]
    await manager.close()


def test_a_plugin_that_changed_is_imported_again(shelf, restart):
    shelf.put("good", GOOD)
    restart()
    file = shelf.folder / "acme_good.py"
    file.write_text(file.read_text().replace('"good"', '"better"'))
    manager = restart()
    assert by_name(manager)["good"].offers == ("health strategy better",)


def test_an_editable_plugin_is_imported_each_time(shelf, restart):
    shelf.put("good", GOOD)
    (shelf.folder / "acme_good-1.0.dist-info" / "direct_url.json").write_text(
        '{"dir_info": {"editable": true}, "url": "file:///"}'
    )
    restart()
    assert by_name(restart())["good"].status is PluginStatus.ACTIVE


def test_a_name_is_unknown_only_after_every_plugin_was_imported(shelf, restart):
    shelf.put("moody", "import os\nif 'MORE' in os.environ:\n" + "\n".join(f"    {x}" for x in _lines(GOOD)))
    restart()
    manager = restart()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MORE", "1")
        assert manager.get_offer("health strategy", "good").name == "good"
    assert by_name(restart())["moody"].offers == ("health strategy good",)


def test_a_plugin_that_breaks_after_it_was_cached_is_reported_when_it_is_needed(shelf, restart, monkeypatch):
    shelf.put("frail", "import os\nassert 'BROKEN' not in os.environ, 'not today'\n" + "\n".join(_lines(GOOD)))
    restart()
    manager = restart()
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(UnknownPlugin):
        manager.get_offer("health strategy", "good")
    assert "not today" in by_name(manager)["frail"].error
    assert by_name(restart())["frail"].status is PluginStatus.BROKEN


def test_conflicts_are_detected_without_an_import(shelf, restart):
    shelf.put("a", GOOD)
    restart()
    shelf.put("b", GOOD)
    for _ in range(2):
        manager = restart()
        with pytest.raises(PluginConflict, match="is offered as health strategy more than once"):
            manager.get_offer("health strategy", "good")


def test_broken_plugins_are_not_cached(shelf, restart):
    shelf.put("bad", "raise SystemExit(4)")
    restart()
    assert by_name(restart())["bad"].error == "raised SystemExit: 4"


@pytest.mark.parametrize("text", ["", "{half", "[]", '{"acme-good 1.0: good = acme_good": 5}'])
def test_an_unreadable_cache_costs_only_time(shelf, restart, tmp_path, text):
    shelf.put("good", GOOD)
    restart()
    (tmp_path / "cache" / "plugins.json").write_text(text)
    assert by_name(restart())["good"].status is PluginStatus.ACTIVE


def test_an_unwritable_cache_costs_only_time(shelf, restart, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    shelf.put("good", GOOD)
    assert by_name(restart())["good"].status is PluginStatus.ACTIVE


def test_uninstalled_plugins_are_finally_removed_from_the_cache(shelf, restart, tmp_path, monkeypatch):
    monkeypatch.setattr("mcpstore.plugin_manager.cache.MAX_PLUGINS", 1)
    shelf.put("good", GOOD)
    restart()
    kept = tmp_path / "cache" / "plugins.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "gone 1.0: gone = gone": {}}))
    shelf.put("ear", LISTENER)
    restart()
    assert len(json.loads(kept.read_text())) == 2
    assert "gone" not in kept.read_text()


def _lines(source):
    return [line.removeprefix("    ") for line in source.splitlines()]
