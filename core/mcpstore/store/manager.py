"""Opens and closes a store; each step of that is done once, however many callers ask for it."""

from __future__ import annotations

import asyncio
from typing import Final

from mcpstore.store.builder import StoreOptions, build
from mcpstore.store.parts import StoreParts

__all__ = ["StoreManager"]


class StoreManager:
    """Opens and closes one store.

    Args:
        options: What the store was created with.

    Attributes:
        is_open: Whether the store is open.
        parts: The parts of the store; set when it is opened, and kept when it is closed.
    """

    parts: StoreParts

    def __init__(self, options: StoreOptions) -> None:
        self.is_open: bool = False
        self._options: Final = options
        self._closing: asyncio.Task[list[str]] | None = None

    async def open(self) -> None:
        """Build the parts of the store, and begin to start the services.

        Raises:
            ConfigError: The configuration cannot be read; nothing was started and nothing was written.
        """
        self.parts = await build(self._options)
        self.is_open = True
        await self.parts.reconciler.start()

    async def close(self, *, force: bool = False) -> list[str]:
        """Stop every service and release every resource.

        A second call waits for the first; with `force` it makes the first skip the graceful steps that are left.

        Returns:
            Names of services that may have left something running.
        """
        if self._closing is None:
            if not self.is_open:
                return []
            self.is_open = False
            self._closing = asyncio.create_task(self.parts.close(force=force), name="mcpstore-close")
        elif force and not self._closing.done():
            self.parts.supervisor.force()
        return await asyncio.shield(self._closing)
