"""The suite of alert handlers passes one that is right, and catches those that are wrong."""
# ruff: noqa: ASYNC251 - whatever is wrong here is wrong on purpose

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from mcpstore import hookimpl
from mcpstore.hooks import AlertHandler
from mcpstore.testing.suites import AlertHandlerSuite, Inbox
from testing.running import failures

MESSAGES: dict[str, list[str]] = {}


class Settings(BaseModel, extra="forbid"):
    box: str
    token: SecretStr = SecretStr("")


class Loose(BaseModel, extra="allow"):
    box: str
    token: str = ""


def text(alert) -> str:
    word = "resolved" if alert.kind == "resolved" else alert.level
    about = " ".join(f"[{word}] {alert.rule_name} {alert.service}".split())
    return f"{about}\n\n{alert.message}"


async def right(alert, settings):
    if settings.box == "hangs":
        await asyncio.Event().wait()
    if settings.box == "refuses":
        raise ConnectionError("it is full")
    MESSAGES[settings.box].append(text(alert))


async def drops(alert, settings):
    if alert.kind == "fired" and settings.box not in ("hangs", "refuses"):
        await right(alert, settings)


async def swallows(alert, settings):
    if settings.box != "refuses":
        await right(alert, settings)


async def blocks(alert, settings):
    if settings.box == "hangs":
        time.sleep(0.5)
    await right(alert, settings)


async def tells_secrets(alert, settings):
    try:
        await right(alert, settings)
    except ConnectionError as error:
        raise ConnectionError(f"cannot log in with {settings.token}") from error


async def stays(alert, settings):
    try:
        await right(alert, settings)
    except asyncio.CancelledError:
        return


async def tells_little(alert, settings):
    MESSAGES[settings.box].append(alert.message.encode("ascii", "ignore").decode()[:20])


async def in_any_order(alert, settings):
    await right(alert, settings)
    MESSAGES[settings.box].sort(reverse=True)


async def trusts_texts(alert, settings):
    await right(alert, settings)
    MESSAGES[settings.box][-1] = f"Subject: {alert.service}\n\n{alert.message}"


class Leaks:
    __name__ = "leaks"

    def __init__(self) -> None:
        self.kept: list[Any] = []

    async def __call__(self, alert, settings):
        self.kept.append(asyncio.create_task(asyncio.Event().wait()))
        await right(alert, settings)


class Plugin:
    def __init__(self, send: Any, config: type[BaseModel] = Settings) -> None:
        self.send = send
        self.config = config

    @hookimpl
    def mcpstore_alert_handlers(self) -> list[AlertHandler[Any]]:
        return [AlertHandler(name="tested", config=self.config, send=self.send)]


class BoxSuite(AlertHandlerSuite):
    plugin = Plugin(right)
    name = "tested"
    secrets = ("token",)

    @asynccontextmanager
    async def receiving(self) -> AsyncGenerator[Inbox]:
        box = MESSAGES[str(self.folder)] = []
        yield Inbox(settings={"box": str(self.folder)}, messages=lambda: box)
        del MESSAGES[str(self.folder)]

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[Mapping[str, Any]]:
        yield {"box": "refuses"}

    @asynccontextmanager
    async def hanging(self) -> AsyncGenerator[Mapping[str, Any]]:
        yield {"box": "hangs"}


class TestRight(BoxSuite):
    pass


def plain(alert, settings):
    if settings.box == "refuses":
        raise ConnectionError("it is full")
    MESSAGES[settings.box].append(text(alert))


class TestPlain(BoxSuite):
    plugin = Plugin(plain)
    lacks: ClassVar = {"hanging": "a plain function runs in a thread, which nobody can end"}


@pytest.mark.parametrize(
    ("plugin", "caught"),
    [
        (
            Plugin(right, Loose),
            {
                "test_good_settings_are_accepted_and_an_unknown_one_is_refused_by_name",
                "test_secret_settings_do_not_show",
            },
        ),
        (
            Plugin(drops),
            {
                "test_the_end_of_an_incident_differs_from_its_beginning",
                "test_a_reminder_arrives_too",
                "test_a_failed_delivery_raises",
                "test_a_receiver_that_hangs_is_given_up_at_once_when_the_manager_wants_so",
            },
        ),
        (
            Plugin(swallows),
            {"test_a_failed_delivery_raises", "test_no_secret_stands_in_an_error"},
        ),
        (Plugin(blocks), {"test_the_event_loop_goes_on_while_a_receiver_hangs"}),
        (Plugin(tells_secrets, Loose), {"test_no_secret_stands_in_an_error"}),
        (Plugin(stays), {"test_a_receiver_that_hangs_is_given_up_at_once_when_the_manager_wants_so"}),
        (
            Plugin(tells_little),
            {
                "test_an_alert_arrives_with_the_service_and_what_happened",
                "test_an_alert_contains_its_level",
                "test_an_alert_names_its_rule",
                "test_an_alert_about_no_service_arrives_too",
                "test_every_character_arrives",
                "test_the_end_of_an_incident_differs_from_its_beginning",
            },
        ),
        (Plugin(in_any_order), {"test_alerts_arrive_in_the_order_they_were_sent"}),
        (Plugin(trusts_texts), {"test_no_text_can_add_a_header"}),
        (Plugin(Leaks()), {"test_sending_leaves_nothing"}),
    ],
    ids=lambda given: given.send.__name__ if isinstance(given, Plugin) else "",
)
def test_a_wrong_handler_is_detected(plugin, caught, tmp_path, monkeypatch):
    from mcpstore.testing import leftovers
    from mcpstore.testing.suites import alert

    monkeypatch.setattr(alert, "PATIENCE", 0.5)
    monkeypatch.setattr(leftovers, "PATIENCE", 0.1)

    class Tested(BoxSuite):
        limit = 5.0

    Tested.plugin = plugin
    assert failures(Tested, tmp_path, *caught) == caught
