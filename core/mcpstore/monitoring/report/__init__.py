"""Lifecycle reports: from records of what happened to text, Markdown, a page, or JSON. Pure."""

from __future__ import annotations

from typing import Final

from mcpstore.monitoring.report.builder import life_of
from mcpstore.monitoring.report.records import Advice, Bucket, Outage, Report, ServiceReport

__all__ = ["FORMATS", "Advice", "Bucket", "Outage", "Report", "ServiceReport", "life_of", "render"]

FORMATS: Final = ("text", "summary", "markdown", "html", "json")


def render(report: Report, format: str = "text") -> str:  # noqa: A002 - what people call it
    """Return a report in a form: "text", "summary" (text without the details), "markdown", "html" or "json".

    Raises:
        ValueError: There is no such form.
    """
    if format == "html":
        from mcpstore.monitoring.report.html import to_html  # noqa: PLC0415 - each form loads what it needs

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
