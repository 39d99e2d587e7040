"""Commands that show and export measurements: report, export, top."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from mcpstore.cli import output
from mcpstore.cli.app import JsonFlag, app, run_command
from mcpstore.cli.connect import Options, open_store
from mcpstore.cli.exit_codes import Exit
from mcpstore.models.duration import parse_duration
from mcpstore.monitoring.private_file import write_file
from mcpstore.monitoring.report import FORMATS
from mcpstore.store.reports import EXPORT_FORMATS

__all__: list[str] = []

NOT_RUNNING: Final = "no manager is running; shown is what the last one recorded"

_REPORT_SUFFIXES: Final = {".html": "html", ".htm": "html", ".md": "markdown", ".txt": "text", ".json": "json"}
_EXPORT_SUFFIXES: Final = {".csv": "csv", ".json": "json", ".parquet": "parquet"}

Since = Annotated[
    str | None, typer.Option(help="Start of the period: an age such as 30m, 24h or 7d, or a date. Default: 24h.")
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", help="File to write, readable by you alone. Default: stdout.")
]


@app.command()
def report(
    context: typer.Context,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="text, summary, markdown or html. Default: by the suffix of the file, else text."
        ),
    ] = None,
    since: Since = None,
    file: Output = None,
    as_json: JsonFlag = False,
) -> None:
    """Report on services: availability, restarts, calls, incidents, alerts, and what to do."""
    chosen = "json" if as_json else _check_format(form, FORMATS) or _format_of_file(file, _REPORT_SUFFIXES) or "text"
    begin = _start_time(since)

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            text = await store.ask("report", format=chosen, since=begin)
            if not store.is_manager:
                output.note(NOT_RUNNING)
        if file is not None:
            output.note(f"written: {write_file(file, text.encode())}")
        else:
            output.print_text(text)

    run_command(work)


@app.command()
def export(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Names of services. Default: all.")] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="json, csv or parquet. Default: by the suffix of the file, else as configured."
        ),
    ] = None,
    since: Since = None,
    file: Output = None,
    as_json: JsonFlag = False,
) -> None:
    """Export metrics: services, states, samples and alerts as JSON; samples as CSV or Parquet."""
    path = None if file is None else str(Path(file).expanduser().absolute())  # the manager has another working folder
    chosen = "json" if as_json else _check_format(form, EXPORT_FORMATS) or _format_of_file(file, _EXPORT_SUFFIXES)
    begin = _start_time(since)
    if chosen == "parquet" and path is None:
        raise typer.BadParameter("parquet cannot be printed; name a file: -o FILE")

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            exported = await store.ask("export", format=chosen, path=path, services=names, since=begin)
            if not store.is_manager:
                output.note(NOT_RUNNING)
        if path is not None:
            output.note(f"written: {exported}")
        else:
            output.print_text(exported)

    run_command(work)


@app.command()
def top(context: typer.Context) -> None:
    """Monitor services live: states, calls, latency, resources, logs; start, stop, restart and check them by key."""
    if not output.out.is_terminal:
        output.fail("top needs a terminal; without one, use: mcpstore status")
        raise typer.Exit(Exit.USAGE)
    from mcpstore.cli.top.app import Top  # noqa: PLC0415 - only this command needs Textual
    from mcpstore.cli.top.source import StoreSource  # noqa: PLC0415

    async def work() -> None:
        source = StoreSource(context.ensure_object(Options))
        await source.open()
        try:
            await Top(source).run_async()
        finally:
            await source.close()

    run_command(work)


def _check_format(form: str | None, forms: Sequence[str]) -> str | None:
    if form is not None and form not in forms:
        raise typer.BadParameter(f"--format: must be one of {', '.join(forms)} (got {form!r})")
    return form


def _format_of_file(file: str | None, forms: dict[str, str]) -> str | None:
    return None if file is None else forms.get(Path(file).suffix.lower())


def _start_time(text: str | None) -> float | None:
    """Return the POSIX timestamp of an age such as "24h" or a date such as "2026-03-01 12:00", in seconds."""
    if text is None:
        return None
    with suppress(ValueError):
        return time.time() - parse_duration(text, needs_unit=True)
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        raise typer.BadParameter(
            f"--since: expected an age or a date, such as 30m, 24h, 7d or 2026-03-01T12:00 (got {text!r})"
        ) from None
