"""What becomes of every flaw of the configuration store and of the framing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def judged(*names: str) -> dict[str, str]:
    """Put each flaw in and run the tests that must notice; return what became of it, by its name.

    Args:
        *names: Names of flaws; all flaws if none is named.

    Raises:
        RuntimeError: The tests fail without a flaw, so nothing can be said.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-m", "mutants.proving", *names],
        capture_output=True,
        text=True,
        env=environment,
        cwd=TESTS.parent,
    )
    outcomes = {output["flaw"]: output["outcome"] for output in map(json.loads, done.stdout.splitlines())}
    if outcomes.pop("sound", None) != "survived":
        raise RuntimeError(f"the tests fail without a flaw: {done.stderr}")
    return outcomes
