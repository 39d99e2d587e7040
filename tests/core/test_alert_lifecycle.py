"""The alert machine keeps its invariants in every reachable state, and each injected flaw is found."""

from __future__ import annotations

import pytest

from mcpstore.core.alert_lifecycle import QUIET, TABLE, AlertAction, AlertContext, AlertEvent, AlertState, step
from tests.model_check.alerts import OF_FUTURES, OF_STEPS, AlertViolation, check, patched

from .flaws_of_alerts import FLAWS

TRUE, FALSE, FOR, KEEP, COOL = (AlertEvent[name] for name in ("TRUE", "FALSE", "FOR", "KEEP", "COOL"))
MUTE, UNMUTE, GONE = (AlertEvent[name] for name in ("MUTE", "UNMUTE", "GONE"))


def after(*events: AlertEvent, reminders: bool = False) -> tuple[AlertContext, tuple[AlertAction, ...]]:
    """Return the context a series of events leads to, and what the last of them asks for."""
    ctx, actions = QUIET, ()
    for event in events:
        ctx, actions = step(ctx, event, reminders=reminders)
    return ctx, actions


def test_every_invariant_holds_in_every_reachable_state_of_an_alert():
    report = check()

    assert (report.states, report.transitions) == (46, 414)


def test_every_row_of_the_table_is_reached():
    rows = set()

    def watch(taken):
        rows.update(row for row in TABLE if row.event is taken.event and row.when(taken.before.ctx))

    check(watch=watch)

    assert rows == set(TABLE)


def test_every_invariant_has_a_description():
    assert all(invariant.__doc__.startswith("I15: ") for invariant in (*OF_STEPS, *OF_FUTURES))


def test_an_alert_fires_when_its_condition_has_held_long_enough():
    assert after(TRUE) == (AlertContext(state=AlertState.PENDING), (AlertAction.ARM_FOR,))
    ctx, actions = after(TRUE, FOR)

    assert ctx == AlertContext(state=AlertState.FIRING, notified=True, cool=True)
    assert actions == (AlertAction.FIRE, AlertAction.ARM_COOL)


def test_an_alert_does_not_fire_when_its_condition_has_not_held_long_enough():
    assert after(TRUE, FALSE) == (QUIET, (AlertAction.DISARM_FOR,))


def test_an_alert_is_resolved_when_its_condition_has_been_false_long_enough():
    assert after(TRUE, FOR, FALSE)[1] == (AlertAction.ARM_KEEP,)
    assert after(TRUE, FOR, FALSE, TRUE)[1] == (AlertAction.DISARM_KEEP,)
    assert after(TRUE, FOR, FALSE, KEEP)[1] == (AlertAction.RESOLVE,)


def test_an_alert_that_fires_during_the_cooldown_is_sent_after_it():
    again = (TRUE, FOR, FALSE, KEEP, TRUE, FOR)

    assert after(*again)[1] == ()
    assert after(*again, COOL)[1] == (AlertAction.FIRE, AlertAction.ARM_COOL)


def test_a_cool_down_that_ends_while_clearing_is_recorded():
    ctx, actions = after(TRUE, FOR, FALSE, KEEP, TRUE, FOR, FALSE, COOL, TRUE)

    assert AlertAction.FIRE in actions
    assert ctx.notified


def test_the_end_of_a_sent_alert_is_sent_even_while_muted():
    assert after(TRUE, FOR, MUTE, FALSE, KEEP)[1] == (AlertAction.RESOLVE,)


def test_an_alert_that_fires_while_muted_is_sent_after_the_mute():
    assert after(MUTE, TRUE, FOR)[1] == ()
    assert after(MUTE, TRUE, FOR, UNMUTE)[1] == (AlertAction.FIRE, AlertAction.ARM_COOL)


def test_reminders_are_sent_only_if_they_are_enabled():
    assert after(TRUE, FOR, COOL)[1] == ()
    assert after(TRUE, FOR, COOL, reminders=True)[1] == (AlertAction.REMIND, AlertAction.ARM_COOL)


@pytest.mark.parametrize("so_far", [(TRUE, FOR), (TRUE, FOR, FALSE)])
def test_the_alerts_of_a_removed_service_are_resolved(so_far):
    ctx, actions = after(*so_far, GONE)

    assert actions[-1] is AlertAction.RESOLVE
    assert ctx == AlertContext(cool=True)


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name.replace(" ", "-"))
def test_every_flaw_is_detected(flaw):
    assert flaw.found() == flaw.found_by


def test_a_copy_of_the_machine_without_a_flaw_passes():
    assert check(patched("OK: Final", "OK: Final")) == check()


def test_a_flaw_without_its_source_text_is_refused():
    with pytest.raises(ValueError, match="stands 0 times in alert_lifecycle; it must be once: 'no such text'"):
        patched("no such text", "")


def test_a_violation_shows_the_shortest_path_to_it():
    with pytest.raises(AlertViolation) as caught:
        check(patched("m.set(cool=False)\n    m.notify()", "m.set(cool=False)"))

    assert [event.name for event in caught.value.path][-1] == "COOL"
    assert "I15: " in str(caught.value)
