"""The plugin in the plugin manager."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

from mcpstore.hooks import ENTRY_POINT_GROUP
from mcpstore_plugins import stdio
from mcpstore_plugins.stdio.settings import StdioSettings


def test_the_plugin_offers_the_transport_stdio():
    [transport] = stdio.mcpstore_transports()
    assert (transport.name, transport.config, transport.is_local) == ("stdio", StdioSettings, True)
    assert transport.handshake_timeout(StdioSettings(command="npx")) == 300.0


def test_the_plugin_is_loaded_by_the_entry_point_of_all_plugins():
    [entry] = entry_points(group=ENTRY_POINT_GROUP, name="stdio")
    assert entry.load() is stdio


def test_loading_the_plugin_loads_no_heavy_module():
    code = "import sys, mcpstore_plugins.stdio; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"pydantic", "pydantic_core", "fastmcp", "mcp", "httpx2", "anyio", "mcpstore.wire"})
    code = "import sys, mcpstore_plugins.stdio as s; list(s.mcpstore_transports()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint({"fastmcp", "mcp", "httpx2"})
