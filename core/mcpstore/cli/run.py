"""Commands that run a manager: up, demo."""

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
from mcpstore.cli.logging import configure_logging
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
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more: also records of level INFO.")] = False,
) -> None:
    """Run the manager: start every enabled service and keep it running until Ctrl-C."""
    from mcpstore.runtime.malloc import trim_eagerly  # noqa: PLC0415 - only a manager needs it
    from mcpstore.runtime.subreaper import Subreaper  # noqa: PLC0415 - only a manager needs it

    trim_eagerly()

    async def work() -> Exit:
        options = context.ensure_object(Options)
        configure_logging(verbose=verbose, lasting=True)
        stop_request = StopRequest()
        stop_request.install_handlers()
        subreaper = Subreaper()
        subreaper.open()
        store = options.store(start=True)
        await store.open()
        server = ControlServer(CommandHandler(store, stop_request.request), socket_of(options))
        try:
            await _serve(store, server)
            await watch(store, stop_request.requested, live=output.out.is_terminal and not plain)
        finally:
            await server.stop()
            left = [*await _close(store, stop_request), *map(str, await subreaper.close())]
        return Exit.FAILED if left else Exit.OK

    run_command(work)


@app.command()
def demo(
    plain: Annotated[bool, typer.Option("--plain", help="Print lines instead of a live table.")] = False,
) -> None:
    """Watch MCPStore manage three small servers: a steady one, a slow one, and one that crashes."""
    from mcpstore.demo.scenario import run_demo  # noqa: PLC0415 - only this command needs it

    async def work() -> Exit:
        return Exit.OK if await run_demo(output.out, live=output.out.is_terminal and not plain) else Exit.FAILED

    run_command(work)


class StopRequest:
    """Stop requests by Ctrl-C, SIGTERM or command: the first one stops gracefully, the second one by force.

    Attributes:
        requested: Set when the manager is to stop.
    """

    def __init__(self) -> None:
        self.requested: asyncio.Event = asyncio.Event()
        self._forced = asyncio.Event()

    def install_handlers(self) -> None:
        """Handle SIGINT and SIGTERM of this process."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.request)

    def request(self, force: bool = False) -> None:
        """Request a stop; a second request, or `force`, stops by force."""
        if force or self.requested.is_set():
            self._forced.set()
        self.requested.set()

    async def wait_closed(self, closing: Awaitable[Any], force: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for a graceful close; call `force` as soon as a stop by force is requested."""
        close = asyncio.ensure_future(closing)
        forced = asyncio.ensure_future(self._forced.wait())
        waiting: set[asyncio.Future[Any]] = {close, forced}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not close.done():
            await force()
        forced.cancel()
        return await close


async def _serve(store: AsyncMCPStore, server: ControlServer) -> None:
    services = await store.list_services()
    output.note(f"{store.location}: {counted(len(services), 'service')}")
    for problem in await store.config_problems():
        output.note(str(problem))
    if not await server.start():
        output.note(
            "another manager already runs for this configuration and answers the command line; this one runs beside it"
        )


async def _close(store: AsyncMCPStore, stop_request: StopRequest) -> list[str]:
    output.note("stopping; press Ctrl-C again to stop by force")
    left: list[str] = await stop_request.wait_closed(store.close(), lambda: store.close(force=True))
    return left
