"""Commands for services: list, status, add, remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from rich.markup import escape
from rich.table import Table

from mcpstore.cli import output
from mcpstore.cli.app import JsonFlag, app, run_command
from mcpstore.cli.connect import Options, StoreClient, open_store
from mcpstore.cli.exit_codes import Exit
from mcpstore.config.dialects.transport_names import known_transport
from mcpstore.config.entry import name_problem
from mcpstore.errors import ConfigError

__all__: list[str] = []

NOT_RUNNING = "no manager is running; shown is the configuration"


@app.command("list")
def list_services(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List all services with their status."""
    wanted = attrs.evolve(context.ensure_object(Options), as_json=as_json)

    async def work() -> None:
        async with open_store(wanted) as store:
            services = await store.ask("list")
            problems = await store.ask("problems")
        if as_json:
            output.print_json(services)
            return
        if services:
            output.out.print(output.services_table(services))
        else:
            output.note("the configuration holds no services; add one: mcpstore add NAME -- COMMAND …")
        _print_problems(problems)
        if not store.is_manager:
            output.note(NOT_RUNNING)

    run_command(work)


@app.command()
def status(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Name of a service. Default: all.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also show how full its buffers are, with their limits.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the status of all services, or everything about one service."""
    if name is None:
        list_services(context, as_json)
        return

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            info = await store.ask("info", name=name)
            diagnosis = await store.ask("diagnose", name=name)
        if as_json:
            output.print_json({**info, "diagnosis": diagnosis})
        else:
            _print_info(info, diagnosis)
            if verbose:
                output.out.print(_buffers_table(info["buffers"]))
            if not store.is_manager:
                output.note(NOT_RUNNING)
        return Exit.FAILED if info["run_status"] == "error" else Exit.OK

    run_command(work)


@app.command()
def add(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="Name of the service, or path of a configuration file to add services from.")
    ],
    command: Annotated[list[str] | None, typer.Argument(help="Command that starts the server, after --.")] = None,
    url: Annotated[str | None, typer.Option(help="URL of a remote server.")] = None,
    transport: Annotated[
        str | None, typer.Option(help="Transport: stdio, http, sse, or one of a plugin. Default: by command or URL.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", "-e", help="Environment variable NAME=VALUE; may be repeated.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="HTTP header 'Name: value'; may be repeated.")
    ] = None,
    cwd: Annotated[str | None, typer.Option(help="Working directory of the command.")] = None,
    depends_on: Annotated[
        list[str] | None, typer.Option(help="Service to start before this one; may be repeated.")
    ] = None,
    wait: Annotated[
        float | None, typer.Option(help="Seconds to wait until it is healthy. Default: do not wait.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a service to the configuration; a running manager starts it at once."""
    if command and url is not None:
        raise typer.BadParameter(
            f"a service has either a command or a URL (got --url {url} and the command {command[0]!r}); "
            "leave out one of them"
        )

    async def work() -> None:
        fields = _fields(
            command=command, url=url, transport=transport, env=env, header=header, cwd=cwd, depends_on=depends_on
        )
        async with open_store(context.ensure_object(Options)) as store:
            config: Any = {"name": _check_name(name), **fields} if fields else _config_file(name)
            with output.busy("adding …"):
                added = await store.ask("add", config=config, wait=wait if store.is_manager else None)
            _print_added(added, store, as_json)

    run_command(work)


@app.command()
def remove(context: typer.Context, name: str, as_json: JsonFlag = False) -> None:
    """Stop a service and remove it from the configuration."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            stopped = await store.ask("remove", name=name)
        if as_json:
            output.print_json({"name": name, "removed": stopped})
        else:
            rest = "" if stopped else ", but some of its processes are still running"
            output.out.print(escape(f"removed {name}{rest}"))
        return Exit.OK if stopped else Exit.FAILED

    run_command(work)


def _print_added(added: list[Mapping[str, Any]], store: StoreClient, as_json: bool) -> None:
    if as_json:
        output.print_json(added)
        return
    for service in added:
        message = "{} is unchanged" if service["outcome"] == "unchanged" else f"{service['outcome']} {{}}"
        output.out.print(escape(message.format(service["name"])))
    if not store.is_manager:
        output.note("no manager is running; the services start with it: mcpstore up")


def _fields(
    *,
    command: list[str] | None,
    url: str | None,
    transport: str | None,
    env: list[str] | None,
    header: list[str] | None,
    cwd: str | None,
    depends_on: list[str] | None,
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if command:
        fields["command"], *rest = command
        if rest:
            fields["args"] = rest
    if url is not None:
        fields["url"] = url
    if transport is not None:
        # "type" holds a label of MCP clients; "transport" holds the name of a transport.
        fields["transport" if known_transport(transport) is None else "type"] = transport
    if env:
        fields["env"] = dict(_split_pair(text, "=", "--env NAME=VALUE") for text in env)
    if header:
        fields["headers"] = dict(_split_pair(text, ":", "--header 'Name: value'") for text in header)
    if cwd is not None:
        fields["cwd"] = cwd
    if fields and depends_on:
        fields["mcpstore"] = {"depends_on": depends_on}
    return fields


def _check_name(name: str) -> str:
    """Return a name given on the command line; names in files have fewer restrictions.

    Raises:
        ConfigError: The name would be ambiguous on a command line.
    """
    for problem, remedy in (
        (name_problem(name).removeprefix("name: "), "choose another name"),
        ("must not begin with '-'" if name.startswith("-") else "", f"for example {name.lstrip('-') or 'time'!r}"),
        (
            "must not contain '/', which separates service and tool" if "/" in name else "",
            f"for example {name.replace('/', '-')!r}",
        ),
        ("must not begin or end with a space" if name != name.strip() else "", f"for example {name.strip()!r}"),
    ):
        if problem:
            raise ConfigError(f"name: {problem} (got {name!r}); {remedy}")
    return name


def _split_pair(text: str, separator: str, form: str) -> tuple[str, str]:
    name, present, value = text.partition(separator)
    if not present or not name.strip():
        # The text may be a secret, so it is not quoted.
        raise ConfigError(f"expected {form}; the given text has no name before {separator!r}")
    return name.strip(), value.strip() if separator == ":" else value


def _config_file(name: str) -> str:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"{name!r} has neither a command nor a URL, and is not a file; "
            f"give its command (mcpstore add {name} -- COMMAND …) or its URL (mcpstore add {name} --url URL)"
        )
    return str(path.absolute())


def _print_problems(problems: list[Mapping[str, str]]) -> None:
    for problem in problems:
        remedy = f"; {problem['remedy']}" if problem["remedy"] else ""
        output.note(f"{problem['where']}: {problem['what']}{remedy}")


def _print_info(info: Mapping[str, Any], diagnosis: Mapping[str, Any]) -> None:
    facts = [
        ("status", output.state_text(info["run_status"])),
        ("connection", output.state_text(info["connection_state"])),
        ("diagnosis", diagnosis["summary"]),
        *(("", evidence) for evidence in diagnosis["evidence"]),
        ("remedy", diagnosis["remedy"]),
        ("transport", info["transport"]),
        ("url", info["url"]),
        ("command", " ".join([info["command"] or "", *info["args"]]).strip()),
        ("server", " ".join(filter(None, (info["server_name"], info["server_version"])))),
        ("protocol", info["protocol_version"]),
        ("pid", info["pid"]),
        ("isolation", info["containment"]),
        ("uptime", f"{info['uptime']:.0f} s" if info["uptime"] else ""),
        ("last check", "" if info["last_verified_age"] is None else f"{info['last_verified_age']:.0f} s ago"),
        ("depends on", ", ".join(info["depends_on"])),
        ("tools", ", ".join(tool["name"] for tool in info["tools"])),
    ]
    output.out.print(output.table((info["name"], ""), [(key, value) for key, value in facts if value]))


def _buffers_table(buffers: Sequence[Mapping[str, Any]]) -> Table:
    rows = [(one["name"], f"{one['used']:,}", f"{one['bound']:,}", one["unit"]) for one in buffers]
    return output.table(("BUFFER", "USED", "LIMIT", "UNIT"), rows)
