"""Exports of the package, and the modules that it loads."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

import mcpstore.wire
from mcpstore.hooks import connection


def test_every_exported_name_exists_in_order(monkeypatch):
    # The entry point for FastMCP is a fake here: the real one takes a second to load.
    monkeypatch.setitem(sys.modules, "mcpstore.wire.fastmcp", SimpleNamespace(from_fastmcp=object()))
    assert list(mcpstore.wire.__all__) == sorted(mcpstore.wire.__all__)
    assert all(getattr(mcpstore.wire, name) for name in mcpstore.wire.__all__)


def test_the_interface_types_are_those_of_the_hooks():
    for name in ("Closing", "Connection", "Era", "Exit", "ClientEndpoint", "ServerInfo"):
        assert getattr(mcpstore.wire, name) is getattr(connection, name)


def test_a_name_that_is_not_exported_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'mcpstore\\.wire' has no attribute 'nothing'"):
        _ = mcpstore.wire.nothing


def test_the_engine_alone_loads_neither_fastmcp_nor_the_sdk():
    code = (
        "import sys, mcpstore.wire; mcpstore.wire.json_lines; "
        "print({'fastmcp', 'mcp', 'mcp_types', 'httpx2', 'anyio', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
