"""The Typer application: its global options and its help text."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from mcpstore._version import __version__
from mcpstore.cli.connect import Options
from mcpstore.cli.execute import JsonFlag, run_command
from mcpstore.cli.logging import configure_logging
from mcpstore.cli.plugin_commands import CommandGroup
from mcpstore.plugin_manager.manager import ALL_THIRD_PARTY

__all__ = ["JsonFlag", "app", "config_app", "run_command"]

EPILOG: Final = (
    "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 invalid configuration, 4 not found, 5 no manager is running, "
    "130 interrupted."
)

LONG_RUNNING: Final = ("up",)
"""Commands that run until they are stopped; they configure logging themselves."""

app: typer.Typer = typer.Typer(
    name="mcpstore",
    cls=CommandGroup,
    help="Manage MCP services: start them, check them, restart them when they fail, and call their tools.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app: typer.Typer = typer.Typer(help="Inspect configuration files.", no_args_is_help=True)
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
            help="Configuration: a path or a URL. Default: ./mcp.json, else mcpstore/mcp.json in your config folder.",
        ),
    ] = None,
    state_dir: Annotated[
        str | None,
        typer.Option(help="Folder for the control socket, alerts and the history. Default: one per configuration."),
    ] = None,
    no_plugins: Annotated[bool, typer.Option("--no-plugins", help="Load no third-party plugins.")] = False,
    block: Annotated[
        list[str] | None, typer.Option(help="Name of a plugin that is not loaded; may be repeated.")
    ] = None,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Store the global options for the command."""
    if context.invoked_subcommand not in LONG_RUNNING:
        configure_logging()
    blocked = (*(block or ()), *((ALL_THIRD_PARTY,) if no_plugins else ()))
    context.obj = Options(config=config, state_dir=state_dir, block=blocked)
