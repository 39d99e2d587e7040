"""The dashboard and its exporter, with the synchronous store."""

from __future__ import annotations

import csv
import json
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcpstore import MCPStore
from mcpstore.compat.dashboard import MAX_RECORDS, RETENTION
from mcpstore.monitoring import Alert, AlertLevel, AlertRule, MonitoringDashboard, MonitoringExporter
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer


@pytest.fixture
def store() -> Iterator[MCPStore]:
    config: dict[str, Any] = {"mcpServers": {"a/b": {"transport": {"type": "scripted", "server": "a"}}}}
    with MCPStore(config, plugins={"scripted": ScriptedPlugin(a=ScriptedServer("a"))}) as opened:
        assert opened.wait_service("a/b", timeout=60)
        opened.call_tool("a/b/echo", {"x": 1})
        yield opened


def eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


def test_it_collects_only_while_it_monitors(store, capsys):
    dashboard = MonitoringDashboard(store)
    dashboard.start_monitoring(interval=0.01)
    dashboard.start_monitoring(interval=0.01)
    eventually(lambda: len(dashboard.metrics_history.get("a/b", ())) > 2)
    dashboard.stop_monitoring()
    dashboard.stop_monitoring()
    collected = len(dashboard.metrics_history["a/b"])
    assert not dashboard.monitoring
    latest = dashboard.metrics_history["a/b"][-1]
    assert (latest["service_name"], latest["status"], latest.total_calls) == ("a/b", "running", 1)
    assert len(dashboard.metrics_history["a/b"]) == collected
    assert capsys.readouterr().out.count("dashboard stopped") == 1


def test_it_prints_the_status_of_the_services(store, capsys):
    MonitoringDashboard(store).print_dashboard()
    output = capsys.readouterr().out
    assert "📊 MCPStore dashboard" in output
    assert "✅ a/b" in output


def test_its_own_rules_evaluate_the_collected_metrics(store, capsys):
    dashboard = MonitoringDashboard(store)
    heard: list[Alert] = []
    dashboard.alert_manager.add_rule(
        AlertRule("busy", lambda m: m.get("total_calls", 0) > 0, AlertLevel.WARNING, "{service_name} is busy")
    )
    dashboard.alert_manager.add_handler(heard.append)
    dashboard.collect()
    dashboard.print_dashboard()
    assert [alert["message"] for alert in heard] == ["a/b is busy"]
    assert "warning: a/b is busy" in capsys.readouterr().out


def test_an_interval_must_be_positive(store):
    with pytest.raises(ValueError, match="interval must be greater than 0 s"):
        MonitoringDashboard(store).start_monitoring(0)


def test_it_ends_with_its_store_without_an_error(caplog):
    store = MCPStore({"mcpServers": {}})
    dashboard = MonitoringDashboard(store)
    dashboard.start_monitoring(interval=0.005)
    store.close()
    thread = dashboard._thread
    assert thread is not None
    thread.join(60)
    assert not thread.is_alive()
    assert caplog.records == []


def test_one_error_does_not_end_it(store, caplog):
    dashboard = MonitoringDashboard(store)
    stumbles = iter([ValueError("oops")])
    collect = dashboard.collect

    def sometimes() -> None:
        for error in stumbles:
            raise error
        collect()

    dashboard.collect = sometimes
    dashboard.start_monitoring(interval=0.005)
    eventually(lambda: dashboard.metrics_history)
    dashboard.stop_monitoring()
    assert [record.message for record in caplog.records] == [
        "dashboard could not collect metrics; it tries again after its interval"
    ]


class Fixed:
    """A store whose answers about one service never change."""

    def __init__(self, metrics: Any) -> None:
        self.metrics = metrics

    def list_services(self) -> list[dict[str, str]]:
        return [{"name": "a"}]

    def get_service_metrics(self, _name: str) -> Any:
        return self.metrics


def test_collected_metrics_are_kept_for_a_day_up_to_a_limit(store):
    import attrs

    metrics = store.get_service_metrics("a/b")
    fixed = Fixed(metrics)
    dashboard = MonitoringDashboard(fixed)
    dashboard.collect()
    fixed.metrics = attrs.evolve(metrics, timestamp=metrics.timestamp + RETENTION)
    dashboard.collect()
    assert len(dashboard.metrics_history["a/b"]) == 1
    dashboard.metrics_history["a/b"] *= MAX_RECORDS
    dashboard.collect()
    assert len(dashboard.metrics_history["a/b"]) == MAX_RECORDS
    fixed.metrics = None
    dashboard.collect()


def test_metrics_of_removed_services_are_dropped_after_a_day(store):
    import attrs

    metrics = store.get_service_metrics("a/b")
    fixed = Fixed(metrics)
    dashboard = MonitoringDashboard(fixed)
    for number in range(10):
        then = metrics.timestamp + number * RETENTION / 2
        fixed.metrics = attrs.evolve(metrics, service_name=f"new{number}", timestamp=then)
        dashboard.collect()
    assert list(dashboard.metrics_history) == ["new8", "new9"]


def test_collected_metrics_are_exported(store, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    dashboard = MonitoringDashboard(store)
    dashboard.collect()
    exporter = MonitoringExporter(dashboard)
    name = exporter.export_to_json()
    exported = json.loads(Path(name).read_text())
    assert Path(name).match("monitoring_data_????????_??????.json")
    assert exported["services"]["a/b"][0]["status"] == "running"
    assert exported["alerts"] == []
    assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600
    name = exporter.export_to_csv("a/b")
    assert Path(name).match("metrics_a_b_????????_??????.csv")
    (row,) = csv.DictReader(Path(name).read_text().splitlines())
    assert (row["service_name"], row["total_calls"]) == ("a/b", "1")
    assert list(row) == sorted(row)
    assert exporter.export_to_csv("a/b", "mine.csv") == "mine.csv"
    assert exporter.export_to_json("mine.json") == "mine.json"
    assert capsys.readouterr().out.count("written to mine") == 2


def test_without_data_no_file_is_written_and_a_message_says_so(store, capsys):
    assert MonitoringExporter(MonitoringDashboard(store)).export_to_csv("ghost") is None
    assert "no monitoring data for service 'ghost'" in capsys.readouterr().out
