"""What a plugin of each family must be able to do, as classes of tests to derive from.

Derive a class whose name begins with `Test`, say what is to be tested, and run pytest. Every test is a sentence about
the plugin. What a plugin cannot do for a good reason is declared in `lacks`, with that reason; such tests are skipped,
and the reason is shown.
"""

from __future__ import annotations

# First: it has to know the others before they are loaded.
from mcpstore.testing.suites import _rewriting  # noqa: F401  # pyright: ignore[reportUnusedImport]
from mcpstore.testing.suites.alert import AlertHandlerSuite, Inbox
from mcpstore.testing.suites.base import Suite, needs
from mcpstore.testing.suites.health import HealthStrategySuite
from mcpstore.testing.suites.persistence import PersistenceSuite
from mcpstore.testing.suites.recovery import RecoveryPolicySuite
from mcpstore.testing.suites.transport import TransportSuite

__all__ = [
    "AlertHandlerSuite",
    "HealthStrategySuite",
    "Inbox",
    "PersistenceSuite",
    "RecoveryPolicySuite",
    "Suite",
    "TransportSuite",
    "needs",
]
