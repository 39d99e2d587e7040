"""The reference of the command line: options, exit codes, verbs."""

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
    yield "# Command line"
    yield ""
    yield "```text\nmcpstore [OPTIONS] VERB …\n```"
    yield ""
    yield "A verb talks to the running manager (`mcpstore up`) over its control socket. If no manager runs, the verb"
    yield "works on the configuration file, or opens a store for this command only, and prints which of the two."
    yield ""
    yield "Results go to stdout, everything else to stderr. On a terminal, a table fits the window. In a pipe or file,"
    yield "each row is one line. With `--json`, the result is JSON. An error is then one JSON object, the last line of"
    yield "stderr:"
    yield '`{"error": {"kind": "ServiceNotFound", "message": "…", "remedy": "…", "service": "…"}}`. `remedy` and'
    yield "`service` are null where they do not apply. The exit code is the same with and without `--json`."
    yield ""
    yield from _options(root)
    yield "## Exit codes"
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    meanings = {
        Exit.OK: "success",
        Exit.FAILED: "a service is not usable, a tool failed, or a check found a problem",
        Exit.USAGE: "the command line is wrong",
        Exit.CONFIG: "the configuration is wrong; nothing was changed",
        Exit.NOT_FOUND: "the service, tool or plugin does not exist",
        Exit.NO_MANAGER: "no manager is running, and this verb needs one",
        Exit.INTERRUPTED: "Ctrl-C",
    }
    for code in Exit:
        yield f"| {code.value} | {meanings[code]} |"
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
        text = " ".join((getattr(parameter, "help", "") or "").split())
        if parameter.param_type_name == "argument":
            rows.append((f"`{parameter.name.upper()}`", text))
        elif not getattr(parameter, "hidden", False) and "--help" not in parameter.opts:
            rows.append((", ".join(f"`{name}`" for name in parameter.opts), text))
    if rows:
        yield "| option | |"
        yield "|---|---|"
        for names, text in rows:
            yield f"| {names} | {text} |"
        yield ""
