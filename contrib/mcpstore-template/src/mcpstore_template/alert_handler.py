"""An alert handler: writes alerts to a file, one JSON object a line."""

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
    """Where alerts go.

    Attributes:
        path: The file; it is made if it is not there.
    """

    path: Path


async def send(alert: Alert, settings: Settings) -> None:
    """Deliver an alert; if this raises, it is tried again later.

    Args:
        alert: What happened.
        settings: Where to.
    """
    line = json.dumps({"kind": alert.kind, "service": alert.service, "level": alert.level, "message": alert.message})
    await asyncio.to_thread(_append, settings.path, line)  # a disk may be slow, and the event loop has others to serve


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[Settings]]:
    """Offer the handler."""
    yield AlertHandler(name="template", config=Settings, send=send)
