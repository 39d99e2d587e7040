"""What the tests of the kernel share: one look at everything the machine can do."""

from __future__ import annotations

import attrs
import pytest

from mcpstore.testing.model import Report, Taken, check


@attrs.frozen
class Seen:
    """What an exhaustive check has seen."""

    report: Report
    steps: list[Taken]


@pytest.fixture(scope="session")
def seen() -> Seen:
    steps: list[Taken] = []
    return Seen(check(watch=steps.append), steps)
