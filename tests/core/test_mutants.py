"""The check is worth what it finds: flaws are put into the kernel on purpose, and each must be found.

A flaw is a change of the source text, made in memory. Add one for every bug ever fixed in the kernel. Where the code
moved on and the text to replace is not there any more, the test fails: write the flaw anew, do not drop it.
"""

from __future__ import annotations

import sys

import attrs
import pytest

from mcpstore.core.context import Limits
from mcpstore.core.lifecycle import step
from mcpstore.core.models.actions import Withdraw
from mcpstore.core.models.events import OpenOk, Start, Stop
from mcpstore.testing.model import (
    OF_CONTEXTS,
    OF_FUTURES,
    OF_STEPS,
    Patch,
    Violation,
    check,
    patched,
    walk,
)

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time


@attrs.frozen
class Flaw:
    """A bug put in on purpose, and the invariant that must find it."""

    name: str
    found_by: str
    module: str
    old: str
    new: str


FLAWS = (
    # what is not wanted any more
    Flaw(
        "a retry survives a stop",
        "i4_stop_holds",
        "lifecycle",
        "m.set(desired=Desired.STOP, timer=Timer.NONE, op=False)",
        "m.set(desired=Desired.STOP, op=False)",
    ),
    Flaw(
        "a removal leaves a timer",
        "i4_stop_holds",
        "lifecycle",
        "m.set(desired=Desired.GONE, timer=Timer.NONE, op=False)",
        "m.set(desired=Desired.GONE, op=False)",
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
        "move",
        "self.set(act=Act.CLOSE, timer=Timer.NONE, nxt=nxt)",
        "self.set(act=Act.CLOSE, timer=Timer.NONE, nxt=self.ctx.nxt or nxt)",
    ),
    Flaw(
        "a stop is not heard while a check is in flight",
        "i4_stop_is_obeyed",
        "guards",
        '    """It is to run."""\n    return c.desired is Desired.RUN',
        '    """It is to run."""\n    return c.desired is Desired.RUN and c.act is not Act.CHECK',
    ),
    Flaw(
        "what is removed is never forgotten",
        "i4_only_start_undoes_stop",
        "lifecycle",
        "def _x4_gone(m: Move, _e: Event) -> None:\n    m.closed()\n    _forget(m)",
        "def _x4_gone(m: Move, _e: Event) -> None:\n    m.closed()",
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
        "m.set(att=m.ctx.att + 1, op=False)\n    m.close(Next.BACKOFF)",
        "m.set(att=m.ctx.att + 1, op=False)\n    m.arm(Timer.RETRY)",
    ),
    Flaw(
        "a restart opens before it closes",
        "i2_one_connection",
        "move",
        "self.close_or(Next.CONNECT, self.open)",
        "self.open()",
    ),
    Flaw(
        "survivors are ignored",
        "i11_leaves_through_close",
        "lifecycle",
        "m.set(act=Act.NONE, closebad=True)\n    m.arm(Timer.REAP)",
        "m.set(act=Act.NONE)\n    m.arm(Timer.REAP)",
    ),
    Flaw(
        "survivors do not block the next attempt",
        "i2_one_connection",
        "lifecycle",
        "def _t5_reap(m: Move, _e: Event) -> None:\n    m.close(m.ctx.nxt)",
        "def _t5_reap(m: Move, _e: Event) -> None:\n    m.open()",
    ),
    Flaw(
        "a close is remembered but not asked for",
        "i3_asked_for",
        "move",
        "            self.actions.append(Close(self.ctx.epoch))",
        "            pass",
    ),
    Flaw(
        "every word of the operator closes again",
        "i2_one_action_in_flight",
        "move",
        "        if self.ctx.act is not Act.CLOSE:\n            self",
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
        "move",
        "epoch = self.ctx.epoch + 1",
        "epoch = self.ctx.epoch",
    ),
    Flaw(
        "a connection is waited for while it is still there",
        "i5_waits_only_without_a_connection",
        "lifecycle",
        "exp = m.ctx.exp\n    m.closed()",
        "exp = m.ctx.exp\n    m.set(act=Act.NONE, nxt=Next.NONE)",
    ),
    Flaw(
        "a check is asked of the connection before",
        "i2_probes_a_connection",
        "move",
        "Probe(self.ctx.epoch)",
        "Probe(self.ctx.epoch - 1)",
    ),
    Flaw(
        "survivors are left to rest",
        "i11_survivors_block",
        "lifecycle",
        "m.arm(Timer.REAP)",
        "m.arm(Timer.COOL)",
    ),
    Flaw(
        "what follows a close is remembered after it",
        "i5_close_knows_what_follows",
        "move",
        "self.set(act=Act.NONE, nxt=Next.NONE, live=False, closebad=False)",
        "self.set(act=Act.NONE, live=False, closebad=False)",
    ),
    Flaw(
        "an attempt begins with a close",
        "i2_one_action_in_flight",
        "move",
        "self.actions.append(Open(epoch))",
        "self.actions += [Close(self.ctx.epoch), Open(epoch)]",
    ),
    # nothing is stuck, nothing hammers
    Flaw(
        "a service that is exhausted stays parked for ever",
        "i3_something_pending",
        "lifecycle",
        "    m.rest(m.ctx.reason, never=isinstance(e, ev.Closed) and e.give_up)",
        "    pass",
    ),
    Flaw(
        "every rest is endless",
        "i3_never_only_when_given_up",
        "lifecycle",
        "m.rest(m.ctx.reason, never=isinstance(e, ev.Closed) and e.give_up)",
        "m.rest(m.ctx.reason, never=True)",
    ),
    Flaw(
        "a rest is endless although nobody gave up",
        "i3_never_only_when_given_up",
        "lifecycle",
        "m.rest(Reason.EXHAUSTED, never=True)",
        "m.rest(Reason.EXHAUSTED)",
    ),
    Flaw(
        "it is opened again at once",
        "i8_opens_only_after_a_delay",
        "lifecycle",
        "m.arm(Timer.RETRY, exp=exp)",
        "m.open()",
    ),
    Flaw(
        "a timer is remembered but not armed",
        "i3_asked_for",
        "move",
        "        self.set(timer=timer)\n        self.actions.append(Arm(timer=timer, **parameters))",
        "        self.set(timer=timer)",
    ),
    Flaw(
        "the next check is forgotten",
        "i3_something_pending",
        "lifecycle",
        "m.set(fails=0, unk=0, oks=oks)\n    m.wait(Timer.CHECK)",
        "m.set(fails=0, unk=0, oks=oks, act=Act.NONE)",
    ),
    Flaw(
        "a timer that is not armed is heard",
        "i1_heard_where_listed",
        "guards",
        "and isinstance(e, ev.Expired) and e.timer is c.timer",
        "and isinstance(e, ev.Expired) and e.timer in timers",
    ),
    Flaw(
        "the deadline of a close is not heard",
        "i3_moves_by_itself",
        "lifecycle",
        '    Row("W1", ev.Overdue, on.acting(Act.CLOSE), _x5_survivors),\n',
        "",
    ),
    Flaw(
        "attempts are not counted",
        "i9_failed_attempts_count",
        "lifecycle",
        "m.set(att=m.ctx.att + 1, op=False)",
        "m.set(op=False)",
    ),
    Flaw(
        "a round never ends",
        "i9_failed_attempts_count",
        "guards",
        "(c.half or c.att + 1 >= limits.attempts)",
        "c.half",
    ),
    Flaw(
        "the backoff does not grow",
        "i9_delays_grow",
        "lifecycle",
        "m.set(exp=min(exp + 1, m.limits.exp))",
        "m.set(exp=exp)",
    ),
    Flaw(
        "every backoff is as short as the first",
        "i9_delays_grow",
        "lifecycle",
        "m.arm(Timer.RETRY, exp=exp)",
        "m.arm(Timer.RETRY)",
    ),
    Flaw(
        "the cool-down does not grow",
        "i9_delays_grow",
        "move",
        "self.set(trips=min(trips + 1, self.limits.trips))",
        "self.set(trips=trips)",
    ),
    Flaw(
        "a round after a rest is not on probation",
        "i9_probation",
        "lifecycle",
        "m.set(half=True, att=0)",
        "m.set(att=0)",
    ),
    Flaw(
        "probation has no effect on a loss",
        "i9_probation",
        "move",
        "if intensity or self.ctx.half:",
        "if intensity:",
    ),
    Flaw(
        "a full restart window has no effect",
        "i9_probation",
        "move",
        "if intensity or self.ctx.half:",
        "if self.ctx.half:",
    ),
    Flaw(
        "a refusal is tried again",
        "i9_failed_attempts_count",
        "guards",
        "return c.act is Act.CONNECT and isinstance(e, ev.OpenFail) and e.failure is Failure.PERMANENT",
        "return False",
    ),
    Flaw(
        "nobody can end a rest",
        "i10_heals_when_asked",
        "guards",
        "return c.timer in (Timer.RETRY, Timer.COOL)",
        "return c.timer is Timer.RETRY",
    ),
    Flaw(
        "a rest has no reason",
        "i5_has_a_reason",
        "lifecycle",
        "m.to(DISCONNECTED, reason)",
        "m.to(DISCONNECTED)",
    ),
    Flaw(
        "a loss is followed by a connect",
        "i8_opens_only_after_a_delay",
        "move",
        "            self.close(Next.BACKOFF)",
        "            self.close(Next.CONNECT)",
    ),
    # memory
    Flaw(
        "probation ends with a connect",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(fails=0, unk=0, oks=0, op=False, stable=True)",
        "m.set(fails=0, unk=0, oks=0, op=False, stable=True, half=False)",
    ),
    Flaw(
        "attempts are forgotten by a connect",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(fails=0, unk=0, oks=0, op=False, stable=True)",
        "m.set(fails=0, unk=0, oks=0, op=False, stable=True, att=0)",
    ),
    Flaw(
        "the backoff is forgotten by a connect",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(fails=0, unk=0, oks=0, op=False, stable=True)",
        "m.set(fails=0, unk=0, oks=0, op=False, stable=True, exp=0)",
    ),
    Flaw(
        "stability does not clear the memory of trouble",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(att=0, exp=0, trips=0, half=False, stable=False)",
        "m.set(att=0, exp=0, half=False, stable=False)",
    ),
    Flaw(
        "impatience shortens the backoff",
        "i1_counts_what_is_listed",
        "lifecycle",
        "m.set(att=0, trips=0, half=False, op=True)",
        "m.set(att=0, exp=0, trips=0, half=False, op=True)",
    ),
    Flaw(
        "probation runs on without a connection",
        "i5_checks_only_on_a_connection",
        "move",
        "self.set(stable=False, fails=0, unk=0, oks=0)",
        "self.set(fails=0, unk=0, oks=0)",
    ),
    # health
    Flaw(
        "a local fault counts",
        "i14_local_faults_count_nothing",
        "lifecycle",
        "m.to(UNKNOWN)  # our own trouble: no counter moves",
        "m.to(UNKNOWN)\n    m.set(unk=min(m.ctx.unk + 1, 2))",
    ),
    Flaw(
        "a local fault ends the connection",
        "i14_local_faults_count_nothing",
        "lifecycle",
        "on.undecided(Undecided.LOCAL), _h10_blind",
        "on.undecided(Undecided.LOCAL), _d1_lost",
    ),
    Flaw(
        "UNKNOWN has no way out",
        "i10_heals",
        "lifecycle",
        'Row("H9", ev.CheckOk, on.checking(UNHEALTHY, UNKNOWN), _h1_answered)',
        'Row("H9", ev.CheckOk, on.checking(UNHEALTHY), _h1_answered)',
    ),
    Flaw(
        "checks may stay undecided for ever",
        "i9_counters_are_bounded",
        "lifecycle",
        "if unk >= m.limits.undecided:",
        "if unk > 1000:",
    ),
    Flaw(
        "WARNING recovers at the first answer",
        "i1_lands_where_listed",
        "lifecycle",
        "if oks >= m.limits.warning_successes:",
        "if oks >= 1:",
    ),
    Flaw(
        "WARNING is left at the first failure",
        "i1_lands_where_listed",
        "lifecycle",
        "if m.ctx.fails + 1 >= m.limits.warning_failures:",
        "if m.ctx.fails + 1 >= 1:",
    ),
    Flaw(
        "failures are not counted while in WARNING",
        "i1_counts_what_is_listed",
        "lifecycle",
        "    m.set(oks=0)\n    _count_failure(m, e)",
        "    m.set(oks=0)\n    m.wait(Timer.FAST)",
    ),
    Flaw(
        "one failure ends a connection",
        "i1_lands_where_listed",
        "lifecycle",
        "if fails >= m.limits.failures:  # H8",
        "if fails >= 1:",
    ),
    Flaw(
        "an answer does not clear the failures",
        "i1_counts_what_is_listed",
        "lifecycle",
        "m.to(HEALTHY)  # also H9\n    m.set(fails=0, unk=0, oks=0)",
        "m.to(HEALTHY)\n    m.set(unk=0, oks=0)",
    ),
    # tools
    Flaw(
        "tools are not withdrawn",
        "i7_callable_while_live",
        "move",
        "            self.actions.append(Withdraw())",
        "            pass",
    ),
    Flaw(
        "tools are published by a check",
        "i7_callable_while_live",
        "lifecycle",
        "m.to(HEALTHY)  # also H9",
        "m.to(HEALTHY)\n    m.actions.append(Publish())",
    ),
    # edges
    Flaw(
        "a first attempt that failed is still the first",
        "i1_only_listed_situations",
        "lifecycle",
        "m.to(RECONNECTING)\n    m.set(att=m.ctx.att + 1, op=False)",
        "m.set(att=m.ctx.att + 1, op=False)",
    ),
    Flaw(
        "a live state is left without passing UNHEALTHY",
        "i1_only_listed_edges",
        "move",
        "        self.to(ServiceConnectionState.UNHEALTHY)\n",
        "",
    ),
    Flaw(
        "a new round begins as if it were the first",
        "i13_departs_through_unhealthy",
        "lifecycle",
        "    m.to(RECONNECTING)\n    m.set(half=True, att=0)",
        "    m.to(INITIALIZING)\n    m.set(half=True, att=0)",
    ),
    Flaw(
        "a change of state is not announced",
        "i1_only_listed_edges",
        "move",
        "            self.actions.append(Edge(self.conn, state))",
        "            pass",
    ),
    Flaw(
        "a loss is not heard while nothing is known",
        "i1_heard_where_listed",
        "lifecycle",
        'Row("D1", ev.Lost, on.in_live, _d1_lost)',
        'Row("D1", ev.Lost, lambda c, _e, _l: c.conn in (HEALTHY, WARNING, UNHEALTHY), _d1_lost)',
    ),
    # run status
    Flaw(
        "automatic reconnecting counts as starting",
        "run_status",
        "context",
        "(state is ServiceConnectionState.RECONNECTING and ctx.op)",
        "state is ServiceConnectionState.RECONNECTING",
    ),
    Flaw(
        "survivors do not show as an error",
        "i1_everything_occurs",
        "context",
        "    if ctx.closebad:",
        "    if False:",
    ),
)


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name.replace(" ", "-"))
def test_every_flaw_is_found(flaw):
    kernel = patched(Patch(flaw.module, flaw.old, flaw.new))

    with pytest.raises(Violation):
        check(kernel)
    with pytest.raises(Violation) as found:
        check(kernel, only=flaw.found_by)
    assert found.value.invariant == flaw.found_by


def test_every_invariant_finds_a_flaw():
    in_words = {invariant.__name__ for invariant in (*OF_CONTEXTS, *OF_STEPS, *OF_FUTURES)}
    in_the_search = {"i1_heard_where_listed", "i1_everything_occurs", "run_status"}

    assert {flaw.found_by for flaw in FLAWS} == in_words | in_the_search


def test_the_flaws_are_many_and_differ():
    assert len({flaw.name for flaw in FLAWS}) == len(FLAWS) >= 24


def test_a_copy_of_the_kernel_without_a_flaw_passes(seen):
    assert check(patched()) == seen.report


def test_a_flaw_whose_text_is_gone_is_refused():
    with pytest.raises(ValueError, match="stands 0 times in move; it must be once: 'no such text'"):
        patched(Patch("move", "no such text", ""))


def test_a_flaw_whose_text_is_not_unique_is_refused():
    with pytest.raises(ValueError, match=r"stands \d+ times in lifecycle"):
        patched(Patch("lifecycle", "m.closed()", ""))


def test_a_flaw_leaves_the_real_kernel_alone():
    loaded = set(sys.modules)

    flawed = patched(Patch("move", "            self.actions.append(Withdraw())", "            pass"))

    assert Withdraw() not in flawed.step(walk(Start(), OpenOk).after, Stop(), Limits())[1]
    assert Withdraw() in step(walk(Start(), OpenOk).after, Stop())[1]
    assert set(sys.modules) == loaded


def test_a_violation_shows_the_shortest_way_to_it():
    kernel = patched(Patch("move", "            self.actions.append(Withdraw())", "            pass"))

    with pytest.raises(Violation) as found:
        check(kernel)

    assert [type(event).__name__ for event in found.value.path] == ["Start", "OpenOk"]
    assert "I7: tools are published" in str(found.value)
    assert "OPEN_OK                      -> HEALTHY⏲CHECK" in str(found.value)
    assert "HEALTHY⏲CHECK -- STOP --> DISCONNECTED⟨CLOSE→PARK⟩" in str(found.value)


def test_an_exception_in_a_step_is_a_violation():
    kernel = patched(
        Patch("lifecycle", "def _t1_check(m: Move, _e: Event) -> None:", "def _t1_check(m: Move) -> None:")
    )

    with pytest.raises(Violation, match="i1_total") as found:
        check(kernel)

    assert isinstance(found.value.__cause__, TypeError)


def test_a_machine_without_an_end_of_contexts_is_a_violation():
    with pytest.raises(Violation, match="finite: There are more than 100 contexts"):
        check(most=100)
