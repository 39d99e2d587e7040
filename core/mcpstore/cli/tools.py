"""Commands for tools and logs: tools, approve, call, logs."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.text import Text

from mcpstore.cli import output
from mcpstore.cli.app import JsonFlag, app, run_command
from mcpstore.cli.connect import Options, StoreClient, open_store, reach_manager
from mcpstore.cli.exit_codes import Exit
from mcpstore.errors import ConfigError
from mcpstore.models.text import counted, truncated

__all__: list[str] = []

MAX_DESCRIPTION: Final = 100
"""Longest description of a tool in the list, in characters."""


@app.command()
def tools(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="Only tools of this service. Default: of all.")] = None,
    changed: Annotated[
        bool,
        typer.Option("--changed", help="Show only tools that changed since they were approved, with the differences."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """List tools, or the tools that changed."""

    async def show_changed() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            changes = await store.ask("changed_tools", service=service)
        if as_json:
            output.print_json(changes)
            return
        for change in changes:
            _print_change(change)
        if changes:
            output.note("approve them: mcpstore approve SERVICE [TOOL]")
        else:
            output.note("no tool has changed")
        if not store.is_manager:
            output.note("no manager is running; shown is what the last one recorded")

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            await _bring_up(store, service)
            offered = await store.ask("tools", service=service)
        if as_json:
            output.print_json(offered)
            return
        rows = ((tool["service"], tool["name"], _first_line(tool["description"])) for tool in offered)
        output.out.print(output.table(("SERVICE", "TOOL", "DESCRIPTION"), rows))

    run_command(show_changed if changed else work)


@app.command()
def approve(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the service.")],
    tool: Annotated[
        str | None, typer.Argument(help="Name of the tool. Default: every changed tool of the service.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Approve changed tools, so that they can be called again."""

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            approved = await store.ask("approve", name=name, tool=tool)
        if as_json:
            output.print_json(approved)
            return
        for change in approved:
            output.out.print(f"approved {escape(change['service'])}/{escape(change['name'])}", soft_wrap=True)
            _print_difference(change)
        if not approved:
            output.note("nothing to approve: no tool has changed")

    run_command(work)


@app.command()
def call(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(help="Name of the tool, or 'service/tool' if several services offer it.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="NAME=VALUE, with the value as JSON or as text; or one JSON object.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="Service that offers the tool.")] = None,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds to wait for a result or for progress. Default: the call timeout of the service."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Call a tool and print its result."""

    async def work() -> Exit:
        parsed = _arguments(arguments or [])
        async with open_store(context.ensure_object(Options)) as store:
            await _bring_up(store, service or await _service_of(store, tool))
            with output.busy("calling …"):
                result = await store.ask("call", name=tool, arguments=parsed, service=service, timeout=timeout)
        if as_json:
            output.print_json(result["raw"])
        else:
            _print_result(result)
        return Exit.FAILED if result["is_error"] else Exit.OK

    run_command(work)


@app.command()
def logs(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="Name of a service. Default: all.")] = None,
    lines: Annotated[
        int | None,
        typer.Option(
            "--lines", "-n", min=1, help="Number of lines to show, counted from the last. Default: all that are kept."
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print new lines as they arrive.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the stderr output of services."""

    async def work() -> None:
        async with reach_manager(context.ensure_object(Options)) as manager:
            if follow:
                async for line in manager.follow(service):
                    _print_line(line, service, as_json)
            kept = await manager.ask("logs", {"name": service, "lines": lines})
        if as_json:
            output.print_json(kept)
            return
        if not kept:
            output.note(f"{service} has written nothing to stderr" if service else "no service has written to stderr")
        for line in kept:
            _print_line(line, service, as_json=False)

    run_command(work)


async def _bring_up(store: StoreClient, service: str | None) -> None:
    if store.is_manager:
        return
    which = f"service {service!r} is" if service else "the services are"
    output.note(f"no manager is running; {which} started for this command only")
    with output.busy("starting …"):
        await store.bring_up(*((service,) if service else ()))


async def _service_of(store: StoreClient, tool: str) -> str | None:
    """Return the service in a full tool name, so that only this service is started; None without one."""
    names = [service["name"] for service in await store.ask("list")]
    return next((name for name in sorted(names, key=len, reverse=True) if tool.startswith(f"{name}/")), None)


def _arguments(words: list[str]) -> dict[str, Any]:
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        try:
            whole = json.loads(words[0])
        except ValueError as error:
            raise ConfigError(f"arguments are not valid JSON: {error}") from None
        return dict(whole)
    arguments: dict[str, Any] = {}
    for text in words:
        name, separator, value = text.partition("=")
        if not separator:
            raise ConfigError(f"expected NAME=VALUE or one JSON object (got {text!r})")
        try:
            arguments[name] = json.loads(value)
        except ValueError:
            arguments[name] = value
    return arguments


def _print_result(result: dict[str, Any]) -> None:
    style = "red" if result["is_error"] else ""
    for block in result["content"]:
        if block.get("type") == "text":
            output.out.print(escape(str(block.get("text", ""))), style=style, soft_wrap=True)
        else:
            size = len(str(block.get("data") or block.get("blob") or ""))
            output.out.print(
                f"[dim]({block.get('type')}, {block.get('mimeType', 'no type')}, {counted(size, 'character')})[/]"
            )
    if not result["content"] and result["structured_content"] is not None:
        output.out.print_json(data=result["structured_content"])


def _print_line(line: dict[str, Any], service: str | None, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(output.json_text(line) + "\n")
        sys.stdout.flush()
        return
    name = "" if service else f"{escape(line['service'])} "
    output.out.print(f"[dim]{line['timestamp'][11:19]}[/] [cyan]{name}[/]{escape(line['text'])}", soft_wrap=True)


def _print_change(change: dict[str, Any]) -> None:
    what = "is new" if change["is_new"] else "has changed"
    blocked = "; [red]it cannot be called until it is approved[/]" if change["withheld"] else ""
    name = f"{escape(change['service'])}/{escape(change['name'])}"
    output.out.print(f"[bold]{name}[/] {what} since {change['since'][:16].replace('T', ' ')}{blocked}", soft_wrap=True)
    _print_difference(change)


def _print_difference(change: dict[str, Any]) -> None:
    for line in change["difference"]:
        output.out.print(_coloured_difference(f"    {line}"), soft_wrap=True)


def _coloured_difference(line: str) -> Text:
    """Return a line of a difference: removed text in red, added text in green."""
    text = Text(line)
    text.highlight_regex(r"\[-.*?-\]", "red")
    text.highlight_regex(r"\{\+.*?\+\}", "green")
    return text


def _first_line(description: str) -> str:
    first = description.strip().splitlines()[0] if description.strip() else ""
    return truncated(first, MAX_DESCRIPTION)
