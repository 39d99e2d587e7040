"""Commands that act on services: start, stop, restart, recover, check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from mcpstore.cli import output
from mcpstore.cli.app import JsonFlag, app, run_command
from mcpstore.cli.connect import Options, open_store, reach_manager
from mcpstore.cli.exit_codes import Exit

__all__: list[str] = []

DEFAULT_TIMEOUT: Final = "until the attempt has ended, at most 60 s, or 300 s where a program is downloaded first"

Timeout = Annotated[float | None, typer.Option(help=f"Seconds to wait for the outcome. Default: {DEFAULT_TIMEOUT}.")]


@app.command()
def start(context: typer.Context, names: list[str], timeout: Timeout = None, as_json: JsonFlag = False) -> None:
    """Start services, and enable them in the configuration."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if store.store is not None:
                for name in names:
                    await store.store.enable_service(name)
                output.note("no manager is running; the services are enabled and start with it: mcpstore up")
                return _print_enabled(names, as_json, enabled=True)
            with output.busy("starting …"):
                done = {name: await store.ask("start", name=name, timeout=timeout) for name in names}
        return _print_outcomes(done, as_json, yes="is running", no="could not be started; see: mcpstore status {}")

    run_command(work)


@app.command()
def stop(
    context: typer.Context,
    names: list[str],
    force: Annotated[
        bool, typer.Option("--force", help="Kill the processes at once, without a graceful shutdown.")
    ] = False,
    no_persist: Annotated[bool, typer.Option("--no-persist", help="Leave them enabled in the configuration.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Stop services, and disable them in the configuration so that they stay stopped."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if store.store is not None:
                for name in names:
                    await store.store.enable_service(name, False)
                output.note("no manager is running; the services are disabled and do not start with the next one")
                return _print_enabled(names, as_json, enabled=False)
            with output.busy("stopping …"):
                done = {name: await store.ask("stop", name=name, force=force, persist=not no_persist) for name in names}
        return _print_outcomes(done, as_json, yes="is stopped", no="could not be stopped; see: mcpstore status {}")

    run_command(work)


@app.command()
def restart(context: typer.Context, names: list[str], timeout: Timeout = None, as_json: JsonFlag = False) -> None:
    """Restart services."""

    async def work() -> Exit:
        async with reach_manager(context.ensure_object(Options)) as manager:
            with output.busy("restarting …"):
                done = {name: await manager.ask("restart", {"name": name, "timeout": timeout}) for name in names}
        return _print_outcomes(done, as_json, yes="is running", no="could not be started; see: mcpstore status {}")

    run_command(work)


@app.command()
def recover(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of services. Default: every service in error.")
    ] = None,
    timeout: Timeout = None,
    as_json: JsonFlag = False,
) -> None:
    """Recover services: restart them and, if that fails, recreate them from the configuration."""

    async def work() -> Exit:
        async with reach_manager(context.ensure_object(Options)) as manager:
            with output.busy("recovering …"):
                results: list[Mapping[str, Any]] = await manager.ask(
                    "recover", {"names": names or [], "timeout": timeout}
                )
        if as_json:
            output.print_json(results)
        elif not results:
            output.note("no service is in error")
        for one in () if as_json else results:
            done = ", then ".join(one["done"])
            if one["recovered"]:
                output.out.print(f"{escape(one['name'])} is {one['run_status']} again: {done}")
            else:
                failed = f"{escape(one['name'])} has not recovered ({done or 'nothing was tried'})"
                output.out.print(f"[red]{failed}[/]:", end=" ")
                output.out.print(escape(one["error"]), soft_wrap=True)
                output.note(f"diagnosis: mcpstore doctor {one['name']}")
        return Exit.OK if all(one["recovered"] for one in results) else Exit.FAILED

    run_command(work)


@app.command()
def check(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Names of services. Default: all.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check the health of services now."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if not store.is_manager:
                output.note("no manager is running; the services are started for this command only")
                with output.busy("starting …"):
                    await store.bring_up(*(names or ()))
            with output.busy("checking …"):
                checks: list[Mapping[str, Any]] = await store.ask("check", names=names or [])
        if as_json:
            output.print_json(checks)
        else:
            output.out.print(_checks_table(checks))
        return Exit.OK if all(one["healthy"] for one in checks) else Exit.FAILED

    run_command(work)


def _checks_table(checks: list[Mapping[str, Any]]) -> Any:
    return output.table(
        ("SERVICE", "CONNECTION", "RESPONSE", "SUCCESS", "ERROR"),
        (
            (
                one["name"],
                output.state_text(one["connection_state"]),
                "-" if one["response_time"] is None else f"{one['response_time']:.1f} ms",
                f"{one['success_rate']:.0f} %",
                one["error"] or "",
            )
            for one in checks
        ),
    )


def _print_enabled(names: list[str], as_json: bool, *, enabled: bool) -> Exit:
    if as_json:
        output.print_json([{"name": name, "done": True, "enabled": enabled} for name in names])
    return Exit.OK


def _print_outcomes(done: Mapping[str, bool], as_json: bool, *, yes: str, no: str) -> Exit:
    if as_json:
        output.print_json([{"name": name, "done": ok} for name, ok in done.items()])
    else:
        for name, ok in done.items():
            message = escape(f"{name} {yes if ok else no.format(name)}")
            output.out.print(message if ok else f"[red]{message}[/]")
    return Exit.OK if all(done.values()) else Exit.FAILED
