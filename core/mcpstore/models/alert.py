"""Notifications of alerts, and silences."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from mcpstore.models.record import Record

__all__ = ["Alert", "AlertKind", "AlertLevel", "Silence"]


class AlertLevel(StrEnum):
    """Severity of an alert."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Severity as a number; a larger one is more severe."""
        return list(AlertLevel).index(self)


class AlertKind(StrEnum):
    """Kind of a notification."""

    FIRED = "fired"
    REMINDED = "reminded"
    RESOLVED = "resolved"


@attrs.frozen(kw_only=True)
class Alert(Record):
    """Notification about one incident of a service, or about several incidents at once.

    Attributes:
        rule_name: Name of the alert rule.
        service: Name of the service; empty for the manager itself and for a group of services.
        level: Severity.
        kind: Whether the alert fired, still fires or is resolved.
        message: Text of the notification.
        timestamp: Time of the notification, as a POSIX timestamp in seconds.
        incident: Identity of the incident; the same for its start, its reminders and its end.
        metrics: Metrics of the service at this time.
        began: Start of the incident, as a POSIX timestamp in seconds; 0 if unknown.
        number: Number of reminders so far, including this one.
        alerts: Notifications that this one groups.
    """

    rule_name: str
    service: str
    level: AlertLevel
    kind: AlertKind
    message: str
    timestamp: float
    incident: str
    metrics: Mapping[str, Any] = attrs.field(factory=dict[str, Any], eq=False, repr=False)
    began: float = 0.0
    number: int = 0
    alerts: tuple[Alert, ...] = attrs.field(default=(), repr=False)

    @property
    def key(self) -> str:
        """Identity of the notification; a second one with the same key is a duplicate."""
        return f"{self.incident}.{self.kind}" + (f".{self.number}" if self.number else "")


@attrs.frozen(kw_only=True)
class Silence(Record):
    """Silence: period in which matching alerts send no notifications.

    Attributes:
        id: Identity of the silence.
        service: Pattern of the services, as for file names.
        rule: Pattern of the rules.
        until: End, as a POSIX timestamp in seconds.
        comment: Comment of the user.
        created: Time of creation, as a POSIX timestamp in seconds.
    """

    id: str
    service: str
    rule: str
    until: float
    comment: str = ""
    created: float = 0.0
