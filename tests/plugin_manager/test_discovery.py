"""Finding and loading plugins, and the traps on the way."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mcpstore.errors import PluginConflict, UnknownPlugin
from mcpstore.plugin_manager import PluginManager, PluginStatus, discovery
from mcpstore.plugin_manager.manager import BLOCK_VARIABLE

from .conftest import GOOD, by_name


def test_an_installed_plugin_is_found_with_its_version_and_its_offers(shelf, load):
    shelf.put("good", GOOD, version="2.5")
    info = by_name(load())["good"]
    assert (info.distribution, info.version, info.status) == ("acme-good", "2.5", PluginStatus.ACTIVE)
    assert info.hooks == ("mcpstore_health_strategies",)
    assert info.offers == ("health strategy good",)
    assert load().get_offer("health strategy", "good").name == "good"


def test_a_newly_installed_plugin_is_found_at_once(shelf, load):
    shelf.put("first", "")
    assert by_name(load()).keys() == {"first"}
    shelf.put("second", "")
    assert by_name(load()).keys() == {"first", "second"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import there_is_no_such_module", "ModuleNotFoundError: No module named 'there_is_no_such_module'"),
        ("assert False, 'not today'", "AssertionError: not today"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("raise ValueError('bad\\nluck')", "ValueError: bad"),
        (
            "@hookimpl\ndef mcpstore_colours(): pass",
            "plugin 'bad' implements the unknown hook 'mcpstore_colours'; known hooks of version 1.0: mcpstore_",
        ),
        (
            "@hookimpl\ndef mcpstore_servce_added(service): pass",
            (
                "plugin 'bad' implements the unknown hook 'mcpstore_servce_added'; "
                "did you mean mcpstore_service_added(service)?"
            ),
        ),
        (
            "@hookimpl(specname='mcpstore_tool_caled')\ndef called(call): pass",
            (
                "plugin 'bad' implements the unknown hook 'mcpstore_tool_caled'; "
                "did you mean mcpstore_tool_called(call)?"
            ),
        ),
        (
            "@hookimpl\ndef mcpstore_transports(colour): pass",
            ("plugin 'bad' implements 'mcpstore_transports' with the unknown argument 'colour'; known arguments: none"),
        ),
        (
            "@hookimpl\ndef mcpstore_tools_changed(servce, tools): pass",
            (
                "plugin 'bad' implements 'mcpstore_tools_changed' with the unknown argument 'servce'; "
                "did you mean 'service'? known arguments: service, tools"
            ),
        ),
        ("@hookimpl\ndef mcpstore_transports():\n    raise OSError('disk')", "OSError: disk"),
        ("@hookimpl\ndef mcpstore_transports():\n    yield 1", "must return Transport records (got int)"),
        (
            "@hookimpl\ndef mcpstore_transports():\n    yield Transport(name='', config=None, connect=None)",
            "must return records with a name (got '')",
        ),
        ("@hookimpl(wrapper=True)\ndef mcpstore_tool_called(call):\n    yield", "must not be a wrapper"),
    ],
)
def test_a_broken_plugin_affects_only_itself_and_is_reported_with_its_error(shelf, load, source, message):
    shelf.put("bad", source)
    shelf.put("good", GOOD)
    manager = load()
    bad = by_name(manager)["bad"]
    assert bad.status is PluginStatus.BROKEN
    assert message in bad.error
    assert (bad.hooks, bad.offers) == ((), ())
    assert manager.get_offer("health strategy", "good")


def test_a_hook_of_a_later_version_that_is_marked_as_optional_breaks_nothing(shelf, load):
    shelf.put("new", GOOD + "    @hookimpl(optionalhook=True)\n    def mcpstore_weather_changed(): pass\n")
    manager = load()
    assert by_name(manager)["new"].status is PluginStatus.ACTIVE
    assert manager.get_offer("health strategy", "good")


def test_a_generator_that_raises_while_yielding_loses_everything_it_offered(shelf, load):
    shelf.put("half", GOOD + "        raise RuntimeError('half way')\n")
    manager = load()
    assert "half way" in by_name(manager)["half"].error
    assert not manager.offers("health strategy")


def test_a_class_as_entry_point_is_reported_with_the_hint_to_create_an_instance(shelf, load):
    shelf.put("forgot", "class Plugin: pass", target="acme_forgot:Plugin")
    assert "got the class Plugin; add ()" in by_name(load())["forgot"].error


def test_a_hanging_import_is_abandoned(shelf, load, monkeypatch):
    monkeypatch.setattr("mcpstore.plugin_manager.manager.LOAD_LIMIT", 0.2)
    shelf.put("stuck", "import threading\nthreading.Event().wait()")
    shelf.put("good", GOOD)
    manager = load()
    assert by_name(manager)["stuck"].error == "took longer than 0.2 s"
    assert manager.get_offer("health strategy", "good")


def test_a_hanging_offer_is_abandoned(shelf, load, monkeypatch):
    monkeypatch.setattr("mcpstore.plugin_manager.manager.HOOK_LIMIT", 0.2)
    shelf.put("endless", "import threading\n@hookimpl\ndef mcpstore_transports():\n    threading.Event().wait()")
    assert by_name(load())["endless"].error == "took longer than 0.2 s"


@pytest.mark.parametrize("how", ["name", "distribution", "variable"])
def test_a_blocked_plugin_is_listed_but_never_imported(shelf, load, monkeypatch, how):
    shelf.put("loud", "raise SystemExit('imported')", dist="acme-loud")
    if how == "variable":
        monkeypatch.setenv(BLOCK_VARIABLE, "other, loud")
    block = {"name": ["loud"], "distribution": ["acme-loud"], "variable": []}[how]
    info = by_name(load(block=block))["loud"]
    assert (info.status, info.error) == (PluginStatus.BLOCKED, "blocked on request")
    assert "acme_loud" not in sys.modules


def test_a_star_blocks_every_third_party_plugin_and_no_bundled_one(shelf, load):
    shelf.put("third", GOOD)
    shelf.put("ours", "", dist="mcpstore-manager")
    listed = by_name(load(block=["*"]))
    assert listed["third"].status is PluginStatus.BLOCKED
    assert listed["ours"].status is PluginStatus.ACTIVE


def test_two_plugins_of_one_name_are_both_refused_even_if_they_are_not_adjacent(shelf, load):
    shelf.put("twin", GOOD, dist="acme-one")
    shelf.put("between", "", dist="acme-three")
    shelf.put("twin", GOOD, dist="acme-two", version="2.1")
    refused = [info for info in load().list() if info.name == "twin"]
    assert [info.status for info in refused] == [PluginStatus.CONFLICT] * 2
    assert all("acme-one 1.0, acme-two 2.1; block one with MCPSTORE_BLOCK_PLUGINS" in info.error for info in refused)


def test_two_plugins_that_offer_one_name_are_both_refused_and_distinguished(shelf, load):
    shelf.put("a", GOOD)
    shelf.put("b", GOOD, version="3.0")
    manager = load()
    message = r"'good' is offered as health strategy more than once: acme-a 1.0, acme-b 3.0"
    with pytest.raises(PluginConflict, match=message):
        manager.get_offer("health strategy", "good")
    assert "good" not in manager.offers("health strategy")
    assert load(block=["a"]).get_offer("health strategy", "good")


def test_a_third_party_plugin_cannot_take_the_name_of_a_bundled_offer(shelf):
    shelf.put("a", GOOD, dist="mcpstore-manager")
    shelf.put("b", GOOD)

    manager = PluginManager(entry_points=shelf.entry_points)
    manager.discover(bundled=True)
    assert manager.get_offer("health strategy", "good")
    manager.discover(bundled=False)
    with pytest.raises(PluginConflict):
        manager.get_offer("health strategy", "good")


def test_an_unknown_name_is_refused_with_the_known_ones(shelf, load):
    shelf.put("good", GOOD)
    with pytest.raises(UnknownPlugin, match="no health strategy has this name; known names: good"):
        load().get_offer("health strategy", "bad")


def test_the_same_distribution_twice_on_the_path_is_no_conflict(shelf):
    shelf.put("good", GOOD)
    candidates = discovery.find(lambda: shelf.entry_points() * 2)
    assert [(c.name, c.duplicates) for c in candidates] == [("good", ())]


def test_every_bundled_plugin_is_found_by_its_entry_point():
    code = (
        "from mcpstore.plugin_manager import PluginManager\n"
        "manager = PluginManager(block=['*']); manager.discover()\n"
        "for info in manager.list(): print(info.name, info.distribution, info.status, info.error)\n"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in listed.splitlines()} >= {
        "backoff", "call_tool", "list_tools", "mcp_json", "memory", "ping", "sse", "stdio", "streamable_http",
    }  # fmt: skip
    assert all(line.split()[1:] == ["mcpstore-manager", "active", "None"] for line in listed.splitlines())
