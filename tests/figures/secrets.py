"""Figures of secrets: planted in every place where one may be, and searched in every output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from .figure import Part, Work

ROOT = Path(__file__).parents[2]
TESTS = "tests/cli/test_canaries.py"


def secrets(work: Work) -> list[Part]:
    work.say("a secret in every place, every byte that leaves")
    path = work.folder / "output.json"
    environment = {**os.environ, "MCPSTORE_FIGURES": str(path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.figures.recording", TESTS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    records = json.loads(path.read_text())
    counts = [record["found"] for record in records if "found" in record]
    if not counts:
        raise RuntimeError(f"nothing was searched:\n{done.stdout}{done.stderr}")
    failed = sum(not record["passed"] for record in records)
    return [
        Part(what=f"found, by {len(counts)} searches", measured=sum(counts), aim=0),
        Part(what="searches that failed", measured=failed, aim=0),
    ]
