"""The exporter `prometheus`: its metrics, its file, and its HTTP endpoint."""

from __future__ import annotations

import asyncio
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from mcpstore import AsyncMCPStore
from mcpstore.errors import ConfigError
from mcpstore.models.host import HostMetrics
from mcpstore.models.metrics import ServiceMetrics, ToolMetrics
from mcpstore.models.service import ServiceConnectionState, ServiceStatus
from mcpstore.testing.scripted import ScriptedPlugin, ScriptedServer
from mcpstore_plugins.prometheus import PrometheusSettings
from mcpstore_plugins.prometheus.exposition import exporting
from mcpstore_plugins.prometheus.metric_families import exposition

SERVICE = ServiceMetrics(
    service_name='od"d\nname',
    status=ServiceStatus.RUNNING,
    connection_state=ServiceConnectionState.HEALTHY,
    availability=99.5,
    total_calls=7,
    failed_calls=2,
    p95=0.25,
    response_time=0.012,
    cpu_percent=None,
    memory_bytes=2048,
    tools=(ToolMetrics(name="echo", total_calls=7, failed_calls=2, avg_response_time=0.5),),
)


class Fixed:
    """Measurements that do not change."""

    async def services(self) -> list[ServiceMetrics]:
        return [SERVICE]

    async def machine(self) -> HostMetrics | None:
        return HostMetrics(timestamp=0.0, cpu_percent=25.0)


def parsed(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def fetch(address: str, host: str | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(address, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_measurements_are_exported_in_the_prometheus_format():
    figures = parsed(exposition([SERVICE], HostMetrics(timestamp=0.0, cpu_percent=25.0)))
    name = SERVICE.service_name
    assert figures["mcpstore_service_up", name] == 1
    assert figures["mcpstore_service_calls_total", name] == 7
    assert figures["mcpstore_service_failed_calls_total", name] == 2
    assert figures["mcpstore_service_availability_ratio", name] == pytest.approx(0.995)
    assert figures["mcpstore_service_check_duration_seconds", name] == pytest.approx(0.012)
    assert figures["mcpstore_service_call_duration_seconds", "0.95", name] == 0.25
    assert figures["mcpstore_service_state", name, "healthy"] == 1
    assert figures["mcpstore_service_state", name, "warning"] == 0
    assert figures["mcpstore_tool_call_seconds_total", name, "echo"] == 3.5
    assert figures["mcpstore_machine_cpu_ratio",] == 0.25
    assert ("mcpstore_service_cpu_ratio", name) not in figures


@asynccontextmanager
async def endpoint(caplog: pytest.LogCaptureFixture, **settings: Any):
    caplog.set_level("INFO", "mcpstore.plugins.prometheus")
    async with exporting(PrometheusSettings(port=0, **settings), Fixed()):
        (line,) = [r.getMessage() for r in caplog.records if "served at" in r.getMessage()]
        yield line.rpartition(" ")[2]


async def test_the_endpoint_accepts_only_requests_for_a_local_host_name(caplog):
    async with endpoint(caplog) as address:
        status, text = await asyncio.to_thread(fetch, address)
        assert status == 200
        assert parsed(text)["mcpstore_service_up", SERVICE.service_name] == 1
        assert (await asyncio.to_thread(fetch, address, "localhost:1"))[0] == 200
        assert (await asyncio.to_thread(fetch, address, "rebound.example:9464"))[0] == 403
        assert (await asyncio.to_thread(fetch, address.replace("/metrics", "/")))[0] == 404
    with pytest.raises(urllib.error.URLError):
        await asyncio.to_thread(fetch, address)


async def test_unavailable_measurements_are_an_http_error(caplog, monkeypatch):
    async def broken(_self: Fixed) -> list[ServiceMetrics]:
        raise RuntimeError("no")

    monkeypatch.setattr(Fixed, "services", broken)
    async with endpoint(caplog) as address:
        assert await asyncio.to_thread(fetch, address) == (503, b"the manager did not answer\n")


async def until(holds: Any) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


async def test_the_file_is_written_periodically_and_an_error_is_logged_once(tmp_path, caplog):
    path = tmp_path / "away" / "mcpstore.prom"
    async with exporting(PrometheusSettings(textfile=path, interval=0.01), Fixed()):
        await until(lambda: "cannot be written" in caplog.text)
        path.parent.mkdir()
        await until(path.exists)
        path.unlink()
        await until(path.exists)
        assert parsed(path.read_bytes())["mcpstore_service_up", SERVICE.service_name] == 1
    assert caplog.text.count("cannot be written") == 1
    assert [file.name for file in path.parent.iterdir()] == ["mcpstore.prom"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "port and textfile are both missing"),
        ({"port": 1, "host": "0.0.0.0"}, "must be a loopback address"),
        ({"port": 1, "host": "example.org"}, "must be a loopback address"),
        ({"port": 65536}, "less than or equal to 65535"),
        ({"port": 1, "hostt": "localhost"}, "hostt"),
    ],
)
def test_invalid_settings_are_refused_with_a_reason(settings, message):
    with pytest.raises(ValidationError, match=message):
        PrometheusSettings(**settings)


def config(**exporters: Any) -> dict[str, Any]:
    entry = {"transport": {"type": "scripted", "server": "a"}}
    return {"mcpServers": {"a": entry}, "mcpstore": {"exporters": exporters}}


CALLS = ("mcpstore_tool_calls_total", "a", "echo")


async def test_a_store_runs_only_the_exporters_of_its_configuration(tmp_path, caplog):
    path = tmp_path / "mcpstore.prom"
    plugins = {"scripted": ScriptedPlugin(a=ScriptedServer("a"))}
    given = config(prometheus={"textfile": str(path), "interval": 0.01})
    async with AsyncMCPStore(given, plugins=plugins) as store:
        assert await store.wait_service("a", timeout=20)
        await store.call_tool("echo")
        await until(lambda: path.exists() and parsed(path.read_bytes()).get(CALLS) == 1)
    path.unlink()
    async with AsyncMCPStore(config(prometheus=False), plugins=plugins) as store:
        assert await store.wait_service("a", timeout=20)
    assert not path.exists()
    async with AsyncMCPStore(config(promtheus={"port": 0}), plugins=plugins) as store:
        assert await store.wait_service("a", timeout=20)
    assert "exporter 'promtheus' cannot be used" in caplog.text


@pytest.mark.parametrize(
    ("exporters", "message"),
    [
        ({"prometheus": {"port": "x"}}, r"mcpstore\.exporters\.prometheus: port: "),
        ({"prometheus": {}}, r"mcpstore\.exporters\.prometheus: .*port and textfile are both missing"),
        ({"prometheus": 7}, r"mcpstore\.exporters\.prometheus: must be its settings, true or false \(got int\)"),
        ([], r"mcpstore\.exporters: must be an object of exporters by name \(got list\)"),
    ],
)
async def test_a_store_with_an_invalid_exporter_does_not_open(exporters, message):
    with pytest.raises(ConfigError, match=message):
        await AsyncMCPStore.setup_store({"mcpServers": {}, "mcpstore": {"exporters": exporters}})


async def test_without_its_library_only_the_plugin_is_inactive_and_reports_it(monkeypatch, caplog, tmp_path: Path):
    for name in [
        name for name in sys.modules if name.startswith(("prometheus_client", "mcpstore_plugins.prometheus."))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    given = config(prometheus={"textfile": str(tmp_path / "x.prom")})
    async with AsyncMCPStore(given, plugins={"scripted": ScriptedPlugin(a=ScriptedServer("a"))}) as store:
        assert await store.wait_service("a", timeout=20)
        await until(lambda: "exporter 'prometheus' is not used" in caplog.text)
    assert "pip install 'mcpstore-manager[prometheus]'" in caplog.text
