"""Flaws of the alert machine, injected deliberately. Add one for every bug ever fixed in it."""

from __future__ import annotations

import attrs

from tests.model_check.alerts import AlertViolation, check, patched


@attrs.frozen
class Flaw:
    """A flaw of the alert machine, and the invariant that finds it."""

    name: str
    found_by: str
    old: str
    new: str

    def found(self) -> str | None:
        """Return the invariant that finds it, if one does."""
        try:
            check(patched(self.old, self.new))
        except AlertViolation as violation:
            return violation.invariant
        return None


FLAWS = (
    Flaw(
        "a cool-down that ends while clearing is forgotten",
        "i15_a_free_firing_alert_is_sent",
        "m.to(FIRING, AlertAction.DISARM_KEEP)\n    m.notify_once()",
        "m.to(FIRING, AlertAction.DISARM_KEEP)",
    ),
    Flaw("a notification during the cooldown", "i15_nothing_while_cooling", " or self.ctx.cool or", " or"),
    Flaw("a notification while muted", "i15_nothing_while_muted", " or self.ctx.muted:", ":"),
    Flaw(
        "a notification is sent twice",
        "i15_fire_and_resolve_alternate",
        "if not self.ctx.notified:\n            self._send",
        "if self.ctx:\n            self._send",
    ),
    Flaw(
        "the end of an alert is not sent while muted",
        "i15_every_end_is_sent",
        "        self.to(OK)\n        if self.ctx.notified:",
        "        self.to(OK)\n        if self.ctx.notified and not self.ctx.muted:",
    ),
    Flaw(
        "the end of an alert is sent without its beginning",
        "i15_fire_and_resolve_alternate",
        "        self.to(OK)\n        if self.ctx.notified:",
        "        self.to(OK)\n        if self.ctx:",
    ),
    Flaw(
        "no notification after the cooldown",
        "i15_a_free_firing_alert_is_sent",
        "m.set(cool=False)\n    m.notify()",
        "m.set(cool=False)",
    ),
    Flaw(
        "no notification after the end of a mute",
        "i15_a_free_firing_alert_is_sent",
        "m.set(muted=False)\n    m.notify()",
        "m.set(muted=False)",
    ),
    Flaw("it never cools down", "i15_memory_is_true", "m.set(cool=False)\n    m.notify()", "m.notify()"),
    Flaw(
        "a notification starts no cooldown",
        "i15_only_firing_alerts_are_sent",
        "(action, AlertAction.ARM_COOL)",
        "(action,)",
    ),
    Flaw("reminders although they are off", "i15_reminders_only_where_wanted", "elif self.reminders:", "else:"),
    Flaw(
        "no reminder after a cool-down",
        "i15_reminders_where_wanted",
        "m.set(cool=False)\n    m.notify()",
        "m.set(cool=False)\n    m.notify_once()",
    ),
    Flaw(
        "an alert outlives its service",
        "i15_states_follow_the_table",
        '    AlertRow("A11", AlertEvent.GONE, _in(FIRING), _a11_gone_while_firing),\n',
        "",
    ),
    Flaw(
        "the timer KEEP runs on",
        "i15_timers_run_with_their_states",
        "    m.actions.append(AlertAction.DISARM_KEEP)\n    m.resolve()",
        "    m.resolve()",
    ),
    Flaw(
        "the timer FOR runs on",
        "i15_timers_run_with_their_states",
        "def _a3_not_held(m: _Transition) -> None:\n    m.to(OK, AlertAction.DISARM_FOR)",
        "def _a3_not_held(m: _Transition) -> None:\n    m.to(OK)",
    ),
    Flaw(
        "an error counts as the end",
        "i15_an_error_changes_nothing",
        "    # ERROR has no row: a condition that cannot be evaluated changes nothing",
        '    AlertRow("E", AlertEvent.ERROR, _in(FIRING), _a4_clearing),',
    ),
    Flaw(
        "one good check is enough",
        "i15_states_follow_the_table",
        "m.to(CLEARING, AlertAction.ARM_KEEP)",
        "m.resolve()",
    ),
    Flaw(
        "the end comes before the end",
        "i15_an_end_is_an_end",
        "m.to(CLEARING, AlertAction.ARM_KEEP)",
        "m.resolve()\n    m.to(CLEARING, AlertAction.ARM_KEEP)",
    ),
    Flaw("a mute is not remembered", "i15_memory_is_true", "m.set(muted=True)", "m.set()"),
)
