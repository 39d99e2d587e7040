"""Lifecycle reports, as text, Markdown, HTML or JSON. Pure functions."""

from __future__ import annotations

from typing import Final

from mcpstore.monitoring.report.builder import service_report
from mcpstore.monitoring.report.records import Advice, Bucket, Outage, Report, ServiceReport

__all__ = ["FORMATS", "Advice", "Bucket", "Outage", "Report", "ServiceReport", "render", "service_report"]

FORMATS: Final = ("text", "summary", "markdown", "html", "json")


def render(report: Report, format: str = "text") -> str:  # noqa: A002 - the usual name
    """Return a report as "text", "summary" (text without details), "markdown", "html" or "json".

    Raises:
        ValueError: The format is unknown.
    """
    if format == "html":
        from mcpstore.monitoring.report.html import to_html  # noqa: PLC0415 - loaded for this format only

        return to_html(report)
    if format == "markdown":
        from mcpstore.monitoring.report.markdown import to_markdown  # noqa: PLC0415

        return to_markdown(report)
    if format == "json":
        from mcpstore.monitoring.export import to_json  # noqa: PLC0415

        return to_json(report.to_dict())
    if format in ("text", "summary"):
        from mcpstore.monitoring.report.text import to_text  # noqa: PLC0415

        return to_text(report, short=format == "summary")
    raise ValueError(f"format must be one of {', '.join(FORMATS)} (got {format!r})")
