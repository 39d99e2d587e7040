"""What the configuration says about monitoring: odd rules keep nothing else from being used, and edits are followed."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from pydantic import BaseModel, field_validator

from mcpstore import AsyncMCPStore, hookimpl
from mcpstore.errors import ConfigError, MCPStoreError
from mcpstore.hooks import AlertHandler
from mcpstore.models.alert import AlertKind
from mcpstore.runtime.alerting import channel as channel_module

pytestmark = pytest.mark.anyio

THERE = {"name": "there", "when": "uptime >= 0.0 && connection_state == 'healthy'", "message": "{service_name}!"}


class Settings(BaseModel, extra="forbid"):
    to: str = ""

    @field_validator("to")
    @classmethod
    def _check(cls, value):
        return {"odd": {}}.get(value, {value: value})[value]


class Chat:
    """A way to tell people."""

    def __init__(self, send=None) -> None:
        self.heard = []
        self._send = send or self.hear

    def hear(self, alert, settings):
        self.heard.append((settings.to, alert))

    @hookimpl
    def mcpstore_alert_handlers(self):
        yield AlertHandler(name="chat", config=Settings, send=self._send)


def write(world, *rules, handlers=("chat",), entries=("a",), **monitoring):
    """Write a configuration as editors do, with an item a line."""
    alerts = {"handlers": list(handlers), "rules": list(rules), "builtin": False}
    settings = {"monitoring": {"alerts": alerts, **monitoring}}
    text = {"mcpServers": {name: world.entry(name) for name in entries}, "mcpstore": settings}
    fresh = world.path.with_suffix(".new")
    fresh.write_text(json.dumps(text, indent=1))
    fresh.replace(world.path)


async def opened(world, chat, **options):
    store = await world.open(world.path, plugins={"chat": chat}, **options)
    assert await store.wait_service("a", "healthy", timeout=60)
    return store


async def until(holds):
    async with asyncio.timeout(60):
        while not (holds() if not asyncio.iscoroutinefunction(holds) else await holds()):
            await asyncio.sleep(0.01)


def received(chat):
    return [(alert.rule_name, alert.kind) for _, alert in chat.heard]


async def test_an_invalid_rule_is_reported_with_its_location_and_the_others_are_used(world):
    chat = Chat()
    write(world, {"name": "slip", "mesage": "x"}, 5, {"name": "odd", "when": "uptime"}, THERE)
    store = await opened(world, chat)
    slip, number, problem = await store.config_problems()

    assert slip.where == f"{world.path}:{line_of(world.path, 'slip')}:6"
    assert slip.what == "rule 'slip': mesage: unknown key; did you mean 'message'?"
    assert number.what.startswith("must be a valid dictionary")
    assert problem.where == f"{world.path}:{line_of(world.path, 'odd')}:6"
    assert "rule 'odd': when: column 1: 'uptime' is a number, and a condition is true or false" in problem.what
    assert problem.remedy == "this rule is not used; the others are"
    await until(lambda: received(chat) == [("there", AlertKind.FIRED)])


def line_of(path, name):
    """Return the line of the brace before the name of a rule."""
    return next(n for n, line in enumerate(path.read_text().splitlines()) if f'"name": "{name}"' in line)


async def test_an_invalid_rule_given_in_code_is_refused_at_once(world):
    write(world)
    config = {"alerts": {"rules": [{"name": "odd", "when": "uptime"}]}}
    with pytest.raises(ConfigError, match="rule 'odd': when: column 1"):
        await world.open(world.path, monitoring_config=config)


async def test_edited_rules_are_applied_and_alerts_of_unchanged_rules_continue(world):
    chat = Chat()
    write(world, THERE)
    store = await opened(world, chat)
    await until(lambda: received(chat) == [("there", AlertKind.FIRED)])
    (before,) = await store.list_alerts()

    write(world, {**THERE, "level": "error"}, {"name": "new", "when": "tools_count > 0"})
    await until(lambda: received(chat)[1:] == [("new", AlertKind.FIRED)])
    assert {alert.rule_name: alert.incident for alert in await store.list_alerts()}["there"] == before.incident

    write(world, {"name": "new", "when": "tools_count > 0"})
    await until(lambda: received(chat)[2:] == [("there", AlertKind.RESOLVED)])
    over = chat.heard[2][1]
    assert over.incident == before.incident
    assert over.message.startswith("not watched any more after ")
    assert [alert.rule_name for alert in await store.list_alerts()] == ["new"]


async def test_edited_handlers_are_applied(world):
    chat = Chat()
    write(world, THERE, handlers=[{"type": "chat", "to": "day"}, {"type": "chat", "name": "second", "to": "both"}])
    store = await opened(world, chat)
    await until(lambda: len(chat.heard) == 2)

    write(world, handlers=[{"type": "chat", "to": "night"}, {"type": "chat", "name": "third", "to": "new"}])
    await until(lambda: len(chat.heard) == 4)
    assert sorted(to for to, _ in chat.heard[2:]) == ["new", "night"]
    assert (await store.list_alert_handlers()).names() == ["chat", "third"]


async def test_an_invalid_edit_changes_nothing_and_is_reported_until_it_is_fixed(world, caplog):
    chat = Chat()
    write(world, THERE)
    store = await opened(world, chat)
    write(world, THERE, handlers=[{"type": "chat", "two": 5}])
    await until(lambda: "two" in caplog.text)

    (problem,) = await store.config_problems()
    assert "alerts.handlers: chat: two: unknown key; did you mean 'to'?" in problem.what
    assert problem.remedy == "correct it; the settings before remain in force"
    await store.test_alert_handler("chat")
    assert chat.heard[-1][0] == ""

    write(world, THERE, handlers=[{"type": "chat", "to": "night"}])
    async with asyncio.timeout(60):
        while await store.config_problems():
            await asyncio.sleep(0.01)
    await store.test_alert_handler("chat")
    assert chat.heard[-1][0] == "night"


async def test_a_plugin_model_that_raises_does_not_stop_the_following_of_edits(world):
    chat = Chat()
    write(world)
    store = await opened(world, chat)
    write(world, handlers=[{"type": "chat", "to": "odd"}])
    async with asyncio.timeout(60):
        while not await store.config_problems():
            await asyncio.sleep(0.01)
    assert (await store.config_problems())[0].what == "reading it raised KeyError: 'odd'"

    write(world, handlers=[{"type": "chat", "to": "night"}])
    async with asyncio.timeout(60):
        while await store.config_problems():
            await asyncio.sleep(0.01)
    await store.test_alert_handler("chat")
    assert chat.heard[-1][0] == "night"


async def test_an_edited_check_interval_is_applied_and_settings_that_are_not_applied_are_reported(tmp_path, caplog):
    path = tmp_path / "mcp.json"

    def write(**monitoring):
        path.write_text(json.dumps({"mcpServers": {}, "mcpstore": {"monitoring": monitoring}}))

    write()
    async with AsyncMCPStore(path, state_dir=tmp_path) as store:
        parts = store._manager.parts
        write(check_interval=7, health_check_retries=9, metrics_retention_days=3)
        await until(
            lambda: "mcpstore.monitoring.metrics_retention_days was changed; restart the manager" in caplog.text
        )

        shared = parts.supervisor._shared
        assert (shared.timing.check_interval, shared.timing.check_timeout, shared.limits.failures) == (7, 7, 9)
        assert "check_interval was changed" not in caplog.text

        write()
        await until(lambda: parts.supervisor.timing.check_interval == 30)
        assert shared.guard.interval == 30


async def test_settings_given_in_code_are_changed_by_no_edit(world):
    chat = Chat()
    write(world, THERE)
    monitoring = {"alerts": {"handlers": ["chat"], "rules": [{**THERE, "name": "mine"}], "builtin": False}}
    store = await opened(world, chat, monitoring_config=monitoring)
    await until(lambda: received(chat) == [("mine", AlertKind.FIRED)])
    write(world, entries=("a", "b"))
    await until(lambda: "b" in world.servers and world.servers["b"].open_now)
    await until(lambda: received(chat) == [("mine", AlertKind.FIRED)] * 2)
    assert (await store.list_alert_handlers()).names() == ["chat"]


async def test_a_misspelt_handler_name_is_reported_with_a_suggestion(world, caplog):
    write(world, handlers=["chatt"])
    store = await opened(world, Chat())
    (problem,) = await store.config_problems()
    assert problem.where.startswith(f"{world.path}:")
    assert problem.what.startswith("alerts do not go to 'chatt': plugin 'chatt' is unknown")
    assert "did you mean 'chat'?" in problem.what
    assert problem.what in caplog.text


async def test_calls_continue_while_a_handler_blocks_and_it_gets_at_most_three_threads(world, monkeypatch):
    monkeypatch.setattr(channel_module, "HANDLER_TIMEOUT", 0.05)
    release, entered = threading.Event(), []

    def block(_alert, _settings):
        entered.append(threading.current_thread())
        release.wait()

    write(world)
    store = await opened(world, Chat(block))
    try:
        for _ in range(3):
            with pytest.raises(MCPStoreError, match=r"alert handler 'chat' took longer than 0.05 s"):
                await store.test_alert_handler("chat")
        with pytest.raises(MCPStoreError, match="alert handler 'chat' has not returned from 3 earlier calls"):
            await store.test_alert_handler("chat")
        for _ in range(20):
            assert not (await store.call_tool("echo", {"text": "x"})).is_error
        assert len({thread.ident for thread in entered}) == 3
    finally:
        release.set()

    async def is_well():
        try:
            await store.test_alert_handler("chat")
        except MCPStoreError:
            return False
        return True

    await until(is_well)
