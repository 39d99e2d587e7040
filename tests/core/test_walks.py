"""I16: the machine is a function, its memory is JSON, and a journal of events rebuilds what was."""

from __future__ import annotations

import functools
import json
import random

import attrs
import pytest

from mcpstore.core.context import Context, Limits
from mcpstore.core.events import Completion
from mcpstore.core.lifecycle import step
from tests.model_check import ALPHABET, OF_CONTEXTS, OF_STEPS, Taken, situation
from tests.model_check.alphabet import NOW, is_operator
from tests.model_check.futures import good_news

WALKS = 30
STEPS = 1000


@functools.cache
def journey(seed):
    """Return the steps of a long random life, with the limits users have."""
    dice = random.Random(seed)
    ctx, steps = Context(), []
    # what a person asks for is rare, or no service would live long enough for anything else
    weights = [0.1 if is_operator(event) else 1.0 for event in ALPHABET]
    while len(steps) < STEPS:
        event = dice.choices(ALPHABET, weights)[0]
        if dice.random() < 0.5:
            event = good_news(ctx)
        elif isinstance(event, Completion):
            event = attrs.evolve(event, epoch=ctx.epoch + event.epoch - NOW)
        after, actions = step(ctx, event)
        steps.append(Taken(before=ctx, event=event, after=after, actions=actions, limits=Limits()))
        ctx = Context() if after.removed else after
    return tuple(steps)


@pytest.mark.parametrize("seed", range(WALKS))
def test_the_same_context_and_event_give_the_same_result(seed):
    for taken in journey(seed):
        assert step(taken.before, taken.event) == (taken.after, taken.actions)


@pytest.mark.parametrize("seed", range(WALKS))
def test_a_context_survives_a_round_trip_through_json(seed):
    for taken in journey(seed):
        read = Context.from_json(json.loads(json.dumps(taken.after.to_json())))
        assert read == taken.after
        assert step(read, taken.event) == step(taken.after, taken.event)


@pytest.mark.parametrize("seed", range(WALKS))
def test_a_journal_of_events_rebuilds_the_context(seed):
    ctx = Context()
    for taken in journey(seed):
        ctx, actions = step(Context() if ctx.removed else ctx, taken.event)
        assert (ctx, actions) == (taken.after, taken.actions)


@pytest.mark.parametrize("seed", range(WALKS))
def test_the_invariants_hold_with_the_default_limits(seed):
    for taken in journey(seed):
        if taken.actions or taken.after != taken.before:
            assert all(holds(taken) for holds in OF_STEPS)
        assert all(holds(taken.after, taken.limits) for holds in OF_CONTEXTS)


def test_random_walks_reach_many_situations_and_connections():
    steps = [taken for seed in range(WALKS) for taken in journey(seed)]

    assert len({situation(taken.after) for taken in steps}) > 20
    assert max(taken.after.epoch for taken in steps) > 20
