"""The performance monitor: metrics of a store for the monitored period."""

from __future__ import annotations

import io
import time
from typing import Any

import attrs
import pytest

from mcpstore import MCPStore
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState as State
from mcpstore.models.timing import DEFAULT_TIMING
from mcpstore.monitoring import ServicePerformanceMonitor
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer


@attrs.frozen
class Service:
    name: str


class Fixed:
    """A store with a history that does not change."""

    def __init__(self, *samples: MetricsSample) -> None:
        self.samples = samples
        self.asked: list[tuple[Any, ...]] = []

    def list_services(self) -> list[Service]:
        return [Service("a"), Service("b")]

    def metrics_history(self, *asked: Any) -> list[MetricsSample]:
        self.asked.append(asked)
        return [sample for sample in self.samples if sample.service_name == asked[0]]


def sample(checks: int, failed: int, response_time: float | None, usable: float) -> MetricsSample:
    return MetricsSample(
        service_name="a", timestamp=1.0, duration=30.0, connection_state=State.HEALTHY, checks=checks,
        failed_checks=failed, response_time=response_time, wanted=30.0, usable=usable,
    )  # fmt: skip


def test_metrics_have_the_keys_of_the_specification():
    monitor = ServicePerformanceMonitor(
        Fixed(sample(3, 1, 0.02, 30.0), sample(1, 0, 0.05, 15.0), sample(1, 1, None, 0))
    )
    assert monitor.get_service_metrics("a") == {
        "service_name": "a",
        "total_checks": 5,
        "healthy_checks": 3,
        "availability": 50.0,
        "avg_response_time": pytest.approx(0.03),
        "max_response_time": 0.05,
        "min_response_time": 0.02,
    }
    assert monitor.get_service_metrics("b") is None


def test_only_the_monitored_time_is_reported():
    store, out = Fixed(), io.StringIO()
    monitor = ServicePerformanceMonitor(store, file=out)
    before = time.time()
    monitor.start_monitoring(interval=5)
    monitor.get_service_metrics("a", duration=10_000)
    name, since, until, limit = store.asked[-1]
    assert (name, until, limit) == ("a", None, 1)
    assert before <= since <= time.time()
    monitor.stop_monitoring()
    monitor.get_service_metrics("a", duration=10_000)
    assert before <= store.asked[-1][2] <= time.time()
    assert set(monitor.metrics) == {"a", "b"}
    assert "interval 5 s" in out.getvalue()
    with pytest.raises(ValueError, match="interval must be greater than 0 s"):
        monitor.start_monitoring(0)


def test_a_summary_has_every_measured_service():
    out = io.StringIO()
    ServicePerformanceMonitor(Fixed(sample(3, 0, 0.02, 15.0), sample(1, 1, None, 0.0)), file=out).print_summary()
    output = out.getvalue()
    assert "🔍 a:" in output
    assert "availability: 25.0 %" in output
    assert "mean response time: 20.0 ms" in output
    assert "health checks: 4" in output
    assert "🔍 b:" not in output


def test_a_real_store_can_be_monitored(capsys):
    plugins = {"scripted": ScriptedPlugin(a=ScriptedServer("a"))}
    config = {"mcpServers": {"a": {"transport": {"type": "scripted", "server": "a"}}}}
    with MCPStore(config, plugins=plugins, timing=DEFAULT_TIMING.scaled(1 / 50)) as store:
        monitor = ServicePerformanceMonitor(store)
        monitor.start_monitoring(interval=5)
        assert store.wait_service("a", timeout=20)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            metrics = monitor.get_service_metrics("a")
            if metrics is not None and metrics["total_checks"] >= 2:
                break
        monitor.print_summary()
        monitor.stop_monitoring()
        assert metrics is not None
        assert 0 < metrics["availability"] <= 100
        assert 0 < metrics["avg_response_time"] < 5
    assert "health checks:" in capsys.readouterr().out
