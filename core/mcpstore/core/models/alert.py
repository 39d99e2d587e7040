"""An alert: something a person should know about a service."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from mcpstore.core.models.record import Record

__all__ = ["Alert", "AlertKind", "AlertLevel"]


class AlertLevel(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    """What is told about an incident."""

    FIRED = "fired"
    REMINDED = "reminded"
    RESOLVED = "resolved"


@attrs.frozen(kw_only=True)
class Alert(Record):
    """A notice about one incident of one service.

    Attributes:
        rule_name: The rule that noticed it.
        service: The service concerned; empty if it is the manager itself.
        level: How bad it is.
        kind: Whether it begins, goes on or is over.
        message: What happened, in words.
        timestamp: When (local time, without zone).
        incident: Identity of the incident; the same for its beginning, its reminders and its end.
    """

    rule_name: str
    service: str
    level: AlertLevel
    kind: AlertKind
    message: str
    timestamp: datetime
    incident: str
