"""The API for plugin authors: markers, records and hook specifications."""

from mcpstore.hooks.alert import AlertHandler, AlertRule, AlertScope, Inconclusive
from mcpstore.hooks.command import Command, CommandCall
from mcpstore.hooks.connection import ClientEndpoint, Closing, Connection, Era, Exit, ProgressFn, ServerInfo
from mcpstore.hooks.edits import apply_edits
from mcpstore.hooks.events import CallRequest, Refusal, StateChange, ToolCall
from mcpstore.hooks.export import Exporter, Measurements
from mcpstore.hooks.health import Check, HealthStrategy
from mcpstore.hooks.history import HistoryBackend, HistoryBatch, HistoryLocation, HistoryQuery, HistoryStore
from mcpstore.hooks.markers import API_VERSION, ENTRY_POINT_GROUP, PROJECT_NAME, hookimpl, hookspec
from mcpstore.hooks.orphans import Orphans, OwnershipRecord
from mcpstore.hooks.persistence import (
    ANYTHING,
    MISSING,
    Content,
    Document,
    Edit,
    Path,
    PersistenceBackend,
    Problem,
)
from mcpstore.hooks.recovery import FailureContext, GiveUp, RecoveryPolicy, Reregister, Retry
from mcpstore.hooks.transport import Transport
from mcpstore.models.alert import Alert, AlertKind, AlertLevel

__all__ = [
    "ANYTHING",
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "MISSING",
    "PROJECT_NAME",
    "Alert",
    "AlertHandler",
    "AlertKind",
    "AlertLevel",
    "AlertRule",
    "AlertScope",
    "CallRequest",
    "Check",
    "ClientEndpoint",
    "Closing",
    "Command",
    "CommandCall",
    "Connection",
    "Content",
    "Document",
    "Edit",
    "Era",
    "Exit",
    "Exporter",
    "FailureContext",
    "GiveUp",
    "HealthStrategy",
    "HistoryBackend",
    "HistoryBatch",
    "HistoryLocation",
    "HistoryQuery",
    "HistoryStore",
    "Inconclusive",
    "Measurements",
    "Orphans",
    "OwnershipRecord",
    "Path",
    "PersistenceBackend",
    "Problem",
    "ProgressFn",
    "RecoveryPolicy",
    "Refusal",
    "Reregister",
    "Retry",
    "ServerInfo",
    "StateChange",
    "ToolCall",
    "Transport",
    "apply_edits",
    "hookimpl",
    "hookspec",
]
