"""Dashboard of a store: prints the state of its services, and collects and exports their metrics.

The dashboard reads the metrics of the store; it does not check services itself.
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

RETENTION: Final = 86_400.0
"""Time for which collected metrics are kept, in seconds."""

MAX_RECORDS: Final = 10_000
"""Most records kept for a service."""

SHOWN_ALERTS: Final = 5
"""Most alerts of the dashboard's own rules that are printed."""

_log = logging.getLogger("mcpstore.monitoring")


class _HasTime(Protocol):
    @property
    def now(self) -> float: ...


class DashboardStore(Protocol):
    """The methods of `MCPStore` that a dashboard calls."""

    def list_services(self) -> Iterable[Any]:
        """Return every service."""
        ...

    def get_service_metrics(self, name: str) -> ServiceMetrics | None:
        """Return the metrics of a service."""
        ...

    def alert_history(self) -> Sequence[Alert]:
        """Return the alert history."""
        ...

    def dashboard(self) -> str:
        """Return the state of the services as text."""
        ...

    def overview(self) -> _HasTime:
        """Return the state of the services, with its time."""
        ...


class MonitoringDashboard:
    """Dashboard of a store: prints the state of its services, and collects their metrics.

    Args:
        store: The store: an `MCPStore`, or one of its contexts.

    Attributes:
        store: The store.
        metrics_history: Metrics collected in the last day, by service, oldest first.
        alert_manager: Rules and handlers of this dashboard, besides those of the store.
        monitoring: Whether it collects metrics.
    """

    def __init__(self, store: DashboardStore) -> None:
        self.store: DashboardStore = store
        self.metrics_history: dict[str, list[ServiceMetrics]] = {}
        self.alert_manager: AlertManager = AlertManager()
        self.monitoring: bool = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start_monitoring(self, interval: float = 30) -> None:
        """Start collecting metrics in a thread.

        Args:
            interval: Time between two collections, in seconds.

        Raises:
            ValueError: The interval is not greater than 0.
        """
        if not interval > 0:
            raise ValueError(f"interval must be greater than 0 s (got {interval!r})")
        if self.monitoring:
            return
        self.monitoring = True
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(interval,), name="mcpstore-dashboard", daemon=True)
        self._thread.start()
        _print(f"📊 dashboard started: metrics are collected every {interval:g} s")

    def stop_monitoring(self) -> None:
        """Stop collecting metrics."""
        if not self.monitoring:
            return
        self.monitoring = False
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        _print("📊 dashboard stopped")

    def collect(self) -> None:
        """Collect the current metrics, and evaluate the rules of this dashboard."""
        for service in self.store.list_services():
            metrics = self.store.get_service_metrics(service["name"])
            if metrics is None:
                continue  # removed meanwhile
            # Without the metrics of tools, which would be kept in every record.
            kept = attrs.evolve(metrics, tools=())
            history = self.metrics_history.setdefault(metrics.service_name, [])
            history.append(kept)
            oldest = kept.timestamp - RETENTION
            self.metrics_history[metrics.service_name] = [m for m in history[-MAX_RECORDS:] if m.timestamp > oldest]
            self.alert_manager.check_alerts(metrics)
        now = max((history[-1].timestamp for history in self.metrics_history.values() if history), default=0.0)
        for name, history in list(self.metrics_history.items()):
            if not history or history[-1].timestamp <= now - RETENTION:  # removed a day ago
                del self.metrics_history[name]

    def print_dashboard(self) -> None:
        """Print the state of the services."""
        _print("\n" + self.store.dashboard())
        own = self.alert_manager.alert_history[-SHOWN_ALERTS:]
        if own:
            lines = (f"[{when(alert.timestamp)}] {alert.level}: {clean(alert_words(alert))}" for alert in own)
            _print("\n".join(("🚨 alerts of this dashboard:", "-" * 40, *lines, "")))

    def _run(self, interval: float) -> None:
        while True:
            try:
                self.collect()
            except StoreClosed:
                return
            except Exception:  # noqa: BLE001 - the thread must not end
                _log.exception("dashboard could not collect metrics; it tries again after its interval")
            if self._stopping.wait(interval):
                return


class MonitoringExporter:
    """Exports the metrics that a dashboard has collected, to files with mode 0600.

    Args:
        dashboard: The dashboard.
    """

    def __init__(self, dashboard: MonitoringDashboard) -> None:
        self.dashboard: MonitoringDashboard = dashboard

    def export_to_json(self, filename: str | None = None) -> str:
        """Export all metrics and alerts as JSON.

        Args:
            filename: Path of the file; the default is `monitoring_data_DATE_TIME.json` in the current folder.

        Returns:
            Path of the file.
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
        _print(f"📁 monitoring data written to {filename}")
        return filename

    def export_to_csv(self, service_name: str, filename: str | None = None) -> str | None:
        """Export the metrics of a service as CSV.

        Args:
            service_name: Name of the service.
            filename: Path of the file; the default is `metrics_SERVICE_DATE_TIME.csv` in the current folder.

        Returns:
            Path of the file; None without metrics of the service.
        """
        history = self.dashboard.metrics_history.get(service_name)
        if not history:
            _print(f"❌ no monitoring data for service {service_name!r}")
            return None
        safe = "".join(one if one.isalnum() or one in "-_." else "_" for one in service_name)
        filename = filename or f"metrics_{safe}_{self._now():%Y%m%d_%H%M%S}.csv"
        columns = sorted(key for key in history[0] if key != "tools")
        write_file(filename, to_csv(history, columns).encode())
        _print(f"📁 metrics of service {service_name!r} written to {filename}")
        return filename

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.dashboard.store.overview().now).astimezone()


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the dashboard prints
