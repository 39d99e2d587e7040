"""What plugins offer for alerts: ways to tell people, and rules for when they are told."""

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
"""Called with what was measured; what it returns counts as true or false."""


@attrs.frozen(kw_only=True)
class AlertHandler(Generic[C]):
    """A channel to people.

    Attributes:
        name: What configurations call it.
        config: The pydantic model of its settings.
        send: Called with (alert, settings), one alert after the other: a coroutine function in the event loop, which it
            must not keep; a plain function in a thread of its own. Returning means delivered; raising, or taking longer
            than ten seconds, means try again later. A notice may come twice, then with the same `key`.
    """

    name: str
    config: type[C]
    send: Callable[[Alert, C], Awaitable[None] | None]


class AlertScope(StrEnum):
    """What a rule looks at."""

    SERVICE = "service"
    """Each service: the fields of `ServiceMetrics`."""
    MANAGER = "manager"
    """The manager and its machine: the fields of `HostMetrics`."""


class Inconclusive(Exception):
    """Raised by a condition that cannot tell at the moment; nothing changes then."""


def _level(value: AlertLevel | str | Enum) -> AlertLevel:
    return AlertLevel(value.value if isinstance(value, Enum) else value)


@attrs.frozen
class AlertRule:
    """When people are told.

    Attributes:
        name: Its name.
        condition: Takes what was measured, as a mapping, and returns whether something is wrong; or an expression in
            CEL over its fields. It is called in the event loop and has to return at once: one that takes longer than
            0.25 s three times in a row is not evaluated any more.
        level: How bad it is.
        message: What to say; `{field}` stands for a field of what was measured, with a format after a colon.
        cooldown: Seconds after a notice in which no other of this rule about the same service begins.
        wait: Seconds the condition must hold until people are told, or what tells them from what was measured.
        keep: Evaluations in a row, a check interval apart, in which it must not hold until people are told that it is
            over.
        services: Patterns (as in file names) of the services it looks at; all if there is none.
        scope: What it looks at.
        resolved: What to say when it is over; made from `message` if it is empty.
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
