"""Ownership log: markers on the processes of connections, and records of them in files.

A marker reads `home.pid.start.service.nonce`: the configuration, the process of the manager and its start time (in
clock ticks since boot), the service, and a random part. A marker alone is enough to tell whether its manager still
runs, because the kernel never has two processes of the same number and start time.

There is one small file for each open connection. It is replaced as a whole and removed at the close, so a manager that
is killed at any time leaves complete files only, and no more of them than it had connections.
"""

from __future__ import annotations

import json
import logging
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import attrs

from mcpstore.hooks.orphans import OwnershipRecord
from mcpstore.models.json_types import as_object
from mcpstore.storage.atomic import replace_file

__all__ = ["NOWHERE", "OwnershipLog"]

NOWHERE: Final = "0" * 12
"""The home of stores without a state directory; their orphans are not searched for."""

LONGEST_NAME: Final = 40
"""Length of the part of a service name that its markers contain, in characters."""

LARGEST: Final = 16 * 1024
"""Largest size of a record file, in bytes."""

MOST: Final = 10_000
"""Number of files that are read; a manager has far fewer connections."""

_MARKER: Final = re.compile(r"([0-9a-f]{12})\.(\d{1,10})\.(\d{1,20})\.[A-Za-z0-9_-]{1,40}\.[0-9a-f]{8,32}")

_log = logging.getLogger("mcpstore.runtime")


class OwnershipLog:
    """The ownership log of one store.

    Args:
        home: Twelve hexadecimal digits that identify the configuration.
        folder: Folder of the record files; None for no files.
    """

    def __init__(self, home: str = NOWHERE, folder: Path | None = None) -> None:
        self._home = home
        self._folder = folder
        self._written: set[str] = set()
        self._pid = os.getpid()
        self._began = (_began(self._pid) or (0, False))[0]

    def owner_tag(self, service: str) -> str:
        """Return the marker of a new connection."""
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", service)[:LONGEST_NAME] or "-"
        return f"{self._home}.{self._pid}.{self._began}.{name}.{uuid.uuid4().hex[:12]}"

    def is_lost(self, marker: str) -> bool:
        """Whether a marker belongs to a manager of the same configuration that has exited."""
        match = _MARKER.fullmatch(marker)
        if match is None or match[1] != self._home or self._home == NOWHERE or self._began == 0:
            return False
        process = _began(int(match[2]))
        return process is None or process != (int(match[3]), True)

    def write(self, trace: OwnershipRecord) -> None:
        """Write the record of a connection; an error is only logged. Blocks."""
        if self._folder is None or _MARKER.fullmatch(trace.owner_tag) is None:
            return
        self._written.add(trace.owner_tag)
        fields = attrs.asdict(trace)
        record = {"marker": fields.pop("owner_tag"), **fields, "notes": dict(trace.notes), "boot": _boot()}
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            # Not durable: a restart of the machine ends every process, and the record has no use after it.
            path, content = self._place(trace.owner_tag), json.dumps(record).encode()
            replace_file(path, content, prefix=f"{trace.owner_tag}.", durable=False)
        except (OSError, ValueError) as error:
            _log.debug("%s cannot be written: %s", self._place(trace.owner_tag), error)

    def holds(self, marker: str) -> bool:
        """Whether there is a record of a connection."""
        return marker in self._written

    def erase(self, marker: str) -> None:
        """Remove the record of a closed connection. Blocks."""
        self._written.discard(marker)
        if self._folder is not None:
            with suppress(OSError):
                self._place(marker).unlink(missing_ok=True)

    def read_lost(self) -> tuple[OwnershipRecord, ...]:
        """Return the records of managers that have exited. Blocks."""
        records = (path for path in self._files() if path.suffix == ".json")  # any other file was not completed
        return tuple(trace for path in records if (trace := _read(path)) and self.is_lost(trace.owner_tag))

    def erase_lost(self) -> None:
        """Remove the records of managers that have exited, and files that are no records. Blocks."""
        for path in self._files():
            # A temporary file is named MARKER.RANDOM.tmp.
            marker = path.stem if path.suffix == ".json" else path.stem.rpartition(".")[0]
            if _MARKER.fullmatch(marker) is None or self.is_lost(marker):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        if self._folder is None:
            return
        with suppress(OSError):
            names = sorted(os.listdir(self._folder))  # noqa: PTH208 - names are wanted
            yield from (self._folder / name for name in names[:MOST] if name.endswith((".json", ".tmp")))

    def _place(self, marker: str) -> Path:
        return cast("Path", self._folder) / f"{marker}.json"


def _read(path: Path) -> OwnershipRecord | None:
    """Return the record in a file; None if it is no record. Process ids are dropped if it is of an earlier boot."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as opened:
            fields: Any = as_object(json.loads(opened.read(LARGEST)))
    except (OSError, ValueError, RecursionError):
        return None
    if fields is None or fields.get("marker") != path.stem:
        return None
    notes = as_object(fields.get("notes")) or {}
    is_of_now = fields.get("boot") == _boot()
    return OwnershipRecord(
        owner_tag=path.stem,
        service=str(fields.get("service", "")),
        pid=_whole(fields.get("pid")) if is_of_now else None,
        started=_whole(fields.get("started")) if is_of_now else None,
        notes={name: value for name, value in notes.items() if isinstance(value, str)},
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _began(pid: int) -> tuple[int, bool] | None:
    """Return the start time of a process and whether it is alive; None if it does not exist or cannot be read."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split(None, 20)
    # A process whose first thread ended while others run is listed as a zombie, too, but is alive.
    return int(fields[19]), not (fields[0] in (b"Z", b"X") and int(fields[17]) <= 1)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
