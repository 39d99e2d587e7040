"""Reports, exports, the text dashboard and the overview: what other objects know, put together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mcpstore.errors import InvalidArgument
from mcpstore.models.alert import Alert
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.record import NamedList
from mcpstore.models.state_history import StateInterval
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.arguments import Moment, check_choice, check_names, check_path
from mcpstore.store.diagnostics import diagnose
from mcpstore.store.metrics_queries import MetricsQueries
from mcpstore.store.overview import Overview, glance_of
from mcpstore.store.parts import StoreParts
from mcpstore.store.scope import Scope

# Imported late: most managers never report anything.
if TYPE_CHECKING:
    from mcpstore.monitoring.report import Advice, Report

__all__ = ["EXPORT_FORMATS", "Reports"]

EXPORT_FORMATS: Final = ("json", "csv", "parquet")

REPORT_SAMPLES: Final = 400
"""Maximum number of samples of a service in a report: a few for each point of a plot."""

OVERVIEW_SAMPLES: Final = 60
"""Maximum number of samples of a service in an overview."""

MIN_SPAN: Final = 10.0
"""Shortest span of a report, in seconds: the plots of a store that was just opened need an axis, too."""

RECENT: Final = 3600.0
"""Age up to which the dashboard shows alerts, in seconds."""

EXPORTED: Final = ("run_status", "connection_state", "transport", "tool_count", "error")
"""Fields of a service in an export as JSON, beside its name."""

T = TypeVar("T", StateInterval, MetricsSample)


class Reports:
    """Makes reports, exports, dashboards and overviews.

    Args:
        scope: The services covered.
        metrics: The metrics of these services.
    """

    def __init__(self, scope: Scope, metrics: MetricsQueries) -> None:
        self._scope: Final = scope
        self._metrics: Final = metrics

    async def report(self, format: str, since: Moment) -> str:  # noqa: A002 - the name of the public argument
        """Return a report; see `AsyncServiceContext.report`."""
        from mcpstore.monitoring.report import FORMATS, render  # noqa: PLC0415 - see above

        chosen = check_choice("format", format, FORMATS)
        report = await self._collect(since)
        return await asyncio.to_thread(render, report, chosen)

    async def export(
        self,
        format: str | None,  # noqa: A002 - the name of the public argument
        path: str | os.PathLike[str] | None,
        services: Iterable[str] | None,
        since: Moment,
    ) -> str:
        """Export metrics; see `AsyncServiceContext.export`."""
        from mcpstore.monitoring.export import table_rows, to_json, to_parquet  # noqa: PLC0415 - see above
        from mcpstore.monitoring.private_file import write_file  # noqa: PLC0415 - see above

        parts = self._scope.parts()
        chosen = parts.monitoring.data_collection.export_format if format is None else format
        check_choice("format", chosen, EXPORT_FORMATS)
        if check_path("path", path) is None and chosen == "parquet":
            raise InvalidArgument(
                "path", "is missing: Parquet is binary and cannot be returned; give the path of a file"
            )
        names = None if services is None else check_names("services", services)
        runners = self._scope.runners() if names is None else [self._scope.runner(name) for name in names]
        if chosen == "json":
            data = (await asyncio.to_thread(to_json, await self._as_object(runners, since))).encode()
        elif chosen == "csv":
            data = await self._as_csv(runners, since)
        else:
            samples = [s for runner in runners for s in await self._metrics.history(runner.spec.name, since)]
            data = await asyncio.to_thread(lambda: to_parquet(table_rows(samples)))
        if path is None:
            return data.decode()
        return str(await asyncio.to_thread(write_file, path, data))

    def dashboard(self) -> str:
        """Return the services as text for a terminal; see `AsyncServiceContext.dashboard`."""
        from mcpstore.monitoring.dashboard_text import render_dashboard  # noqa: PLC0415 - see above

        parts = self._scope.parts()
        now = parts.supervisor.clock.posix()
        metrics = [parts.collector.metrics(runner.spec.name) for runner in self._scope.runners()]
        past, _ = self._alerts(now - RECENT)
        return render_dashboard(metrics, past, now)

    async def overview(self, since: Moment) -> Overview:
        """Return an overview; see `AsyncServiceContext.overview`."""
        parts, runners = self._scope.parts(), self._scope.runners()
        now = parts.supervisor.clock.posix()
        states = _by_service(await self._metrics.states(None, since))
        samples = _by_service(await self._metrics.history(None, since, None, OVERVIEW_SAMPLES))
        services = [
            glance_of(
                self._scope.snapshot(runner),
                parts.collector.metrics(name),
                tuple(states.get(name, ())),
                tuple(samples.get(name, ())),
            )
            for runner in runners
            if (name := runner.spec.name) in parts.registry  # it may have been removed meanwhile
        ]
        active = [alert for alert in parts.alert_engine.active if self._scope.includes_alerts_of(alert.service)]
        return Overview(
            now=now,
            location=parts.config_store.location,
            services=NamedList(services),
            alerts=tuple(alert.message for alert in active),
        )

    async def _collect(self, since: Moment) -> Report:
        """Return the content of a report."""
        from mcpstore.monitoring.report import Report, service_report  # noqa: PLC0415 - see above

        parts, runners = self._scope.parts(), self._scope.runners()
        now = parts.supervisor.clock.posix()
        states = _by_service(await self._metrics.states(None, since))
        samples = _by_service(await self._metrics.history(None, since, None, REPORT_SAMPLES))
        begins = [states[runner.spec.name][0].since for runner in runners if runner.spec.name in states]
        begin = min(min(begins, default=now), now - MIN_SPAN)
        lives = [
            service_report(
                self._scope.snapshot(runner),
                begin,
                now,
                states=states.get(name, ()),
                samples=samples.get(name, ()),
                metrics=parts.collector.metrics(name),
                advice=_advice(runner, parts),
                watched=parts.is_supervising,
            )
            for runner in runners
            if (name := runner.spec.name) in parts.registry  # it may have been removed meanwhile
        ]
        alerts, active = self._alerts(begin)
        return Report(
            begin=begin,
            end=now,
            location="" if parts.config_store.is_in_memory else parts.config_store.location,
            watched=parts.is_supervising,
            services=tuple(lives),
            alerts=alerts,
            active=active,
        )

    async def _as_csv(self, runners: Iterable[ServiceRunner], since: Moment) -> bytes:
        """Return the samples of services as CSV; one service at a time, because there may be very many samples."""
        from mcpstore.monitoring.export import COLUMNS, table_rows, to_csv  # noqa: PLC0415 - see above

        def lines(samples: Iterable[MetricsSample]) -> str:
            return to_csv(table_rows(samples), COLUMNS, titles=False)

        tables = [to_csv((), COLUMNS)]
        for runner in runners:
            samples = await self._metrics.history(runner.spec.name, since)
            tables.append(await asyncio.to_thread(lines, samples))
        return "".join(tables).encode()

    async def _as_object(self, runners: Iterable[ServiceRunner], since: Moment) -> dict[str, Any]:
        from mcpstore.monitoring.export import UNITS  # noqa: PLC0415 - see above

        parts = self._scope.parts()
        services: list[dict[str, Any]] = []
        for runner in runners:
            name, service = runner.spec.name, self._scope.snapshot(runner)
            services.append(
                {
                    "name": name,
                    **{key: service[key] for key in EXPORTED},
                    "metrics": parts.collector.metrics(name),
                    "states": await self._metrics.states(name, since),
                    "samples": await self._metrics.history(name, since),
                }
            )
        alerts, _ = self._alerts(since)
        now = parts.supervisor.clock.posix()
        return {"export_time": now, "units": UNITS, "services": services, "alerts": alerts}

    def _alerts(self, since: Moment) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
        """Return the notifications since a moment, oldest first, and the active alerts."""
        engine, begin = self._scope.parts().alert_engine, self._metrics.query(None, since, None, None).since
        includes = self._scope.includes_alerts_of
        past = [alert for alert in engine.delivery.log.find(since=begin) if includes(alert.service)]
        # A store that only shows the data of another manager has no active alerts of its own.
        active = [alert for alert in engine.active or engine.delivery.log.open_alerts() if includes(alert.service)]
        return tuple(past), tuple(active)


def _advice(runner: ServiceRunner, parts: StoreParts) -> Advice:
    from mcpstore.monitoring.report import Advice  # noqa: PLC0415 - see above

    diagnosis = diagnose(runner, parts)
    return Advice(summary=diagnosis.summary, evidence=diagnosis.evidence, remedy=diagnosis.remedy)


def _by_service(records: Iterable[T]) -> dict[str, list[T]]:
    """Return records, which are sorted by service, as one list for each service."""
    return {name: list(group) for name, group in groupby(records, lambda record: record.service_name)}
