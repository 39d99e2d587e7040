"""The alert channel delivers alerts, and raises if it cannot."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from mcpstore_template import alert_handler as plugin

from mcpstore.hooks import Alert, AlertKind, AlertLevel
from mcpstore.testing.suites import AlertHandlerSuite, Inbox

ALERT = Alert(
    rule_name="down",
    service="github",
    level=AlertLevel.CRITICAL,
    kind=AlertKind.FIRED,
    message="it cannot be reached",
    timestamp=0.0,
    incident="1",
)


class TestAlertHandler(AlertHandlerSuite):
    plugin = plugin
    name = "template"
    lacks: ClassVar = {
        "hanging": "writing to a file does not hang",
        "injection": "JSON has no headers",
        "rules": "its lines do not name the rule",
    }

    @asynccontextmanager
    async def receiving(self) -> AsyncGenerator[Inbox]:
        path = self.folder / "alerts.jsonl"

        def messages() -> list[str]:
            lines = path.read_text("utf-8").splitlines() if path.exists() else []
            return [" ".join(map(str, json.loads(line).values())) for line in lines]

        yield Inbox(settings={"path": str(path)}, messages=messages)

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[Mapping[str, Any]]:
        yield {"path": str(self.folder / "nowhere" / "alerts.jsonl")}


async def test_alerts_are_delivered_in_order(tmp_path):
    settings = plugin.Settings(path=tmp_path / "alerts.jsonl")
    await plugin.send(ALERT, settings)
    await plugin.send(ALERT, settings)
    delivered = [json.loads(line) for line in settings.path.read_text().splitlines()]
    assert [alert["service"] for alert in delivered] == ["github", "github"]
    assert delivered[0]["message"] == "it cannot be reached"


async def test_an_alert_that_cannot_be_delivered_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file or directory"):
        await plugin.send(ALERT, plugin.Settings(path=tmp_path / "nowhere" / "alerts.jsonl"))


def test_the_channel_has_its_name():
    assert [handler.name for handler in plugin.mcpstore_alert_handlers()] == ["template"]
