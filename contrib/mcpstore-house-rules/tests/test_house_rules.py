"""A store applies the site policy."""

from __future__ import annotations

import json

import mcpstore_house_rules as plugin
import pytest

from mcpstore import AsyncMCPStore
from mcpstore.errors import CallError
from mcpstore.hooks import FailureContext, GiveUp
from mcpstore.models.service import Reason
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer


@pytest.fixture
def rule(tmp_path, monkeypatch):
    path = tmp_path / "rules.json"
    monkeypatch.setenv("MCPSTORE_HOUSE_RULES", str(path))
    return lambda **rules: path.write_text(json.dumps(rules))


def store_with(entry):
    plugins = {"rules": plugin, "scripted": ScriptedPlugin(a=ScriptedServer(tools=("read", "delete_all")))}
    return AsyncMCPStore({"mcpServers": {"a": entry}}, plugins=plugins, block_plugins=["mcpstore-house-rules"])


async def test_a_forbidden_tool_cannot_be_called_and_others_can(rule):
    rule(deny=["a/delete_*"])
    async with store_with({"transport": {"type": "scripted", "server": "a"}}) as store:
        assert await store.start_service("a", 60)
        assert "read" in (await store.call_tool("read")).text
        with pytest.raises(CallError, match="the site policy forbids a/delete_all"):
            await store.call_tool("delete_all")
        rule(deny=[])
        assert "delete_all" in (await store.call_tool("delete_all")).text


async def test_no_tool_can_be_called_while_the_policy_cannot_be_read(rule):
    rule(colour="red")
    async with store_with({"transport": {"type": "scripted", "server": "a"}}) as store:
        assert await store.start_service("a", 60)
        with pytest.raises(CallError, match="the site policy cannot be read"):
            await store.call_tool("read")


async def test_variables_are_looked_up_in_the_folder_of_secrets(rule, tmp_path):
    (tmp_path / "WHICH").write_text("a\n")
    rule(secrets=str(tmp_path))
    async with store_with({"transport": {"type": "scripted", "server": "${WHICH}"}}) as store:
        assert await store.start_service("a", 60)


def test_a_variable_cannot_lead_out_of_the_folder(rule, tmp_path):
    (tmp_path / "folder").mkdir()
    rule(secrets=str(tmp_path / "folder"))
    assert plugin.mcpstore_expand_variable("../rules.json") is None


def test_resting_services_are_given_up_after_a_failure(rule):
    rule(resting=["experiment-*"])
    for service, answer in (
        ("experiment-1", GiveUp(why="the site policy keeps it closed after a failure")),
        ("other", None),
    ):
        incident = FailureContext(service=service, attempt=1, rounds=0, reason=Reason.NONE, delay=1.0, floor=1.0)
        assert plugin.mcpstore_choose_recovery(incident) == answer


def test_without_a_file_the_policy_is_empty(monkeypatch):
    monkeypatch.delenv("MCPSTORE_HOUSE_RULES", raising=False)
    assert plugin.rules() == plugin.Rules()


def test_unused_services_have_an_alert_rule():
    (offered,) = plugin.mcpstore_alert_rules()
    assert offered.name == "house_unused"
