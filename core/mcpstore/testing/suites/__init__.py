"""Requirements on each kind of plugin, as test classes to derive from.

Derive a class whose name begins with `Test`, set its attributes, and run pytest. The name of each test is a
sentence about the plugin. A capability that the plugin does not have is declared in `lacks`, with the reason: its tests
are skipped, and pytest shows the reason.
"""

from __future__ import annotations

# First: assertion rewriting must be registered before the suites are imported.
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
