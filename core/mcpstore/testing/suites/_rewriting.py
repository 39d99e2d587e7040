"""Lets the asserts of the suites explain themselves, as those in tests do; to be imported before the suites are."""

from __future__ import annotations

import sys

from mcpstore.testing._pytest import pytest

__all__: list[str] = []

_MODULES = (
    "mcpstore.testing.leftovers",
    *(
        f"mcpstore.testing.suites.{name}"
        for name in ("alert", "base", "health", "persistence", "recovery", "transport")
    ),
)

# Of one that is loaded already it would be too late, and pytest would say so.
pytest.register_assert_rewrite(*(name for name in _MODULES if name not in sys.modules))
