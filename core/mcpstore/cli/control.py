"""Verbs that change what runs: start, stop, restart, recover, check."""

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

ENDED: Final = "until the attempt has ended, which takes 60 s at most, 300 s where something is downloaded first"

Timeout = Annotated[
    float | None, typer.Option(help=f"Seconds to wait for the outcome of an attempt. Default: {ENDED}.")
]


@app.command()
def start(context: typer.Context, names: list[str], timeout: Timeout = None, as_json: JsonFlag = False) -> None:
    """Start services (and switch them on in the configuration)."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if store.store is not None:
                for name in names:
                    await store.store.enable_service(name)
                output.note("no manager is running; they start with it: mcpstore up")
                return _written(names, as_json, enabled=True)
            with output.busy("starting …"):
                done = {name: await store.ask("start", name=name, timeout=timeout) for name in names}
        return _tell(done, as_json, yes="is running", no="could not be started; see: mcpstore status {}")

    run_command(work)


@app.command()
def stop(
    context: typer.Context,
    names: list[str],
    force: Annotated[bool, typer.Option("--force", help="Skip the polite steps.")] = False,
    no_persist: Annotated[
        bool, typer.Option("--no-persist", help="Do not switch them off in the configuration.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Stop services (and switch them off in the configuration, so that they stay stopped)."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if store.store is not None:
                for name in names:
                    await store.store.enable_service(name, False)
                output.note("no manager is running; they will not start with the next one")
                return _written(names, as_json, enabled=False)
            with output.busy("stopping …"):
                done = {name: await store.ask("stop", name=name, force=force, persist=not no_persist) for name in names}
        return _tell(done, as_json, yes="is stopped", no="did not end; see: mcpstore status {}")

    run_command(work)


@app.command()
def restart(context: typer.Context, names: list[str], timeout: Timeout = None, as_json: JsonFlag = False) -> None:
    """Close services and open them again."""

    async def work() -> Exit:
        async with reach_manager(context.ensure_object(Options)) as manager:
            with output.busy("restarting …"):
                done = {name: await manager.ask("restart", {"name": name, "timeout": timeout}) for name in names}
        return _tell(done, as_json, yes="is running", no="could not be started; see: mcpstore status {}")

    run_command(work)


@app.command()
def recover(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="The services; all that are in error if none is named.")
    ] = None,
    timeout: Timeout = None,
    as_json: JsonFlag = False,
) -> None:
    """Bring services back: restart them, and if that does not help, make them anew from their entries."""

    async def work() -> Exit:
        async with reach_manager(context.ensure_object(Options)) as manager:
            with output.busy("bringing services back …"):
                found: list[Mapping[str, Any]] = await manager.ask(
                    "recover", {"names": names or [], "timeout": timeout}
                )
        if as_json:
            output.print_json(found)
        elif not found:
            output.note("no service is in error")
        for one in () if as_json else found:
            done = ", then ".join(one["done"])
            if one["recovered"]:
                output.out.print(f"{escape(one['name'])} is {one['run_status']} again: {done}")
            else:
                output.out.print(f"[red]{escape(one['name'])} is not back ({done or 'nothing was done'})[/]:", end=" ")
                output.out.print(escape(one["error"]), soft_wrap=True)
                output.note(f"why: mcpstore doctor {one['name']}")
        return Exit.OK if all(one["recovered"] for one in found) else Exit.FAILED

    run_command(work)


@app.command()
def check(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="The services; all if none is named.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check services now, all at once."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if not store.is_manager:
                output.note("no manager is running; the services are started for the moment")
                with output.busy("starting …"):
                    await store.bring_up(*(names or ()))
            with output.busy("checking …"):
                found: list[Mapping[str, Any]] = await store.ask("check", names=names or [])
        if as_json:
            output.print_json(found)
        else:
            output.out.print(_checks(found))
        return Exit.OK if all(one["healthy"] for one in found) else Exit.FAILED

    run_command(work)


def _checks(found: list[Mapping[str, Any]]) -> Any:
    return output.table(
        ("SERVICE", "CONNECTION", "ANSWER", "SUCCESS", "WHAT"),
        (
            (
                one["name"],
                output.state_text(one["connection_state"]),
                "-" if one["response_time"] is None else f"{one['response_time']:.1f} ms",
                f"{one['success_rate']:.0f} %",
                one["error"] or "",
            )
            for one in found
        ),
    )


def _written(names: list[str], as_json: bool, *, enabled: bool) -> Exit:
    if as_json:
        output.print_json([{"name": name, "done": True, "enabled": enabled} for name in names])
    return Exit.OK


def _tell(done: Mapping[str, bool], as_json: bool, *, yes: str, no: str) -> Exit:
    if as_json:
        output.print_json([{"name": name, "done": ok} for name, ok in done.items()])
    else:
        for name, ok in done.items():
            told = escape(f"{name} {yes if ok else no.format(name)}")
            output.out.print(told if ok else f"[red]{told}[/]")
    return Exit.OK if all(done.values()) else Exit.FAILED
