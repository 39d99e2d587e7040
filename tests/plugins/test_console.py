"""Alerts on the terminal: one line each, limited in number, without control sequences."""

from __future__ import annotations

import io
from typing import Any

import pytest

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.plugin_manager import PluginManager
from mcpstore_plugins.console import Console, ConsoleSettings

pytestmark = pytest.mark.anyio


def alert(**fields: Any) -> Alert:
    given: dict[str, Any] = {
        "rule_name": "service_down", "service": "files", "level": AlertLevel.ERROR, "kind": AlertKind.FIRED,
        "message": "service files is down", "timestamp": 1_790_000_000.0, "incident": "i1",
    }  # fmt: skip
    return Alert(**{**given, **fields})


async def shown(*alerts: Alert, **settings: Any) -> str:
    stream = io.StringIO()
    console = Console(stream)
    for one in alerts:
        await console.send(one, ConsoleSettings(**settings))
    return stream.getvalue()


async def test_an_alert_is_a_line():
    assert (await shown(alert())).endswith(" ERROR    service files is down\n")
    assert (await shown(alert(kind=AlertKind.RESOLVED, message="it is back"))).endswith(" RESOLVED files: it is back\n")


async def test_colour_is_used_on_terminals_only(monkeypatch):
    assert "\x1b" not in await shown(alert())
    assert "\x1b[31m" in await shown(alert(), color=True)
    assert "\x1b[32m" in await shown(alert(kind=AlertKind.RESOLVED), color=True)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    await Console(stream).send(alert(), ConsoleSettings())
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    await Console(plain).send(alert(), ConsoleSettings())

    assert "\x1b" in stream.getvalue()
    assert "\x1b" not in plain.getvalue()


async def test_no_text_of_an_alert_controls_the_terminal():
    assert "\x1b" not in await shown(alert(message="files \x1b[2J\x07 down"))


async def test_several_alerts_of_one_notification_are_a_list():
    assert (await shown(alert(message="2 alerts at once:\n- a\n- b", service=""))).endswith(
        "2 alerts at once:\n  - a\n  - b\n"
    )


async def test_of_too_many_alerts_only_the_number_is_printed():
    start = alert().timestamp
    lines = await shown(*(alert(timestamp=start + n) for n in range(10)), alert(timestamp=start + 70), per_minute=3)

    assert len(lines.splitlines()) == 5
    assert "mcpstore: 7 more alerts were not shown; see: mcpstore alerts history\n" in lines


async def test_it_writes_to_stderr(capsys):
    manager = PluginManager()
    manager.discover(bundled=True)
    handler = manager.get_offer("alert handler", "console")
    await handler.send(alert(), handler.config())
    await manager.close()

    assert "service files is down" in capsys.readouterr().err
