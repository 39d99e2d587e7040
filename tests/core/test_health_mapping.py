"""What health results mean, and which changes of state there are: the same as the machine does."""

from __future__ import annotations

import pytest

from mcpstore.core.context import Act, Context, Desired
from mcpstore.core.health_mapping import (
    AUTOMATIC_EDGES,
    OPERATOR_EDGES,
    HealthResult,
    edges_from,
    health_event,
    state_after,
)
from mcpstore.core.lifecycle import step
from mcpstore.models.service import LIVE_STATES, ServiceConnectionState
from tests.model_check import listed

S, R = ServiceConnectionState, HealthResult


def pairs(edges):
    return {(old, new) for old, following in edges.items() for new in following}


def test_the_automatic_transitions_are_those_of_the_machine():
    assert pairs(AUTOMATIC_EDGES) == listed.AUTOMATIC_EDGES


def test_the_transitions_that_an_operator_may_request_are_those_of_the_machine():
    assert pairs(OPERATOR_EDGES) == frozenset().union(*listed.OPERATOR_EDGES.values())


@pytest.mark.parametrize("state", S)
def test_no_state_follows_itself(state):
    assert state not in edges_from(state)


@pytest.mark.parametrize("result", R)
@pytest.mark.parametrize("state", sorted(LIVE_STATES))
def test_a_health_result_leads_to_the_state_of_the_machine_by_a_known_transition(state, result):
    after = state_after(state, result)
    ctx = Context(desired=Desired.RUN, connection=state, activity=Act.CHECK, live=True, epoch=7)
    assert step(ctx, health_event(result, 7))[0].connection is after
    assert after is state or after in edges_from(state)


@pytest.mark.parametrize(
    ("state", "result", "before", "after"),
    [
        (S.HEALTHY, R.HEALTHY, {}, S.HEALTHY),
        (S.HEALTHY, R.SLOW, {}, S.WARNING),
        (S.HEALTHY, R.UNHEALTHY, {}, S.UNHEALTHY),
        (S.HEALTHY, R.UNKNOWN, {}, S.UNKNOWN),
        (S.WARNING, R.HEALTHY, {}, S.WARNING),
        (S.WARNING, R.HEALTHY, {"successes": 1}, S.HEALTHY),
        (S.WARNING, R.TIMEOUT, {}, S.WARNING),
        (S.WARNING, R.TIMEOUT, {"failures": 1}, S.UNHEALTHY),
        (S.UNHEALTHY, R.TIMEOUT, {"failures": 1}, S.UNHEALTHY),
        (S.UNHEALTHY, R.TIMEOUT, {"failures": 2}, S.RECONNECTING),
        (S.UNKNOWN, R.WARNING, {}, S.WARNING),
    ],
)
def test_the_previous_checks_count(state, result, before, after):
    assert state_after(state, result, **before) is after


@pytest.mark.parametrize("state", sorted(set(S) - LIVE_STATES))
@pytest.mark.parametrize("result", R)
def test_a_state_without_a_connection_is_not_changed_by_a_check(state, result):
    assert state_after(state, result) is state
