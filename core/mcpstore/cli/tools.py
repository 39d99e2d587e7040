"""Verbs for what services offer and say: tools, approve, call, logs."""

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

FIRST_SENTENCE: Final = 100


@app.command()
def tools(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="Only those of this service.")] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Those that are not what they were, and how they differ.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the tools that can be called."""

    async def look() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            found = await store.ask("changed_tools", service=service)
        if as_json:
            output.print_json(found)
            return
        for change in found:
            _show_change(change)
        if found:
            output.note("approve them: mcpstore approve SERVICE [TOOL]")
        else:
            output.note("every tool is what it was")
        if not store.is_manager:
            output.note("no manager is running; this is what was seen last")

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            await _bring_up(store, service)
            found = await store.ask("tools", service=service)
        if as_json:
            output.print_json(found)
            return
        rows = ((tool["service"], tool["name"], _gist(tool["description"])) for tool in found)
        output.out.print(output.table(("SERVICE", "TOOL", "WHAT IT DOES"), rows))

    run_command(look if changed else work)


@app.command()
def approve(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The service.")],
    tool: Annotated[str | None, typer.Argument(help="Only this tool.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Approve tools that are not what they were; those that were withheld can be called again."""

    async def work() -> None:
        async with open_store(context.ensure_object(Options)) as store:
            approved = await store.ask("approve", name=name, tool=tool)
        if as_json:
            output.print_json(approved)
            return
        for change in approved:
            output.out.print(f"approved {escape(change['service'])}/{escape(change['name'])}", soft_wrap=True)
            _show_difference(change)
        if not approved:
            output.note("there is nothing to approve: it is what it was")

    run_command(work)


@app.command()
def call(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(help="The tool; 'service/tool' where its own name is not enough.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="NAME=VALUE (values are JSON if they can be), or one JSON object.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="The service meant.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds without a result and without progress.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Call a tool and print its result."""

    async def work() -> Exit:
        given = _arguments(arguments or [])
        async with open_store(context.ensure_object(Options)) as store:
            await _bring_up(store, service or await _owner(store, tool))
            with output.busy("calling …"):
                result = await store.ask("call", name=tool, arguments=given, service=service, timeout=timeout)
        if as_json:
            output.print_json(result["raw"])
        else:
            _show_result(result)
        return Exit.FAILED if result["is_error"] else Exit.OK

    run_command(work)


@app.command()
def logs(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="The service; all if none is named.")] = None,
    lines: Annotated[int | None, typer.Option("--lines", "-n", min=1, help="Only so many of the last lines.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each new line.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show what services wrote to stderr."""

    async def work() -> None:
        async with reach_manager(context.ensure_object(Options)) as manager:
            if follow:
                async for line in manager.follow(service):
                    _show_line(line, service, as_json)
            found = await manager.ask("logs", {"name": service, "lines": lines})
        if as_json:
            output.print_json(found)
            return
        if not found:
            output.note(f"{service} has written nothing to stderr" if service else "no service has written to stderr")
        for line in found:
            _show_line(line, service, as_json=False)

    run_command(work)


async def _bring_up(store: StoreClient, service: str | None) -> None:
    if store.is_manager:
        return
    which = f"service {service!r} is" if service else "the services are"
    output.note(f"no manager is running; {which} started for the moment")
    with output.busy("starting …"):
        await store.bring_up(*((service,) if service else ()))


async def _owner(store: StoreClient, tool: str) -> str | None:
    """Return the service that a full name of a tool begins with, so that only it is started."""
    names = [service["name"] for service in await store.ask("list")]
    return next((name for name in sorted(names, key=len, reverse=True) if tool.startswith(f"{name}/")), None)


def _arguments(given: list[str]) -> dict[str, Any]:
    if len(given) == 1 and given[0].lstrip().startswith("{"):
        try:
            whole = json.loads(given[0])
        except ValueError as error:
            raise ConfigError(f"the arguments are not valid JSON: {error}") from None
        return dict(whole)
    found: dict[str, Any] = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark:
            raise ConfigError(f"expected NAME=VALUE or one JSON object (got {text!r})")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _show_result(result: dict[str, Any]) -> None:
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


def _show_line(line: dict[str, Any], service: str | None, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(output.json_text(line) + "\n")
        sys.stdout.flush()
        return
    name = "" if service else f"{escape(line['service'])} "
    output.out.print(f"[dim]{line['timestamp'][11:19]}[/] [cyan]{name}[/]{escape(line['text'])}", soft_wrap=True)


def _show_change(change: dict[str, Any]) -> None:
    what = "is new" if change["is_new"] else "is not what it was"
    held = "; [red]it cannot be called until it is approved[/]" if change["withheld"] else ""
    name = f"{escape(change['service'])}/{escape(change['name'])}"
    output.out.print(f"[bold]{name}[/] {what}, since {change['since'][:16].replace('T', ' ')}{held}", soft_wrap=True)
    _show_difference(change)


def _show_difference(change: dict[str, Any]) -> None:
    for line in change["difference"]:
        output.out.print(_coloured(f"    {line}"), soft_wrap=True)


def _coloured(line: str) -> Text:
    """Return a line of a difference with what went in red and what came in green."""
    made = Text(line)
    made.highlight_regex(r"\[-.*?-\]", "red")
    made.highlight_regex(r"\{\+.*?\+\}", "green")
    return made


def _gist(description: str) -> str:
    first = description.strip().splitlines()[0] if description.strip() else ""
    return truncated(first, FIRST_SENTENCE)
