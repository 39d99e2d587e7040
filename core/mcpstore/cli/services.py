"""Verbs for services: list, status, add, remove."""

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
from mcpstore.config.entry import name_trouble
from mcpstore.errors import ConfigError

__all__: list[str] = []

NOT_RUNNING = "no manager is running; this is what the configuration says"


@app.command("list")
def list_services(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the services."""
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
            output.note("there are no services; add one: mcpstore add NAME -- COMMAND …")
        _tell_problems(problems)
        if not store.is_manager:
            output.note(NOT_RUNNING)

    run_command(work)


@app.command()
def status(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The service; all if none is named.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also what is kept of it, and how much of it may be.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show how services fare; of one service, everything that is known."""
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
            _show_info(info, diagnosis)
            if verbose:
                output.out.print(_buffers(info["buffers"]))
            if not store.is_manager:
                output.note(NOT_RUNNING)
        return Exit.FAILED if info["run_status"] == "error" else Exit.OK

    run_command(work)


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the service, or the path of a file whose services to add.")],
    command: Annotated[list[str] | None, typer.Argument(help="Its command, after --.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of a remote service.")] = None,
    transport: Annotated[str | None, typer.Option(help="How to reach it: http, sse, or a plugin's.")] = None,
    env: Annotated[list[str] | None, typer.Option("--env", "-e", help="NAME=VALUE; may be repeated.")] = None,
    header: Annotated[list[str] | None, typer.Option("--header", "-H", help="'Name: value'; may be repeated.")] = None,
    cwd: Annotated[str | None, typer.Option(help="Folder its command runs in.")] = None,
    depends_on: Annotated[list[str] | None, typer.Option(help="A service to start first; may be repeated.")] = None,
    wait: Annotated[float | None, typer.Option(help="Seconds to wait until it is healthy.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a service to the configuration; a running manager starts it at once."""
    if command and url is not None:
        raise typer.BadParameter(
            f"a service has either a command or an address (got --url {url} and the command {command[0]!r}); "
            "leave one of them out"
        )

    async def work() -> None:
        fields = _fields(
            command=command, url=url, transport=transport, env=env, header=header, cwd=cwd, depends_on=depends_on
        )
        async with open_store(context.ensure_object(Options)) as store:
            given: Any = {"name": _typed(name), **fields} if fields else _file(name)
            with output.busy("adding …"):
                added = await store.ask("add", config=given, wait=wait if store.is_manager else None)
            _report(added, store, as_json)

    run_command(work)


@app.command()
def remove(context: typer.Context, name: str, as_json: JsonFlag = False) -> None:
    """Stop a service and take it out of the configuration."""

    async def work() -> Exit:
        async with open_store(context.ensure_object(Options)) as store:
            gone = await store.ask("remove", name=name)
        if as_json:
            output.print_json({"name": name, "removed": gone})
        else:
            rest = "" if gone else ", but something of it is still running"
            output.out.print(escape(f"removed {name}{rest}"))
        return Exit.OK if gone else Exit.FAILED

    run_command(work)


def _report(added: list[Mapping[str, Any]], store: StoreClient, as_json: bool) -> None:
    if as_json:
        output.print_json(added)
        return
    for service in added:
        told = "{} is the same as before" if service["outcome"] == "unchanged" else f"{service['outcome']} {{}}"
        output.out.print(escape(told.format(service["name"])))
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
        # Clients write labels of their own under "type"; "transport" holds what must be the name of a transport.
        fields["transport" if known_transport(transport) is None else "type"] = transport
    if env:
        fields["env"] = dict(_pair(text, "=", "--env NAME=VALUE") for text in env)
    if header:
        fields["headers"] = dict(_pair(text, ":", "--header 'Name: value'") for text in header)
    if cwd is not None:
        fields["cwd"] = cwd
    if fields and depends_on:
        fields["mcpstore"] = {"depends_on": depends_on}
    return fields


def _typed(name: str) -> str:
    """Return a name that somebody types, and will type again; names in files may be others.

    Raises:
        ConfigError: It could not be told from something else.
    """
    for trouble, remedy in (
        (name_trouble(name).removeprefix("name: "), "give it another"),
        ("must not begin with '-'" if name.startswith("-") else "", "on a command line it would be an option"),
        (
            "must not hold '/'" if "/" in name else "",
            f"it stands between a service and its tool; for example {name.replace('/', '-')!r}",
        ),
        ("must not begin or end with a space" if name != name.strip() else "", f"for example {name.strip()!r}"),
    ):
        if trouble:
            raise ConfigError(f"name: {trouble} (got {name!r}); {remedy}")
    return name


def _pair(text: str, mark: str, form: str) -> tuple[str, str]:
    name, found, value = text.partition(mark)
    if not found or not name.strip():
        raise ConfigError(f"expected {form}; what was given has no {mark!r}")
    return name.strip(), value.strip() if mark == ":" else value


def _file(name: str) -> str:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"nothing says what {name!r} is, and there is no such file; "
            f"give its command (mcpstore add {name} -- COMMAND …) or its address (--url)"
        )
    return str(path.absolute())


def _tell_problems(problems: list[Mapping[str, str]]) -> None:
    for problem in problems:
        remedy = f"; {problem['remedy']}" if problem["remedy"] else ""
        output.note(f"{problem['where']}: {problem['what']}{remedy}")


def _show_info(info: Mapping[str, Any], diagnosis: Mapping[str, Any]) -> None:
    facts = [
        ("status", output.state_text(info["run_status"])),
        ("connection", output.state_text(info["connection_state"])),
        ("is", diagnosis["summary"]),
        *(("", evidence) for evidence in diagnosis["evidence"]),
        ("remedy", diagnosis["remedy"]),
        ("transport", info["transport"]),
        ("url", info["url"]),
        ("command", " ".join([info["command"] or "", *info["args"]]).strip()),
        ("server", " ".join(filter(None, (info["server_name"], info["server_version"])))),
        ("protocol", info["protocol_version"]),
        ("pid", info["pid"]),
        ("contained by", info["containment"]),
        ("uptime", f"{info['uptime']:.0f} s" if info["uptime"] else ""),
        ("last proved", "" if info["last_verified_age"] is None else f"{info['last_verified_age']:.0f} s ago"),
        ("depends on", ", ".join(info["depends_on"])),
        ("tools", ", ".join(tool["name"] for tool in info["tools"])),
    ]
    output.out.print(output.table((info["name"], ""), [(key, value) for key, value in facts if value]))


def _buffers(buffers: Sequence[Mapping[str, Any]]) -> Table:
    rows = [(one["name"], f"{one['used']:,}", f"{one['bound']:,}", one["unit"]) for one in buffers]
    return output.table(("KEPT", "NOW", "AT MOST", ""), rows)
