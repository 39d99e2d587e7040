"""The command group `alerts`: the open alerts, and history, silence, silences, unsilence, handlers, test."""

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

alerts_app: typer.Typer = typer.Typer(help="Show alerts, mute them, and test alert handlers.")
app.add_typer(alerts_app, name="alerts")


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@alerts_app.callback(invoke_without_command=True)
def list_alerts(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the alerts that are not resolved."""
    if context.invoked_subcommand is not None:
        return

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            alerts, silences = await store.ask("alerts"), await store.ask("silences")
        if as_json:
            output.print_json(alerts)
        elif alerts:
            output.out.print(_alerts_table(alerts))
        else:
            output.note("no alert is open")
        if silences and not as_json:
            output.note(f"{counted(len(silences), 'silence')} active; list them: mcpstore alerts silences")

    run_command(work)


@alerts_app.command()
def history(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="Only alerts of this service. Default: of all.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Age of the oldest alert to show: 90s, 15m, 2h, 1d. Default: no limit.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="How many alerts to show, counted from the newest.")
    ] = 50,
    as_json: JsonFlag = False,
) -> None:
    """Show the alert history, oldest first."""
    back = None if since is None else _seconds(since)

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            alerts = await store.ask("alert_history", service=service, back=back, limit=limit)
        if as_json:
            output.print_json(alerts)
        elif alerts:
            output.out.print(_alerts_table(alerts))
        else:
            output.note("no alert was recorded")

    run_command(work)


@alerts_app.command()
def silence(
    context: typer.Context,
    service: Annotated[
        str | None, typer.Argument(help="Pattern of service names, such as 'web-*'. Default: all, if --rule is given.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="Pattern of rule names. Default: all, if a service is given.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Mute every alert of every service.")] = False,
    for_: Annotated[str, typer.Option("--for", help="How long to mute them: 90s, 15m, 2h, 1d.")] = "1h",
    comment: Annotated[str, typer.Option("--comment", "-m", help="Reason, shown in the list of silences.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Mute alerts for some time; an alert that is still open at the end is sent then."""
    seconds = _seconds(for_)
    if everything is not (service is None and rule is None):
        raise typer.BadParameter("needs a service, a --rule, or both; or --all without them")

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            wanted = {"service": "*" if service is None else service, "rule": "*" if rule is None else rule}
            added = await store.ask("silence", **wanted, seconds=seconds, comment=comment)
        if as_json:
            output.print_json(added)
        else:
            output.out.print(f"silence {added['id']} until {_local_time(added['until'])}", soft_wrap=True)

    run_command(work)


@alerts_app.command()
def silences(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the active silences."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            active = await store.ask("silences")
        if as_json:
            output.print_json(active)
        elif active:
            rows = ((s["id"], s["service"], s["rule"], _local_time(s["until"]), s["comment"]) for s in active)
            output.out.print(output.table(("ID", "SERVICE", "RULE", "UNTIL", "COMMENT"), rows))
        else:
            output.note("no silence is active")

    run_command(work)


@alerts_app.command()
def unsilence(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of the silence; list them: mcpstore alerts silences.")],
    as_json: JsonFlag = False,
) -> None:
    """Unmute alerts: end a silence."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            if not await store.ask("unsilence", id=id_):
                raise NotFound(f"no silence has the id {id_!r}; list them: mcpstore alerts silences")
        if as_json:
            output.print_json({"id": id_, "ended": True})
        else:
            output.out.print(f"ended silence {id_}", markup=False)

    run_command(work)


@alerts_app.command()
def handlers(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the alert handlers in use, with what they delivered and their last error."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            used = await store.ask("alert_handlers")
        if as_json:
            output.print_json(used)
            return
        rows = ((h["name"], h["delivered"], h["waiting"], h["given_up"], h["error"]) for h in used)
        output.out.print(output.table(("HANDLER", "DELIVERED", "WAITING", "GIVEN UP", "ERROR"), rows))

    run_command(work)


@alerts_app.command("test")
def send_test_alert(
    context: typer.Context,
    handler: Annotated[str, typer.Argument(help="Name of the alert handler, such as console or email.")],
    as_json: JsonFlag = False,
) -> None:
    """Send a test alert through an alert handler."""

    async def work() -> None:
        async with open_store(_options(context, as_json)) as store:
            await store.ask("test_alert_handler", name=handler)
        if as_json:
            output.print_json({"name": handler, "delivered": True})
        else:
            output.out.print(f"{handler}: test alert delivered", markup=False)

    run_command(work)


def _options(context: typer.Context, as_json: bool) -> Options:
    return attrs.evolve(context.ensure_object(Options), as_json=as_json)


def _alerts_table(alerts: Iterable[Mapping[str, Any]]) -> Any:
    return output.table(
        ("TIME", "KIND", "LEVEL", "SERVICE", "RULE", "MESSAGE"),
        (
            (
                _local_time(alert["timestamp"]),
                alert["kind"],
                output.state_text(str(alert["level"])),
                alert["service"] or "-",
                alert["rule_name"],
                alert["message"],
            )
            for alert in alerts
        ),
    )


def _local_time(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp):%m-%d %H:%M:%S}"  # noqa: DTZ006 - shown in local time
