"""Verbs for configuration files: import, config show."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from rich.markup import escape

from mcpstore.cli import output
from mcpstore.cli.app import JsonFlag, app, config_app, run_command
from mcpstore.cli.connect import Options, open_store
from mcpstore.cli.exit_codes import Exit
from mcpstore.config.client_files import known_locations
from mcpstore.config.description import describe
from mcpstore.config.reader import ParsedConfig, read
from mcpstore.errors import ConfigError, MCPStoreError
from mcpstore.models.redaction import masked, masked_command, masked_url
from mcpstore.plugin_manager import PluginManager
from mcpstore.store.config_source import open_document

__all__: list[str] = []


@attrs.frozen
class Found:
    """A configuration of another client.

    Attributes:
        client: The client.
        path: The file.
        reading: What it says.
    """

    client: str
    path: Path
    reading: ParsedConfig


@config_app.command("show")
def read_config(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The configuration file of any client.")],
    as_json: JsonFlag = False,
) -> None:
    """Print what is understood of a configuration file, variables not expanded."""

    async def work() -> Exit:
        options = context.ensure_object(Options)
        described = describe(await _read(file, await _load_plugins(options)))
        if as_json:
            output.print_json(described)
        else:
            _show_described(described)
        return Exit.OK

    run_command(work)


@app.command("import")
def import_services(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(help="Files, or names of clients; all that are found if none is named.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take everything over without asking.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Find the configurations of other clients, and take over their services."""

    async def work() -> Exit:
        options = context.ensure_object(Options)
        found = await _find(sources, await _load_plugins(options))
        async with open_store(options) as store:
            known = {service["name"] for service in await store.ask("list")}
            plan = _plan(found, known)
            if as_json and not yes:
                output.print_json(plan)
                return Exit.OK
            if not as_json:
                _show_plan(plan)
            fresh = [one for one in plan if one["new"]]
            if not fresh or not (yes or _agreed(len(fresh))):
                return Exit.OK
            for one in found:
                names = [name["name"] for name in fresh if name["file"] == str(one.path)]
                for name in names:
                    spec = one.reading.specs[name]
                    await store.ask("add", config={"name": name, **spec.entry})
        if as_json:
            output.print_json(plan)
        else:
            output.out.print(f"added {len(fresh)}")
        return Exit.OK

    run_command(work)


async def _load_plugins(options: Options) -> PluginManager:
    plugins = PluginManager(block=options.block)
    await asyncio.to_thread(plugins.discover)
    return plugins


async def _read(file: str, plugins: PluginManager) -> ParsedConfig:
    if "://" not in file and not os.path.exists(os.path.expanduser(file)):  # noqa: ASYNC240, PTH110, PTH111 - at once
        raise ConfigError(f"{file}: there is no such file; give the path of a configuration")
    document = open_document(file, plugins)
    return read(await document.read(), where=document.location)


def _places(sources: list[str] | None) -> list[tuple[str, Path]]:
    """Return the files to look at, with the clients they belong to."""
    wanted = [source.lower() for source in sources or ()]
    files = [Path(source).expanduser() for source in sources or () if "/" in source or Path(source).is_file()]
    places = [(file.name, file) for file in files]
    for client, path in known_locations(Path.home(), Path.cwd(), sys.platform):
        if not sources or client.lower() in wanted:
            places.append((client, path))
    return [(client, path) for client, path in places if path.is_file()]


async def _find(sources: list[str] | None, plugins: PluginManager) -> list[Found]:
    found: list[Found] = []
    for client, path in _places(sources):
        try:
            reading = await _read(str(path), plugins)
        except MCPStoreError as error:
            output.note(f"{client}: {error}")
            continue
        if reading.specs or reading.refused:
            found.append(Found(client, path, reading))
    return found


def _plan(found: list[Found], known: set[str]) -> list[dict[str, Any]]:
    plan: list[dict[str, Any]] = []
    taken = set(known)
    for one in found:
        for spec in one.reading.specs.values():
            plan.append(
                {
                    "client": one.client,
                    "file": str(one.path),
                    "name": spec.name,
                    "transport": spec.transport,
                    "new": spec.name not in taken,
                }
            )
            taken.add(spec.name)
    return plan


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        output.note("nothing was taken over; say --yes to take over what is new")
        return False
    return typer.confirm(f"Take over {count}?", default=True)


def _show_plan(plan: list[dict[str, Any]]) -> None:
    if not plan:
        output.note("no services were found in the configurations of other clients")
        return
    rows = ((one["client"], one["name"], "new" if one["new"] else "is there", one["file"]) for one in plan)
    output.out.print(output.table(("CLIENT", "SERVICE", "", "FILE"), rows))


def _show_described(described: Mapping[str, Any]) -> None:
    rows = (
        (
            server["name"],
            server["dialect"],
            server["transport"],
            "yes" if server["enabled"] else "no",
            _shown(server),
        )
        for server in described["servers"]
    )
    output.out.print(output.table(("SERVICE", "DIALECT", "TRANSPORT", "ENABLED", "WHAT"), rows))
    for problem in described["problems"]:
        remedy = f"; {problem['remedy']}" if problem["remedy"] else ""
        output.out.print(f"[yellow]![/] {escape(problem['where'] + ': ' + problem['what'] + remedy)}", soft_wrap=True)


def _shown(server: Mapping[str, Any]) -> str:
    """Return what a server is, without its secrets; JSON has it as it was written, for programs that compare."""
    if server["url"]:
        return masked_url(server["url"])
    return " ".join([masked_command(server["command"] or ""), *map(str, masked(server["args"]))])
