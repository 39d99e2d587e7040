"""The bundled health strategies pass the suite for all health strategies."""

from __future__ import annotations

from mcpstore.testing.suites import HealthStrategySuite
from mcpstore_plugins import call_tool, list_tools, ping


class TestPing(HealthStrategySuite):
    plugin = ping
    name = "ping"


class TestListTools(HealthStrategySuite):
    plugin = list_tools
    name = "list_tools"
    options = {"expect": ["echo"]}


class TestCallTool(HealthStrategySuite):
    plugin = call_tool
    name = "call_tool"
    options = {"tool": "echo", "arguments": {"text": "hello"}, "expect": "hello"}
