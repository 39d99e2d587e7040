"""Flaws of the kernel, injected deliberately: those of what it remembers and of what it shows."""

from __future__ import annotations

from .flaws import PROMISES, Flaw

STATES = (
    # memory
    Flaw(
        "probation ends with a connect",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True)",
        "m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True, on_probation=False)",
    ),
    Flaw(
        "attempts are forgotten by a connect",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True)",
        "m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True, attempts=0)",
    ),
    Flaw(
        "the backoff is forgotten by a connect",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True)",
        "m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True, backoff_exponent=0)",
    ),
    Flaw(
        "stability does not clear the memory of trouble",
        "i12_memory_is_earned",
        "lifecycle",
        "m.set(attempts=0, backoff_exponent=0, failed_rounds=0, on_probation=False, stable=False)",
        "m.set(attempts=0, backoff_exponent=0, on_probation=False, stable=False)",
    ),
    Flaw(
        "repeated requests shorten the backoff",
        "i1_counts_what_is_listed",
        "lifecycle",
        "m.set(attempts=0, failed_rounds=0, on_probation=False, by_operator=True)",
        "m.set(attempts=0, backoff_exponent=0, failed_rounds=0, on_probation=False, by_operator=True)",
    ),
    Flaw(
        "probation runs on without a connection",
        "i5_checks_only_on_a_connection",
        "transition",
        "self.set(stable=False, fails=0, undecided_checks=0, good_checks=0)",
        "self.set(fails=0, undecided_checks=0, good_checks=0)",
    ),
    # health
    Flaw(
        "a local fault counts",
        "i14_local_faults_count_nothing",
        "lifecycle",
        "m.to(UNKNOWN)  # a local fault changes no counter",
        "m.to(UNKNOWN)\n    m.set(undecided_checks=min(m.ctx.undecided_checks + 1, 2))",
    ),
    Flaw(
        "a local fault ends the connection",
        "i14_local_faults_count_nothing",
        "lifecycle",
        "on.undecided(Undecided.LOCAL), _h10_local_fault",
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
        "checks can be inconclusive without limit",
        "i9_counters_are_bounded",
        "lifecycle",
        "if undecided >= m.limits.undecided:",
        "if undecided > 1000:",
    ),
    Flaw(
        "WARNING recovers at the first answer",
        "i1_lands_where_listed",
        "lifecycle",
        "if good >= m.limits.warning_successes:",
        "if good >= 1:",
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
        "    m.set(good_checks=0)\n    _count_failure(m, e)",
        "    m.set(good_checks=0)\n    m.wait(Timer.FAST)",
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
        "m.to(HEALTHY)  # also H9\n    m.set(fails=0, undecided_checks=0, good_checks=0)",
        "m.to(HEALTHY)\n    m.set(undecided_checks=0, good_checks=0)",
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
        "m.to(RECONNECTING)\n    m.set(attempts=m.ctx.attempts + 1, by_operator=False)",
        "m.set(attempts=m.ctx.attempts + 1, by_operator=False)",
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
        "    m.to(RECONNECTING)\n    m.set(on_probation=True, attempts=0)",
        "    m.to(INITIALIZING)\n    m.set(on_probation=True, attempts=0)",
    ),
    Flaw(
        "a change of state is not announced",
        "i1_only_listed_edges",
        "transition",
        "            self.actions.append(Edge(self.connection, state))",
        "            pass",
    ),
    Flaw(
        "a loss is ignored in UNKNOWN",
        "i1_heard_where_listed",
        "lifecycle",
        'Row("D1", ev.Lost, on.is_live, _d1_lost)',
        'Row("D1", ev.Lost, lambda c, _e, _l: c.connection in (HEALTHY, WARNING, UNHEALTHY), _d1_lost)',
    ),
    # run status
    Flaw(
        "automatic reconnecting counts as starting",
        "run_status",
        "context",
        "state is ServiceConnectionState.RECONNECTING and ctx.by_operator",
        "state is ServiceConnectionState.RECONNECTING",
    ),
    Flaw(
        "survivors do not show as an error",
        "i1_everything_occurs",
        "context",
        "    if ctx.close_failed:",
        "    if False:",
    ),
)

FLAWS = (*PROMISES, *STATES)
