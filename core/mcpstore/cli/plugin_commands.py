"""Verbs that plugins offer, made into commands of the command line when somebody types them."""

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

__all__ = ["Verbs"]

FAMILY: Final = "command"
STATES: Final = ("active", "idle", "blocked", "broken", "conflict", "muted", "healthy", "warning", "unhealthy")


class Verbs(TyperGroup):
    """Our own verbs, and those of plugins, which are looked up only if a verb is not one of ours."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return every verb there is."""
        offered = _plugins(ctx, bundled=None).offers(FAMILY)
        return [*super().list_commands(ctx), *dict.fromkeys(name.partition(" ")[0] for name in sorted(offered))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a verb; None if there is none."""
        if (ours := super().get_command(ctx, cmd_name)) is not None:
            return ours
        for bundled in (True, None):
            offered = _plugins(ctx, bundled=bundled).offers(FAMILY)
            found = {name: one for name, one in offered.items() if name.partition(" ")[0] == cmd_name}
            if found:
                return _made(cmd_name, found)
        return None

    def main(self, args: Sequence[str] | None = None, *rest: Any, **how: Any) -> Any:
        """Carry out a command line."""
        words = sys.argv[1:] if args is None else list(args)
        return execute(partial(super().main, words, *rest), words, **how)


def _plugins(ctx: Any, *, bundled: bool | None) -> PluginManager:
    block = (*(ctx.params.get("block") or ()), *((ALL_THIRD_PARTY,) if ctx.params.get("no_plugins") else ()))
    plugins = PluginManager(block=block, index=PluginCache())
    plugins.discover(bundled=bundled)
    return plugins


def _made(verb: str, found: Mapping[str, Command]) -> Any:
    """Return the command of a verb, with those below it."""
    made = typer.Typer(name=verb, help=found[verb].help if verb in found else None, invoke_without_command=True)
    below = [name for name in found if name != verb]
    if not below:
        made.command(verb, help=found[verb].help)(_function(found[verb]))
        return typer.main.get_command(made)
    if verb in found:
        made.callback(help=found[verb].help)(_function(found[verb], is_group=True))
    for name in below:
        made.command(name.removeprefix(verb).strip(), help=found[name].help)(_function(found[name]))
    return typer.main.get_group(made)


def _function(command: Command, *, is_group: bool = False) -> Callable[..., None]:
    """Return a function as Typer wants it."""
    try:
        function = command.load()
        signature = inspect.signature(function, eval_str=True)
    except Exception as error:
        raise PluginError(command.name, f"offers a verb that cannot be used: {error}") from error

    def run(context: typer.Context, as_json: bool = False, **given: Any) -> None:
        if is_group and context.invoked_subcommand is not None:
            return

        async def work() -> Exit:
            async with AsyncExitStack() as stack:
                code = await function(_ParsedArgs(context.ensure_object(Options), stack, as_json=as_json), **given)
            return Exit(code or 0)

        run_command(work)

    parameters = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in list(signature.parameters.values())[1:]),
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, annotation=JsonFlag, default=False),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it there
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


class _ParsedArgs:
    """A verb that somebody typed."""

    def __init__(self, options: Options, stack: AsyncExitStack, *, as_json: bool) -> None:
        self.as_json: Final = as_json
        self._options = options
        self._stack = stack
        self._reach: StoreClient | None = None

    async def ask(self, verb: str, **arguments: Any) -> Any:
        if self._reach is None:
            self._reach = await self._stack.enter_async_context(open_store(self._options))
        return await self._reach.ask(verb, **arguments)

    def show(self, value: Any) -> None:
        if isinstance(value, str) and not self.as_json:
            output.out.print(escape(value), soft_wrap=True)
        else:
            output.print_json(value)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        coloured = ([output.state_text(cell) if cell in STATES else cell for cell in row] for row in rows)
        output.out.print(output.table(columns, coloured))

    def note(self, text: str) -> None:
        output.note(text)
