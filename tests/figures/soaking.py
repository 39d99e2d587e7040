"""Figures of the soak test, in its own process, whose memory and files are counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .figure import Part, ReportedPart, Work

ROOT = Path(__file__).parents[2]
SERVICES = 50
MORE: tuple[str, ...] = ()
"""Further options of the soak test."""

MINUTES, MANY_MINUTES = 5.0, 60.0


def soak(work: Work) -> list[Part | ReportedPart]:
    minutes = MANY_MINUTES if work.long else MINUTES
    work.say(f"{SERVICES} services for {minutes:g} minutes; a day is `nox -s soak -- --minutes 1440`")
    command = [
        sys.executable,
        "-m",
        "tests.soak",
        "--services",
        str(SERVICES),
        "--minutes",
        str(minutes),
        "--json",
        *MORE,
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    outcome = json.loads(done.stdout)
    judged = [row for row in outcome["rows"] if row["target"]]
    rows = [
        ReportedPart(
            what=row["what"],
            target=row["target"],
            result=" ".join(filter(None, (row["growth"] or row["end"], row["note"] and f"({row['note']})"))),
            is_met=row["is_met"],
        )
        for row in judged
    ]
    return [*rows, Part(what="other things that must never be", measured=len(outcome["wrong"]), aim=0)]
