"""The pins of all services of one store: read when a service is opened, kept on disk in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from mcpstore.concurrency.worker import Worker, WorkerTimeout
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.pinning.files import CorruptPinFile, PinFiles, Stamp
from mcpstore.runtime.pinning.pin import Pin, StoredPins, line_of, merged
from mcpstore.runtime.pinning.service_pins import ServicePins

__all__ = ["PinRegistry"]

GATHER: Final = 0.2
"""Seconds that are waited before something is written, because more may follow."""

LOOK: Final = 5.0
"""Seconds between looks at what others approved, while something waits for approval."""

AGAIN: Final = 1.0
"""Seconds until the next attempt, where something could not be written."""

SETTLED: Final = 15.0
"""Seconds after which people who are told of a change are sure to hear of it, even if we are killed."""

LIMIT: Final = 30.0
"""Seconds that writing may take; a disk that takes longer is not used any more."""

LAST_WRITE: Final = 5.0
"""Seconds the last writing may take when the store is closed."""

T = TypeVar("T")

_log = logging.getLogger("mcpstore.runtime")


class PinRegistry:
    """The pins of one store.

    Args:
        clock: Time.
        folder: Where they are kept; in memory only if it is None.
        tells: Whether people hear of changes from this store; one that is opened for the moment leaves that to the
            manager.

    Attributes:
        on_approved: Called with the name of a service of which something was approved elsewhere.
    """

    def __init__(self, clock: Clock | None = None, folder: PinFiles | None = None, *, tells: bool = True) -> None:
        self.on_approved: Callable[[str], None] = lambda _: None
        self._clock = clock or Clock()
        self._folder = folder
        self._tells = tells
        self._pins: dict[str, ServicePins] = {}
        self._stamps: dict[str, Stamp] = {}
        self._told: dict[str, tuple[float, frozenset[str]]] = {}
        self._gone: dict[str, None] = {}
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._worker = Worker("mcpstore-pins")
        self._task: asyncio.Task[None] | None = None
        self._is_in_trouble = False

    async def tidy(self, services: Iterable[str] | None) -> None:
        """Remove what nobody wants any more; see `PinFiles.tidy`."""
        if self._folder is not None:
            await asyncio.to_thread(self._folder.tidy, services)

    def of(self, service: str) -> ServicePins:
        """Return the pins of a service."""
        found = self._pins.get(service)
        if found is None:
            found = self._pins[service] = ServicePins(service)
        return found

    async def load(self, service: str) -> None:
        """Read what is kept of a service, unless that has been done."""
        if self._folder is not None and service not in self._stamps:
            await self._read(service, self._folder)

    def changed(self, service: str) -> None:
        """Take note that the pins of a service may have changed; they are kept soon."""
        pins = self.of(service)
        if pins.unheard and (service not in self._told or self._told[service][1] != pins.unheard):
            self._told[service] = self._clock.now(), pins.unheard
        if self._folder is not None and (pins.is_dirty or pins.changed):
            self._wake()

    def forget(self, service: str) -> None:
        """Forget a service that was removed."""
        self._pins.pop(service, None)
        self._told.pop(service, None)
        if self._folder is not None:
            self._stamps[service] = None  # whatever is there is not to be believed any more
            self._gone[service] = None
            self._wake()

    async def look(self, services: Iterable[str]) -> None:
        """Take in what others approved of some services."""
        folder = self._folder
        if folder is None:
            return
        for service in services:
            if service in self._gone:
                continue
            with suppress(OSError):
                stamp = await self._ask(partial(folder.stamp, service), LIMIT)
                if stamp != self._stamps.get(service, ...):
                    await self._read(service, folder)

    async def keep(self, service: str) -> None:
        """Keep the pins of a service now.

        Raises:
            OSError: They cannot be kept; what is in memory counts until this store ends.
        """
        if self._folder is None:
            return
        self.of(service).is_dirty = True
        for _ in range(int(LAST_WRITE / AGAIN)):
            try:
                async with self._writing:
                    await self._save(service, self._folder, LIMIT)
            except BlockingIOError:
                await asyncio.sleep(AGAIN)
            else:
                return
        raise OSError("another manager keeps writing there")

    async def close(self) -> None:
        """Keep what is not kept yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._hear(0.0)  # whoever is told of changes was closed before, and keeps what it could not tell
            await self._write(LAST_WRITE)
        self._worker.close()

    # --- in the background

    def _wake(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="mcpstore-pins")
        self._news.set()

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._news.wait(), LOOK if self._waiting() else None)
            except TimeoutError:
                await self.look(self._waiting())
                self._hear(SETTLED)
            else:
                self._news.clear()
                await asyncio.sleep(GATHER)
            if not await self._write(LIMIT):
                await asyncio.sleep(AGAIN)
                self._news.set()

    def _waiting(self) -> list[str]:
        return [service for service, pins in self._pins.items() if pins.changed]

    def _hear(self, after: float) -> None:
        """Take note that people have heard what they were told so many seconds ago."""
        now = self._clock.now()
        for service, (when, _) in list(self._told.items() if self._tells else ()):
            if now - when >= after:
                del self._told[service]
                self.of(service).heard()

    async def _write(self, limit: float) -> bool:
        """Write whatever is to be written; returns whether nothing is left."""
        folder = self._folder
        if folder is None:
            return True
        trouble: OSError | None = None
        async with self._writing:
            for service in list(self._gone):
                if self._folder is None:
                    break
                try:
                    await self._ask(partial(folder.remove, service), limit)
                    self._gone.pop(service, None)
                    if service not in self._pins:  # nothing is there any more that should not be believed
                        self._stamps.pop(service, None)
                except OSError as error:
                    trouble = error
            for service, pins in list(self._pins.items()):
                if pins.is_dirty and self._folder is not None:
                    try:
                        await self._save(service, folder, limit)
                    except OSError as error:
                        trouble = error
        self._tell(trouble)
        return trouble is None

    async def _save(self, service: str, folder: PinFiles, limit: float) -> None:
        if service in self._gone:  # its old pins are not to be merged with the new ones
            await self._ask(partial(folder.remove, service), limit)
            self._gone.pop(service, None)
        pins = self.of(service)
        pins.is_dirty = False
        found = dict[str, Pin]()
        mine, room, redact, unheard = pins.shelf, pins.room, pins.redact, pins.unheard

        def make(theirs: StoredPins) -> Any:
            found.update(merged(mine, theirs, room=room))
            return line_of(service, found, redact, unheard)

        try:
            await self._ask(partial(folder.update, service, make), limit)
        except BaseException:
            pins.is_dirty = True
            raise
        self._stamps[service] = await self._ask(partial(folder.stamp, service), limit)
        self._learn(service, pins, found)

    def _learn(self, service: str, pins: ServicePins, found: StoredPins) -> None:
        """Take in what the disk says of a service, unless it was removed meanwhile."""
        if service in self._gone or self._pins.get(service) is not pins or not pins.learn(found):
            return
        try:
            self.on_approved(service)
        except Exception:  # noqa: BLE001 - a bug of ours must not end the keeping of pins
            _log.exception("service %r: what was approved cannot be published; please report this", service)

    async def _read(self, service: str, folder: PinFiles) -> None:
        """Read what is kept of a service; what cannot be read is told, and counts for nothing."""
        pins, stamp = self.of(service), None
        try:
            stamp = await self._ask(partial(folder.stamp, service), LIMIT)
            found = await self._ask(partial(folder.read, service), LIMIT)
        except (OSError, CorruptPinFile) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            pins.doubt = f"what its tools were is not known, and what they are is taken for it ({why})"
            self._stamps[service] = stamp
            return
        self._stamps[service] = stamp
        self._learn(service, pins, found)

    async def _ask(self, call: Callable[[], T], limit: float) -> T:
        if self._folder is None:
            raise OSError("the disk did not answer in time before")
        try:
            return await self._worker.run(call, limit)
        except WorkerTimeout as error:
            # Its thread is lost with whatever it holds, so another attempt would only wait in vain.
            self._folder = None
            raise OSError(f"it {error}, and is not used any more") from None

    def _tell(self, trouble: OSError | None) -> None:
        """Tell once that pins cannot be kept, and once that they can again."""
        if trouble is not None and not self._is_in_trouble and not isinstance(trouble, BlockingIOError):
            self._is_in_trouble = True
            _log.warning("approvals of tools are kept in memory only at the moment: %s", trouble.strerror or trouble)
        elif trouble is None and self._is_in_trouble:
            self._is_in_trouble = False
            _log.warning("approvals of tools are kept again")
