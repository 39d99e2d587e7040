"""Status of plugins, as `mcpstore plugins` shows it."""

from __future__ import annotations

from enum import StrEnum

import attrs

from mcpstore.models.record import Record

__all__ = ["PluginInfo", "PluginStatus"]


class PluginStatus(StrEnum):
    """Status of a plugin."""

    ACTIVE = "active"
    """The plugin is imported and used."""
    IDLE = "idle"
    """The plugin is in the cache and was not needed yet; it is imported when it is needed."""
    BLOCKED = "blocked"
    """The user blocked the plugin; it is not imported."""
    BROKEN = "broken"
    """The plugin cannot be imported, or its hooks or offers are invalid."""
    CONFLICT = "conflict"
    """Another plugin has the same name, or an offer of the same kind and name; none of them is used."""
    MUTED = "muted"
    """The plugin failed too often; its notices and decisions are not called any more. Its offers are still used."""


@attrs.frozen(kw_only=True)
class PluginInfo(Record):
    """Description of a plugin.

    Attributes:
        name: Name of the plugin.
        version: Version of its distribution.
        distribution: Name of its distribution.
        status: Status.
        hooks: Names of the hooks it implements.
        offers: Kind and name of each offer, such as "transport tcp".
        error: Message of the last error; None if there was none.
        failures: Number of failures of its hooks and offers.
        time_spent: Seconds spent in its notices and decisions.
        target: Object that its entry point names, such as "package.module:attribute".
        api: Versions of the hook API it supports; None if it does not state them.
        warnings: Messages about deprecated hooks and arguments it uses.
        calls: Number of calls of its notices and decisions.
        load_time: Duration of its import, in seconds.
        history: Last 20 events of the plugin, oldest first.
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
