"""Key-value stores by URL, each with a lock for writers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from filelock import AsyncFileLock, Timeout
from key_value.aio.protocols import AsyncKeyValue

from mcpstore.errors import ConfigError

__all__ = ["COLLECTION", "Place", "place_of"]

COLLECTION: Final = "mcpstore"

LOCK_TIMEOUT: Final = 10.0
"""Seconds to wait for the lock; a writer needs milliseconds unless it hangs."""


class Place(Protocol):
    """A key in a store.

    Attributes:
        key: The key.
        shown: The location, without a password.
        errors: Exceptions of the store when it cannot be reached.
    """

    key: str
    shown: str
    errors: tuple[type[Exception], ...]

    def open(self, *, is_alone: bool) -> AbstractAsyncContextManager[AsyncKeyValue]:
        """Open the store; with `is_alone`, hold the lock of the key meanwhile."""
        ...

    async def has_unreadable_value(self) -> bool:
        """Whether the key has a value that the store reports as missing."""
        ...


class Memory:
    """A store in this process, for tests; every document has a store of its own."""

    def __init__(self, url: SplitResult) -> None:
        from key_value.aio.stores.memory import MemoryStore  # noqa: PLC0415 - only the store in use is loaded

        self.key: str = _key(url)
        self.shown: str = url.geturl()
        self.errors: tuple[type[Exception], ...] = ()
        self._store: Final = MemoryStore()
        self._turn: Final = asyncio.Lock()

    @asynccontextmanager
    async def open(self, *, is_alone: bool) -> AsyncGenerator[AsyncKeyValue]:
        """Open the store."""
        async with self._turn if is_alone else nullcontext():
            yield self._store

    async def has_unreadable_value(self) -> bool:
        """Return False: every value in memory can be read."""
        return False


class Files:
    """A store in a folder, with a file for each key."""

    def __init__(self, url: SplitResult) -> None:
        if url.netloc or not url.path.startswith("/"):
            raise ConfigError(
                f"location must have an absolute path (got {url.geturl()!r}); "
                "write it as in keyvalue+files:///var/lib/mcpstore"
            )
        self.key: str = _key(url)
        self.shown: str = url.geturl()
        self.errors: tuple[type[Exception], ...] = (OSError, Timeout)
        self._folder: Final = Path(unquote(url.path))

    @asynccontextmanager
    async def open(self, *, is_alone: bool) -> AsyncGenerator[AsyncKeyValue]:
        """Open the store."""
        from key_value.aio.stores.filetree import FileTreeStore  # noqa: PLC0415 - only the store in use is loaded
        from key_value.aio.stores.memory import MemoryStore  # noqa: PLC0415

        if is_alone:
            await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        elif not await asyncio.to_thread(self._folder.is_dir):
            yield MemoryStore()  # reading creates no folder
            return
        lock = AsyncFileLock(self._folder / ".lock", timeout=LOCK_TIMEOUT) if is_alone else nullcontext()
        async with lock:
            yield FileTreeStore(data_directory=self._folder)

    async def has_unreadable_value(self) -> bool:
        """Return False: the store raises an error for a file that it cannot read."""
        return False


class Redis:
    """A store in a Redis server, or in a server with the same protocol."""

    def __init__(self, url: SplitResult) -> None:
        from redis.exceptions import RedisError  # noqa: PLC0415 - only the store in use is loaded

        self.key: str = _key(url)
        host = url.netloc.rpartition("@")[2]
        self.shown: str = url._replace(netloc=host).geturl()
        self.errors: tuple[type[Exception], ...] = (RedisError, OSError)
        self._url: Final = url._replace(query="").geturl()

    @asynccontextmanager
    async def open(self, *, is_alone: bool) -> AsyncGenerator[AsyncKeyValue]:
        """Open the store."""
        from key_value.aio.stores.redis import RedisStore  # noqa: PLC0415 - only the store in use is loaded

        async with self._client() as client:
            # The lock expires, so that a writer that dies does not block the others for ever.
            lock = client.lock(f"mcpstore-lock:{self.key}", timeout=LOCK_TIMEOUT, blocking_timeout=LOCK_TIMEOUT)
            async with lock if is_alone else nullcontext():
                yield RedisStore(client=client)

    async def has_unreadable_value(self) -> bool:
        """Whether the key exists: the store reports a value that it cannot read as missing."""
        async with self._client() as client:
            return bool(await client.exists(f"{COLLECTION}::{self.key}"))

    def _client(self) -> Any:
        from redis.asyncio import Redis as Client  # noqa: PLC0415 - only the store in use is loaded

        library: Any = Client  # its annotations are incomplete
        return library.from_url(self._url, decode_responses=True, socket_connect_timeout=LOCK_TIMEOUT)


def place_of(location: str) -> Place:
    """Return the place that a location names.

    Raises:
        ConfigError: The location is not valid.
    """
    url = urlsplit(location)
    if url.scheme in ("redis", "rediss"):
        return Redis(url)
    if url.scheme == "keyvalue+files":
        return Files(url)
    if url.scheme == "keyvalue+memory":
        return Memory(url)
    raise ConfigError(
        f"location must begin with redis://, rediss://, keyvalue+files:/// or keyvalue+memory:// (got {location!r})"
    )


def _key(url: SplitResult) -> str:
    options = parse_qs(url.query)
    if unknown := sorted(set(options) - {"key"}):
        raise ConfigError(f"{url.scheme}: option {unknown[0]!r} is unknown; the only option is 'key'")
    return options.get("key", ["default"])[-1]
