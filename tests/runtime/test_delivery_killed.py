"""A manager that is killed between a send and its record."""

from __future__ import annotations

import signal
import subprocess
import sys

MANAGER = """
import asyncio, sys
from pathlib import Path
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.clock import Clock
from mcpstore.hooks import AlertHandler
from mcpstore.runtime.alerting import AlertChannel
from mcpstore.runtime.alerting.delivery import AlertDelivery
from pydantic import BaseModel

class NoSettings(BaseModel):
    pass

folder, is_first = Path(sys.argv[1]), sys.argv[2] == "first"
alerts = []

async def send(alert, settings):
    with (folder / "heard.txt").open("a") as file:
        file.write(f"{alert.incident}\\n")
    alerts.append(alert)
    if is_first and alert.incident == "7":
        print("sent", flush=True)
        await asyncio.get_running_loop().create_future()

async def main():
    handler = AlertHandler(name="file", config=NoSettings, send=send)
    channel = AlertChannel(name="file", handler=handler, settings=NoSettings())
    delivery = AlertDelivery([channel], Clock(), folder)
    await delivery.load()
    await delivery.open()
    for number in range(10 if is_first else 0):
        alert = Alert(
            rule_name="r", service=f"s{number}", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message="m",
            timestamp=0.0, incident=str(number))
        delivery.log.add(alert)
        await delivery._enqueue(await delivery.log.record([(alert, ["file"])]))
    while is_first or delivery.status()["file"].waiting:
        await asyncio.sleep(0.01)
    await delivery.close()

asyncio.run(main())
"""


def test_a_killed_manager_repeats_only_the_notification_in_flight(tmp_path):
    command = [sys.executable, "-c", MANAGER, str(tmp_path)]
    with subprocess.Popen([*command, "first"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "sent\n"
        # what is put in after the notice that hangs is on the disk, too
        journal = tmp_path / "log.jsonl"
        while '"incident": "9"' not in journal.read_text():
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
    subprocess.run([*command, "second"], check=True, timeout=60)
    assert (tmp_path / "heard.txt").read_text().split() == [*"01234567", *"789"]
