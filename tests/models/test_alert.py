"""Alerts tell how bad they are, and which of them say the same."""

from __future__ import annotations

from mcpstore.models.alert import Alert, AlertKind, AlertLevel


def alert(**fields):
    given = {
        "rule_name": "odd", "service": "a", "level": AlertLevel.INFO, "kind": AlertKind.FIRED, "message": "m",
        "timestamp": 1.0, "incident": "i",
    }  # fmt: skip
    return Alert(**{**given, **fields})


def test_levels_have_an_order():
    assert sorted(AlertLevel, key=lambda level: level.rank) == [
        AlertLevel.INFO, AlertLevel.WARNING, AlertLevel.ERROR, AlertLevel.CRITICAL,
    ]  # fmt: skip


def test_notices_with_the_same_content_have_the_same_key():
    assert alert().key == alert(message="other words", timestamp=2.0).key == "i.fired"
    assert alert(kind=AlertKind.RESOLVED).key == "i.resolved"
    assert alert(kind=AlertKind.REMINDED, number=2).key == "i.reminded.2"
