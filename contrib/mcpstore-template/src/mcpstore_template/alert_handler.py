"""Alert channel `template`: writes alerts to a file, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

from mcpstore.hooks import Alert, AlertHandler, hookimpl

__all__ = ["Settings", "send"]

mcpstore_api = ">=1.0,<2"


class Settings(BaseModel, extra="forbid"):
    """Settings of the channel.

    Attributes:
        path: The file; it is created if it does not exist.
    """

    path: Path


async def send(alert: Alert, settings: Settings) -> None:
    """Deliver an alert; after an exception, the delivery is retried later.

    Args:
        alert: The alert.
        settings: Settings of the channel.
    """
    line = json.dumps({"kind": alert.kind, "service": alert.service, "level": alert.level, "message": alert.message})
    await asyncio.to_thread(_append, settings.path, line)  # in a thread, because writing blocks


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[Settings]]:
    """Return the channel."""
    yield AlertHandler(name="template", config=Settings, send=send)
