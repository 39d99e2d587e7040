"""Data source of `mcpstore top`: the running manager, or a store in this process."""

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

_CONNECTION_ERRORS = (ManagerError, OSError)


class Source(Protocol):
    """A source of data: answers requests."""

    @property
    def is_manager(self) -> bool:
        """Whether a running manager answers, not a store in this process."""
        ...

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises:
            MCPStoreError: The request failed, or the manager has exited; a later request may reach a new manager.
        """
        ...

    async def act(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request that may take long; it does not delay other requests."""
        ...


class StoreSource:
    """The running manager, or else a store in this process, with its services started in the background.

    Args:
        options: The global options, which name the configuration.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client: ControlClient | None = None
        self._store: AsyncMCPStore | None = None
        self._handler: CommandHandler | None = None
        self._starting: asyncio.Task[Any] | None = None

    async def open(self) -> None:
        """Connect to the manager, or open a store.

        Raises:
            ConfigError: No manager is running, and the configuration cannot be read.
        """
        try:
            self._client = await self._connect()
        except ManagerNotRunning:
            self._store = self._options.store(start=False)
            await self._store.open()
            self._handler = CommandHandler(self._store)
            self._starting = asyncio.create_task(self._store.start_all(), name="mcpstore-top-start")

    async def close(self) -> None:
        """Disconnect from the manager, or close the store with all its services."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await self._disconnect()
        if self._store is not None:
            await self._store.close()

    @property
    def is_manager(self) -> bool:
        """Whether a running manager answers, not a store in this process."""
        return self._store is None

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises:
            MCPStoreError: The request failed, or the manager has exited; a later request may reach a new manager.
        """
        if self._handler is not None:
            return await self._handler.answer(verb, arguments)
        if self._client is None:
            self._client = await self._connect()
        return await self._exchange(self._client, verb, arguments)

    async def act(self, verb: str, **arguments: Any) -> Any:
        """Return the answer to a request that may take long; it does not delay other requests."""
        if self._handler is not None:
            return await self._handler.answer(verb, arguments)
        client = await self._connect()
        try:
            return await client.ask(verb, arguments)
        finally:
            await client.close()

    async def _exchange(self, client: ControlClient, verb: str, arguments: Mapping[str, Any]) -> Any:
        try:
            return await client.ask(verb, arguments)
        except BaseException as error:
            # The rest of the answer may still arrive: the next request must not read it.
            if not isinstance(error, Exception) or isinstance(error, _CONNECTION_ERRORS):
                await self._disconnect()
            if isinstance(error, OSError):
                raise ManagerNotRunning("the manager has exited") from None
            raise

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError):
                await client.close()

    async def _connect(self) -> ControlClient:
        client = ControlClient(socket_of(self._options))
        await client.open()
        return client
