"""The client scenarios of the MCP conformance suite that are about the protocol, not about HTTP or OAuth.

Run with MCP_CONFORMANCE set to the suite's `index.js` (npm: @modelcontextprotocol/conformance, 0.2.0-alpha.12 or
later); it needs Node 22, which is looked for beside it (npm: node) and on the PATH.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

CLIENT = Path(__file__).with_name("client.py")
LEGACY, MODERN = "2025-11-25", "2026-07-28"
SCENARIOS = [
    ("initialize", "2025-06-18"),
    ("initialize", LEGACY),
    ("tools_call", "2025-06-18"),
    ("tools_call", LEGACY),
    ("tools_call", MODERN),
    ("elicitation-sep1034-client-defaults", LEGACY),
    ("request-metadata", MODERN),
    ("sep-2322-client-request-state", MODERN),
    ("json-schema-ref-no-deref", MODERN),
    ("json-schema-2020-12-preservation", LEGACY),
    ("json-schema-2020-12-preservation", MODERN),
]


@cache
def node() -> str | None:
    """Return a Node that is new enough."""
    suite = Path(os.environ["MCP_CONFORMANCE"])
    beside = [str(folder / "node" / "bin" / "node") for folder in suite.parents if folder.name == "node_modules"]
    for result in (*beside, shutil.which("node")):
        if result and Path(result).exists():
            done = subprocess.run([result, "--version"], capture_output=True, text=True, check=True).stdout
            if int(done.strip().lstrip("v").split(".")[0]) >= 22:
                return result
    return None


@pytest.mark.parametrize(("scenario", "version"), SCENARIOS)
def test_the_conformance_suite_is_content(scenario, version, tmp_path):
    if "MCP_CONFORMANCE" not in os.environ:
        pytest.skip("MCP_CONFORMANCE is not set to the index.js of the conformance suite")
    if node() is None:
        pytest.skip("no Node 22 is beside the conformance suite or on the PATH")
    suite, command = os.environ["MCP_CONFORMANCE"], shlex.join([sys.executable, str(CLIENT)])
    options = ["--scenario", scenario, "--spec-version", version, "--timeout", "100000", "-o", str(tmp_path)]
    done = subprocess.run(
        [node(), suite, "client", "--command", command, *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OVERALL: PASSED" in done.stdout + done.stderr
