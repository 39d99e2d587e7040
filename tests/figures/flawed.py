"""Figures of the tests: detection of injected flaws, and coverage of the kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcpstore.core import alert_lifecycle
from mcpstore.core.lifecycle import TABLE
from tests import model_check
from tests.core.flaws_of_alerts import FLAWS as ALERT_FLAWS
from tests.core.flaws_of_state import FLAWS as KERNEL_FLAWS
from tests.model_check import KERNEL, alerts
from tests.mutants.flaws import CONFIG_STORE, FRAMING
from tests.mutants.judging import judged
from tests.simulation.flaws import FLAWS as RUNTIME_FLAWS

from .figure import Part, Work

ROOT = Path(__file__).parents[2]
KERNEL_TESTS = ("tests/core", "tests/models")
MOST = 95.0
"""Share of flaws that must be detected, in per cent."""


def flaws(work: Work) -> list[Part]:
    work.say("flaws of the lifecycle machine")
    parts = [_share("lifecycle machine", [flaw.found(flaw.found_by) == flaw.found_by for flaw in KERNEL_FLAWS], 100.0)]
    parts.append(_share("alert machine", [flaw.found() == flaw.found_by for flaw in ALERT_FLAWS], 100.0))
    results: list[bool] = []
    for flaw in RUNTIME_FLAWS:
        work.say(f"flaws of the runtime: {flaw.name}")
        with pytest.MonkeyPatch.context() as patch:
            broken = flaw.broken(patch)
        results.append(broken is not None and broken.invariant == flaw.found_by)
    parts.append(_share("runtime and alerts", results, MOST))
    work.say("flaws of the configuration store and of the framing")
    outcomes = judged(*(flaw.name for flaw in (*CONFIG_STORE, *FRAMING)))
    for what, some in (("configuration store", CONFIG_STORE), ("framing", FRAMING)):
        parts.append(_share(what, [outcomes.get(flaw.name) == "killed" for flaw in some], MOST))
    return parts


def _share(what: str, found: list[bool], aim: float) -> Part:
    text = f"{sum(found)} of {len(found)}"
    share = 100.0 * sum(found) / len(found)
    return Part(what=what, measured=share, aim=aim, unit="%", at_least=True, note=text)


def coverage(work: Work) -> list[Part]:
    work.say("every context the machines can reach")
    rows: set[str] = set()

    def note(taken: model_check.Taken) -> None:
        row = KERNEL.row(taken.before, taken.event, taken.limits)
        if row is not None:
            rows.add(f"{row.name} {row.event.__name__}")

    report = model_check.check(watch=note)
    every = {f"{row.name} {row.event.__name__}" for row in TABLE}
    seen: set[str] = set()
    alerts.check(watch=lambda taken: seen.update(_alert_rows(taken)))
    text = f"{len(rows)} of {len(every)}, in {report.states:,} contexts"
    of_alerts = len(alert_lifecycle.TABLE)
    parts = [
        _whole("rows of the lifecycle", 100 * len(rows) / len(every), text),
        _whole("rows of the alerts", 100 * len(seen) / of_alerts, f"{len(seen)} of {of_alerts}"),
    ]
    if not work.long:
        return [*parts, _whole("branches of the kernel", None, "with --long")]
    work.say("branches of the kernel, by its tests")
    return [*parts, _whole("branches of the kernel", _covered(work.folder), "")]


def _whole(what: str, measured: float | None, note: str) -> Part:
    return Part(what=what, measured=measured, aim=100, unit="%", at_least=True, note=note)


def _alert_rows(taken: alerts.Taken) -> set[str]:
    row = next((row for row in alert_lifecycle.TABLE if row.event is taken.event and row.when(taken.before.ctx)), None)
    return set() if row is None else {row.name}


def _covered(folder: Path) -> float:
    """Return how much of the lines and branches of the kernel its tests run, in per cent."""
    environment = {**os.environ, "COVERAGE_FILE": str(folder / "coverage")}
    run = [sys.executable, "-m", "coverage"]
    tests = [
        "run",
        "--branch",
        "--source=mcpstore.core,mcpstore.models",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    subprocess.run([*run, *tests, *KERNEL_TESTS], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    path = folder / "coverage.json"
    subprocess.run([*run, "json", "-q", "-o", str(path)], cwd=ROOT, env=environment, check=True)
    return float(json.loads(path.read_text())["totals"]["percent_covered"])
