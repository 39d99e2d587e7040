"""A dashboard over a store: prints how services fare, and collects what was measured of them.

Nothing here looks at a service: the store has measured already, and is only asked what it knows.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import attrs

from mcpstore.compat.alert_manager import AlertManager
from mcpstore.errors import StoreClosed
from mcpstore.models.alert import Alert
from mcpstore.models.metrics import ServiceMetrics
from mcpstore.monitoring.export import to_csv, to_json
from mcpstore.monitoring.private_file import write_file
from mcpstore.monitoring.report.formatting import clean, when
from mcpstore.monitoring.report.summary import alert_words

__all__ = ["MonitoringDashboard", "MonitoringExporter"]

KEPT: Final = 86_400.0
"""Seconds what was collected is kept."""

MOST: Final = 10_000
"""Records kept of a service, however often they are collected."""

SHOWN_ALERTS: Final = 5
"""Alerts of the dashboard itself that are printed."""

_log = logging.getLogger("mcpstore.monitoring")


class _HasTime(Protocol):
    @property
    def now(self) -> float: ...


class WatchedStore(Protocol):
    """What a dashboard asks of a store: the verbs of `MCPStore`, for callers that wait."""

    def list_services(self) -> Iterable[Any]:
        """Return every service."""
        ...

    def get_service_metrics(self, name: str) -> ServiceMetrics | None:
        """Return what was measured of a service."""
        ...

    def alert_history(self) -> Sequence[Alert]:
        """Return what people were told."""
        ...

    def dashboard(self) -> str:
        """Return how the services fare."""
        ...

    def overview(self) -> _HasTime:
        """Return how the services fare, and when that is."""
        ...


class MonitoringDashboard:
    """Prints how the services of a store fare, and collects what was measured of them.

    Args:
        store: The store: an `MCPStore`, or one of its contexts.

    Attributes:
        store: The store.
        metrics_history: What was collected in the last day, by service, oldest first.
        alert_manager: Rules and handlers of this dashboard, besides the alerts of the store.
        monitoring: Whether it is collecting.
    """

    def __init__(self, store: WatchedStore) -> None:
        self.store: WatchedStore = store
        self.metrics_history: dict[str, list[ServiceMetrics]] = {}
        self.alert_manager: AlertManager = AlertManager()
        self.monitoring: bool = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start_monitoring(self, interval: float = 30) -> None:
        """Begin to collect what was measured, in a thread.

        Args:
            interval: Seconds between collections.

        Raises:
            ValueError: The interval is not above 0.
        """
        if not interval > 0:
            raise ValueError(f"interval must be above 0 seconds (got {interval!r})")
        if self.monitoring:
            return
        self.monitoring = True
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(interval,), name="mcpstore-dashboard", daemon=True)
        self._thread.start()
        _say(f"📊 the dashboard collects every {interval:g} s")

    def stop_monitoring(self) -> None:
        """Collect no longer."""
        if not self.monitoring:
            return
        self.monitoring = False
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        _say("📊 the dashboard has stopped")

    def collect(self) -> None:
        """Collect what was measured until now, and look at the rules of this dashboard."""
        for service in self.store.list_services():
            metrics = self.store.get_service_metrics(service["name"])
            if metrics is None:
                continue  # removed meanwhile
            # Its tools would be kept a thousand times over.
            kept = attrs.evolve(metrics, tools=())
            history = self.metrics_history.setdefault(metrics.service_name, [])
            history.append(kept)
            oldest = kept.timestamp - KEPT
            self.metrics_history[metrics.service_name] = [m for m in history[-MOST:] if m.timestamp > oldest]
            self.alert_manager.check_alerts(metrics)
        now = max((history[-1].timestamp for history in self.metrics_history.values() if history), default=0.0)
        for name, history in list(self.metrics_history.items()):
            if not history or history[-1].timestamp <= now - KEPT:  # removed a day ago
                del self.metrics_history[name]

    def print_dashboard(self) -> None:
        """Print how the services fare."""
        _say("\n" + self.store.dashboard())
        own = self.alert_manager.alert_history[-SHOWN_ALERTS:]
        if own:
            lines = (f"[{when(alert.timestamp)}] {alert.level}: {clean(alert_words(alert))}" for alert in own)
            _say("\n".join(("🚨 alerts of this dashboard:", "-" * 40, *lines, "")))

    def _run(self, interval: float) -> None:
        while True:
            try:
                self.collect()
            except StoreClosed:
                return
            except Exception:  # noqa: BLE001 - a dashboard that stumbles goes on
                _log.exception("the dashboard could not collect")
            if self._stopping.wait(interval):
                return


class MonitoringExporter:
    """Writes what a dashboard has collected to files that only you can read.

    Args:
        dashboard: The dashboard.
    """

    def __init__(self, dashboard: MonitoringDashboard) -> None:
        self.dashboard: MonitoringDashboard = dashboard

    def export_to_json(self, filename: str | None = None) -> str:
        """Write everything, with the alerts, as JSON.

        Args:
            filename: The file; without one, `monitoring_data_DATE_TIME.json` in the current folder.

        Returns:
            The name of the file.
        """
        moment = self._now()
        filename = filename or f"monitoring_data_{moment:%Y%m%d_%H%M%S}.json"
        alerts = [*self.dashboard.store.alert_history(), *self.dashboard.alert_manager.alert_history]
        content: dict[str, Any] = {
            "export_time": moment,
            "services": self.dashboard.metrics_history,
            "alerts": sorted(alerts, key=lambda alert: alert.timestamp),
        }
        write_file(filename, to_json(content).encode())
        _say(f"📁 monitoring data were written to {filename}")
        return filename

    def export_to_csv(self, service_name: str, filename: str | None = None) -> str | None:
        """Write what was collected of a service as CSV.

        Args:
            service_name: The service.
            filename: The file; without one, `metrics_SERVICE_DATE_TIME.csv` in the current folder.

        Returns:
            The name of the file; None if nothing was collected of the service.
        """
        history = self.dashboard.metrics_history.get(service_name)
        if not history:
            _say(f"❌ there are no monitoring data of service {service_name!r}")
            return None
        safe = "".join(one if one.isalnum() or one in "-_." else "_" for one in service_name)
        filename = filename or f"metrics_{safe}_{self._now():%Y%m%d_%H%M%S}.csv"
        columns = sorted(key for key in history[0] if key != "tools")
        write_file(filename, to_csv(history, columns).encode())
        _say(f"📁 the metrics of service {service_name!r} were written to {filename}")
        return filename

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.dashboard.store.overview().now).astimezone()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - that is what a dashboard is for
