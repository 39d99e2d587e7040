"""Alerts: what people should know about a service, and when they do not want to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from mcpstore.models.record import Record

__all__ = ["Alert", "AlertKind", "AlertLevel", "Silence"]


class AlertLevel(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """How bad it is as a number; more is worse."""
        return list(AlertLevel).index(self)


class AlertKind(StrEnum):
    """What is told about an incident."""

    FIRED = "fired"
    REMINDED = "reminded"
    RESOLVED = "resolved"


@attrs.frozen(kw_only=True)
class Alert(Record):
    """A notice about one incident of one service, or about several at once.

    Attributes:
        rule_name: The rule that noticed it.
        service: The service concerned; empty if it is the manager itself, or several services.
        level: How bad it is.
        kind: Whether it begins, goes on or is over.
        message: What happened, in words.
        timestamp: When, as a POSIX timestamp in seconds.
        incident: Identity of the incident; the same for its beginning, its reminders and its end.
        metrics: What was measured of the service then.
        began: When the incident began, as a POSIX timestamp in seconds; 0 if that is not known.
        number: How many reminders there were, this one included.
        alerts: The notices this one stands for, where several are told as one.
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
        """Identity of the notice: two that have the same key say the same, and whoever has one needs no other."""
        return f"{self.incident}.{self.kind}" + (f".{self.number}" if self.number else "")


@attrs.frozen(kw_only=True)
class Silence(Record):
    """Alerts nobody wants to hear of for a while.

    Attributes:
        id: Its identity.
        service: A pattern (as in file names) of the services concerned.
        rule: A pattern of the rules concerned.
        until: When it ends, as a POSIX timestamp in seconds.
        comment: Why.
        created: When it was made, as a POSIX timestamp in seconds.
    """

    id: str
    service: str
    rule: str
    until: float
    comment: str = ""
    created: float = 0.0
