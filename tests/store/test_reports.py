"""Reports, exports, the dashboard and glances, over both faces of a store."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
import sys
from datetime import datetime, timedelta

import pytest

from mcpstore.errors import MCPStoreError, ServiceNotFound

SECRET = "hunter2-hunter2"


async def used(world, **options):
    """Return a store over a service that was called, and one that cannot be opened."""
    world.server("b", open_error=RuntimeError("no such luck"))
    config = {"mcpServers": {"a": world.entry("a"), "b": world.entry("b")}}
    store = await world.open(config, **options)
    assert await store.wait_service("a", timeout=60)
    for _ in range(3):
        await store.call_tool("a/echo", {"x": 1})
    return store


async def test_a_report_includes_the_newest_calls(world):
    store = await used(world)
    async with asyncio.timeout(60):
        while json.loads(await store.report("json"))["calls"] < 3:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("form", "begins"), [("text", "MCPStore"), ("markdown", "# "), ("html", "<!DOCTYPE"), ("json", "{")]
)
async def test_a_report_has_the_requested_format(world, form, begins):
    store = await used(world)
    report = await store.report(form)
    assert report.startswith(begins)
    assert "no such luck" in report


async def test_a_report_of_a_store_without_services_is_explicit(world):
    store = await world.open()
    assert "The configuration holds no services." in await store.report()


@pytest.mark.parametrize("since", [timedelta(hours=1), 0.0, datetime.fromisoformat("2020-01-01")])
async def test_a_report_begins_at_the_requested_time_but_not_before_the_first_record(world, since):
    store = await used(world)
    report = json.loads(await store.report("json", since))
    assert 10 <= report["end"] - report["begin"] < 3600


async def test_an_unknown_format_is_an_error_that_names_the_known_ones(world):
    store = await used(world)
    with pytest.raises(ValueError, match="text, summary, markdown, html"):
        await store.report("pdf")
    with pytest.raises(ValueError, match="json, csv, parquet"):
        await store.export("xls")


async def test_an_export_holds_everything_as_json(world):
    store = await used(world)
    export = json.loads(await store.export())
    assert [service["name"] for service in export["services"]] == ["a", "b"]
    first = export["services"][0]
    assert first["run_status"] == "running"
    assert first["metrics"]["total_calls"] == 3
    assert first["states"][-1]["state"] == "healthy"
    assert export["alerts"] == []
    assert isinstance(export["export_time"], float)


async def test_an_export_as_csv_has_one_sample_a_row(world):
    store = await used(world)
    rows = list(csv.DictReader(io.StringIO(await store.export("csv", services=["a"]))))
    assert {row["service_name"] for row in rows} <= {"a"}
    assert (await store.export("csv")).startswith("time,service_name,")


async def test_the_format_of_an_export_is_the_configured_one_unless_one_is_given(world):
    store = await used(world, monitoring_config={"data_collection": {"export_format": "csv"}})
    assert (await store.export()).startswith("time,")
    assert (await store.export("json")).startswith("{")


async def test_an_export_of_an_unknown_service_is_an_error(world):
    store = await used(world)
    with pytest.raises(ServiceNotFound):
        await store.export(services=["ghost"])
    with pytest.raises(TypeError, match=r"write \['a'\]"):
        await store.export(services="a")


async def test_an_exported_file_is_replaced_atomically_and_private_to_its_owner(world):
    store = await used(world)
    path = world.folder / "out.json"
    path.write_text("before")
    path.chmod(0o644)
    assert await store.export(path=path) == str(path)
    assert json.loads(path.read_text())["services"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(world.folder.glob(".*")) == []


async def test_a_file_that_cannot_be_written_is_an_error_that_names_it(world):
    store = await used(world)
    for path in (world.folder, world.folder / "nowhere" / "out.json"):
        with pytest.raises(MCPStoreError, match="cannot be written"):
            await store.export(path=path)


async def test_parquet_without_pyarrow_is_an_error_with_the_install_command(world, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    store = await used(world)
    with pytest.raises(MCPStoreError, match=r"pip install .mcpstore-manager\[parquet\]"):
        await store.export("parquet", path=world.folder / "out.parquet")
    with pytest.raises(ValueError, match="give the path of a file"):
        await store.export("parquet")


async def test_no_secret_is_in_anything_that_is_shown_or_written(world):
    entry = {"command": "nowhere", "args": ["--token", SECRET, f"--api-key={SECRET}"], "env": {"API_KEY": SECRET}}
    store = await world.open(
        {"mcpServers": {"a": entry, "b": {"url": f"http://u:{SECRET}@127.0.0.1:9/mcp?key={SECRET}"}}}
    )
    await store.wait_service("a", "error", timeout=60)
    await store.wait_service("b", "error", timeout=60)
    texts = [await store.report(form) for form in ("text", "markdown", "html", "json")]
    texts += [
        await store.export("json"),
        await store.export("csv"),
        await store.dashboard(),
        repr(await store.overview()),
    ]
    assert SECRET not in "".join(texts)


async def test_the_dashboard_shows_every_service(world):
    store = await used(world)
    text = await store.dashboard()
    assert "services: 2" in text
    assert "✅ a\n   status: running (healthy)" in text
    assert "❌ b" in text or "🔄 b" in text


async def test_a_glance_shows_all_services_and_the_next_one_only_changes(world):
    store = await used(world)
    overview = await store.overview()
    assert overview.services.names() == ["a", "b"]
    assert (overview.services["a"].total_calls, overview.services["a"].connection_state) == (3, "healthy")
    assert overview.services["a"].states[0].state == "initializing"
    again = await store.overview(overview.now)
    assert [interval.state for interval in again.services["a"].states] == ["healthy"]
    assert again.services["a"].states[0].since >= overview.now


async def test_an_agent_sees_its_own_services_only(world):
    store = await used(world)
    agent = store.for_agent("me")
    await agent.add_service({"name": "c", **world.entry("c")}, wait=60)
    assert (await agent.overview()).services.names() == ["c"]
    assert [s["name"] for s in json.loads(await agent.report("json"))["services"]] == ["c"]
    assert [s["name"] for s in json.loads(await agent.export())["services"]] == ["c"]
    with pytest.raises(ServiceNotFound):
        await agent.export(services=["a"])


async def test_alerts_are_in_the_report_the_export_and_the_dashboard(world):
    rules = [{"name": "service_down", "for": 0}]
    store = await used(world, monitoring_config={"alerts": {"handlers": [], "rules": rules}})
    async with asyncio.timeout(60):
        while "service b is down" not in await store.dashboard():
            await asyncio.sleep(0.02)
    report = json.loads(await store.report("json"))
    assert [(alert["kind"], alert["service"]) for alert in report["alerts"]] == [("fired", "b")]
    assert [alert["service"] for alert in report["active"]] == ["b"]
    assert len((await store.overview()).alerts) == 1
    for form in ("text", "markdown", "html"):
        assert "service b is down" in (await store.report(form)).replace("\\", "")
    assert [alert["service"] for alert in json.loads(await store.export())["alerts"]] == ["b"]
    agent = store.for_agent("me")
    assert json.loads(await agent.report("json"))["alerts"] == []
