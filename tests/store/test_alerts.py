"""The verbs for alerts, with and without an event loop."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel, SecretStr

from mcpstore import AsyncMCPStore, hookimpl
from mcpstore.errors import ConfigError, MCPStoreError, ServiceNotFound, UnknownPlugin
from mcpstore.hooks import AlertHandler, AlertLevel, AlertRule
from mcpstore.models.alert import AlertKind
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer

pytestmark = pytest.mark.anyio


class Settings(BaseModel, extra="forbid"):
    password: SecretStr = SecretStr("")
    port: int = 25


class Chat:
    """A plugin with a rule and with a way to tell people."""

    def __init__(self) -> None:
        self.heard = []
        self.settings = None
        self.trouble = None

    async def send(self, alert, settings):
        if self.trouble is not None:
            raise self.trouble
        self.settings = settings
        self.heard.append(alert)

    @hookimpl
    def mcpstore_alert_handlers(self):
        yield AlertHandler(name="chat", config=Settings, send=self.send)

    @hookimpl
    def mcpstore_alert_rules(self):
        yield AlertRule("there", "uptime >= 0.0 && connection_state == 'healthy'", AlertLevel.INFO, "{service_name}!")


def monitoring(*handlers, **alerts):
    return {"alerts": {"handlers": list(handlers) or ["chat"], **alerts}}


async def until(holds, within=20.0):
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(0.02)


async def opened(world, chat, **options):
    options.setdefault("monitoring_config", monitoring())
    return await world.open({"mcpServers": {"a": world.entry("a")}}, plugins={"chat": chat}, **options)


async def test_active_alerts_are_listed_and_ended_alerts_stay_in_the_history(world):
    chat = Chat()
    store = await opened(world, chat)
    heard = []
    subscription = store.on_alert(heard.append) if world.kind == "async" else await store.on_alert(heard.append)

    async def is_told():
        return len(chat.heard) == 1

    await until(is_told)
    (alert,) = await store.list_alerts()
    assert (alert.rule_name, alert.service, alert["message"]) == ("there", "a", "a!")
    await store.stop_service("a")

    async def is_over():
        return not await store.list_alerts() and len(chat.heard) == 2

    await until(is_over)
    history = await store.alert_history()
    assert [one.kind for one in history] == [AlertKind.FIRED, AlertKind.RESOLVED]
    assert await store.alert_history("a", limit=1) == history[1:]
    with pytest.raises(ServiceNotFound, match="no service is called 'b'"):
        await store.alert_history("b")
    assert await store.alert_history(since=history[0].timestamp) == history[1:]
    assert [one.kind for one in heard] == [one.kind for one in chat.heard]
    subscription.cancel()
    with pytest.raises(ValueError, match="limit must be at least 1"):
        await store.alert_history(limit=0)


async def test_silences_are_created_listed_and_ended(world):
    store = await opened(world, Chat())
    silence = await store.silence("a*", "there", 60, "why")

    assert await store.list_silences() == [silence]
    assert (silence.service, silence.rule, silence.comment) == ("a*", "there", "why")
    assert silence.until - silence.created == 60
    assert await store.unsilence(silence.id)
    assert not await store.unsilence(silence.id)
    with pytest.raises(ValueError, match="seconds must be a number of seconds above 0"):
        await store.silence(seconds=0)


async def test_alert_handlers_are_listed_and_tested(world):
    chat = Chat()
    store = await opened(world, chat)
    await store.test_alert_handler("chat")

    assert (await store.list_alert_handlers()).names() == ["chat"]
    assert chat.heard[-1].rule_name == "test"
    chat.trouble = OSError("no route")
    with pytest.raises(MCPStoreError, match="alert handler 'chat' raised OSError: no route"):
        await store.test_alert_handler("chat")
    with pytest.raises(UnknownPlugin, match="mail"):
        await store.test_alert_handler("mail")


async def test_an_agent_sees_only_alerts_of_its_own_services(world):
    chat = Chat()
    store = await opened(world, chat)
    agent = store.for_agent("one")
    await agent.add_service({"name": "mine", **world.entry("mine")})

    async def both():
        return len(await store.list_alerts()) == 2

    await until(both)
    assert [alert.service for alert in await agent.list_alerts()] == ["mine"]
    assert {alert.service for alert in await agent.alert_history()} == {"mine"}


async def test_secrets_of_a_handler_are_read_from_the_environment(world, monkeypatch):
    monkeypatch.setenv("CHAT_PASSWORD", "hunter2")
    chat = Chat()
    handler = {"type": "chat", "name": "night", "password": "${CHAT_PASSWORD}"}
    store = await opened(world, chat, monitoring_config=monitoring(handler))
    await store.test_alert_handler("night")

    assert chat.settings.password.get_secret_value() == "hunter2"


async def test_a_handler_whose_secret_is_not_set_is_left_out(tmp_path, caplog, monkeypatch):
    monkeypatch.delenv("CHAT_PASSWORD", raising=False)
    config = monitoring({"type": "chat", "password": "${CHAT_PASSWORD}"}, {"type": "ghost"})
    async with AsyncMCPStore(
        {"mcpServers": {}}, plugins={"chat": Chat()}, monitoring_config=config, state_dir=tmp_path
    ) as store:
        assert (await store.list_alert_handlers()).names() == []

    assert "alerts do not go to 'chat': its settings need CHAT_PASSWORD, which is not set" in caplog.text
    assert "alerts do not go to 'ghost'" in caplog.text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (monitoring({"type": "chat", "port": "many"}), "alerts.handlers: chat: port: "),
        (monitoring("chat", "chat"), "alerts.handlers: two handlers have the name 'chat'"),
        (monitoring(rules=[{"name": "x", "when": "1 +"}]), "rule 'x': when: line 1"),
    ],
)
async def test_invalid_alert_settings_are_refused_before_anything_is_started(config, message):
    server = ScriptedServer("a")
    store = AsyncMCPStore(
        {"mcpServers": {"a": {"transport": {"type": "scripted", "server": "a"}}}},
        plugins={"chat": Chat(), "scripted": ScriptedPlugin(a=server)},
        monitoring_config=config,
    )
    with pytest.raises(ConfigError, match=message):
        await store.open()

    assert server.opened == 0


@pytest.mark.parametrize("config", [{"enabled": False}, {"alerts_enabled": False}])
async def test_alerts_can_be_switched_off(config):
    async with AsyncMCPStore(
        {"mcpServers": {}}, plugins={"chat": Chat()}, monitoring_config={**monitoring(), **config}
    ) as store:
        assert store._manager.parts.alert_engine.rules == ()
        assert (await store.list_alert_handlers()).names() == []


async def test_a_store_opened_for_one_command_sees_the_alerts_of_the_running_manager(world):
    if world.kind == "sync":
        pytest.skip("the files are the same")
    chat = Chat()
    store = await opened(world, chat)
    await until(store.list_alerts)

    async def is_told():
        return bool(chat.heard)

    await until(is_told)
    async with AsyncMCPStore({"mcpServers": {}}, state_dir=world.folder / "state", start=False) as other:
        assert [alert.rule_name for alert in await other.list_alerts()] == ["there"]
        assert [alert.rule_name for alert in await other.alert_history()] == ["there"]
