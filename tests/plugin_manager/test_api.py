"""Versions of the hook API: additions, the versions a plugin asks for, and deprecations."""

from __future__ import annotations

import inspect

import pytest

from mcpstore.hooks import API_VERSION, hookimpl, hookspec, specs
from mcpstore.plugin_manager import PluginManager, PluginStatus

from .conftest import GOOD, by_name


class Grown:
    """Hooks of a later version: one has got an argument, and there is a new one."""

    @hookspec
    def mcpstore_service_removed(self, name, reason): ...

    @hookspec
    def mcpstore_service_renamed(self, name): ...

    for _name, _spec in inspect.getmembers(specs, inspect.isfunction):
        if _name.startswith("mcpstore_") and _name != "mcpstore_service_removed":
            locals()[_name] = staticmethod(_spec)


class Old:
    def __init__(self):
        self.heard = []

    @hookimpl
    async def mcpstore_service_removed(self, name):
        self.heard.append(name)


async def test_a_new_hook_argument_breaks_no_plugin():
    old = Old()
    manager = PluginManager(entry_points=list, plugins={"old": old}, specifications=Grown)
    manager.discover()
    manager.notify("mcpstore_service_removed", name="a", reason="it is unused")
    await manager.flush()
    assert old.heard == ["a"]
    assert by_name(manager)["old"].status is PluginStatus.ACTIVE
    await manager.close()


@pytest.mark.parametrize("versions", [f">={API_VERSION}", f"~={API_VERSION}", ">=0.5,<2"])
def test_a_plugin_that_requires_this_version_is_used(shelf, load, versions):
    shelf.put("good", f"mcpstore_api = {versions!r}\n" + inspect.cleandoc(GOOD))
    info = by_name(load())["good"]
    assert (info.status, info.api) == (PluginStatus.ACTIVE, versions)


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        (">=2", f"plugin 'new' needs version >=2 of the hook API (got {API_VERSION}); upgrade the plugin or"),
        ("<1", "needs version <1 of the hook API"),
        ("latest", "has an invalid mcpstore_api (got 'latest'); use '>=1.0,<2'"),
        (1.0, "has an invalid mcpstore_api (got float); use a string such as '>=1.0,<2'"),
    ],
)
def test_a_plugin_that_requires_another_version_is_refused_with_a_reason(shelf, load, versions, message):
    shelf.put("new", f"mcpstore_api = {versions!r}\n" + inspect.cleandoc(GOOD))
    info = by_name(load())["new"]
    assert info.status is PluginStatus.BROKEN
    assert message in info.error


def test_deprecations_are_logged_with_the_name_of_the_plugin(shelf, load, caplog):
    shelf.put("good", GOOD)
    shelf.put("late", "@hookimpl\ndef mcpstore_state_changed(change): pass")
    deprecated = {
        "mcpstore_health_strategies": "use mcpstore_probes",
        "mcpstore_state_changed:change": "take what you need of it by name",
    }
    listed = by_name(load(deprecated=deprecated))
    assert listed["good"].warnings == ("mcpstore_health_strategies is deprecated; use mcpstore_probes",)
    assert listed["good"].status is PluginStatus.ACTIVE
    assert [record.getMessage() for record in caplog.records] == [
        "plugin 'good': mcpstore_health_strategies is deprecated; use mcpstore_probes",
        "plugin 'late': mcpstore_state_changed:change is deprecated; take what you need of it by name",
    ]
