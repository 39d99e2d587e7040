"""Records of metrics: read as objects and as mappings, and written as JSON."""

from __future__ import annotations

import json

import attrs
import pytest

from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import MetricsSample, ServiceMetrics, ToolMetrics
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceConnectionState, ServiceStatus
from mcpstore.models.state_history import StateEdge, StateInterval

METRICS = ServiceMetrics(
    service_name="files",
    status=ServiceStatus.RUNNING,
    connection_state=ServiceConnectionState.HEALTHY,
    tools=(ToolMetrics(name="read", total_calls=3),),
)
SAMPLE = MetricsSample(
    service_name="files", timestamp=60.0, duration=30.0, connection_state=ServiceConnectionState.WARNING
)


def test_metrics_are_found_by_the_name_of_their_service():
    assert NamedList([METRICS])["files"] is METRICS
    assert METRICS.name == "files"


def test_metrics_are_read_as_objects_and_as_mappings():
    assert METRICS["status"] == METRICS.status == "running"
    assert METRICS.get("total_calls", 7) == 0
    assert METRICS.get("nonsense") is None
    assert METRICS["tools"][0]["total_calls"] == 3


@pytest.mark.parametrize("record", [METRICS, SAMPLE], ids=["metrics", "sample"])
def test_a_measurement_can_be_written_as_json(record):
    data = json.loads(json.dumps(record.to_dict()))
    assert data["service_name"] == "files"
    assert data["connection_state"] in ("healthy", "warning")


@pytest.mark.parametrize("kind", [StateEdge, StateInterval, HostMetrics])
def test_every_field_is_documented(kind):
    for field in attrs.fields(kind):
        assert f"{field.name}: " in kind.__doc__
