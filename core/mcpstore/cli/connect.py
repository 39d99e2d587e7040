"""Reaching a store: the manager that runs, or one opened for the moment."""

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
    """What every verb is told.

    Attributes:
        config: Where the configuration is, if that was said.
        state_dir: The state directory, if that was said.
        block: Plugins not to be used.
        as_json: Whether to print JSON.
    """

    config: str | None = None
    state_dir: str | None = None
    block: tuple[str, ...] = ()
    as_json: bool = False

    def store(self, *, start: bool) -> AsyncMCPStore:
        """Return the store these options describe, not yet open."""
        return AsyncMCPStore(self.config, state_dir=self.state_dir, block_plugins=self.block, start=start)


class StoreClient:
    """A store within reach.

    Args:
        ask: Sends a request and returns the answer.
        store: The store itself, if it was opened for the moment.
    """

    def __init__(self, ask: Any, store: AsyncMCPStore | None) -> None:
        self._ask = ask
        self.store = store

    @property
    def is_manager(self) -> bool:
        """Whether this is a manager that runs."""
        return self.store is None

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises:
            MCPStoreError: Whatever the verb raises.
        """
        return await self._ask(verb, arguments)

    async def bring_up(self, *names: str, limit: float = 300.0) -> None:
        """Have services running, if this is a store for the moment; a manager has them running anyway.

        Args:
            names: The services, as far as they are switched on; all of those if none is named.
            limit: Seconds to wait for them.
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
    """Return where the manager of a configuration listens."""
    if options.state_dir is not None:
        return socket_path(Path(options.state_dir))
    return socket_path(default_state_dir(options.config or default_location()))


@asynccontextmanager
async def reach_manager(options: Options) -> AsyncGenerator[ControlClient]:
    """Yield a connection to the manager that runs.

    Raises:
        ManagerNotRunning: There is none.
    """
    client = ControlClient(socket_of(options))
    await client.open()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def open_store(options: Options) -> AsyncGenerator[StoreClient]:
    """Yield the manager that runs, or else a store opened for the moment, with nothing started."""
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
