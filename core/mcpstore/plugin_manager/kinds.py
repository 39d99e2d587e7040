"""Kinds of offers of plugins, and types of the answers of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import attrs

from mcpstore.hooks import (
    AlertHandler,
    AlertRule,
    Command,
    Exporter,
    GiveUp,
    HealthStrategy,
    HistoryBackend,
    PersistenceBackend,
    RecoveryPolicy,
    Refusal,
    Reregister,
    Retry,
    Transport,
)

__all__ = ["DECISIONS", "PLUGIN_KINDS", "Offer", "PluginKind"]


class Offer(Protocol):
    """Record that a plugin offers."""

    @property
    def name(self) -> str:
        """Name of the offer in configurations."""
        ...


@attrs.frozen
class PluginKind:
    """Kind of offers.

    Attributes:
        name: Name of the kind, in the singular.
        hook: Hook that returns the offers.
        record: Type of the offers.
    """

    name: str
    hook: str
    record: type[Any]


PLUGIN_KINDS: Final[Mapping[str, PluginKind]] = {
    kind.name: kind
    for kind in (
        PluginKind("transport", "mcpstore_transports", Transport),
        PluginKind("health strategy", "mcpstore_health_strategies", HealthStrategy),
        PluginKind("alert handler", "mcpstore_alert_handlers", AlertHandler),
        PluginKind("alert rule", "mcpstore_alert_rules", AlertRule),
        PluginKind("persistence backend", "mcpstore_persistence_backends", PersistenceBackend),
        PluginKind("recovery policy", "mcpstore_recovery_policies", RecoveryPolicy),
        PluginKind("exporter", "mcpstore_exporters", Exporter),
        PluginKind("history backend", "mcpstore_history_backends", HistoryBackend),
        PluginKind("command", "mcpstore_commands", Command),
    )
}

DECISIONS: Final[Mapping[str, tuple[type[Any], ...]]] = {
    "mcpstore_authorize_call": (Refusal,),
    "mcpstore_choose_recovery": (Retry, Reregister, GiveUp),
    "mcpstore_expand_variable": (str,),
}
"""Types of the answers of each decision, besides None."""
