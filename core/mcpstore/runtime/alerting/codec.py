"""Alerts and silences as lines of JSON."""

from __future__ import annotations

import hashlib
from typing import Any

from mcpstore.models.alert import Alert, AlertKind, AlertLevel, Silence
from mcpstore.models.json_types import as_object
from mcpstore.runtime.alerting.jsonl_file import JsonObject

__all__ = ["alert_from", "digest", "line_of", "silence_from"]


def line_of(alert: Alert) -> dict[str, Any]:
    """Return an alert as a line."""
    return {**alert.to_dict(), "alerts": []}


def alert_from(line: JsonObject) -> Alert | None:
    """Return the alert a line holds; None if it holds none that can be understood."""
    try:
        return Alert(
            rule_name=str(line["rule_name"]),
            service=str(line["service"]),
            level=AlertLevel(line["level"]),
            kind=AlertKind(line["kind"]),
            message=str(line["message"]),
            timestamp=float(line["timestamp"]),
            incident=str(line["incident"]),
            metrics=dict(as_object(line.get("metrics")) or {}),
            began=float(line.get("began", 0.0)),
            number=int(line.get("number", 0)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def silence_from(line: JsonObject) -> Silence | None:
    """Return the silence a line holds; None if it holds none that can be understood."""
    try:
        return Silence(
            id=str(line["id"]),
            service=str(line["service"]),
            rule=str(line["rule"]),
            until=float(line["until"]),
            comment=str(line.get("comment", "")),
            created=float(line.get("created", 0.0)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def digest(*parts: str) -> str:
    """Return a short text that stands for others."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
