"""The public door for plugin authors: marks, records and hook specifications."""

from mcpstore.hooks.alert import AlertHandler, AlertRule, AlertScope, Undecided
from mcpstore.hooks.command import Command, CommandCall
from mcpstore.hooks.connection import Closing, Connection, Era, Exit, Peer, ProgressFn, ServerInfo
from mcpstore.hooks.edits import apply_edits
from mcpstore.hooks.events import CallRequest, Refusal, StateChange, ToolCall
from mcpstore.hooks.export import Exporter, Measurements
from mcpstore.hooks.health import Check, HealthStrategy
from mcpstore.hooks.history import HistoryBackend, HistoryBatch, HistoryPlace, HistoryQuery, HistoryStore
from mcpstore.hooks.http import HttpRoute
from mcpstore.hooks.markers import API_VERSION, ENTRY_POINT_GROUP, PROJECT_NAME, hookimpl, hookspec
from mcpstore.hooks.orphans import Lost, Trace
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
from mcpstore.hooks.recovery import GiveUp, Incident, RecoveryPolicy, Reregister, Retry
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
    "GiveUp",
    "HealthStrategy",
    "HistoryBackend",
    "HistoryBatch",
    "HistoryPlace",
    "HistoryQuery",
    "HistoryStore",
    "HttpRoute",
    "Incident",
    "Lost",
    "Measurements",
    "Path",
    "Peer",
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
    "Trace",
    "Transport",
    "Undecided",
    "apply_edits",
    "hookimpl",
    "hookspec",
]
