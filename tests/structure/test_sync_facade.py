"""The sync facade is generated, and is what its generator writes now."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from mcpstore import AsyncMCPStore, MCPStore
from mcpstore.store import AsyncServiceContext, ServiceContext

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / ".ci/sync_facade.py"


@pytest.mark.skipif(not GENERATOR.exists(), reason="the build tools are not here")
def test_the_sync_facade_is_current():
    done = subprocess.run([sys.executable, GENERATOR, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("sync", "wrapped"), [(ServiceContext, AsyncServiceContext), (MCPStore, AsyncMCPStore)])
def test_each_verb_is_defined_once_and_documented_as_the_async_one(sync, wrapped):
    assert sync.__mro__[1:-1] in ((), (ServiceContext,))
    for name, member in vars(sync).items():
        if not name.startswith("_"):
            assert inspect.getdoc(member) == inspect.getdoc(inspect.getattr_static(wrapped, name)), name
