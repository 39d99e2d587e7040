"""A mail about an alert."""

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

LONGEST_SUBJECT: Final = 120
"""Characters; more is cut by those who show it."""

SHOWN: Final[Mapping[str, tuple[str, str]]] = {
    "connection_state": ("state", "{}"),
    "availability": ("availability", "{:.1f} %"),
    "error_rate": ("failed calls", "{:.1%}"),
    "p95": ("95 % of calls within", "{:.3g} s"),
    "response_time": ("last check answered within", "{:.0f} ms"),
    "reconnect_attempts": ("attempts to reconnect", "{}"),
    "last_error": ("last error", "{}"),
}
"""What of the figures is worth reading, what it is called, and how it is written."""

_COLOURS: Final = {
    AlertLevel.INFO: "#2563eb",
    AlertLevel.WARNING: "#b45309",
    AlertLevel.ERROR: "#b91c1c",
    AlertLevel.CRITICAL: "#7f1d1d",
}
_OVER: Final = "#15803d"


def message_id(key: str, settings: EmailSettings) -> str:
    """Return the identity of a notice: the same whenever it is sent again, so that mailboxes keep one of them."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{_domain(settings)}>"


def write(alert: Alert, settings: EmailSettings) -> EmailMessage:
    """Return a mail about an alert. What came from services is text in it, and nothing else."""
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = _subject(alert, settings)
    mail["Date"] = format_datetime(datetime.fromtimestamp(alert.timestamp, UTC))
    mail["Message-ID"] = message_id(alert.key, settings)
    if alert.kind is not AlertKind.FIRED:
        begun = message_id(attrs.evolve(alert, kind=AlertKind.FIRED, number=0).key, settings)
        mail["In-Reply-To"] = mail["References"] = begun
    mail["Auto-Submitted"] = "auto-generated"
    if alert.level is AlertLevel.CRITICAL and alert.kind is not AlertKind.RESOLVED:
        mail["Importance"] = "high"
    rows = _rows(alert)
    mail.set_content(_as_text(alert, rows))
    mail.add_alternative(_as_html(alert, rows), subtype="html")
    return mail


def _subject(alert: Alert, settings: EmailSettings) -> str:
    word = "RESOLVED" if alert.kind is AlertKind.RESOLVED else alert.level.value.upper()
    about = f"{alert.service}: " if alert.service and alert.service not in alert.message else ""
    # An end of line in a name or a message must not begin a header of its own.
    line = " ".join(f"{settings.subject_prefix} {word} {about}{alert.message}".split())
    line = "".join(letter for letter in line if letter.isprintable())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _domain(settings: EmailSettings) -> str:
    return parseaddr(settings.sender)[1].rpartition("@")[2]


def _rows(alert: Alert) -> list[tuple[str, str]]:
    rows = [("level", alert.level.value), ("time", _when(alert.timestamp))]
    if alert.began and alert.kind is not AlertKind.FIRED:
        rows.append(("began", _when(alert.began)))
    if alert.alerts:
        return [*rows, *((one.service or one.rule_name, one.message) for one in alert.alerts)]
    rows = [("service", alert.service or "the manager itself"), ("rule", alert.rule_name), *rows]
    for field, (name, form) in SHOWN.items():
        if (value := alert.metrics.get(field)) not in (None, ""):
            rows.append((name, form.format(value)))
    return rows


def _when(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _as_text(alert: Alert, rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    lines = (f"{_clean(name):<{width}}  {_clean(value)}" for name, value in rows)
    return "\n".join([_clean(alert.message), "", *lines, ""])


def _as_html(alert: Alert, rows: list[tuple[str, str]]) -> str:
    colour = _OVER if alert.kind is AlertKind.RESOLVED else _COLOURS[alert.level]
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
    """Leave out what would steer a terminal, and keep ends of lines."""
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")
