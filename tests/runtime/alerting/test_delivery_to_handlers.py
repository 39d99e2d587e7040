"""No alert is lost: not while a handler is down, not when the manager is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tracemalloc

import pytest

from mcpstore.errors import MCPStoreError, UnknownPlugin
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.alerting.log import MAX_ALERTS
from mcpstore.testing.loop import FakeClock

from .people import Person

pytestmark = pytest.mark.anyio

HOUR = 3600.0


def alert(number=1, kind=AlertKind.FIRED, service="a", level=AlertLevel.ERROR, **more):
    return Alert(
        rule_name="odd", service=service, level=level, kind=kind, message=f"{service} {kind.value}",
        timestamp=FakeClock().posix(), incident=f"{service}{number}", began=FakeClock().posix(), **more,
    )  # fmt: skip


async def test_a_handler_that_is_down_for_an_hour_misses_no_alert_and_no_end(watch, tmp_path):
    deaf, well = Person(), Person()
    world = await watch(deaf.line("deaf"), well.line("well"), folder=tmp_path)
    deaf.trouble = OSError("no mail server")
    servers = await world.start("a", "b")
    for server in servers:
        server.open_error = OSError("no route")
        server.die()
    await asyncio.sleep(10 * 60)
    servers[0].open_error = None
    await asyncio.sleep(50 * 60)

    assert deaf.heard == []
    assert sorted(well.received) == [
        ("service_down", "a", "fired"), ("service_down", "a", "resolved"), ("service_down", "b", "fired"),
    ]  # fmt: skip
    deaf.trouble = None
    await world.until(lambda: len(deaf.heard) == 2, 5 * 60)

    assert sorted(deaf.received) == [("service_down", "a", "resolved"), ("service_down", "b", "fired")]
    (over,) = [alert for alert in deaf.heard if alert.service == "a"]
    assert "from" in over.message
    assert "to" in over.message
    assert {one.incident for one in deaf.heard} == {one.incident for one in well.heard}


async def test_a_handler_that_hangs_delays_only_itself(watch):
    deaf, well = Person(), Person()
    world = await watch(deaf.line("deaf"), well.line("well"))
    deaf.is_deaf = True
    (server,) = await world.start("a")
    server.open_error = OSError("no route")
    server.die()
    await world.until(lambda: well.heard, 70)

    assert deaf.heard == []
    await asyncio.sleep(60)
    deaf.is_deaf = False
    await world.until(lambda: deaf.heard, 3 * 60)
    assert deaf.attempts > 1


async def test_a_line_hears_only_what_it_is_for(watch):
    bad, web = Person(), Person()
    world = await watch(bad.line("bad", min_level=AlertLevel.ERROR), web.line("web", services=("web-*",)))
    for level in (AlertLevel.WARNING, AlertLevel.CRITICAL):
        for service in ("web-1", "db"):
            world.alarm.delivery.take(alert(service=service, level=level, number=level.rank))
    await asyncio.sleep(10)

    assert [(one.level, one.service) for one in bad.heard] == [("critical", "web-1"), ("critical", "db")]
    assert [one.service for one in web.heard] == ["web-1", "web-1"]


async def test_a_group_goes_to_whoever_wants_one_of_its_alerts(watch):
    web, other = Person(), Person()
    world = await watch(web.line("web", services=("web-*",)), other.line("other", services=("x",)))
    for number in range(10):
        world.alarm.delivery.take(alert(service=f"web-{number}"))
    await asyncio.sleep(10)

    assert len(web.heard) == 1
    assert other.heard == []


async def test_a_handler_can_be_tested(watch):
    world = await watch()
    await world.alarm.delivery.test("person")
    assert [one.rule_name for one in world.person.heard] == ["test"]

    world.person.trouble = OSError("no route")
    with pytest.raises(MCPStoreError, match="alert handler 'person' raised OSError: no route"):
        await world.alarm.delivery.test("person")
    world.person.trouble, world.person.is_deaf = None, True
    with pytest.raises(MCPStoreError, match="alert handler 'person' took longer than 10 s"):
        await world.alarm.delivery.test("person")
    with pytest.raises(UnknownPlugin, match="'mail'.*person"):
        await world.alarm.delivery.test("mail")


async def test_a_disk_that_cannot_be_written_costs_no_alert(watch, tmp_path, caplog):
    folder = tmp_path / "state"
    folder.write_text("this is no folder")
    world = await watch(folder=folder)
    world.alarm.delivery.take(alert())
    await world.until(lambda: world.person.heard, 10)

    assert "the alert log cannot be written" in caplog.text


async def test_ten_thousand_alerts_do_not_grow_without_bound(watch, tmp_path):
    deaf = Person()
    deaf.trouble = OSError("no mail server")
    world = await watch(deaf.line("deaf"), folder=tmp_path)

    async def storm(first):
        for number in range(first, first + 5000):
            world.alarm.delivery.take(alert(number, service=f"s{number % 50}"))
            world.alarm.delivery.take(alert(number, AlertKind.RESOLVED, service=f"s{number % 50}"))
            if number % 100 == 99:
                await asyncio.sleep(60)

    await storm(0)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    await storm(5000)
    grown = sum(entry.size_diff for entry in tracemalloc.take_snapshot().compare_to(before, "filename"))
    tracemalloc.stop()

    assert grown < 8e6
    assert len(world.alarm.delivery.log.find()) == MAX_ALERTS
    assert world.alarm.delivery.log.open_alerts() == []
    assert len((tmp_path / "log.jsonl").read_bytes().splitlines()) <= 50_000


MANAGER = """
import asyncio, sys, time
from pathlib import Path
from pydantic import BaseModel
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.hooks import AlertHandler
from mcpstore.runtime.alerting import AlertChannel
from mcpstore.runtime.alerting.delivery import AlertDelivery
from mcpstore.runtime.clock import Clock

folder, first, stops = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "stops"

class Nothing(BaseModel):
    pass

async def send(alert, settings):
    with (folder / "heard.txt").open("a") as file:
        file.write("".join(f"{one.key}\\n" for one in alert.alerts or [alert]))
    if stops and "s7" in alert.message:
        print("sent", flush=True)
        time.sleep(3600)  # between send and log, until it is killed

async def main():
    channel = AlertHandler(name="file", config=Nothing, send=send)
    line = AlertChannel(name="file", handler=channel, settings=Nothing())
    telling = AlertDelivery([line], Clock(), folder / "alerts")
    await telling.load()
    await telling.open()
    for number in range(first, first + 10 if stops else first):
        telling.take(Alert(rule_name="odd", service=f"s{number}", level=AlertLevel.ERROR, kind=AlertKind.FIRED,
                           message=f"s{number}", timestamp=time.time(), incident=f"i{number}", began=time.time()))
    await asyncio.sleep(3 if stops else 0.5)
    await telling.close()

asyncio.run(main())
"""


@pytest.mark.timeout(60)
def test_a_manager_that_is_killed_between_send_and_log_repeats_one_notice_and_loses_none(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", MANAGER, str(tmp_path), "0", "stops"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "sent\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    first = (tmp_path / "heard.txt").read_text().split()

    subprocess.run([sys.executable, "-c", MANAGER, str(tmp_path), "0", "goes on"], check=True, timeout=50)

    heard = (tmp_path / "heard.txt").read_text().split()
    assert set(heard) == {f"i{number}.fired" for number in range(10)}
    assert len(heard) <= len(set(heard)) + max(1, len(first))
    lines = [json.loads(line) for line in (tmp_path / "alerts" / "log.jsonl").read_text().splitlines()]
    alerts = [one for line in lines if "alert" in line for one in line["alert"]["alerts"] or [line["alert"]]]
    assert len(alerts) == 10


async def test_a_handler_that_keeps_the_event_loop_is_named_and_told_what_to_do(watch, monkeypatch):
    blamed = []

    async def send(_alert, _settings):
        asyncio.get_running_loop().jump(0.4)

    person = Person()
    person.send = send
    world = await watch(person.line("slow"))
    monkeypatch.setattr(world.fleet.plugins, "record_fault", lambda *fault: blamed.append(fault))
    await world.alarm.delivery.test("slow")
    await world.alarm.delivery.test("slow")

    family, name, what = blamed[0]
    assert (family, name, len(blamed)) == ("alert handler", "slow", 2)
    assert what.startswith("kept the event loop for 0.40 s while it sent an alert; make `send` a plain function")


async def test_a_handler_that_waits_but_blocks_nobody_is_blamed_for_nothing(watch, monkeypatch):
    async def send(_alert, _settings):
        await asyncio.sleep(5)

    person = Person()
    person.send = send
    world = await watch(person.line("patient"))
    monkeypatch.setattr(world.fleet.plugins, "record_fault", None)
    await world.alarm.delivery.test("patient")


async def test_what_waits_for_a_line_that_is_gone_is_dropped_and_for_one_that_stays_is_told(watch, tmp_path, caplog):
    gone, stays, new = Person(), Person(), Person()
    world = await watch(gone.line("gone"), stays.line("stays"), folder=tmp_path)
    gone.trouble = stays.trouble = OSError("no mail server")
    world.alarm.delivery.take(alert())
    await world.until(lambda: gone.attempts and stays.attempts, 60)
    await world.alarm.reconfigure(world.alarm.rules, [stays.line("stays"), new.line("new")], reminders=False)
    stays.trouble = None
    await world.until(lambda: stays.heard, 600)

    assert "1 alerts for 'gone' are dropped: there is no such channel any more" in caplog.text
    assert world.alarm.delivery.status().names() == ["stays", "new"]
    world.alarm.delivery.take(alert(2))
    await world.until(lambda: new.heard, 60)
    assert [one.incident for one in new.heard] == ["a2"]
