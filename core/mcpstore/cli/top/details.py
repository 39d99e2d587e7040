"""The pane below the table in `mcpstore top`: diagnosis, tools and last stderr lines of the selected service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.text import Text

from mcpstore.cli.top.cells import COLOURS
from mcpstore.cli.top.fleet import Row
from mcpstore.models.text import counted
from mcpstore.monitoring.report.formatting import clean, duration

__all__ = ["STDERR_LINES", "service_details"]

STDERR_LINES: Final = 6
"""Number of stderr lines shown."""
MAX_TOOLS: Final = 12


def service_details(
    row: Row, diagnosis: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> Text:
    """Return the details of a service.

    Args:
        row: The service.
        diagnosis: Its diagnosis.
        lines: Its last lines on stderr.
        tools: Its tools.
    """
    now = row.now
    text = Text()
    text.append(clean(str(now["name"])), style="bold")
    text.append(f"  {now['run_status']}", style=COLOURS.get(str(now["connection_state"]), ""))
    text.append("  " + " · ".join(_facts(now)) + "\n", style="dim")
    text.append(clean(str(diagnosis["summary"])) + "\n")
    for evidence in diagnosis["evidence"]:
        if not str(evidence).startswith("stderr: "):  # shown below, with more lines
            text.append(f"  {clean(str(evidence))}\n", style="dim")
    if diagnosis["remedy"]:
        text.append(f"→ {clean(str(diagnosis['remedy']))}\n", style="yellow")
    if tools:
        text.append("tools   ", style="dim")
        names = ", ".join(clean(str(tool["name"]), longest=40) for tool in tools[:MAX_TOOLS])
        more = f" and {len(tools) - MAX_TOOLS} more" if len(tools) > MAX_TOOLS else ""
        text.append(f"{names}{more}\n")
    for number, line in enumerate(lines[-STDERR_LINES:]):
        text.append("        " if number else "stderr  ", style="dim")
        text.append(f"{clean(str(line['text']))}\n")
    text.rstrip()
    return text


def _facts(now: Mapping[str, Any]) -> list[str]:
    parts = [str(now["transport"]), counted(now["tool_count"], "tool"), f"available {now['availability']:.1f} %"]
    if now["uptime"]:
        parts.append(f"uptime {duration(now['uptime'])}")
    return parts
