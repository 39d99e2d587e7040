"""What a validation found wrong, in words."""

from __future__ import annotations

import pytest

from mcpstore.models.validation_messages import validation_message

RANGE = {"type": "greater_than", "loc": ("a", "b"), "msg": "Input should be greater than 0", "input": -1}
OWN = {"type": "value_error", "loc": (), "msg": "Value error, Nothing fits", "input": {}}


@pytest.mark.parametrize(
    ("problem", "prefix", "show", "message"),
    [
        (RANGE, "", False, "a.b: must be greater than 0"),
        (RANGE, "", True, "a.b: must be greater than 0 (got -1)"),
        (RANGE, "mcpstore", False, "mcpstore.a.b: must be greater than 0"),
        ({**RANGE, "input": "x" * 100}, "", True, "a.b: must be greater than 0 (got str)"),
        ({**RANGE, "input": {"password": "x"}}, "", True, "a.b: must be greater than 0"),
        (OWN, "", True, "Nothing fits"),
        (OWN, "mcpstore", False, "mcpstore: nothing fits"),
    ],
)
def test_a_message_names_the_field_the_problem_and_the_value(problem, prefix, show, message):
    assert validation_message(problem, prefix, [], show=show) == message


def test_an_unknown_key_is_reported_with_a_similar_one():
    problem = {"type": "extra_forbidden", "loc": ("timeout",), "msg": "", "input": 1}
    assert validation_message(problem, "", ["timeouts", "env"]) == "timeout: unknown key; did you mean 'timeouts'?"
    assert validation_message(problem, "", ["env", "cwd"]) == "timeout: unknown key; known: env, cwd"
