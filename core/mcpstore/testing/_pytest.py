"""The import of pytest, with an error that names the extra to install."""

from __future__ import annotations

try:
    import pytest
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "the fixtures and suites of mcpstore.testing need pytest, which is not installed; "
        "install it: pip install 'mcpstore-manager[testing]'",
        name="pytest",
    ) from None

__all__ = ["pytest"]
