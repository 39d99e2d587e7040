"""What an alert handler plugin offers: a way to tell people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from mcpstore.core.models.alert import Alert

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["AlertHandler"]

C = TypeVar("C", bound="BaseModel")


@attrs.frozen(kw_only=True)
class AlertHandler(Generic[C]):
    """A channel to people.

    Attributes:
        name: What configurations call it.
        config: The pydantic model of its settings.
        send: Called with (alert, settings). Returning means delivered; raising means try again later.
    """

    name: str
    config: type[C]
    send: Callable[[Alert, C], Awaitable[None]]
