"""Commands of plugins: they become commands of the command line, and are loaded when they are used."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

import typer
from rich.markup import escape
from typer.core import TyperGroup

from mcpstore.cli import output
from mcpstore.cli.connect import Options, StoreClient, open_store
from mcpstore.cli.execute import JsonFlag, execute, run_command
from mcpstore.cli.exit_codes import Exit
from mcpstore.errors import PluginError
from mcpstore.hooks import Command
from mcpstore.plugin_manager import PluginCache, PluginManager
from mcpstore.plugin_manager.manager import ALL_THIRD_PARTY

__all__ = ["CommandGroup"]

KIND: Final = "command"
COLOURED_STATES: Final = ("active", "idle", "blocked", "broken", "conflict", "muted", "healthy", "warning", "unhealthy")


class CommandGroup(TyperGroup):
    """The built-in commands, and those of plugins; plugins are searched only for a name that is not built in."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, for the help."""
        offered = _discover_plugins(ctx, bundled=None).offers(KIND)
        return [*super().list_commands(ctx), *dict.fromkeys(name.partition(" ")[0] for name in sorted(offered))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command with a name; None if there is none."""
        if (builtin := super().get_command(ctx, cmd_name)) is not None:
            return builtin
        for bundled in (True, None):
            offered = _discover_plugins(ctx, bundled=bundled).offers(KIND)
            commands = {name: one for name, one in offered.items() if name.partition(" ")[0] == cmd_name}
            if commands:
                return _build_command(cmd_name, commands)
        return None

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Execute a command line."""
        words = sys.argv[1:] if args is None else list(args)
        return execute(partial(super().main, words, *rest), words, **options)


def _discover_plugins(ctx: Any, *, bundled: bool | None) -> PluginManager:
    block = (*(ctx.params.get("block") or ()), *((ALL_THIRD_PARTY,) if ctx.params.get("no_plugins") else ()))
    plugins = PluginManager(block=block, cache=PluginCache())
    plugins.discover(bundled=bundled)
    return plugins


def _build_command(name: str, commands: Mapping[str, Command]) -> Any:
    """Return the command with a name, including its subcommands."""
    group = typer.Typer(name=name, help=commands[name].help if name in commands else None, invoke_without_command=True)
    subcommands = [full_name for full_name in commands if full_name != name]
    if not subcommands:
        group.command(name, help=commands[name].help)(_callback(commands[name]))
        return typer.main.get_command(group)
    if name in commands:
        group.callback(help=commands[name].help)(_callback(commands[name], is_group=True))
    for full_name in subcommands:
        command = commands[full_name]
        group.command(full_name.removeprefix(name).strip(), help=command.help)(_callback(command))
    return typer.main.get_group(group)


def _callback(command: Command, *, is_group: bool = False) -> Callable[..., None]:
    """Return the function of a command with the signature that Typer reads."""
    try:
        function = command.load()
        signature = inspect.signature(function, eval_str=True)
    except Exception as error:
        raise PluginError(command.name, f"offers a command that cannot be used: {error}") from error

    def run(context: typer.Context, as_json: bool = False, **arguments: Any) -> None:
        if is_group and context.invoked_subcommand is not None:
            return

        async def work() -> Exit:
            async with AsyncExitStack() as stack:
                code = await function(_ParsedArgs(context.ensure_object(Options), stack, as_json=as_json), **arguments)
            return Exit(code or 0)

        run_command(work)

    parameters = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in list(signature.parameters.values())[1:]),
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, annotation=JsonFlag, default=False),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by Typer
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


class _ParsedArgs:
    """One call of a plugin's command: implements `CommandCall`."""

    def __init__(self, options: Options, stack: AsyncExitStack, *, as_json: bool) -> None:
        self.as_json: Final = as_json
        self._options = options
        self._stack = stack
        self._client: StoreClient | None = None

    async def ask(self, verb: str, **arguments: Any) -> Any:
        if self._client is None:
            self._client = await self._stack.enter_async_context(open_store(self._options))
        return await self._client.ask(verb, **arguments)

    def show(self, value: Any) -> None:
        if isinstance(value, str) and not self.as_json:
            output.out.print(escape(value), soft_wrap=True)
        else:
            output.print_json(value)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        coloured = ([output.state_text(cell) if cell in COLOURED_STATES else cell for cell in row] for row in rows)
        output.out.print(output.table(columns, coloured))

    def note(self, text: str) -> None:
        output.note(text)
