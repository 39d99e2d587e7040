"""What people were told, kept for a while; and for as long as it takes, what they were told and is not over."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from mcpstore.models.alert import Alert, AlertKind
from mcpstore.runtime.alerting.codec import alert_from, line_of
from mcpstore.runtime.alerting.jsonl_file import JsonlFile

__all__ = ["KEPT", "AlertHistory"]

KEPT: Final = 1000
"""Alerts that are kept; the file holds up to twice as many before it is written anew."""


class AlertHistory:
    """Alerts that were told, oldest first.

    Args:
        journal: Where they are kept; in memory only if it is None.

    Attributes:
        open: What was told last of each incident that is not over.
    """

    def __init__(self, journal: JsonlFile | None) -> None:
        self._journal = journal
        self._alerts: deque[Alert] = deque(maxlen=KEPT)
        self._lines = 0
        self.open: dict[str, Alert] = {}

    def load(self) -> None:
        """Read what is kept. Blocking."""
        lines = self._journal.read() if self._journal else []
        self._lines = len(lines)
        for line in lines:
            if (alert := alert_from(line)) is not None:
                self.add(alert)

    def add(self, alert: Alert) -> None:
        """Keep an alert in memory."""
        self._alerts.append(alert)
        if alert.kind is AlertKind.RESOLVED:
            self.open.pop(alert.incident, None)
        else:
            self.open[alert.incident] = alert

    def recall(self, alert: Alert) -> None:
        """Keep an alert that waits to be told, unless it is known: the process that made it died in between."""
        if alert.key not in {one.key for one in self._alerts}:
            self.add(alert)

    def write(self, alerts: Sequence[Alert], kept: Sequence[Alert]) -> None:
        """Put alerts on the disk. Blocking.

        Args:
            alerts: The alerts.
            kept: Everything that is to be kept, for the time when the file has become too long.

        Raises:
            OSError: They cannot be written.
        """
        if self._journal is None:
            return
        self._lines += len(alerts)
        if self._lines > 2 * KEPT + len(kept):
            self._journal.replace([line_of(alert) for alert in kept])
            self._lines = len(kept)
        else:
            self._journal.append([line_of(alert) for alert in alerts])

    def kept(self) -> list[Alert]:
        """Return everything that is kept: what is not over, and what was told last."""
        recent = {(alert.incident, alert.kind, alert.number) for alert in self._alerts}
        early = [a for a in self.open.values() if (a.incident, a.kind, a.number) not in recent]
        return [*early, *self._alerts]

    def find(self, service: str | None = None, since: float | None = None, limit: int | None = None) -> list[Alert]:
        """Return alerts, oldest first.

        Args:
            service: Only those about this service.
            since: Only those told after this, as a POSIX timestamp in seconds.
            limit: Only so many, the newest.
        """
        found = [
            alert
            for alert in self._alerts
            if (service is None or alert.service == service) and (since is None or alert.timestamp > since)
        ]
        return found if limit is None else found[max(0, len(found) - limit) :]
