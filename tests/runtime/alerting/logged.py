"""An alert log, and alerts to record in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.alerting.log import AlertLog
from mcpstore.runtime.alerting.log_file import Notification, Outcome, OutcomeState
from mcpstore.testing.loop import FakeClock

DELIVERED = Outcome(state=OutcomeState.DELIVERED)


def alert(n: int = 1, kind: AlertKind = AlertKind.FIRED, **fields: Any) -> Alert:
    given = {
        "rule_name": "service_down", "service": f"s{n}", "level": AlertLevel.ERROR, "kind": kind,
        "message": f"m{n}", "timestamp": float(n), "incident": f"i{n}", "metrics": {"error_rate": 0.5},
    }  # fmt: skip
    return Alert(**(given | fields))


async def loaded(folder: Path | None) -> AlertLog:
    log = AlertLog(folder, FakeClock())
    await log.load()
    return log


async def opened(folder: Path | None) -> AlertLog:
    log = await loaded(folder)
    await log.open()
    return log


async def record(log: AlertLog, *alerts: Alert, channels: tuple[str, ...] = ("x",)) -> list[Notification]:
    for each in alerts:
        for member in each.alerts or (each,):
            log.add(member)
    return await log.record([(each, channels) for each in alerts])


async def pending(folder: Path) -> list[str]:
    """Return the messages of the undelivered notifications, as the next process finds them."""
    log = await loaded(folder)
    try:
        return [log._pending[id_].alert.message for id_ in sorted(log._pending)]
    finally:
        await log.close()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
