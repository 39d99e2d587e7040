"""What the verbs of a store return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from mcpstore.core.models.record import Record
from mcpstore.core.models.service import ServiceConnectionState, ServiceStatus
from mcpstore.core.models.shape import as_array, as_object, as_text

__all__ = ["CallResult", "CheckResult", "Diagnosis"]


@attrs.frozen(kw_only=True)
class CallResult(Record):
    """The result of a tool call. Everything is read from the raw result when it is asked for.

    Attributes:
        service: The service that was called.
        tool: The tool's own name.
        raw: The result exactly as the service sent it.
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
    _is_wrapped: bool = attrs.field(default=False, alias="is_wrapped", repr=False)

    @property
    def is_error(self) -> bool:
        """Whether the tool reported failure."""
        return self.raw.get("isError") is True

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
        """The text of all text blocks, one below the other."""
        return "\n".join(as_text(block.get("text")) or "" for block in self.content if block.get("type") == "text")

    @property
    def data(self) -> Any:
        """The value the tool returned, as far as JSON can carry it; None if it returned no structured content.

        Tools that return something other than an object wrap it as `{"result": …}` and say so in their output schema;
        it is unwrapped here.
        """
        structured = self.structured_content
        return structured.get("result") if structured is not None and self._is_wrapped else structured


@attrs.frozen(kw_only=True)
class CheckResult(Record):
    """What a health check found.

    Attributes:
        name: The service.
        status: Run status when a store was asked, connection state when a context was asked.
        run_status: What it does for its users.
        connection_state: What its connection is.
        healthy: Whether it answers.
        response_time: How long the last check took, in ms; 0 if it never answered one.
        success_rate: Share of answered checks among the last 100, in percent.
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
    """Why a service is where it is.

    Attributes:
        name: The service.
        run_status: What it does for its users.
        connection_state: What its connection is.
        summary: What is the matter, in one sentence.
        evidence: What that is concluded from: exit code, last lines of stderr, last checks, next try.
        remedy: What to do about it; empty if nothing needs to be done.
    """

    name: str
    run_status: ServiceStatus
    connection_state: ServiceConnectionState
    summary: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
