"""The reference of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from mcpstore.cli import alerts, app, config, control, doctor, reports, run, services, tools
from mcpstore.cli.exit_codes import Exit

assert all((alerts, control, doctor, config, run, reports, services, tools))


def page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    root: Any = typer.main.get_command(app.app)
    yield "# The command line"
    yield ""
    yield "```text\nmcpstore [OPTIONS] VERB …\n```"
    yield ""
    yield "Verbs talk to the manager that runs (`mcpstore up`) over its control socket. Where none runs, they work on"
    yield "the configuration, or open a store for the moment, and say so."
    yield ""
    yield "Answers go to stdout, everything else to stderr. On a terminal a table fits the window; elsewhere each of"
    yield "its rows is one line. With `--json` the answer is JSON, and an error is one JSON object, the last line of"
    yield "stderr:"
    yield '`{"error": {"kind": "ServiceNotFound", "message": "…", "remedy": "…", "service": "…"}}`; `remedy` and'
    yield "`service` are null where there is none, and the exit code is the same."
    yield ""
    yield from _options(root)
    yield "## Exit codes"
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    told = {
        Exit.OK: "everything asked for was done",
        Exit.FAILED: "a service could not be used, a tool failed, a check found something wrong",
        Exit.USAGE: "the command was not understood",
        Exit.CONFIG: "the configuration is wrong; nothing was changed",
        Exit.NOT_FOUND: "there is no such service, tool or plugin",
        Exit.NO_MANAGER: "no manager is running, and this cannot be done without one",
        Exit.INTERRUPTED: "Ctrl-C",
    }
    for code in Exit:
        yield f"| {code.value} | {told[code]} |"
    yield ""
    yield "## Verbs"
    yield ""
    context = typer.Context(root)
    for name in root.list_commands(context):
        yield from _command(name, root.get_command(context, name))


def _command(name: str, command: Any) -> Iterator[str]:
    for inner, sub in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {inner}", sub)
    if hasattr(command, "commands") and not command.invoke_without_command:
        return
    arguments = " ".join(_argument(p) for p in command.params if p.param_type_name == "argument")
    yield f"### `mcpstore {name}`"
    yield ""
    yield f"```text\nmcpstore {name} [OPTIONS] {arguments}".rstrip() + "\n```"
    yield ""
    yield " ".join((command.help or "").split())
    yield ""
    yield from _options(command)


def _argument(parameter: Any) -> str:
    name = parameter.name.upper() + ("…" if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _options(command: Any) -> Iterator[str]:
    rows = []
    for parameter in command.params:
        told = " ".join((getattr(parameter, "help", "") or "").split())
        if parameter.param_type_name == "argument":
            rows.append((f"`{parameter.name.upper()}`", told))
        elif not getattr(parameter, "hidden", False) and "--help" not in parameter.opts:
            rows.append((", ".join(f"`{name}`" for name in parameter.opts), told))
    if rows:
        yield "| option | |"
        yield "|---|---|"
        for names, told in rows:
            yield f"| {names} | {told} |"
        yield ""
