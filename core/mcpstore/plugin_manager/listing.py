"""What `mcpstore plugins` shows."""

from __future__ import annotations

from enum import StrEnum

import attrs

from mcpstore.core.models.record import Record

__all__ = ["PluginInfo", "PluginStatus"]


class PluginStatus(StrEnum):
    """How a plugin fares."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    """Somebody asked for it not to be used; it was not imported."""
    BROKEN = "broken"
    """It could not be loaded, or what it offers cannot be used."""
    CONFLICT = "conflict"
    """Another plugin has the same name, or offers something of the same name; neither is used."""
    MUTED = "muted"
    """It failed too often; it gets no more notices."""


@attrs.frozen(kw_only=True)
class PluginInfo(Record):
    """A plugin as it is listed.

    Attributes:
        name: Its name.
        version: Version of its distribution.
        distribution: The distribution that brings it.
        status: How it fares.
        hooks: Names of the hooks it implements.
        offers: What it offers, such as "transport tcp".
        error: What went wrong last, if anything did.
        failures: How many hook calls failed.
        time_spent: Seconds spent in its hooks.
    """

    name: str
    version: str
    distribution: str
    status: PluginStatus
    hooks: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    error: str | None = None
    failures: int = 0
    time_spent: float = 0.0
