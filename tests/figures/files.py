"""Figures of files: corruption by failures at each system call, and losses with concurrent writers."""

from __future__ import annotations

from pathlib import Path

from tests.disk import crashing as disk
from tests.disk.kinds import KINDS
from tests.plugins.mcp_json.crashing import HAS_STRACE, python_calls, system_calls
from tests.plugins.mcp_json.writing import WRITERS, written_by_many

from .figure import Part, Work

EDITS = 200
SOUND = ("old", "new", "nothing")


def torn(work: Work) -> list[Part]:
    parts = [_of_python(_folder(work, "python"))]
    if HAS_STRACE:
        parts += [_of_the_configuration(work), _of_the_rest(work)]
    work.say(f"{WRITERS} writers, {EDITS} edits each")
    written = written_by_many(_folder(work, "writers"), EDITS)
    lost = Part(what=f"edits lost, of {written.edits:,}", measured=len(written.lost), aim=0)
    return [*parts, lost]


def _of_python(folder: Path) -> Part:
    reports = python_calls(folder)
    bad = [report for report in reports if report["left"] not in SOUND or report["then"] != "next"]
    return Part(what=f"configuration torn, {len(reports)} calls of Python", measured=len(bad), aim=0)


def _of_the_configuration(work: Work) -> Part:
    work.say("every system call of a save of the configuration")
    points = list(system_calls(_folder(work, "configuration")))
    bad = [point for point in points if point.is_torn]
    return Part(what=f"configuration torn, {len(points)} system calls", measured=len(bad), aim=0)


def _of_the_rest(work: Work) -> Part:
    points: list[disk.Point] = []
    for name in KINDS:
        work.say(f"every system call of a save of: {name}")
        points += disk.system_calls(_folder(work, name.replace(" ", "-")), name)
    bad = [point for point in points if point.is_torn or point.is_stuck]
    return Part(what=f"state torn, {len(points)} system calls", measured=len(bad), aim=0)


def _folder(work: Work, name: str) -> Path:
    path = work.folder / name
    path.mkdir()
    return path
