"""The command line: its options, its verbs, its exit codes."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from mcpstore._version import __version__
from mcpstore.cli.connect import Options
from mcpstore.cli.execute import JsonFlag, run_command
from mcpstore.cli.logging import listen
from mcpstore.cli.plugin_commands import Verbs
from mcpstore.plugin_manager.manager import ALL_THIRD_PARTY

__all__ = ["JsonFlag", "app", "config_app", "run_command"]

EPILOG: Final = (
    "Exit codes: 0 done, 1 failed, 2 not understood, 3 configuration wrong, 4 not found, 5 no manager running, "
    "130 interrupted."
)

LASTING: Final = ("up",)
"""Verbs that run for long, and say themselves how they want to hear what is logged."""

app: typer.Typer = typer.Typer(
    name="mcpstore",
    cls=Verbs,
    help="Keeps MCP services running: starts them, watches them, heals them, calls their tools.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app: typer.Typer = typer.Typer(help="Look at configuration files.", no_args_is_help=True)
app.add_typer(config_app, name="config")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mcpstore {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            "-c",
            envvar="MCPSTORE_CONFIG",
            help="The configuration: a path or a URL. Default: ./mcp.json, else the user's own.",
        ),
    ] = None,
    state_dir: Annotated[
        str | None, typer.Option(help="Folder for the control socket and what may be forgotten.")
    ] = None,
    no_plugins: Annotated[bool, typer.Option("--no-plugins", help="Use only the plugins that come along.")] = False,
    block: Annotated[list[str] | None, typer.Option(help="Do not use this plugin; may be repeated.")] = None,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take down what every verb is told."""
    if context.invoked_subcommand not in LASTING:
        listen()
    blocked = (*(block or ()), *((ALL_THIRD_PARTY,) if no_plugins else ()))
    context.obj = Options(config=config, state_dir=state_dir, block=blocked)
