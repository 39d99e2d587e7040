"""Several alerts as one: when everything fails at once, one notice that says so is worth more than a hundred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.text import counted
from mcpstore.runtime.alerting.codec import digest

__all__ = ["SEVERAL", "grouped"]

SEVERAL: Final = "several"
"""The rule name of a notice that stands for several."""


def grouped(alerts: Sequence[Alert]) -> Alert:
    """Return one notice that stands for several alerts."""
    begins = [alert for alert in alerts if alert.kind is not AlertKind.RESOLVED]
    ends = len(alerts) - len(begins)
    counts = ([counted(len(begins), "alert")] if begins else []) + ([f"{ends} resolved"] if ends else [])
    shown = "\n".join(f"- {alert.message}" for alert in alerts)
    return Alert(
        rule_name=SEVERAL,
        service="",
        level=max((alert.level for alert in begins or alerts), key=_rank),
        kind=AlertKind.FIRED if begins else AlertKind.RESOLVED,
        message=f"{' and '.join(counts)} at once:\n{shown}",
        timestamp=alerts[-1].timestamp,
        incident=digest(SEVERAL, *(alert.key for alert in alerts)),
        began=min(alert.began for alert in alerts),
        alerts=tuple(alerts),
    )


def _rank(level: AlertLevel) -> int:
    return level.rank
