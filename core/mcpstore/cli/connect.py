"""Access to a store: through the running manager, or through a store that is opened for this command only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from mcpstore.errors import ManagerNotRunning
from mcpstore.store import AsyncMCPStore
from mcpstore.store.commands import CommandHandler
from mcpstore.store.config_source import default_location
from mcpstore.store.control_socket import ControlClient
from mcpstore.store.state_dir import default_state_dir, socket_path

__all__ = ["Options", "StoreClient", "open_store", "reach_manager", "socket_of"]


@attrs.frozen(kw_only=True)
class Options:
    """The global options of the command line.

    Attributes:
        config: Path or URL of the configuration; None for the default.
        state_dir: Path of the state directory; None for the default.
        block: Names of plugins that are not loaded.
        as_json: Whether to print JSON.
    """

    config: str | None = None
    state_dir: str | None = None
    block: tuple[str, ...] = ()
    as_json: bool = False

    def store(self, *, start: bool) -> AsyncMCPStore:
        """Return the store that these options describe, not yet opened."""
        return AsyncMCPStore(self.config, state_dir=self.state_dir, block_plugins=self.block, start=start)


class StoreClient:
    """Client of a store: of the running manager, or of a store in this process.

    Args:
        ask: Sends a request and returns the answer.
        store: The store, if it was opened in this process; None for a manager.
    """

    def __init__(self, ask: Any, store: AsyncMCPStore | None) -> None:
        self._ask = ask
        self.store = store

    @property
    def is_manager(self) -> bool:
        """Whether a running manager answers."""
        return self.store is None

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises:
            MCPStoreError: The error of the request.
        """
        return await self._ask(verb, arguments)

    async def bring_up(self, *names: str, limit: float = 300.0) -> None:
        """Start services if the store is in this process; a manager has started them already.

        Args:
            names: Services to start; disabled ones are skipped. All if none is named.
            limit: Longest time to wait for them, in seconds.
        """
        if self.store is None:
            return
        if names:
            known = await self.store.list_services()
            wanted = [name for name in dict.fromkeys(names) if name in known.names() and known[name].enabled]
            await asyncio.gather(*(self.store.start_service(name, limit) for name in wanted))
        else:
            await self.store.start_all(limit)


def socket_of(options: Options) -> Path:
    """Return the path of the control socket of a configuration's manager."""
    if options.state_dir is not None:
        return socket_path(Path(options.state_dir))
    return socket_path(default_state_dir(options.config or default_location()))


@asynccontextmanager
async def reach_manager(options: Options) -> AsyncGenerator[ControlClient]:
    """Yield a connection to the running manager.

    Raises:
        ManagerNotRunning: No manager runs for this configuration.
    """
    client = ControlClient(socket_of(options))
    await client.open()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def open_store(options: Options) -> AsyncGenerator[StoreClient]:
    """Yield a client of the running manager, or else of a store opened for this command, with no service started."""
    client = ControlClient(socket_of(options))
    try:
        await client.open()
    except ManagerNotRunning:
        async with options.store(start=False) as store:
            yield StoreClient(CommandHandler(store).answer, store)
        return
    try:
        yield StoreClient(client.ask, None)
    finally:
        await client.close()
