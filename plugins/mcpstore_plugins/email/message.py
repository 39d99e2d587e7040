"""E-mail about an alert, as text and HTML."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

import attrs

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore_plugins.email.settings import EmailSettings

__all__ = ["message_id", "write"]

MAX_SUBJECT: Final = 120
"""Characters of a subject; mail programs cut longer ones."""

SHOWN: Final[Mapping[str, tuple[str, str]]] = {
    "connection_state": ("state", "{}"),
    "availability": ("availability", "{:.1f} %"),
    "error_rate": ("failed calls", "{:.1%}"),
    "p95": ("call duration, P95", "{:.3g} s"),
    "response_time": ("duration of the last check", "{:.3g} s"),
    "reconnect_attempts": ("reconnect attempts", "{}"),
    "last_error": ("last error", "{}"),
}
"""Metrics that are shown, with their label and format."""

_COLOURS: Final = {
    AlertLevel.INFO: "#2563eb",
    AlertLevel.WARNING: "#b45309",
    AlertLevel.ERROR: "#b91c1c",
    AlertLevel.CRITICAL: "#7f1d1d",
}
_RESOLVED: Final = "#15803d"


def message_id(key: str, settings: EmailSettings) -> str:
    """Return the Message-ID of a notification; a repeated delivery has the same, so that mailboxes keep only one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{_domain(settings)}>"


def write(alert: Alert, settings: EmailSettings) -> EmailMessage:
    """Return a mail about an alert. Text from services is escaped."""
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = _subject(alert, settings)
    mail["Date"] = format_datetime(datetime.fromtimestamp(alert.timestamp, UTC))
    mail["Message-ID"] = message_id(alert.key, settings)
    if alert.kind is not AlertKind.FIRED:
        first = message_id(attrs.evolve(alert, kind=AlertKind.FIRED, number=0).key, settings)
        mail["In-Reply-To"] = mail["References"] = first
    mail["Auto-Submitted"] = "auto-generated"
    if alert.level is AlertLevel.CRITICAL and alert.kind is not AlertKind.RESOLVED:
        mail["Importance"] = "high"
    rows = _rows(alert)
    mail.set_content(_as_text(alert, rows))
    mail.add_alternative(_as_html(alert, rows), subtype="html")
    return mail


def _subject(alert: Alert, settings: EmailSettings) -> str:
    word = "RESOLVED" if alert.kind is AlertKind.RESOLVED else alert.level.value.upper()
    service = f"{alert.service}: " if alert.service and alert.service not in alert.message else ""
    # A line break in a name or a message must not start another header.
    line = " ".join(f"{settings.subject_prefix} {word} {service}{alert.message}".split())
    line = "".join(char for char in line if char.isprintable())
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1]}…"


def _domain(settings: EmailSettings) -> str:
    return parseaddr(settings.sender)[1].rpartition("@")[2]


def _rows(alert: Alert) -> list[tuple[str, str]]:
    rows = [("level", alert.level.value), ("time", _when(alert.timestamp))]
    if alert.began and alert.kind is not AlertKind.FIRED:
        rows.append(("began", _when(alert.began)))
    if alert.alerts:
        return [*rows, *((part.service or part.rule_name, part.message) for part in alert.alerts)]
    rows = [("service", alert.service or "the manager"), ("rule", alert.rule_name), *rows]
    for field, (label, template) in SHOWN.items():
        if (value := alert.metrics.get(field)) not in (None, ""):
            rows.append((label, template.format(value)))
    return rows


def _when(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _as_text(alert: Alert, rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    lines = (f"{_clean(name):<{width}}  {_clean(value)}" for name, value in rows)
    return "\n".join([_clean(alert.message), "", *lines, ""])


def _as_html(alert: Alert, rows: list[tuple[str, str]]) -> str:
    colour = _RESOLVED if alert.kind is AlertKind.RESOLVED else _COLOURS[alert.level]
    word = "resolved" if alert.kind is AlertKind.RESOLVED else alert.level.value
    cells = "".join(
        f'<tr><td style="padding:2px 16px 2px 0;color:#6b7280">{html.escape(_clean(name))}</td>'
        f"<td>{html.escape(_clean(value))}</td></tr>"
        for name, value in rows
    )
    return (
        '<!doctype html><html><body style="font:15px/1.5 system-ui,sans-serif;color:#111827;background:#ffffff">'
        f'<div style="border-left:4px solid {colour};padding:4px 0 4px 14px;max-width:640px">'
        f'<div style="color:{colour};font-weight:600;text-transform:uppercase;font-size:12px">{word}</div>'
        f'<div style="font-size:17px;white-space:pre-line">{html.escape(_clean(alert.message))}</div></div>'
        f'<table style="margin-top:14px;border-collapse:collapse;font-size:14px">{cells}</table></body></html>'
    )


def _clean(text: str) -> str:
    """Remove control characters except line breaks."""
    return "".join(char for char in text if char.isprintable() or char == "\n")
