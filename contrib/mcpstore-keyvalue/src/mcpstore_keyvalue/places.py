"""Where the values are: stores by URL, and how writers take turns there."""

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

PATIENCE: Final = 10.0
"""Seconds to wait for another writer, which needs milliseconds unless it hangs."""


class Place(Protocol):
    """A store, and the key in it.

    Attributes:
        key: The key.
        shown: The location, without a password.
        errors: What the store raises when it cannot be reached.
    """

    key: str
    shown: str
    errors: tuple[type[Exception], ...]

    def open(self, *, is_alone: bool) -> AbstractAsyncContextManager[AsyncKeyValue]:
        """Open the store; nobody else writes to the key while it is open alone."""
        ...

    async def has_trace(self) -> bool:
        """Whether there is something under the key, though the store says that there is nothing."""
        ...


class Memory:
    """A store in this process, for tests; every document has its own."""

    def __init__(self, url: SplitResult) -> None:
        from key_value.aio.stores.memory import MemoryStore  # noqa: PLC0415 - of several stores one is used

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

    async def has_trace(self) -> bool:
        """Return False: what is in memory can be read."""
        return False


class Files:
    """A store in a folder, one file a key."""

    def __init__(self, url: SplitResult) -> None:
        if url.netloc or not url.path.startswith("/"):
            raise ConfigError(f"{url.geturl()}: needs an absolute path, as in keyvalue+files:///var/lib/mcpstore")
        self.key: str = _key(url)
        self.shown: str = url.geturl()
        self.errors: tuple[type[Exception], ...] = (OSError, Timeout)
        self._folder: Final = Path(unquote(url.path))

    @asynccontextmanager
    async def open(self, *, is_alone: bool) -> AsyncGenerator[AsyncKeyValue]:
        """Open the store."""
        from key_value.aio.stores.filetree import FileTreeStore  # noqa: PLC0415 - of several stores one is used
        from key_value.aio.stores.memory import MemoryStore  # noqa: PLC0415

        if is_alone:
            await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        elif not await asyncio.to_thread(self._folder.is_dir):
            yield MemoryStore()  # reading must not leave folders behind
            return
        lock = AsyncFileLock(self._folder / ".lock", timeout=PATIENCE) if is_alone else nullcontext()
        async with lock:
            yield FileTreeStore(data_directory=self._folder)

    async def has_trace(self) -> bool:
        """Return False: the store says when a file cannot be understood."""
        return False


class Redis:
    """A store in a Redis server, or something that speaks its protocol."""

    def __init__(self, url: SplitResult) -> None:
        from redis.exceptions import RedisError  # noqa: PLC0415 - of several stores one is used

        self.key: str = _key(url)
        host = url.netloc.rpartition("@")[2]
        self.shown: str = url._replace(netloc=host).geturl()
        self.errors: tuple[type[Exception], ...] = (RedisError, OSError)
        self._url: Final = url._replace(query="").geturl()

    @asynccontextmanager
    async def open(self, *, is_alone: bool) -> AsyncGenerator[AsyncKeyValue]:
        """Open the store."""
        from key_value.aio.stores.redis import RedisStore  # noqa: PLC0415 - of several stores one is used

        async with self._client() as client:
            # The lock ends by itself: a writer that dies holding it must not shut everybody else out.
            lock = client.lock(f"mcpstore-lock:{self.key}", timeout=PATIENCE, blocking_timeout=PATIENCE)
            async with lock if is_alone else nullcontext():
                yield RedisStore(client=client)

    async def has_trace(self) -> bool:
        """Whether the key is there; the store takes what it cannot understand for nothing at all."""
        async with self._client() as client:
            return bool(await client.exists(f"{COLLECTION}::{self.key}"))

    def _client(self) -> Any:
        from redis.asyncio import Redis as Client  # noqa: PLC0415 - of several stores one is used

        library: Any = Client  # its annotations are not complete
        return library.from_url(self._url, decode_responses=True, socket_connect_timeout=PATIENCE)


def place_of(location: str) -> Place:
    """Return the place a location names.

    Raises:
        ConfigError: It names none.
    """
    url = urlsplit(location)
    if url.scheme in ("redis", "rediss"):
        return Redis(url)
    if url.scheme == "keyvalue+files":
        return Files(url)
    if url.scheme == "keyvalue+memory":
        return Memory(url)
    raise ConfigError(f"{location}: must begin with redis://, rediss://, keyvalue+files:/// or keyvalue+memory://")


def _key(url: SplitResult) -> str:
    found = parse_qs(url.query).get("key", ["default"])[-1]
    if unknown := sorted(set(parse_qs(url.query)) - {"key"}):
        raise ConfigError(f"{url.scheme}: does not know the option {unknown[0]!r}; it knows key")
    return found
