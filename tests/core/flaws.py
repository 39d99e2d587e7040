"""Flaws of the kernel, injected deliberately: those that break what it promises to the world.

A flaw is a change of the source text, made in memory. Add one for every bug ever fixed in the kernel. Where the code
moved on and the text to replace is not there any more, the test fails: rewrite the flaw, do not delete it.
"""

from __future__ import annotations

import attrs

from tests.model_check import Kernel, Patch, Violation, check, patched


@attrs.frozen
class Flaw:
    """A bug injected deliberately, and the invariant that must find it."""

    name: str
    found_by: str
    module: str
    old: str
    new: str

    @property
    def kernel(self) -> Kernel:
        """The machine with it."""
        return patched(Patch(self.module, self.old, self.new))

    def found(self, only: str = "") -> str | None:
        """Return the invariant that finds it, if one does; all of them look unless one is named."""
        try:
            check(self.kernel, only=only)
        except Violation as violation:
            return violation.invariant
        return None


PROMISES = (
    # what is not wanted any more
    Flaw(
        "a retry survives a stop",
        "i4_stop_holds",
        "lifecycle",
        "m.set(desired=Desired.STOP, timer=Timer.NONE, by_operator=False)",
        "m.set(desired=Desired.STOP, by_operator=False)",
    ),
    Flaw(
        "a removal leaves a timer",
        "i4_stop_holds",
        "lifecycle",
        "m.set(desired=Desired.GONE, timer=Timer.NONE, by_operator=False)",
        "m.set(desired=Desired.GONE, by_operator=False)",
    ),
    Flaw(
        "a removal can be undone",
        "i4_only_start_undoes_stop",
        "guards",
        "return c.desired is Desired.STOP",
        "return c.desired is not Desired.RUN",
    ),
    Flaw(
        "a stop during a restart is forgotten",
        "i4_stop_holds",
        "transition",
        "self.set(activity=Act.CLOSE, timer=Timer.NONE, next_act=next_act)",
        "self.set(activity=Act.CLOSE, timer=Timer.NONE, next_act=self.ctx.next_act or next_act)",
    ),
    Flaw(
        "a stop is ignored while a check is in flight",
        "i4_stop_is_obeyed",
        "guards",
        '    """The service should run."""\n    return c.desired is Desired.RUN',
        '    """The service should run."""\n    return c.desired is Desired.RUN and c.activity is not Act.CHECK',
    ),
    Flaw(
        "what is removed is never forgotten",
        "i4_only_start_undoes_stop",
        "lifecycle",
        "def _x4_gone(m: Transition, _e: Event) -> None:\n    m.closed()\n    _forget(m)",
        "def _x4_gone(m: Transition, _e: Event) -> None:\n    m.closed()",
    ),
    Flaw(
        "a new configuration starts what is stopped",
        "i4_only_start_undoes_stop",
        "guards",
        "return c.desired is Desired.RUN and isinstance(e, ev.Update) and e.reconnect",
        "return isinstance(e, ev.Update) and e.reconnect",
    ),
    # one connection, always closed
    Flaw(
        "a failed handshake is not closed",
        "i3_something_pending",
        "lifecycle",
        "m.set(attempts=m.ctx.attempts + 1, by_operator=False)\n    m.close(Next.BACKOFF)",
        "m.set(attempts=m.ctx.attempts + 1, by_operator=False)\n    m.arm(Timer.RETRY)",
    ),
    Flaw(
        "a restart opens before it closes",
        "i2_one_connection",
        "transition",
        "self.close_or(Next.CONNECT, self.open)",
        "self.open()",
    ),
    Flaw(
        "survivors are ignored",
        "i11_leaves_through_close",
        "lifecycle",
        "m.set(activity=Act.NONE, close_failed=True)\n    m.arm(Timer.REAP)",
        "m.set(activity=Act.NONE)\n    m.arm(Timer.REAP)",
    ),
    Flaw(
        "survivors do not block the next attempt",
        "i2_one_connection",
        "lifecycle",
        "def _t5_reap(m: Transition, _e: Event) -> None:\n    m.close(m.ctx.next_act)",
        "def _t5_reap(m: Transition, _e: Event) -> None:\n    m.open()",
    ),
    Flaw(
        "a close is remembered but not asked for",
        "i3_asked_for",
        "transition",
        "            self.actions.append(Close(self.ctx.epoch))",
        "            pass",
    ),
    Flaw(
        "every operator event closes again",
        "i2_one_action_in_flight",
        "transition",
        "        if self.ctx.activity is not Act.CLOSE:\n            self",
        "        if True:\n            self",
    ),
    Flaw(
        "a stale completion is accepted",
        "i6_stale_events_are_inert",
        "lifecycle",
        "if isinstance(event, ev.Completion) and event.epoch != ctx.epoch:",
        "if isinstance(event, ev.Completion) and event.epoch > ctx.epoch:",
    ),
    Flaw(
        "a connection keeps the number of the one before it",
        "i2_one_connection",
        "transition",
        "epoch = self.ctx.epoch + 1",
        "epoch = self.ctx.epoch",
    ),
    Flaw(
        "a wait for an attempt starts while the connection is open",
        "i5_waits_only_without_a_connection",
        "lifecycle",
        "exponent = m.ctx.backoff_exponent\n    m.closed()",
        "exponent = m.ctx.backoff_exponent\n    m.set(activity=Act.NONE, next_act=Next.NONE)",
    ),
    Flaw(
        "a check is asked of the connection before",
        "i2_probes_a_connection",
        "transition",
        "Probe(self.ctx.epoch)",
        "Probe(self.ctx.epoch - 1)",
    ),
    Flaw(
        "survivors lead to a cool-down",
        "i11_survivors_block",
        "lifecycle",
        "m.arm(Timer.REAP)",
        "m.arm(Timer.COOL)",
    ),
    Flaw(
        "what follows a close is remembered after it",
        "i5_close_knows_what_follows",
        "transition",
        "self.set(activity=Act.NONE, next_act=Next.NONE, live=False, close_failed=False)",
        "self.set(activity=Act.NONE, live=False, close_failed=False)",
    ),
    Flaw(
        "an attempt begins with a close",
        "i2_one_action_in_flight",
        "transition",
        "self.actions.append(Open(epoch))",
        "self.actions += [Close(self.ctx.epoch), Open(epoch)]",
    ),
    # nothing is stuck, nothing hammers
    Flaw(
        "a service that is exhausted never tries again",
        "i3_something_pending",
        "lifecycle",
        "    m.cool_down(m.ctx.reason, never=isinstance(e, ev.Closed) and e.give_up)",
        "    pass",
    ),
    Flaw(
        "every cool-down is endless",
        "i3_never_only_when_given_up",
        "lifecycle",
        "m.cool_down(m.ctx.reason, never=isinstance(e, ev.Closed) and e.give_up)",
        "m.cool_down(m.ctx.reason, never=True)",
    ),
    Flaw(
        "a cool-down is endless although the policy did not give up",
        "i3_never_only_when_given_up",
        "lifecycle",
        "m.cool_down(Reason.EXHAUSTED, never=True)",
        "m.cool_down(Reason.EXHAUSTED)",
    ),
    Flaw(
        "it is opened again at once",
        "i8_opens_only_after_a_delay",
        "lifecycle",
        "m.arm(Timer.RETRY, backoff_exponent=exponent)",
        "m.open()",
    ),
    Flaw(
        "a timer is remembered but not armed",
        "i3_asked_for",
        "transition",
        "        self.set(timer=timer)\n        self.actions.append(Arm(timer=timer, **parameters))",
        "        self.set(timer=timer)",
    ),
    Flaw(
        "the next check is forgotten",
        "i3_something_pending",
        "lifecycle",
        "m.set(fails=0, undecided_checks=0, good_checks=good)\n    m.wait(Timer.CHECK)",
        "m.set(fails=0, undecided_checks=0, good_checks=good, activity=Act.NONE)",
    ),
    Flaw(
        "a timer that is not armed is accepted",
        "i1_heard_where_listed",
        "guards",
        "and isinstance(e, ev.Expired) and e.timer is c.timer",
        "and isinstance(e, ev.Expired) and e.timer in timers",
    ),
    Flaw(
        "the deadline of a close is ignored",
        "i3_moves_by_itself",
        "lifecycle",
        '    Row("W1", ev.Overdue, on.in_flight(Act.CLOSE), _x5_survivors),\n',
        "",
    ),
    Flaw(
        "attempts are not counted",
        "i9_failed_attempts_count",
        "lifecycle",
        "m.set(attempts=m.ctx.attempts + 1, by_operator=False)",
        "m.set(by_operator=False)",
    ),
    Flaw(
        "a round never ends",
        "i9_failed_attempts_count",
        "guards",
        "(c.on_probation or c.attempts + 1 >= limits.attempts)",
        "c.on_probation",
    ),
    Flaw(
        "the backoff does not grow",
        "i9_delays_grow",
        "lifecycle",
        "m.set(backoff_exponent=min(exponent + 1, m.limits.max_backoff_exponent))",
        "m.set(backoff_exponent=exponent)",
    ),
    Flaw(
        "every backoff is as short as the first",
        "i9_delays_grow",
        "lifecycle",
        "m.arm(Timer.RETRY, backoff_exponent=exponent)",
        "m.arm(Timer.RETRY)",
    ),
    Flaw(
        "the cool-down does not grow",
        "i9_delays_grow",
        "transition",
        "self.set(failed_rounds=min(failed_rounds + 1, self.limits.max_failed_rounds))",
        "self.set(failed_rounds=failed_rounds)",
    ),
    Flaw(
        "a round after a cool-down is not on probation",
        "i9_probation",
        "lifecycle",
        "m.set(on_probation=True, attempts=0)",
        "m.set(attempts=0)",
    ),
    Flaw(
        "probation has no effect on a loss",
        "i9_probation",
        "transition",
        "if intensity or self.ctx.on_probation:",
        "if intensity:",
    ),
    Flaw(
        "a full restart window has no effect",
        "i9_probation",
        "transition",
        "if intensity or self.ctx.on_probation:",
        "if self.ctx.on_probation:",
    ),
    Flaw(
        "a refusal is tried again",
        "i9_failed_attempts_count",
        "guards",
        "return c.activity is Act.CONNECT and isinstance(e, ev.OpenFail) and e.failure is Failure.PERMANENT",
        "return False",
    ),
    Flaw(
        "an operator cannot end a cool-down",
        "i10_heals_when_asked",
        "guards",
        "return c.timer in (Timer.RETRY, Timer.COOL)",
        "return c.timer is Timer.RETRY",
    ),
    Flaw(
        "a cool-down has no reason",
        "i5_has_a_reason",
        "lifecycle",
        "m.to(DISCONNECTED, reason)",
        "m.to(DISCONNECTED)",
    ),
    Flaw(
        "a loss is followed by a connect",
        "i8_opens_only_after_a_delay",
        "transition",
        "            self.close(Next.BACKOFF)",
        "            self.close(Next.CONNECT)",
    ),
)
