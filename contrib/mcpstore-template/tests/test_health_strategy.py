"""The health strategy distinguishes healthy services from others."""

from __future__ import annotations

from typing import ClassVar

import pytest
from mcpstore_template import health_strategy as plugin

from mcpstore import AsyncMCPStore
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer
from mcpstore.testing.suites import HealthStrategySuite


class TestHealthStrategy(HealthStrategySuite):
    plugin = plugin
    name = "template"
    options: ClassVar = {"least": 1}


@pytest.mark.parametrize(("least", "is_healthy"), [(1, True), (2, True), (3, False)])
async def test_a_service_with_enough_tools_is_healthy(least, is_healthy):
    health = {"type": "template", "least": least}
    entry = {"transport": {"type": "scripted", "server": "a"}, "mcpstore": {"health": health}}
    plugins = {"tested": plugin, "scripted": ScriptedPlugin(a=ScriptedServer(tools=("one", "two")))}
    block = ["mcpstore-template"]
    async with AsyncMCPStore({"mcpServers": {"a": entry}}, plugins=plugins, block_plugins=block) as store:
        assert await store.start_service("a", 60)
        assert (await store.check_services("a"))["a"].healthy is is_healthy


@pytest.mark.parametrize("options", [{"least": -1}, {"least": "many"}, {"most": 1}])
def test_invalid_options_are_refused(options):
    with pytest.raises(ValueError, match=r"least|most"):
        plugin.Options(**options)
