"""What the connections of a store have on this machine: named so that it can be found, and written down.

A marker reads `home.pid.start.service.nonce`: the configuration whose manager gave it, the process that gave it and
when that process began (in clock ticks since boot), the service, and something that is never the same. So anybody who
finds a marker can tell whether the manager that gave it still lives, even where nothing is written down any more: the
kernel never has two processes of the same number and beginning.

What is written down is one small file for each open connection, replaced as a whole and removed at its close: a manager
that is killed at any instant leaves files that are complete, and no more of them than it had connections.
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
"""The home of stores that have no place of their own; nobody looks for what they leave."""

LONGEST_NAME: Final = 40
"""Characters of the name of a service that are part of its markers."""

LARGEST: Final = 16 * 1024
"""Bytes of a file that is taken for a record."""

MOST: Final = 10_000
"""Files looked at; a manager has far fewer connections."""

_MARKER: Final = re.compile(r"([0-9a-f]{12})\.(\d{1,10})\.(\d{1,20})\.[A-Za-z0-9_-]{1,40}\.[0-9a-f]{8,32}")

_log = logging.getLogger("mcpstore.runtime")


class OwnershipLog:
    """The connections of one store, as they are found on this machine.

    Args:
        home: Twelve hexadecimal digits that stand for the configuration.
        folder: Where they are written down; None does not.
    """

    def __init__(self, home: str = NOWHERE, folder: Path | None = None) -> None:
        self._home = home
        self._folder = folder
        self._written: set[str] = set()
        self._pid = os.getpid()
        self._began = (_began(self._pid) or (0, False))[0]

    def owner_tag(self, service: str) -> str:
        """Return the identity of a new connection."""
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", service)[:LONGEST_NAME] or "-"
        return f"{self._home}.{self._pid}.{self._began}.{name}.{uuid.uuid4().hex[:12]}"

    def is_lost(self, marker: str) -> bool:
        """Whether a marker was given by a manager of the same configuration that is no more."""
        said = _MARKER.fullmatch(marker)
        if said is None or said[1] != self._home or self._home == NOWHERE or self._began == 0:
            return False
        found = _began(int(said[2]))
        return found is None or found != (int(said[3]), True)

    def write(self, trace: OwnershipRecord) -> None:
        """Write down what a connection has; failing is no harm. Blocks."""
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
        """Whether something was written down of a connection."""
        return marker in self._written

    def erase(self, marker: str) -> None:
        """Forget a connection of which nothing is left. Blocks."""
        self._written.discard(marker)
        if self._folder is not None:
            with suppress(OSError):
                self._place(marker).unlink(missing_ok=True)

    def read_lost(self) -> tuple[OwnershipRecord, ...]:
        """Return what managers wrote down that are no more. Blocks."""
        records = (path for path in self._files() if path.suffix == ".json")  # any other was never finished
        return tuple(trace for path in records if (trace := _read(path)) and self.is_lost(trace.owner_tag))

    def erase_lost(self) -> None:
        """Forget what managers wrote down that are no more, and whatever else is no record. Blocks."""
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
    """Return a record; None if it is none, or none of this boot: a restart of the machine ends every process."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as opened:
            said: Any = as_object(json.loads(opened.read(LARGEST)))
    except (OSError, ValueError, RecursionError):
        return None
    if said is None or said.get("marker") != path.stem:
        return None
    notes = as_object(said.get("notes")) or {}
    is_of_now = said.get("boot") == _boot()
    return OwnershipRecord(
        owner_tag=path.stem,
        service=str(said.get("service", "")),
        pid=_whole(said.get("pid")) if is_of_now else None,
        started=_whole(said.get("started")) if is_of_now else None,
        notes={name: value for name, value in notes.items() if isinstance(value, str)},
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _began(pid: int) -> tuple[int, bool] | None:
    """Return when a process began and whether it is alive; None if there is none, or no way to know."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split(None, 20)
    # One whose first thread ended while others go on is listed as a zombie too, but is alive.
    return int(fields[19]), not (fields[0] in (b"Z", b"X") and int(fields[17]) <= 1)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
