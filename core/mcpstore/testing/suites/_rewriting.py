"""Assertion rewriting for the suites, as pytest does it in tests; imported before the suites."""

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

# For a module that is loaded already it is too late, and pytest would warn.
pytest.register_assert_rewrite(*(name for name in _MODULES if name not in sys.modules))
