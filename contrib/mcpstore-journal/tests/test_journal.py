"""The journal records all events of a store."""

from __future__ import annotations

import json

import mcpstore_journal
import pytest

from mcpstore import AsyncMCPStore
from mcpstore.hooks import Alert, AlertKind, AlertLevel
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

ENTRY = {"transport": {"type": "scripted", "server": "a"}}


@pytest.fixture
def journal(tmp_path, monkeypatch):
    path = tmp_path / "journal.jsonl"
    monkeypatch.setenv("MCPSTORE_JOURNAL", str(path))
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


async def test_events_are_recorded_in_order(journal):
    server = ScriptedServer()
    plugins = {"journalist": mcpstore_journal, "scripted": ScriptedPlugin(a=server)}
    async with AsyncMCPStore({"mcpServers": {}}, plugins=plugins, block_plugins=["mcpstore-journal"]) as store:
        await store.add_service({"name": "a", **ENTRY})
        assert await store.start_service("a", 60)
        await store.call_tool("echo", {"secret": "s3cret"}, service="a")
        await store.update_service("a", {**ENTRY, "mcpstore": {"health": "list_tools"}})
        await store.remove_service("a")
    records = journal()
    events = list(dict.fromkeys(record["event"] for record in records))
    assert set(events) == {
        "store started", "service added", "state changed", "tools changed", "tool called", "service updated",
        "service removed", "store stopped",
    }  # fmt: skip
    assert (events[0], events[1], events[-1]) == ("store started", "service added", "store stopped")
    (call,) = [record for record in records if record["event"] == "tool called"]
    assert (call["service"], call["tool"], call["ok"]) == ("a", "echo", True)
    assert "s3cret" not in json.dumps(records)


def test_alerts_are_recorded(journal):
    alert = Alert(
        rule_name="down", service="a", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message="it is down",
        timestamp=0.0, incident="1",
    )  # fmt: skip
    mcpstore_journal.mcpstore_alert_fired(alert)
    mcpstore_journal.mcpstore_alert_resolved(alert)
    assert [record["event"] for record in journal()] == ["alert fired", "alert resolved"]


def test_without_the_variable_nothing_is_recorded(tmp_path, monkeypatch):
    monkeypatch.delenv("MCPSTORE_JOURNAL", raising=False)
    monkeypatch.chdir(tmp_path)
    mcpstore_journal.mcpstore_store_started()
    assert list(tmp_path.iterdir()) == []
