"""Every hook, used as its specification says."""

from __future__ import annotations

import inspect

import pytest
from pydantic import BaseModel

from mcpstore import AsyncMCPStore, hooks
from mcpstore.hooks import API_VERSION, AlertLevel, StateChange, ToolCall, hookimpl, specs
from mcpstore.models.alert import Alert
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceSnapshot
from mcpstore.plugin_manager import PluginManager
from mcpstore.plugin_manager.kinds import DECISIONS, PLUGIN_KINDS
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

NOTICES = {
    "mcpstore_store_started": {"store": AsyncMCPStore},
    "mcpstore_store_stopped": {"store": AsyncMCPStore},
    "mcpstore_service_added": {"service": ServiceSnapshot},
    "mcpstore_service_updated": {"service": ServiceSnapshot},
    "mcpstore_service_removed": {"name": str},
    "mcpstore_state_changed": {"change": StateChange},
    "mcpstore_tools_changed": {"service": str, "tools": NamedList},
    "mcpstore_tool_called": {"call": ToolCall},
    "mcpstore_alert_fired": {"alert": Alert},
    "mcpstore_alert_resolved": {"alert": Alert},
}


class Nothing(BaseModel):
    pass


def act(*_):
    raise AssertionError


OFFERS = {
    "mcpstore_transports": hooks.Transport(name="x", config=Nothing, connect=act),
    "mcpstore_health_strategies": hooks.HealthStrategy(name="x", config=Nothing, probe=act),
    "mcpstore_alert_handlers": hooks.AlertHandler(name="x", config=Nothing, send=act),
    "mcpstore_alert_rules": hooks.AlertRule("x", "uptime > 1.0", AlertLevel.INFO),
    "mcpstore_persistence_backends": hooks.PersistenceBackend(name="x", claims=act, open=act),
    "mcpstore_recovery_policies": hooks.RecoveryPolicy(name="x", config=Nothing, decide=act),
    "mcpstore_history_backends": hooks.HistoryBackend(name="x", config=Nothing, open=act),
    "mcpstore_exporters": hooks.Exporter(name="x", config=Nothing, open=act),
    "mcpstore_commands": hooks.Command(name="x", help="Do x.", load=act),
}


def specified():
    return {name for name, _ in inspect.getmembers(specs, inspect.isfunction) if name.startswith("mcpstore_")}


def test_every_hook_is_an_offer_a_notice_or_a_decision():
    assert specified() == {*OFFERS, *NOTICES, *DECISIONS}
    assert {family.hook for family in PLUGIN_KINDS.values()} == set(OFFERS)
    assert API_VERSION == "1.0"


@pytest.mark.parametrize("hook", OFFERS)
def test_an_offer_can_be_chosen_by_its_name(hook):
    plugin = type("Plugin", (), {hook: hookimpl(lambda self: [OFFERS[hook]])})()
    manager = PluginManager(entry_points=list, plugins={"mine": plugin})
    manager.discover()
    (word,) = [family.name for family in PLUGIN_KINDS.values() if family.hook == hook]
    assert manager.list()["mine"].offers == (f"{word} x",)
    assert manager.get_offer(word, "x") is OFFERS[hook]


class Ear:
    """Hears everything."""

    def __init__(self):
        self.heard = {}

    def hear(self, hook, **arguments):
        self.heard.setdefault(hook, []).append(arguments)


for _hook, _arguments in NOTICES.items():
    _source = f"lambda self, {', '.join(_arguments)}: self.hear({_hook!r}, {', '.join(f'{a}={a}' for a in _arguments)})"
    setattr(Ear, _hook, hookimpl(eval(_source)))  # pluggy reads the names of the arguments


async def test_notices_report_the_life_of_a_service():
    ear, server = Ear(), ScriptedServer()
    entry = {"transport": {"type": "scripted", "server": "a"}}
    plugins = {"ear": ear, "scripted": ScriptedPlugin(a=server)}
    async with AsyncMCPStore({"mcpServers": {}}, plugins=plugins) as store:
        await store.add_service({"name": "a", **entry})
        assert await store.start_service("a", 60)
        await store.call_tool("echo", service="a")
        await store.update_service("a", {**entry, "mcpstore": {"health": "list_tools"}})
        await store.remove_service("a")
    alerts = {"mcpstore_alert_fired", "mcpstore_alert_resolved"}
    assert set(ear.heard) - alerts == set(NOTICES) - alerts
    for hook, calls in ear.heard.items():
        for arguments in calls:
            for name, value in arguments.items():
                assert isinstance(value, NOTICES[hook][name]), (hook, name, value)


@pytest.mark.parametrize("hook", ["mcpstore_alert_fired", "mcpstore_alert_resolved"])
async def test_plugins_receive_notices_of_alerts(hook):
    ear = Ear()
    manager = PluginManager(entry_points=list, plugins={"ear": ear})
    manager.discover()
    manager.notify(hook, alert=None)
    await manager.close()
    assert ear.heard == {hook: [{"alert": None}]}
