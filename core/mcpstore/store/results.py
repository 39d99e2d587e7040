"""Results of the verbs of a store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import attrs

from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.models.record import Record
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceStatus
from mcpstore.runtime.service_history import PastCheck

__all__ = ["CallResult", "CheckResult", "Diagnosis", "Recovery", "ToolsRefresh"]


@attrs.frozen(kw_only=True)
class CallResult(Record):
    """The result of a tool call. Text, data and content are read from the raw result on access.

    Attributes:
        service: Name of the service.
        tool: Name of the tool within the service.
        raw: The result as the service sent it.
        is_error: Whether the tool reported an error.
    """

    SHOWN: ClassVar[tuple[str, ...]] = (
        "service",
        "tool",
        "is_error",
        "text",
        "data",
        "structured_content",
        "content",
    )

    service: str
    tool: str
    raw: Mapping[str, Any] = attrs.field(repr=False)
    is_error: bool = False
    _is_wrapped: bool = attrs.field(default=False, alias="is_wrapped", repr=False)

    @property
    def content(self) -> tuple[Mapping[str, Any], ...]:
        """The content blocks, as the service sent them."""
        blocks = map(as_object, as_array(self.raw.get("content")) or ())
        return tuple(block for block in blocks if block is not None)

    @property
    def structured_content(self) -> Mapping[str, Any] | None:
        """The structured content, if there is any."""
        return as_object(self.raw.get("structuredContent"))

    @property
    def text(self) -> str:
        """The text of all text blocks, separated by line breaks."""
        return "\n".join(as_text(block.get("text")) or "" for block in self.content if block.get("type") == "text")

    @property
    def data(self) -> Any:
        """The value that the tool returned, as JSON; None if the result has no structured content.

        Tools whose value is not an object wrap it as `{"result": …}` and declare that in their output schema; here it
        is unwrapped.
        """
        structured = self.structured_content
        return structured.get("result") if structured is not None and self._is_wrapped else structured


@attrs.frozen(kw_only=True)
class CheckResult(Record):
    """The result of a health check.

    Attributes:
        name: The service.
        status: The run status for a store, the connection state for a context.
        run_status: Its run status.
        connection_state: Its connection state.
        healthy: Whether it answers health checks.
        response_time: Duration of the last answered check, in ms; 0 before the first.
        success_rate: Share of answered checks among the last 100, in per cent.
        error: What is wrong, in words.
    """

    name: str
    status: ServiceStatus | ServiceConnectionState
    run_status: ServiceStatus
    connection_state: ServiceConnectionState
    healthy: bool
    response_time: float
    success_rate: float
    error: str | None = None


@attrs.frozen(kw_only=True)
class Diagnosis(Record):
    """Why a service is in its state.

    Attributes:
        name: The service.
        run_status: Its run status.
        connection_state: Its connection state.
        summary: The problem, in one sentence.
        evidence: Facts that support it, in words: exit code, last lines of stderr, last checks, next retry.
        remedy: What to do; empty if nothing needs to be done.
        reason: Why it is disconnected.
        lasted: Seconds it has been in its connection state.
        error: Its last error.
        exit_code: Exit code of its process, the last time that ended by itself.
        stderr: The last lines it wrote to stderr, oldest first.
        checks: Its last health checks, oldest first.
        attempts: Failed attempts to open it in this round.
        rounds: Failed rounds in a row.
        next_retry_time: Time of the next automatic retry (local time, without zone); None if there is none.
        recovery: Name of its recovery policy.
        depends_on: Names of the services it depends on.
    """

    name: str
    run_status: ServiceStatus
    connection_state: ServiceConnectionState
    summary: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    reason: Reason = Reason.NONE
    lasted: float = 0.0
    error: str | None = None
    exit_code: int | None = None
    stderr: tuple[str, ...] = ()
    checks: tuple[PastCheck, ...] = ()
    attempts: int = 0
    rounds: int = 0
    next_retry_time: datetime | None = None
    recovery: str = ""
    depends_on: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Recovery(Record):
    """What was done to recover a service, and the outcome. True if the service is usable.

    Attributes:
        name: The service.
        recovered: Whether it is usable.
        done: What was done, in order: "restarted", "recreated from its stored entry".
        run_status: Its run status.
        connection_state: Its connection state.
        error: Why it is not usable, if it is not.
    """

    name: str
    recovered: bool
    done: tuple[str, ...]
    run_status: ServiceStatus
    connection_state: ServiceConnectionState
    error: str | None = None

    def __bool__(self) -> bool:
        return self.recovered


@attrs.frozen(kw_only=True)
class ToolsRefresh(Record):
    """When the catalog of a service was fetched, and when it is fetched next.

    Attributes:
        name: The service.
        tool_count: Number of its tools.
        cause: Cause of the last fetch: "connected", "list_changed", "interval", "fallback", "request"; empty without a
            connection.
        time: Time of the last fetch (local time, without zone).
        next_time: Time of the next regular fetch (local time, without zone).
        failures: Number of failed fetches in a row; the last known catalog stays.
        error: Error of the last fetch, if it failed.
    """

    name: str
    tool_count: int = 0
    cause: str = ""
    time: datetime | None = None
    next_time: datetime | None = None
    failures: int = 0
    error: str | None = None
