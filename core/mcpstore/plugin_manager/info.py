"""What `mcpstore plugins` shows."""

from __future__ import annotations

from enum import StrEnum

import attrs

from mcpstore.models.record import Record

__all__ = ["PluginInfo", "PluginStatus"]


class PluginStatus(StrEnum):
    """How a plugin fares."""

    ACTIVE = "active"
    IDLE = "idle"
    """Nothing of it was wanted yet; it is imported when something is."""
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
        target: What its entry point names.
        api: The versions of the hook API it can use, if it states them.
        warnings: What it uses that will go away.
        calls: How many hook calls there were.
        load_time: Seconds its import took.
        history: What happened to it, oldest first; the last twenty things.
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
    target: str = ""
    api: str | None = None
    warnings: tuple[str, ...] = ()
    calls: int = 0
    load_time: float = 0.0
    history: tuple[str, ...] = ()
