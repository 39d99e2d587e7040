"""The verbs that show how services fare: report, export, dashboard, overview."""

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
from mcpstore.store.alerts import AsyncAlerts
from mcpstore.store.arguments import a_path, check_choice, check_names
from mcpstore.store.diagnostics import diagnose
from mcpstore.store.manager import StoreManager
from mcpstore.store.metrics import AsyncMetrics, Moment
from mcpstore.store.overview import Overview, glance_of

# A manager that shows nothing to anybody loads nothing of what shows it: hence the late imports.
if TYPE_CHECKING:
    from mcpstore.monitoring.report import Advice, Report

__all__ = ["EXPORT_FORMATS", "AsyncReports"]

EXPORT_FORMATS: Final = ("json", "csv", "parquet")

DETAIL: Final = 400
"""Samples of a service that a report is made from, however long the time: a few for each point of a plot."""

POINTS: Final = 60
"""Samples of a service that a overview tells, however long nobody looked."""

SHORTEST: Final = 10.0
"""Seconds a report covers at least, so that even that of a store just opened has an axis."""

RECENT: Final = 3600.0
"""Seconds for which a dashboard shows alerts."""

T = TypeVar("T", StateInterval, MetricsSample)


class AsyncReports(AsyncMetrics, AsyncAlerts):
    """Shows how services fare."""

    async def report(self, format: str = "text", since: Moment = None) -> str:  # noqa: A002 - what people call it
        """Return how the services fared, for people.

        Args:
            format: "text", "summary" (text without the details), "markdown", "html" (one page that needs nothing else),
                or "json".
            since: The beginning of the time told of: a POSIX timestamp in seconds, a datetime, or a timedelta for how
                long ago; None for the last day.

        Raises:
            InvalidArgument: There is no such format.
        """
        from mcpstore.monitoring.report import FORMATS, render  # noqa: PLC0415 - see above

        chosen = check_choice("format", format, FORMATS)
        report = await self._collect(since)
        return await asyncio.to_thread(render, report, chosen)

    async def export(
        self,
        format: str | None = None,  # noqa: A002 - what people call it
        path: str | os.PathLike[str] | None = None,
        services: Iterable[str] | None = None,
        since: Moment = None,
    ) -> str:
        """Return what was measured, for other programs; or write it to a file that only you can read.

        JSON holds everything: services, their states over time, samples, alerts, and under `units` those of the fields
        of samples. CSV and Parquet hold the samples, one a row, in columns that are called by their units, too; no cell
        of CSV is taken for a formula by a spreadsheet.

        Args:
            format: "json", "csv" or "parquet"; None for the `export_format` of the configuration.
            path: The file, which is replaced as a whole; None returns the text.
            services: Names of services; None for all.
            since: Where to begin; as for `report`.

        Returns:
            The text, or the absolute path of the file.

        Raises:
            InvalidArgument: There is no such format, or Parquet is to be returned as text.
            ServiceNotFound: There is no service of a name.
            MCPStoreError: The file cannot be written, or Parquet needs pyarrow, which is not installed.
        """
        from mcpstore.monitoring.export import rows_of, to_json, to_parquet  # noqa: PLC0415 - see above
        from mcpstore.monitoring.private_file import write_file  # noqa: PLC0415 - see above

        chosen = self._open().monitoring.data_collection.export_format if format is None else format
        check_choice("format", chosen, EXPORT_FORMATS)
        if a_path("path", path) is None and chosen == "parquet":
            raise InvalidArgument("path", "must be given: Parquet is no text and cannot be returned; say which file")
        names = None if services is None else check_names("services", services)
        runners = self._all_runners() if names is None else [self._runner(name) for name in names]
        if chosen == "json":
            data = (await asyncio.to_thread(to_json, await self._everything(runners, since))).encode()
        elif chosen == "csv":
            data = await self._table(runners, since)
        else:
            samples = [s for runner in runners for s in await self.metrics_history(runner.spec.name, since)]
            data = await asyncio.to_thread(lambda: to_parquet(rows_of(samples)))
        if path is None:
            return data.decode()
        return str(await asyncio.to_thread(write_file, path, data))

    async def dashboard(self) -> str:
        """Return how the services fare now, as text for a terminal."""
        from mcpstore.monitoring.dashboard_text import board  # noqa: PLC0415 - see above

        now = self._now()
        metrics = [self._house.metering.metrics(runner.spec.name) for runner in self._all_runners()]
        told, _ = self._alerts(now - RECENT)
        return board(metrics, told, now)

    async def overview(self, since: Moment = None) -> Overview:
        """Return how every service fares now and what is new of its past, for screens that are refreshed.

        Args:
            since: When somebody looked last: `now` of the overview before.
        """
        runners, now = self._all_runners(), self._now()
        states = _by_service(await self.state_history(None, since))
        samples = _by_service(await self.metrics_history(None, since, None, POINTS))
        told = [
            glance_of(
                self._snapshot(runner),
                self._house.metering.metrics(name),
                tuple(states.get(name, ())),
                tuple(samples.get(name, ())),
            )
            for runner in runners
            if (name := runner.spec.name) in self._house.registry  # not removed meanwhile
        ]
        alerts = tuple(alert.message for alert in await self.list_alerts())
        return Overview(now=now, location=self._house.book.location, services=NamedList(told), alerts=alerts)

    # --- helpers

    def _now(self) -> float:
        return self._open().supervisor.clock.posix()

    def _all_runners(self) -> list[ServiceRunner]:
        house = self._open()
        return [house.supervisor.runner(name) for name in house.registry if self._is_in_scope(name)]

    async def _collect(self, since: Moment) -> Report:
        """Return what a report says."""
        from mcpstore.monitoring.report import Report, life_of  # noqa: PLC0415 - see above

        runners, now = self._all_runners(), self._now()
        states = _by_service(await self.state_history(None, since))
        samples = _by_service(await self.metrics_history(None, since, None, DETAIL))
        known = [states[runner.spec.name][0].since for runner in runners if runner.spec.name in states]
        begin = min(min(known, default=now), now - SHORTEST)
        lives = [
            life_of(
                self._snapshot(runner),
                begin,
                now,
                states=states.get(name, ()),
                samples=samples.get(name, ()),
                metrics=self._house.metering.metrics(name),
                advice=_advice(runner, self._house),
                watched=self._house.watches,
            )
            for runner in runners
            if (name := runner.spec.name) in self._house.registry
        ]
        alerts, active = self._alerts(begin)
        return Report(
            begin=begin,
            end=now,
            location="" if self._house.keeps_objects else self._house.book.location,
            watched=self._house.watches,
            services=tuple(lives),
            alerts=alerts,
            active=active,
        )

    async def _table(self, runners: Iterable[ServiceRunner], since: Moment) -> bytes:
        """Return the samples of services as CSV; one service at a time, for there may be very many."""
        from mcpstore.monitoring.export import COLUMNS, rows_of, to_csv  # noqa: PLC0415 - see above

        def lines(samples: Iterable[MetricsSample]) -> str:
            return to_csv(rows_of(samples), COLUMNS, titles=False)

        parts = [to_csv((), COLUMNS)]
        for runner in runners:
            samples = await self.metrics_history(runner.spec.name, since)
            parts.append(await asyncio.to_thread(lines, samples))
        return "".join(parts).encode()

    async def _everything(self, runners: Iterable[ServiceRunner], since: Moment) -> dict[str, Any]:
        from mcpstore.monitoring.export import UNITS  # noqa: PLC0415 - see above

        services: list[dict[str, Any]] = []
        for runner in runners:
            name, shown = runner.spec.name, self._snapshot(runner)
            services.append(
                {
                    "name": name,
                    **{
                        key: shown[key]
                        for key in ("run_status", "connection_state", "transport", "tool_count", "error")
                    },
                    "metrics": self._house.metering.metrics(name),
                    "states": await self.state_history(name, since),
                    "samples": await self.metrics_history(name, since),
                }
            )
        alerts, _ = self._alerts(since)
        return {"export_time": self._now(), "units": UNITS, "services": services, "alerts": alerts}

    def _alerts(self, since: Moment) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
        """Return what people were told since then, oldest first, and what is not over yet."""
        alarm, begin = self._open().alarm, self._query(None, since, None, None).since
        told = [alert for alert in alarm.telling.past.find(since=begin) if self._may_see(alert.service)]
        # Who only looks while another manager watches has no watches of its own.
        active = [alert for alert in alarm.active or alarm.telling.past.open.values() if self._may_see(alert.service)]
        return tuple(told), tuple(active)


def _advice(runner: ServiceRunner, house: StoreManager) -> Advice:
    from mcpstore.monitoring.report import Advice  # noqa: PLC0415 - see above

    told = diagnose(runner, house)
    return Advice(summary=told.summary, evidence=told.evidence, remedy=told.remedy)


def _by_service(records: Iterable[T]) -> dict[str, list[T]]:
    """Return records, which are in the order of their services, by service."""
    return {name: list(group) for name, group in groupby(records, lambda record: record.service_name)}
