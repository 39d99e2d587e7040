"""Where `mcpstore top` gets what it shows: from the manager that runs, or from a store of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Protocol

from mcpstore.cli.connect import Options, socket_of
from mcpstore.errors import ManagerError, ManagerNotRunning
from mcpstore.store import AsyncMCPStore
from mcpstore.store.commands import CommandHandler
from mcpstore.store.control_socket import ControlClient

__all__ = ["Source", "StoreSource"]

_GONE = (ManagerError, OSError)


class Source(Protocol):
    """Answers requests."""

    @property
    def is_manager(self) -> bool:
        """Whether a manager answers, and not a store opened for the moment."""
        ...

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises:
            MCPStoreError: Whatever the verb raises; the manager is not there (any longer), and may come back.
        """
        ...

    async def act(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request that may take long; others are answered meanwhile."""
        ...


class StoreSource:
    """A manager that runs, or else a store opened for the moment, with its services started in the background.

    Args:
        options: Which configuration.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client: ControlClient | None = None
        self._store: AsyncMCPStore | None = None
        self._desk: CommandHandler | None = None
        self._starting: asyncio.Task[Any] | None = None

    async def open(self) -> None:
        """Reach the manager, or open a store.

        Raises:
            ConfigError: There is no manager, and the configuration cannot be read.
        """
        try:
            self._client = await self._connected()
        except ManagerNotRunning:
            self._store = self._options.store(start=False)
            await self._store.open()
            self._desk = CommandHandler(self._store)
            self._starting = asyncio.create_task(self._store.start_all(), name="mcpstore-top-start")

    async def close(self) -> None:
        """Let go of it; a store of its own is closed with all its services."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await self._hang_up()
        if self._store is not None:
            await self._store.close()

    @property
    def is_manager(self) -> bool:
        """Whether a manager answers, and not a store opened for the moment."""
        return self._store is None

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises:
            MCPStoreError: Whatever the verb raises; the manager is not there (any longer), and may come back.
        """
        if self._desk is not None:
            return await self._desk.answer(verb, arguments)
        if self._client is None:
            self._client = await self._connected()
        return await self._exchange(self._client, verb, arguments)

    async def act(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request that may take long; others are answered meanwhile."""
        if self._desk is not None:
            return await self._desk.answer(verb, arguments)
        client = await self._connected()
        try:
            return await client.ask(verb, arguments)
        finally:
            await client.close()

    async def _exchange(self, client: ControlClient, verb: str, arguments: Mapping[str, Any]) -> Any:
        try:
            return await client.ask(verb, arguments)
        except BaseException as error:
            # Half an answer may be under way: whoever asks next must not get it.
            if not isinstance(error, Exception) or isinstance(error, _GONE):
                await self._hang_up()
            if isinstance(error, OSError):
                raise ManagerNotRunning("the manager went away") from None
            raise

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError):
                await client.close()

    async def _connected(self) -> ControlClient:
        client = ControlClient(socket_of(self._options))
        await client.open()
        return client
