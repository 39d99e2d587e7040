"""Verbs that show how services fare: report, export, top."""

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

NOT_RUNNING: Final = "no manager is running; this is what was recorded while one was"

_FORMS: Final = {".html": "html", ".htm": "html", ".md": "markdown", ".txt": "text", ".json": "json"}
_EXPORTS: Final = {".csv": "csv", ".json": "json", ".parquet": "parquet"}

Since = Annotated[str | None, typer.Option(help="Where to begin: 30m, 24h, 7d ago, or a date. Default: a day ago.")]
Output = Annotated[str | None, typer.Option("--output", "-o", help="The file to write; only you can read it.")]


@app.command()
def report(
    context: typer.Context,
    form: Annotated[
        str | None,
        typer.Option("--format", "-f", help="text, summary, markdown or html. Default: as the file is called."),
    ] = None,
    since: Since = None,
    file: Output = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell how the services fared: availability, restarts, calls, incidents, alerts, and what to do."""
    chosen = "json" if as_json else _known(form, FORMATS) or _by_name(file, _FORMS) or "text"
    begin = _moment(since)

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            told = await store.ask("report", format=chosen, since=begin)
            if not store.is_manager:
                output.note(NOT_RUNNING)
        if file is not None:
            output.note(f"written: {write_file(file, told.encode())}")
        else:
            output.print_text(told)

    run_command(work)


@app.command()
def export(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="The services; all if none is named.")] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", "-f", help="json, csv or parquet. Default: as the file is called, or as configured."),
    ] = None,
    since: Since = None,
    file: Output = None,
    as_json: JsonFlag = False,
) -> None:
    """Export what was measured: services, states, samples and alerts as JSON; samples as CSV or Parquet."""
    path = None if file is None else str(Path(file).expanduser().absolute())  # the manager's folder is another

    chosen = "json" if as_json else _known(form, EXPORT_FORMATS) or _by_name(file, _EXPORTS)
    begin = _moment(since)
    if chosen == "parquet" and path is None:
        raise typer.BadParameter("Parquet is no text; say which file to write: -o FILE")

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            told = await store.ask("export", format=chosen, path=path, services=names, since=begin)
            if not store.is_manager:
                output.note(NOT_RUNNING)
        if path is not None:
            output.note(f"written: {told}")
        else:
            output.print_text(told)

    run_command(work)


@app.command()
def top(context: typer.Context) -> None:
    """Show the services live: states over time, calls, latency, what they say; restart, stop and start them."""
    if not output.out.is_terminal:
        output.fail("top needs a terminal; see: mcpstore status, mcpstore report")
        raise typer.Exit(Exit.USAGE)
    from mcpstore.cli.top.app import Top  # noqa: PLC0415 - only this verb needs Textual
    from mcpstore.cli.top.source import StoreSource  # noqa: PLC0415

    async def work() -> None:
        source = StoreSource(context.ensure_object(Options))
        await source.open()
        try:
            await Top(source).run_async()
        finally:
            await source.close()

    run_command(work)


def _known(form: str | None, forms: Sequence[str]) -> str | None:
    if form is not None and form not in forms:
        raise typer.BadParameter(f"--format: must be one of {', '.join(forms)} (got {form!r})")
    return form


def _by_name(file: str | None, forms: dict[str, str]) -> str | None:
    return None if file is None else forms.get(Path(file).suffix.lower())


def _moment(text: str | None) -> float | None:
    """Return the POSIX timestamp that is meant by "24h" or "2026-03-01 12:00", in seconds."""
    if text is None:
        return None
    with suppress(ValueError):
        return time.time() - parse_duration(text, needs_unit=True)
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        raise typer.BadParameter(f"--since: expected 30m, 24h, 7d or a date, 2026-03-01T12:00 (got {text!r})") from None
