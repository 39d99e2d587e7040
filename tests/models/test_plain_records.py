"""Events, actions, alerts: small records without behaviour, and the narrowing of JSON values."""

from __future__ import annotations

import json
from datetime import datetime
from types import MappingProxyType

import attrs
import pytest

from mcpstore.core import actions, events
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.json_types import as_array, as_object, as_text

EVENTS = [getattr(events, name) for name in events.__all__ if name not in ("Failure", "Timer", "Undecided")]
ACTIONS = [getattr(actions, name) for name in actions.__all__]


@pytest.mark.parametrize("kind", [*EVENTS, *ACTIONS], ids=lambda kind: kind.__name__)
def test_events_and_actions_cannot_be_changed(kind):
    if kind in (events.Event, actions.Action):
        return
    values = dict.fromkeys((field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING), 1)

    record = kind(**values)

    assert record == kind(**values)
    assert hash(record) == hash(kind(**values))
    with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
        record.anything = 1


def test_completions_and_signals_carry_the_number_of_their_connection():
    carriers = {kind.__name__ for kind in EVENTS if issubclass(kind, events.Completion)} - {"Completion"}

    assert carriers == {
        *("OpenOk", "OpenFail", "CheckOk", "CheckSlow", "CheckFail", "CheckTimeout", "CheckUndecidable"),
        *("Closed", "CloseFail", "Lost", "Overdue"),
    }


def test_an_alert_is_json():
    alert = Alert(
        rule_name="service_down",
        service="files",
        level=AlertLevel.CRITICAL,
        kind=AlertKind.FIRED,
        message="files is down",
        timestamp=datetime.fromisoformat("2025-01-02"),
        incident="i1",
    )

    data = json.loads(json.dumps(alert.to_dict()))

    assert (data["level"], data["kind"], data["service"]) == ("critical", "fired", "files")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({}, as_object),
        (MappingProxyType({"a": 1}), as_object),
        ([], as_array),
        ((1, 2), as_array),
        ("", as_text),
        (None, None),
        (3, None),
        (True, None),
        (b"raw", None),
    ],
)
def test_a_json_value_is_exactly_one_kind(value, kind):
    answers = {narrow: narrow(value) for narrow in (as_object, as_array, as_text)}

    assert {narrow for narrow, answer in answers.items() if answer is not None} == ({kind} if kind else set())
    assert kind is None or answers[kind] == value
