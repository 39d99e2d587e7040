"""Registry of the pins of one store: read when a service is opened, and saved in the background."""

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
from mcpstore.runtime.pinning.pin import Pin, StoredPins, merged, pins_to_json
from mcpstore.runtime.pinning.service_pins import ServicePins

__all__ = ["PinRegistry"]

SAVE_DELAY: Final = 0.2
"""Delay before pins are saved, in seconds: further changes are saved with them."""

REFRESH_INTERVAL: Final = 5.0
"""Interval at which the files are read while a change waits for approval, in seconds: another store may approve it."""

RETRY_DELAY: Final = 1.0
"""Delay after a failed save, in seconds."""

CONFIRM_DELAY: Final = 15.0
"""Time after a report from which its alert is on disk, in seconds; until then, a restart reports the change again."""

DISK_TIMEOUT: Final = 30.0
"""Time that a disk operation may take, in seconds; after a longer one, the disk is not used any more."""

CLOSE_TIMEOUT: Final = 5.0
"""Time that the last save may take when the store is closed, in seconds."""

T = TypeVar("T")

_log = logging.getLogger("mcpstore.runtime")


class PinRegistry:
    """The pins of one store.

    Args:
        clock: Clock of the store.
        files: Files of the pins; None keeps them in memory only.
        reports: Whether this store reports changes; a store that is opened for one command leaves that to the manager.

    Attributes:
        on_approved: Called with the name of a service of which another store approved tools.
    """

    def __init__(self, clock: Clock | None = None, files: PinFiles | None = None, *, reports: bool = True) -> None:
        self.on_approved: Callable[[str], None] = lambda _: None
        self._clock = clock or Clock()
        self._files = files
        self._reports = reports
        self._pins: dict[str, ServicePins] = {}
        self._stamps: dict[str, Stamp] = {}
        self._unconfirmed: dict[str, tuple[float, frozenset[str]]] = {}
        self._removed: dict[str, None] = {}
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        self._worker = Worker("mcpstore-pins")
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    async def tidy(self, services: Iterable[str] | None) -> None:
        """Remove the pins of removed services; see `PinFiles.tidy`."""
        if self._files is not None:
            await asyncio.to_thread(self._files.tidy, services)

    def of(self, service: str) -> ServicePins:
        """Return the pins of a service."""
        pins = self._pins.get(service)
        if pins is None:
            pins = self._pins[service] = ServicePins(service)
        return pins

    async def load(self, service: str) -> None:
        """Read the pins of a service, unless they were read before."""
        if self._files is not None and service not in self._stamps:
            await self._read(service, self._files)

    def changed(self, service: str) -> None:
        """Record that the pins of a service may have changed; they are saved soon."""
        pins = self.of(service)
        names = pins.unconfirmed
        if names and (service not in self._unconfirmed or self._unconfirmed[service][1] != names):
            self._unconfirmed[service] = self._clock.now(), names
        if self._files is not None and (pins.is_dirty or pins.changed):
            self._wake()

    def forget(self, service: str) -> None:
        """Remove the pins of a service that was removed."""
        self._pins.pop(service, None)
        self._unconfirmed.pop(service, None)
        if self._files is not None:
            self._stamps[service] = None  # the content on disk is obsolete
            self._removed[service] = None
            self._wake()

    async def refresh(self, services: Iterable[str]) -> None:
        """Read the pins of services again if their files changed: another store may have approved tools."""
        files = self._files
        if files is None:
            return
        for service in services:
            if service in self._removed:
                continue
            with suppress(OSError):
                stamp = await self._run_on_disk(partial(files.stamp, service), DISK_TIMEOUT)
                if stamp != self._stamps.get(service, ...):
                    await self._read(service, files)

    async def save(self, service: str) -> None:
        """Save the pins of a service now.

        Raises:
            OSError: They cannot be saved; they are in memory until this store ends.
        """
        if self._files is None:
            return
        self.of(service).is_dirty = True
        for _ in range(int(CLOSE_TIMEOUT / RETRY_DELAY)):
            try:
                async with self._writing:
                    await self._save(service, self._files, DISK_TIMEOUT)
            except BlockingIOError:
                await asyncio.sleep(RETRY_DELAY)
            else:
                return
        raise OSError("another manager keeps writing in its folder")

    async def close(self) -> None:
        """Save what is not saved yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._confirm(0.0)  # alerting was closed before, and has recorded its alerts
            await self._save_all(CLOSE_TIMEOUT)
        self._worker.close()

    # --- in the background

    def _wake(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="mcpstore-pins")
        self._changed.set()

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._changed.wait(), REFRESH_INTERVAL if self._waiting() else None)
            except TimeoutError:
                await self.refresh(self._waiting())
                self._confirm(CONFIRM_DELAY)
            else:
                self._changed.clear()
                await asyncio.sleep(SAVE_DELAY)
            if not await self._save_all(DISK_TIMEOUT):
                await asyncio.sleep(RETRY_DELAY)
                self._changed.set()

    def _waiting(self) -> list[str]:
        return [service for service, pins in self._pins.items() if pins.changed]

    def _confirm(self, after: float) -> None:
        """Count reports of so many seconds ago as final, so that a restart does not repeat them."""
        now = self._clock.now()
        for service, (when, _) in list(self._unconfirmed.items() if self._reports else ()):
            if now - when >= after:
                del self._unconfirmed[service]
                self.of(service).confirm()

    async def _save_all(self, limit: float) -> bool:
        """Save every change; returns whether nothing is left to save."""
        files = self._files
        if files is None:
            return True
        failure: OSError | None = None
        async with self._writing:
            for service in list(self._removed):
                if self._files is None:
                    break
                try:
                    await self._run_on_disk(partial(files.remove, service), limit)
                    self._removed.pop(service, None)
                    if service not in self._pins:  # there is no obsolete content any more
                        self._stamps.pop(service, None)
                except OSError as error:
                    failure = error
            for service, pins in list(self._pins.items()):
                if pins.is_dirty and self._files is not None:
                    try:
                        await self._save(service, files, limit)
                    except OSError as error:
                        failure = error
        self._report_failure(failure)
        return failure is None

    async def _save(self, service: str, files: PinFiles, limit: float) -> None:
        if service in self._removed:  # its old pins must not be merged with the new ones
            await self._run_on_disk(partial(files.remove, service), limit)
            self._removed.pop(service, None)
        pins = self.of(service)
        pins.is_dirty = False
        saved = dict[str, Pin]()
        mine, room, redact, unconfirmed = pins.stored, pins.room, pins.redact, pins.unconfirmed

        def merge(theirs: StoredPins) -> Any:
            saved.update(merged(mine, theirs, room=room))
            return pins_to_json(service, saved, redact, unconfirmed)

        try:
            await self._run_on_disk(partial(files.update, service, merge), limit)
        except BaseException:
            pins.is_dirty = True
            raise
        self._stamps[service] = await self._run_on_disk(partial(files.stamp, service), limit)
        self._merge(service, pins, saved)

    def _merge(self, service: str, pins: ServicePins, stored: StoredPins) -> None:
        """Merge the pins on disk into those in memory, unless the service was removed meanwhile."""
        if service in self._removed or self._pins.get(service) is not pins or not pins.merge(stored):
            return
        try:
            self.on_approved(service)
        except Exception:  # noqa: BLE001 - a bug must not end the task that saves
            _log.exception("service %r: approved tools cannot be published. This is a bug; please report it", service)

    async def _read(self, service: str, files: PinFiles) -> None:
        """Read the pins of a service; if they cannot be read, this is reported with its next catalog."""
        pins, stamp = self.of(service), None
        try:
            stamp = await self._run_on_disk(partial(files.stamp, service), DISK_TIMEOUT)
            stored = await self._run_on_disk(partial(files.read, service), DISK_TIMEOUT)
        except (OSError, CorruptPinFile) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            pins.problem = f"its pins cannot be read ({reason}); the current tools are accepted"
            self._stamps[service] = stamp
            return
        self._stamps[service] = stamp
        self._merge(service, pins, stored)

    async def _run_on_disk(self, call: Callable[[], T], limit: float) -> T:
        if self._files is None:
            raise OSError("an earlier disk operation took too long")
        try:
            return await self._worker.run(call, limit)
        except WorkerTimeout as error:
            # The thread is lost, with the lock if it holds it, so another attempt would fail, too.
            self._files = None
            raise OSError(f"it {error}; the disk is not used any more") from None

    def _report_failure(self, failure: OSError | None) -> None:
        """Log once that pins cannot be saved, and once that they can be saved again."""
        if failure is not None and not self._is_failing and not isinstance(failure, BlockingIOError):
            self._is_failing = True
            _log.warning(
                "approvals of tools cannot be saved (%s); they are in memory only", failure.strerror or failure
            )
        elif failure is None and self._is_failing:
            self._is_failing = False
            _log.warning("approvals of tools are saved again")
