"""The command doctor: a diagnosis of every service."""

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

HEALTHY_STATUSES = ("running", "stopped", "not_started")


@app.command()
def doctor(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Names of services. Default: all.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for services that start for this command.")] = 60.0,
    as_json: JsonFlag = False,
) -> None:
    """Diagnose services, plugins and the configuration, with a remedy for each problem."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            if not store.is_manager:
                output.note("no manager is running; the services are started for this command only")
                with output.busy("starting …"):
                    await store.bring_up(*(names or ()), limit=wait)
            findings = await _examine(store, names)
        if as_json:
            output.print_json(findings)
        else:
            _print_findings(findings)
        failed = [one for one in findings["services"] if not _is_healthy(one)]
        return Exit.FAILED if failed or findings["problems"] else Exit.OK

    run_command(work)


async def _examine(store: StoreClient, names: list[str] | None) -> dict[str, Any]:
    every = [service["name"] for service in await store.ask("list")]
    services = await asyncio.gather(*(_diagnose(store, name) for name in names or every))
    present = [one["name"] for one in services if one["name"] in every]
    plugins = [plugin for plugin in await store.ask("plugins") if plugin["error"] and plugin["status"] != "blocked"]
    return {
        "services": services,
        "problems": await store.ask("problems"),
        "plugins": plugins,
        "hints": await store.ask("hints"),
        "containment": {
            name: kind for name in present if (kind := (await store.ask("info", name=name))["containment"])
        },
    }


def _is_healthy(one: Mapping[str, Any]) -> bool:
    return one["run_status"] in HEALTHY_STATUSES and one["reason"] != "permanent"


async def _diagnose(store: StoreClient, name: str) -> Any:
    return await store.ask("diagnose", name=name)


def _print_findings(findings: Mapping[str, Any]) -> None:
    for one in findings["services"]:
        is_healthy = _is_healthy(one)
        mark = "[green]✓[/]" if is_healthy else "[red]✗[/]"
        output.out.print(f"{mark} [bold]{escape(one['name'])}[/]: {escape(one['summary'])}")
        if is_healthy:
            continue
        for evidence in one["evidence"]:
            output.out.print(f"    [dim]{escape(evidence)}[/]", soft_wrap=True)
        if one["remedy"]:
            output.out.print(f"    [yellow]→ {escape(one['remedy'])}[/]", soft_wrap=True)
    if kinds := sorted(set(findings["containment"].values())):
        output.out.print(f"[dim]isolation of service processes: {', '.join(kinds)}[/]")
    for problem in findings["problems"]:
        output.out.print(f"[red]✗[/] {escape(problem['where'])}: {escape(problem['what'])}", soft_wrap=True)
        if problem["remedy"]:
            output.out.print(f"    [yellow]→ {escape(problem['remedy'])}[/]", soft_wrap=True)
    for plugin in findings["plugins"]:
        output.out.print(f"[red]✗[/] plugin {escape(plugin['name'])}: {escape(plugin['error'])}", soft_wrap=True)
    for hint in findings["hints"]:
        output.out.print(f"[yellow]![/] {escape(hint)}", soft_wrap=True)
