"""What a report says: how each service fared in a stretch of time, in a size that does not grow with that time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import attrs

from mcpstore.models.alert import Alert
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.models.record import Record
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.service import ServiceStatus
from mcpstore.models.state_history import StateInterval

__all__ = ["STOPPED", "USABLE", "Advice", "Bucket", "Outage", "Report", "ServiceReport"]

USABLE: Final = frozenset({State.HEALTHY, State.WARNING})
"""The states in which a service does its work."""

_IDLE: Final = (ServiceStatus.STOPPED, ServiceStatus.NOT_STARTED)

STOPPED: Final = "stopped"
"""What a service is that nobody wants to run."""


@attrs.frozen(kw_only=True)
class Bucket(Record):
    """What was measured in one part of the time of a report.

    Attributes:
        begin: Its beginning, as a POSIX timestamp in seconds.
        end: Its end, as a POSIX timestamp in seconds.
        availability: Share of the time it was wanted in which it was usable, in per cent; None if it was not wanted.
        calls: Calls that ended.
        failed_calls: Calls that did not end well.
        mean: Mean duration of a call, in seconds; None without calls.
        p95: Duration that 95 of 100 calls stayed below, in seconds; None without calls.
        response_time: Mean duration of an answered check, in seconds; None without one.
    """

    begin: float
    end: float
    availability: float | None = None
    calls: int = 0
    failed_calls: int = 0
    mean: float | None = None
    p95: float | None = None
    response_time: float | None = None


@attrs.frozen(kw_only=True)
class Outage(Record):
    """A time in which a service was wanted and not usable.

    Attributes:
        begin: When it began, as a POSIX timestamp in seconds.
        end: When it was over, as a POSIX timestamp in seconds; None if it is not.
        duration: How long it has lasted, in seconds.
        states: The states it went through, each once, in order.
        error: What had gone wrong; empty if nobody knows.
    """

    begin: float
    end: float | None
    duration: float
    states: tuple[State, ...]
    error: str = ""


@attrs.frozen(kw_only=True)
class Advice(Record):
    """What is the matter with a service, and what to do.

    Attributes:
        summary: What is the matter.
        evidence: What that is concluded from.
        remedy: What to do; empty if nothing needs to be done.
    """

    summary: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""


@attrs.frozen(kw_only=True)
class ServiceReport(Record):
    """How one service fared.

    Attributes:
        name: Its name.
        status: Its run status at the end.
        connection_state: Its connection state at the end; nobody knows the true one if it is not watched.
        watched: Whether somebody looks after it at the end.
        transport: How it is reached.
        tool_count: Tools it offers.
        availability: Share of the time it was wanted in which it was usable, in per cent; None if it never was.
        time_in: Seconds spent in each state, and stopped, as far as that occurred.
        states: Its states over time.
        restarts: How often a lost connection was opened again; not how often somebody restarted it.
        calls: Calls that ended.
        failed_calls: Calls that did not end well.
        mean: Mean duration of a call, in seconds; None without calls.
        worst: The longest call, in seconds; None without calls.
        p50: Median duration of all calls of this time, in seconds; None without calls, or where nobody knows.
        p95: Duration that 95 of 100 of them stayed below, in seconds.
        p99: Duration that 99 of 100 of them stayed below, in seconds.
        incidents: When it was not usable, oldest first.
        buckets: What was measured over time.
        metrics: What was measured last; None if nothing is measured.
        advice: What is the matter and what to do.
    """

    name: str
    status: ServiceStatus
    connection_state: State
    watched: bool = True
    transport: str = ""
    tool_count: int = 0
    availability: float | None = None
    time_in: Mapping[str, float] = attrs.field(factory=dict[str, float])
    states: tuple[StateInterval, ...] = ()
    restarts: int = 0
    calls: int = 0
    failed_calls: int = 0
    mean: float | None = None
    worst: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    incidents: tuple[Outage, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    metrics: ServiceMetrics | None = None
    advice: Advice | None = None

    @property
    def error_rate(self) -> float | None:
        """Failed calls per call, in per cent; None without calls."""
        return 100.0 * self.failed_calls / self.calls if self.calls else None

    @property
    def needs_care(self) -> bool:
        """Whether there is something to do about it."""
        is_ill = self.watched and self.status not in _IDLE
        return is_ill and self.advice is not None and bool(self.advice.remedy)


@attrs.frozen(kw_only=True)
class Report(Record):
    """How a fleet of services fared.

    Attributes:
        begin: The beginning of the time told of, as a POSIX timestamp in seconds.
        end: Its end, as a POSIX timestamp in seconds: when the report was made.
        location: Where the configuration is kept; empty if it is nowhere.
        watched: Whether somebody looks after the services; if not, this is only what was recorded.
        services: The services.
        alerts: What people were told, oldest first.
        active: The alerts that are not resolved.
    """

    SHOWN: ClassVar[tuple[str, ...]] = (
        "begin",
        "end",
        "location",
        "watched",
        "availability",
        "calls",
        "failed_calls",
        "error_rate",
        "incidents",
        "services",
        "alerts",
        "active",
    )

    begin: float
    end: float
    location: str = ""
    watched: bool = True
    services: tuple[ServiceReport, ...] = ()
    alerts: tuple[Alert, ...] = ()
    active: tuple[Alert, ...] = ()

    @property
    def availability(self) -> float | None:
        """Mean availability of the services that were wanted, in per cent; None if none was."""
        known = [life.availability for life in self.services if life.availability is not None]
        return sum(known) / len(known) if known else None

    @property
    def calls(self) -> int:
        """Calls of all services that ended."""
        return sum(life.calls for life in self.services)

    @property
    def failed_calls(self) -> int:
        """Calls of all services that did not end well."""
        return sum(life.failed_calls for life in self.services)

    @property
    def error_rate(self) -> float | None:
        """Failed calls per call, in per cent; None without calls."""
        return 100.0 * self.failed_calls / self.calls if self.calls else None

    @property
    def incidents(self) -> int:
        """How often a service was not usable."""
        return sum(len(life.incidents) for life in self.services)
