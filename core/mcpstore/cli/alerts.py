"""Verbs for alerts: alerts, alerts history, silence, silences, unsilence, handlers, test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import attrs
import typer

from mcpstore.cli import output
from mcpstore.cli.app import JsonFlag, app, run_command
from mcpstore.cli.connect import Options, open_store
from mcpstore.errors import NotFound
from mcpstore.models.duration import parse_duration
from mcpstore.models.text import counted

__all__: list[str] = []

alerts_app: typer.Typer = typer.Typer(help="Show alerts, and say which nobody wants to hear of.")
app.add_typer(alerts_app, name="alerts")


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@alerts_app.callback(invoke_without_command=True)
def list_alerts(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the alerts that are not over."""
    if context.invoked_subcommand is not None:
        return

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            alerts, silences = await store.ask("alerts"), await store.ask("silences")
        if as_json:
            output.print_json(alerts)
        elif alerts:
            output.out.print(_table(alerts))
        else:
            output.note("there are no alerts")
        if silences and not as_json:
            output.note(f"{counted(len(silences), 'silence')} in force; see: mcpstore alerts silences")

    run_command(work)


@alerts_app.command()
def history(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="Only of this service.")] = None,
    since: Annotated[str | None, typer.Option(help="How far back: 90s, 15m, 2h, 1d.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, the newest.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """Show what people were told, oldest first."""
    back = None if since is None else _seconds(since)

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            told = await store.ask("alert_history", service=service, back=back, limit=limit)
        if as_json:
            output.print_json(told)
        elif told:
            output.out.print(_table(told))
        else:
            output.note("nobody was told anything")

    run_command(work)


@alerts_app.command()
def silence(
    context: typer.Context,
    service: Annotated[
        str | None, typer.Argument(help="A pattern of services, such as 'web-*'; all if only a rule is named.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="A pattern of rules; all if only a service is named.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every alert of every service.")] = False,
    for_: Annotated[str, typer.Option("--for", help="How long: 90s, 15m, 2h, 1d.")] = "1h",
    comment: Annotated[str, typer.Option("--comment", "-m", help="Why.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Tell nobody of some alerts for a while; what still goes on at the end is told then."""
    seconds = _seconds(for_)
    if everything is not (service is None and rule is None):
        raise typer.BadParameter("name a service, a --rule, or both; or say --all, and neither")

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            wanted = {"service": "*" if service is None else service, "rule": "*" if rule is None else rule}
            made = await store.ask("silence", **wanted, seconds=seconds, comment=comment)
        if as_json:
            output.print_json(made)
        else:
            output.out.print(f"silence {made['id']} until {_when(made['until'])}", soft_wrap=True)

    run_command(work)


@alerts_app.command()
def silences(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the silences in force."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            found = await store.ask("silences")
        if as_json:
            output.print_json(found)
        elif found:
            rows = ((s["id"], s["service"], s["rule"], _when(s["until"]), s["comment"]) for s in found)
            output.out.print(output.table(("ID", "SERVICE", "RULE", "UNTIL", "WHY"), rows))
        else:
            output.note("there are no silences")

    run_command(work)


@alerts_app.command()
def unsilence(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The silence; see: mcpstore alerts silences.")],
    as_json: JsonFlag = False,
) -> None:
    """End a silence."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            if not await store.ask("unsilence", id=id_):
                raise NotFound(f"there is no silence {id_!r}; see: mcpstore alerts silences")
        if as_json:
            output.print_json({"id": id_, "ended": True})
        else:
            output.out.print(f"ended {id_}", markup=False)

    run_command(work)


@alerts_app.command()
def handlers(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the alert handlers in use, and how each fares."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            found = await store.ask("alert_handlers")
        if as_json:
            output.print_json(found)
            return
        rows = ((h["name"], h["delivered"], h["waiting"], h["given_up"], h["error"]) for h in found)
        output.out.print(output.table(("HANDLER", "DELIVERED", "WAITING", "GIVEN UP", "ERROR"), rows))

    run_command(work)


@alerts_app.command("test")
def try_handler(
    context: typer.Context,
    handler: Annotated[str, typer.Argument(help="The alert handler, such as console or email.")],
    as_json: JsonFlag = False,
) -> None:
    """Have an alert handler say that this is a test."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            await store.ask("test_alert_handler", name=handler)
        if as_json:
            output.print_json({"name": handler, "delivered": True})
        else:
            output.out.print(f"{handler} has it", markup=False)

    run_command(work)


def _options(context: typer.Context, as_json: bool) -> Options:
    return attrs.evolve(context.ensure_object(Options), as_json=as_json)


def _table(alerts: Iterable[Mapping[str, Any]]) -> Any:
    return output.table(
        ("TIME", "KIND", "LEVEL", "SERVICE", "RULE", "WHAT"),
        (
            (
                _when(alert["timestamp"]),
                alert["kind"],
                output.state_text(str(alert["level"])),
                alert["service"] or "-",
                alert["rule_name"],
                alert["message"],
            )
            for alert in alerts
        ),
    )


def _when(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp):%m-%d %H:%M:%S}"  # noqa: DTZ006 - local time, for the person who reads it
