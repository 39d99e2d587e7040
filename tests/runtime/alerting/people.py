"""A person who receives alerts."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

from mcpstore.hooks import AlertHandler
from mcpstore.models.alert import Alert
from mcpstore.runtime.alerting import AlertChannel


class NoSettings(BaseModel):
    """A person needs none."""


class Person:
    """A person who receives alerts, unless the channel fails or hangs."""

    def __init__(self) -> None:
        self.heard: list[Alert] = []
        self.trouble: Exception | None = None
        self.is_deaf = False
        self.attempts = 0

    async def send(self, alert: Alert, _settings: NoSettings) -> None:
        self.attempts += 1
        if self.is_deaf:
            await asyncio.get_running_loop().create_future()
        if self.trouble is not None:
            raise self.trouble
        self.heard.append(alert)

    @property
    def received(self) -> list[tuple[str, str, str]]:
        return [(alert.rule_name, alert.service, alert.kind.value) for alert in self.heard]

    def line(self, name: str = "person", **fields: Any) -> AlertChannel:
        handler = AlertHandler(name=name, config=NoSettings, send=self.send)
        return AlertChannel(name=name, handler=handler, settings=NoSettings(), **fields)
