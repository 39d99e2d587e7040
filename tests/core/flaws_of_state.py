"""Flaws of the kernel, put in on purpose: those of what it remembers and of what it shows."""

from __future__ import annotations

from .flaws import PROMISES, Flaw

STATES = (
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
        "transition",
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
        "transition",
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
        "transition",
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
        "transition",
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

FLAWS = (*PROMISES, *STATES)
