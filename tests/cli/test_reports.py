"""`mcpstore report`, `export` and `top` with and without a running manager."""

from __future__ import annotations

import csv
import io
import json
import stat

import psutil
import pytest

from mcpstore.cli.connect import Options
from mcpstore.cli.top.app import Top
from mcpstore.cli.top.source import StoreSource
from mcpstore.errors import ManagerNotRunning

from .conftest import demo, eventually


def healthy(shell, *names: str) -> bool:
    states = {s["name"]: s["connection_state"] for s in shell("list", "--json").json}
    return all(states.get(name) == "healthy" for name in names)


def test_a_manager_reports_and_exports(shell, up):
    shell.config(a=demo("a"), b={"command": "no-such-command-at-all"})
    up()
    eventually(lambda: healthy(shell, "a"))
    assert shell("call", "greet", "who=you").code == 0
    result = shell("report")
    assert result.out.startswith("MCPStore lifecycle report")
    assert "install it" in result.out
    assert result.err == ""
    eventually(lambda: shell("report", "--json").json["calls"] == 1)
    result = shell("report", "--since", "1h", "-o", "report.html")
    path = shell.folder / "report.html"
    assert (result.code, result.out) == (0, "")
    assert "report.html" in result.err
    assert path.read_text().startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert shell("export", "a", "-o", "a.csv").code == 0
    assert {row["service_name"] for row in csv.DictReader((shell.folder / "a.csv").read_text().splitlines())} == {"a"}
    assert [s["name"] for s in json.loads(shell("export").out)["services"]] == ["a", "b"]
    assert shell("export", "ghost").code == 4


def test_recorded_history_is_reported_after_the_manager_has_exited(shell, up):
    shell.config(a=demo("a"))
    manager = up()
    eventually(lambda: healthy(shell, "a"))
    assert shell("call", "greet", "who=you").code == 0
    assert manager.stop() == 0
    result = shell("report", "--json")
    assert "no manager is running" in result.err
    assert (result.json["watched"], result.json["calls"]) == (False, 1)
    assert result.json["services"][0]["time_in"]["healthy"] > 0
    for form in ("text", "markdown", "html"):
        text = shell("report", "--format", form).out
        assert "No manager is running: the current state of the services is unknown." in text
        assert "No action is needed" not in text
        assert "has not been started" not in text
    rows = list(csv.DictReader(io.StringIO(shell("export", "-f", "csv").out)))
    assert sum(int(row["calls"]) for row in rows) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("report", "--since", "yesterday"), 2, "expected an age or a date, such as 30m, 24h, 7d"),
        (("report", "-f", "pdf"), 2, "must be one of text, summary, markdown, html"),
        (("export", "-f", "xls"), 2, "must be one of json, csv, parquet"),
        (("export", "-f", "parquet"), 2, "name a file"),
        (("export", "ghost"), 4, "no service is called 'ghost'"),
        (("top",), 2, "top needs a terminal"),
    ],
)
def test_an_impossible_report_is_an_error_with_its_exit_code(shell, arguments, code, message):
    shell.config(a=demo("a"))
    result = shell(*arguments)
    assert message in " ".join(result.err.replace("│", " ").split())
    assert result.code == code
    assert "Traceback" not in result.err


@pytest.mark.parametrize("since", ["30m", "24h", "1.5d", "2w", "90s", "2026-01-01", "2026-01-01T12:00"])
def test_the_start_of_the_period_is_an_age_or_a_date(shell, since):
    shell.config(a=demo("a"))
    assert shell("report", "--since", since, "--json").json["end"] > 0


@pytest.mark.parametrize(
    ("file", "begins"), [("x.md", "# MCP"), ("x.html", "<!DOCTYPE"), ("x.json", "{"), ("x", "MCPStore")]
)
def test_the_format_of_a_report_follows_from_its_file_name(shell, file, begins):
    shell.config(a=demo("a"))
    assert shell("report", "-o", file).code == 0
    assert (shell.folder / file).read_text().startswith(begins)


async def test_top_shows_the_services_of_a_manager_and_outlives_it(shell, up):
    import anyio

    shell.config(a=demo("a"))
    manager = await anyio.to_thread.run_sync(up)
    source = StoreSource(Options())
    await source.open()
    assert source.is_manager
    app = Top(source, interval=None)
    async with app.run_test(size=(160, 40)) as pilot:
        with anyio.fail_after(90):
            while not app._cells or str(app._cells["a"][1]) != "healthy":
                await app.update_services()
        await pilot.press("r")
        await app.workers.wait_for_complete()
        assert any("a is running" in note.message for note in app._notifications)
        assert await anyio.to_thread.run_sync(manager.stop) == 0
        await app.update_services()
        assert app._error_banner.display
        await app.update_services()
        assert "no manager is running" in str(app._error_banner.content)
        assert list(app._cells) == ["a"]
        with pytest.raises(ManagerNotRunning):
            await source.act("restart", name="a")
        manager = await anyio.to_thread.run_sync(up)
        await app.update_services()
        assert not app._error_banner.display
    await source.close()


async def test_top_without_a_manager_runs_the_services_itself_and_leaves_no_process(shell):
    import anyio

    shell.config(a=demo("a"))
    source = StoreSource(Options())
    await source.open()
    assert not source.is_manager
    app = Top(source, interval=None)
    async with app.run_test(size=(160, 40)):
        with anyio.fail_after(90):
            while not app._cells or str(app._cells["a"][1]) != "healthy":
                await app.update_services()
        pid = (await source.ask("info", name="a"))["pid"]
    await source.close()
    assert not psutil.pid_exists(pid)
