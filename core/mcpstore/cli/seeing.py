"""Verbs that show how services fare: report, export, top."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from mcpstore.cli import show
from mcpstore.cli.app import JsonFlag, app, perform
from mcpstore.cli.exits import Exit
from mcpstore.cli.reach import Options, reach
from mcpstore.errors import ConfigError
from mcpstore.store.writing import write_file

__all__: list[str] = []

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FORMS: Final = {".html": "html", ".htm": "html", ".md": "markdown", ".txt": "text", ".json": "json"}
_EXPORTS: Final = {".csv": "csv", ".json": "json", ".parquet": "parquet"}

Since = Annotated[str | None, typer.Option(help="Where to begin: 30m, 24h, 7d ago, or a date. Default: a day ago.")]
Output = Annotated[str | None, typer.Option("--output", "-o", help="The file to write; only you can read it.")]


@app.command()
def report(
    context: typer.Context,
    form: Annotated[
        str | None, typer.Option("--format", "-f", help="text, markdown or html. Default: as the file is called.")
    ] = None,
    since: Since = None,
    output: Output = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell how the services fared: availability, restarts, calls, incidents, alerts, and what to do."""

    async def work() -> None:
        chosen = "json" if as_json else form or _by_name(output, _FORMS) or "text"
        async with reach(context.ensure_object(Options)) as store:
            told = await store.ask("report", format=chosen, since=_moment(since))
            if not store.is_manager:
                show.note("no manager is running; this is what was recorded while one was")
        if output is not None:
            show.note(f"written: {write_file(output, told.encode())}")
        else:
            typer.echo(told, nl=False)

    perform(work)


@app.command()
def export(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="The services; all if none is named.")] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", "-f", help="json, csv or parquet. Default: as the file is called, or as configured."),
    ] = None,
    since: Since = None,
    output: Output = None,
    as_json: JsonFlag = False,
) -> None:
    """Export what was measured: services, states, samples and alerts as JSON; samples as CSV or Parquet."""
    path = None if output is None else str(Path(output).expanduser().absolute())  # the manager's folder is another

    async def work() -> None:
        chosen = "json" if as_json else form or _by_name(output, _EXPORTS)
        async with reach(context.ensure_object(Options)) as store:
            told = await store.ask("export", format=chosen, path=path, services=names, since=_moment(since))
            if not store.is_manager:
                show.note("no manager is running; this is what was recorded while one was")
        if path is not None:
            show.note(f"written: {told}")
        else:
            typer.echo(told, nl=False)

    perform(work)


@app.command()
def top(context: typer.Context) -> None:
    """Show the services live: states over time, calls, latency, what they say; restart, stop and start them."""
    if not show.out.is_terminal:
        show.fail("top needs a terminal; see: mcpstore status, mcpstore report")
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

    perform(work)


def _by_name(output: str | None, forms: dict[str, str]) -> str | None:
    return None if output is None else forms.get(Path(output).suffix.lower())


def _moment(text: str | None) -> float | None:
    """Return the POSIX timestamp that is meant by "24h" or "2026-03-01 12:00", in seconds."""
    from datetime import datetime  # noqa: PLC0415

    if text is None:
        return None
    if (ago := _AGO.fullmatch(text.strip().lower())) is not None:
        return time.time() - float(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        raise ConfigError(f"--since: expected 30m, 24h, 7d or a date as 2026-03-01T12:00 (got {text!r})") from None
