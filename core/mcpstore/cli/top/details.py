"""The pane below the table: what is the matter with one service, what it said last, what it offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.text import Text

from mcpstore.cli.top.cells import COLOURS
from mcpstore.cli.top.fleet import Row
from mcpstore.models.text import counted
from mcpstore.monitoring.report.formatting import clean, duration

__all__ = ["LINES", "details"]

LINES: Final = 6
"""Lines of stderr that are shown."""
TOOLS: Final = 12


def details(
    row: Row, diagnosis: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> Text:
    """Return what is known of a service, besides its figures.

    Args:
        row: The service.
        diagnosis: Why it is where it is.
        lines: What it wrote to stderr last.
        tools: What it offers.
    """
    now = row.now
    text = Text()
    text.append(clean(str(now["name"])), style="bold")
    text.append(f"  {now['run_status']}", style=COLOURS.get(str(now["connection_state"]), ""))
    text.append("  " + " · ".join(_facts(now)) + "\n", style="dim")
    text.append(clean(str(diagnosis["summary"])) + "\n")
    for evidence in diagnosis["evidence"]:
        if not str(evidence).startswith("stderr: "):  # shown below, and more of it
            text.append(f"  {clean(str(evidence))}\n", style="dim")
    if diagnosis["remedy"]:
        text.append(f"→ {clean(str(diagnosis['remedy']))}\n", style="yellow")
    if tools:
        text.append("tools   ", style="dim")
        names = ", ".join(clean(str(tool["name"]), longest=40) for tool in tools[:TOOLS])
        more = f" and {len(tools) - TOOLS} more" if len(tools) > TOOLS else ""
        text.append(f"{names}{more}\n")
    for number, line in enumerate(lines[-LINES:]):
        text.append("        " if number else "stderr  ", style="dim")
        text.append(f"{clean(str(line['text']))}\n")
    text.rstrip()
    return text


def _facts(now: Mapping[str, Any]) -> list[str]:
    parts = [str(now["transport"]), counted(now["tool_count"], "tool"), f"available {now['availability']:.1f} %"]
    if now["uptime"]:
        parts.append(f"up for {duration(now['uptime'])}")
    return parts
