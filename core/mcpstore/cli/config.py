"""Commands for configuration files: import, config show."""

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
from mcpstore.models.text import counted
from mcpstore.plugin_manager import PluginManager
from mcpstore.store.config_source import open_document

__all__: list[str] = []


@attrs.frozen
class ClientConfig:
    """The configuration file of another MCP client.

    Attributes:
        client: Name of the client.
        path: Path of the file.
        parsed: Its parsed content.
    """

    client: str
    path: Path
    parsed: ParsedConfig


@config_app.command("show")
def read_config(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Configuration file of any MCP client: a path or a URL.")],
    as_json: JsonFlag = False,
) -> None:
    """Show the services and problems in a configuration file; variables are not expanded."""

    async def work() -> Exit:
        options = context.ensure_object(Options)
        described = describe(await _read(file, await _load_plugins(options)))
        if as_json:
            output.print_json(described)
        else:
            _show_description(described)
        return Exit.OK

    run_command(work)


@app.command("import")
def import_services(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(help="Files, or names of MCP clients. Default: every client that is found.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Import without asking.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Import services from the configurations of other MCP clients."""

    async def work() -> Exit:
        options = context.ensure_object(Options)
        configs = await _find_client_configs(sources, await _load_plugins(options))
        async with open_store(options) as store:
            known = {service["name"] for service in await store.ask("list")}
            plan = _import_plan(configs, known)
            if as_json and not yes:
                output.print_json(plan)
                return Exit.OK
            if not as_json:
                _show_plan(plan)
            new = [service for service in plan if service["new"]]
            if not new or not (yes or _confirm(len(new))):
                return Exit.OK
            for config in configs:
                names = [service["name"] for service in new if service["file"] == str(config.path)]
                for name in names:
                    spec = config.parsed.specs[name]
                    await store.ask("add", config={"name": name, **spec.entry})
        if as_json:
            output.print_json(plan)
        else:
            output.out.print(f"added {counted(len(new), 'service')}")
        return Exit.OK

    run_command(work)


async def _load_plugins(options: Options) -> PluginManager:
    plugins = PluginManager(block=options.block)
    await asyncio.to_thread(plugins.discover)
    return plugins


async def _read(file: str, plugins: PluginManager) -> ParsedConfig:
    if "://" not in file and not os.path.exists(os.path.expanduser(file)):  # noqa: ASYNC240, PTH110, PTH111 - a single quick stat
        raise ConfigError(f"{file} does not exist; give the path of a configuration file")
    document = open_document(file, plugins)
    return read(await document.read(), where=document.location)


def _candidate_files(sources: list[str] | None) -> list[tuple[str, Path]]:
    """Return the client and the path of each existing file that is to be read."""
    wanted = [source.lower() for source in sources or ()]
    files = [Path(source).expanduser() for source in sources or () if "/" in source or Path(source).is_file()]
    candidates = [(file.name, file) for file in files]
    for client, path in known_locations(Path.home(), Path.cwd(), sys.platform):
        if not sources or client.lower() in wanted:
            candidates.append((client, path))
    return [(client, path) for client, path in candidates if path.is_file()]


async def _find_client_configs(sources: list[str] | None, plugins: PluginManager) -> list[ClientConfig]:
    configs: list[ClientConfig] = []
    for client, path in _candidate_files(sources):
        try:
            parsed = await _read(str(path), plugins)
        except MCPStoreError as error:
            output.note(f"{client}: {error}")
            continue
        if parsed.specs or parsed.refused:
            configs.append(ClientConfig(client, path, parsed))
    return configs


def _import_plan(configs: list[ClientConfig], known: set[str]) -> list[dict[str, Any]]:
    plan: list[dict[str, Any]] = []
    taken = set(known)
    for config in configs:
        for spec in config.parsed.specs.values():
            plan.append(
                {
                    "client": config.client,
                    "file": str(config.path),
                    "name": spec.name,
                    "transport": spec.transport,
                    "new": spec.name not in taken,
                }
            )
            taken.add(spec.name)
    return plan


def _confirm(count: int) -> bool:
    if not sys.stdin.isatty():
        output.note("nothing was imported; import the new services with --yes")
        return False
    return typer.confirm(f"Import {counted(count, 'service')}?", default=True)


def _show_plan(plan: list[dict[str, Any]]) -> None:
    if not plan:
        output.note("the configurations of other clients hold no services")
        return
    rows = ((one["client"], one["name"], "new" if one["new"] else "exists", one["file"]) for one in plan)
    output.out.print(output.table(("CLIENT", "SERVICE", "STATUS", "FILE"), rows))


def _show_description(described: Mapping[str, Any]) -> None:
    rows = (
        (
            server["name"],
            server["dialect"],
            server["transport"],
            "yes" if server["enabled"] else "no",
            _command_or_url(server),
        )
        for server in described["servers"]
    )
    output.out.print(output.table(("SERVICE", "DIALECT", "TRANSPORT", "ENABLED", "COMMAND OR URL"), rows))
    for problem in described["problems"]:
        remedy = f"; {problem['remedy']}" if problem["remedy"] else ""
        output.out.print(f"[yellow]![/] {escape(problem['where'] + ': ' + problem['what'] + remedy)}", soft_wrap=True)


def _command_or_url(server: Mapping[str, Any]) -> str:
    """Return the command or the URL of a service, secrets redacted; JSON has the values as they are in the file."""
    if server["url"]:
        return masked_url(server["url"])
    return " ".join([masked_command(server["command"] or ""), *map(str, masked(server["args"]))])
