"""Offers of a plugin for alerts: alert handlers and alert rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from mcpstore.models.alert import Alert, AlertLevel

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["AlertHandler", "AlertRule", "AlertScope", "Condition", "Inconclusive"]

C = TypeVar("C", bound="BaseModel")

Condition = Callable[[Mapping[str, Any]], object]
"""Function of the measured fields; the truth of its result says whether the condition holds."""


@attrs.frozen(kw_only=True)
class AlertHandler(Generic[C]):
    """Sender of notifications over one kind of channel, such as e-mail.

    Attributes:
        name: Name of the handler in configurations.
        config: Pydantic model of its settings.
        send: Called with (alert, settings), one alert at a time. An async function runs in the event loop and must not
            block it; a plain function runs in a thread. If `send` returns, the notification is delivered. If it raises,
            or takes longer than 10 seconds, it is called again later. A notification may be sent twice, both times with
            the same `alert.key`.
    """

    name: str
    config: type[C]
    send: Callable[[Alert, C], Awaitable[None] | None]


class AlertScope(StrEnum):
    """Subject of an alert rule."""

    SERVICE = "service"
    """Each service by itself; the condition gets the fields of `ServiceMetrics`."""
    MANAGER = "manager"
    """The manager and its host; the condition gets the fields of `HostMetrics`."""


class Inconclusive(Exception):
    """Raised by a condition that cannot be evaluated now; the alert keeps its state."""


def _level(value: AlertLevel | str | Enum) -> AlertLevel:
    return AlertLevel(value.value if isinstance(value, Enum) else value)


@attrs.frozen
class AlertRule:
    """Condition on measured values, and the alert that fires while it holds.

    Attributes:
        name: Name of the rule.
        condition: CEL expression over the measured fields, or a function that takes them as a mapping; true means that
            something is wrong. A function runs in the event loop and must return at once: one that takes longer than
            0.25 seconds three times in a row is not evaluated any more. It may raise `Inconclusive`.
        level: Severity of the alert.
        message: Text of the notification; `{field}` is replaced by the measured field, with a format after a colon.
        cooldown: Seconds after a notification in which this rule sends no other one for the same service.
        wait: Seconds the condition must hold before the alert fires; or a function that returns them, called with the
            measured fields.
        keep: Evaluations in a row, one check interval apart, in which the condition must not hold before the alert is
            resolved.
        services: Patterns, as for file names, of the services the rule applies to; empty for all services.
        scope: Subject of the rule.
        resolved: Text of the notification when the alert is resolved; derived from `message` if empty.
    """

    name: str
    condition: Condition | str
    level: AlertLevel = attrs.field(default=AlertLevel.WARNING, converter=_level)
    message: str = "{rule_name}: {service_name}"
    cooldown: float = attrs.field(default=300.0, validator=attrs.validators.ge(0))
    wait: float | Callable[[Mapping[str, Any]], float] = attrs.field(default=0.0, kw_only=True)
    keep: int = attrs.field(default=2, kw_only=True)
    services: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    scope: AlertScope = attrs.field(default=AlertScope.SERVICE, kw_only=True)
    resolved: str = attrs.field(default="", kw_only=True)
