"""What the tests of the kernel share: one look at everything the machine can do."""

from __future__ import annotations

import functools

import attrs
import pytest
from hypothesis import settings

from mcpstore.core.context import Context
from tests.model_check import Report, Taken, check, situation

settings.register_profile("unhurried", deadline=None)  # a busy machine is no reason to fail
settings.load_profile("unhurried")


@attrs.define(frozen=True, slots=False)
class Seen:
    """What an exhaustive check has seen."""

    report: Report
    steps: list[Taken]

    @functools.cached_property
    def contexts(self) -> dict[str, Context]:
        """The first context of each situation."""
        contexts = {}
        for taken in self.steps:
            for ctx in (taken.before, taken.after):
                contexts.setdefault(situation(ctx), ctx)
        return contexts


@pytest.fixture(scope="session")
def seen() -> Seen:
    steps: list[Taken] = []
    return Seen(check(watch=steps.append), steps)
