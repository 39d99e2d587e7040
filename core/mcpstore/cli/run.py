"""Verbs that run a manager: up, demo."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from mcpstore.cli import output
from mcpstore.cli.app import app, run_command
from mcpstore.cli.connect import Options, socket_of
from mcpstore.cli.exit_codes import Exit
from mcpstore.cli.logging import listen
from mcpstore.cli.status_view import watch
from mcpstore.models.text import counted
from mcpstore.store import AsyncMCPStore
from mcpstore.store.commands import CommandHandler
from mcpstore.store.control_socket import ControlServer

__all__: list[str] = []


@app.command()
def up(
    context: typer.Context,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines instead of a live table.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more about what is going on.")] = False,
) -> None:
    """Run the manager: start every enabled service and keep it running, until Ctrl-C."""
    from mcpstore.runtime.malloc import trim_eagerly  # noqa: PLC0415 - only a manager lives for long
    from mcpstore.runtime.subreaper import Subreaper  # noqa: PLC0415 - only a manager has children to mind

    trim_eagerly()

    async def work() -> Exit:
        options = context.ensure_object(Options)
        listen(verbose=verbose, lasting=True)
        stopping = Stopping()
        stopping.listen()
        nursery = Subreaper()
        nursery.open()
        store = options.store(start=True)
        await store.open()
        server = ControlServer(CommandHandler(store, stopping.ask), socket_of(options))
        try:
            await _serve(store, server)
            await watch(store, stopping.asked, live=output.out.is_terminal and not plain)
        finally:
            await server.stop()
            left = [*await _close(store, stopping), *map(str, await nursery.close())]
        return Exit.FAILED if left else Exit.OK

    run_command(work)


@app.command()
def demo(
    plain: Annotated[bool, typer.Option("--plain", help="Print lines instead of a live table.")] = False,
) -> None:
    """Show what MCPStore does, with three small servers: one steady, one slow, one that crashes."""
    from mcpstore.demo.show import play  # noqa: PLC0415 - only this verb needs it

    async def work() -> Exit:
        return Exit.OK if await play(output.out, live=output.out.is_terminal and not plain) else Exit.FAILED

    run_command(work)


class Stopping:
    """Ctrl-C and SIGTERM: the first asks politely, the second does not.

    Attributes:
        asked: Set when somebody wants the manager to stop.
    """

    def __init__(self) -> None:
        self.asked: asyncio.Event = asyncio.Event()
        self._forced = asyncio.Event()

    def listen(self) -> None:
        """Take the signals of this process."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.ask)

    def ask(self, force: bool = False) -> None:
        """Ask for the end; asking again makes it impatient."""
        if force or self.asked.is_set():
            self._forced.set()
        self.asked.set()

    async def over(self, closing: Awaitable[Any], hurry: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for a close, and hurry it as soon as somebody is impatient."""
        close = asyncio.ensure_future(closing)
        forced = asyncio.ensure_future(self._forced.wait())
        waiting: set[asyncio.Future[Any]] = {close, forced}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not close.done():
            await hurry()
        forced.cancel()
        return await close


async def _serve(store: AsyncMCPStore, server: ControlServer) -> None:
    services = await store.list_services()
    output.note(f"{store.location}: {counted(len(services), 'service')}")
    for problem in await store.config_problems():
        output.note(str(problem))
    if not await server.start():
        output.note("another manager runs for this configuration and answers the command line; this one runs beside it")


async def _close(store: AsyncMCPStore, stopping: Stopping) -> list[str]:
    output.note("stopping; once more Ctrl-C to hurry")
    left: list[str] = await stopping.over(store.close(), lambda: store.close(force=True))
    return left
