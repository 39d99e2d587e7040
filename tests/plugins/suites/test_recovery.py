"""The bundled recovery policies pass the suite for all recovery policies."""

from __future__ import annotations

from mcpstore.testing.suites import RecoveryPolicySuite
from mcpstore_plugins import auto_recovery, backoff


class TestBackoff(RecoveryPolicySuite):
    plugin = backoff
    name = "backoff"
    options = {"stretch": 1.5}


class TestBackoffThatGivesUp(RecoveryPolicySuite):
    plugin = backoff
    name = "backoff"
    options = {"max_rounds": 1}


class TestFixed(RecoveryPolicySuite):
    plugin = auto_recovery
    name = "fixed"
    options = {"delay": 0.001, "max_attempts": 50}


class TestReregister(RecoveryPolicySuite):
    plugin = auto_recovery
    name = "reregister"
    options = {"every": 3}


class TestManual(RecoveryPolicySuite):
    plugin = auto_recovery
    name = "manual"
    lacks = {"healing": "people want to look first"}
