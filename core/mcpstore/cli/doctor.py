"""The verb that explains: doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from mcpstore.cli import output
from mcpstore.cli.app import JsonFlag, app, run_command
from mcpstore.cli.connect import Options, StoreClient, open_store
from mcpstore.cli.exit_codes import Exit

__all__: list[str] = []

WELL = ("running", "stopped", "not_started")


@app.command()
def doctor(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="The services; all if none is named.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for services started for the moment.")] = 60.0,
    as_json: JsonFlag = False,
) -> None:
    """Explain what is wrong with each service, and how to repair it."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if not store.is_manager:
                output.note("no manager is running; the services are started for the moment")
                with output.busy("starting …"):
                    await store.bring_up(*(names or ()), limit=wait)
            found = await _examine(store, names)
        if as_json:
            output.print_json(found)
        else:
            _show(found)
        ill = [one for one in found["services"] if not _is_well(one)]
        return Exit.FAILED if ill or found["problems"] else Exit.OK

    run_command(work)


async def _examine(store: StoreClient, names: list[str] | None) -> dict[str, Any]:
    every = [service["name"] for service in await store.ask("list")]
    services = await asyncio.gather(*(_diagnose(store, name) for name in names or every))
    there = [one["name"] for one in services if one["name"] in every]
    plugins = [plugin for plugin in await store.ask("plugins") if plugin["error"] and plugin["status"] != "blocked"]
    return {
        "services": services,
        "problems": await store.ask("problems"),
        "plugins": plugins,
        "hints": await store.ask("hints"),
        "containment": {name: kept for name in there if (kept := (await store.ask("info", name=name))["containment"])},
    }


def _is_well(one: Mapping[str, Any]) -> bool:
    return one["run_status"] in WELL and one["reason"] != "permanent"


async def _diagnose(store: StoreClient, name: str) -> Any:
    return await store.ask("diagnose", name=name)


def _show(found: Mapping[str, Any]) -> None:
    for one in found["services"]:
        is_well = _is_well(one)
        mark = "[green]✓[/]" if is_well else "[red]✗[/]"
        output.out.print(f"{mark} [bold]{escape(one['name'])}[/]: {escape(one['summary'])}")
        if is_well:
            continue
        for evidence in one["evidence"]:
            output.out.print(f"    [dim]{escape(evidence)}[/]", soft_wrap=True)
        if one["remedy"]:
            output.out.print(f"    [yellow]→ {escape(one['remedy'])}[/]", soft_wrap=True)
    if kinds := sorted(set(found["containment"].values())):
        output.out.print(f"[dim]processes of services are kept together by: {', '.join(kinds)}[/]")
    for problem in found["problems"]:
        output.out.print(f"[red]✗[/] {escape(problem['where'])}: {escape(problem['what'])}", soft_wrap=True)
        if problem["remedy"]:
            output.out.print(f"    [yellow]→ {escape(problem['remedy'])}[/]", soft_wrap=True)
    for plugin in found["plugins"]:
        output.out.print(f"[red]✗[/] plugin {escape(plugin['name'])}: {escape(plugin['error'])}", soft_wrap=True)
    for hint in found["hints"]:
        output.out.print(f"[yellow]![/] {escape(hint)}", soft_wrap=True)
