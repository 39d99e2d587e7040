"""Records of a report; their size does not grow with the length of the period."""

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
"""States in which a service can be called."""

_IDLE: Final = (ServiceStatus.STOPPED, ServiceStatus.NOT_STARTED)

STOPPED: Final = "stopped"
"""Kind of time in which a service was not to run."""


@attrs.frozen(kw_only=True)
class Bucket(Record):
    """Metrics of a service in one part of the period.

    Attributes:
        begin: Start, as a POSIX timestamp in seconds.
        end: End, as a POSIX timestamp in seconds.
        availability: Usable share of the time the service was to run, in per cent; None if it was not to run.
        calls: Finished calls.
        failed_calls: Failed calls.
        mean: Mean latency of calls, in seconds; None without calls.
        p95: 95th percentile of the latency, in seconds; None without calls.
        response_time: Mean duration of answered checks, in seconds; None without one.
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
    """A time in which a service was to run and was not usable.

    Attributes:
        begin: Start, as a POSIX timestamp in seconds.
        end: End, as a POSIX timestamp in seconds; None if it continues.
        duration: Duration until its end or the end of the period, in seconds.
        states: States during the outage, in order, each once.
        error: Last error message; empty if none is known.
    """

    begin: float
    end: float | None
    duration: float
    states: tuple[State, ...]
    error: str = ""


@attrs.frozen(kw_only=True)
class Advice(Record):
    """Diagnosis of a service.

    Attributes:
        summary: The problem, or that the service is healthy.
        evidence: Facts that support the diagnosis.
        remedy: What to do; empty if no action is needed.
    """

    summary: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""


@attrs.frozen(kw_only=True)
class ServiceReport(Record):
    """Report on one service.

    Attributes:
        name: Name of the service.
        status: Run status at the end of the period.
        connection_state: Connection state at the end of the period; not the actual one if no manager runs the service.
        watched: Whether a manager runs the service at the end of the period.
        transport: Name of its transport.
        tool_count: Number of its tools.
        availability: Usable share of the time the service was to run, in per cent; None if it was never to run.
        time_in: Time in each state, and stopped, in seconds; states that did not occur are missing.
        states: Its states over time.
        restarts: Number of lost connections that were reopened; restarts by an operator are not counted.
        calls: Finished calls.
        failed_calls: Failed calls.
        mean: Mean latency of calls, in seconds; None without calls.
        worst: Highest latency, in seconds; None without calls.
        p50: Median latency of calls, in seconds; None without calls, or if the latency of some is unknown.
        p95: 95th percentile of the latency, in seconds.
        p99: 99th percentile of the latency, in seconds.
        incidents: Outages, oldest first.
        buckets: Metrics over time.
        metrics: Current metrics; None without monitoring.
        advice: Diagnosis.
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
    def needs_action(self) -> bool:
        """Whether there is a remedy to apply."""
        is_running = self.watched and self.status not in _IDLE
        return is_running and self.advice is not None and bool(self.advice.remedy)


@attrs.frozen(kw_only=True)
class Report(Record):
    """Report on all services of a store.

    Attributes:
        begin: Start of the period, as a POSIX timestamp in seconds.
        end: End of the period and time of the report, as a POSIX timestamp in seconds.
        location: Path or URL of the configuration; empty without one.
        watched: Whether a manager runs the services; if not, the report shows only recorded data.
        services: The reports on the services.
        alerts: Alerts in the period, oldest first.
        active: Alerts that are not resolved.
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
        """Mean availability of the services that were to run, in per cent; None if none was."""
        known = [service.availability for service in self.services if service.availability is not None]
        return sum(known) / len(known) if known else None

    @property
    def calls(self) -> int:
        """Finished calls of all services."""
        return sum(service.calls for service in self.services)

    @property
    def failed_calls(self) -> int:
        """Failed calls of all services."""
        return sum(service.failed_calls for service in self.services)

    @property
    def error_rate(self) -> float | None:
        """Failed calls per call, in per cent; None without calls."""
        return 100.0 * self.failed_calls / self.calls if self.calls else None

    @property
    def incidents(self) -> int:
        """Number of outages of all services."""
        return sum(len(service.incidents) for service in self.services)
