"""Notices on their way to people, kept on disk until they have arrived.

A journal: a line of JSON for each notice, written and flushed to disk before anybody is told, and a line for those that
have arrived. So whatever happens to this process, the next one knows what is still to be said; what was said in the
instant before a crash may be said once more. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.json_types import as_array, as_object
from mcpstore.storage.atomic import replace_file, write_all

__all__ = ["Notification", "Outbox"]

SLACK: Final = 1000
"""Lines about what has arrived that are borne before the journal is written anew."""

DEAD_LETTER_LIMIT: Final = 1024 * 1024
"""Bytes of notices that never arrived which are kept, twice."""

_log = logging.getLogger("mcpstore.alerts")


@attrs.frozen(kw_only=True)
class Notification:
    """An alert on its way to one channel.

    Attributes:
        id: Its number in the outbox.
        channel: Name of the channel.
        since: When it was put in, as a POSIX timestamp in seconds.
        alert: What is to be told.
    """

    id: int
    channel: str
    since: float
    alert: Alert


class Outbox:
    """The journal of one manager.

    Args:
        path: Its file; None keeps nothing on disk.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._live: dict[int, bytes] = {}
        self._arrived = 0
        self._file: int | None = None

    def read(self) -> list[Notification]:
        """Return what is still to be told, oldest first; lines that cannot be read are left out. Writes nothing.

        Raises:
            OSError: The journal cannot be read.
        """
        found: dict[int, Notification] = {}
        for record in self._records():
            for number in as_array(record.get("arrived")) or ():
                found.pop(number, None) if isinstance(number, int) else None
            notice = _notice(record)
            if notice is not None:
                found[notice.id] = notice
        self._live = {notice.id: _line(notice) for notice in found.values()}
        return list(found.values())

    def open(self) -> None:
        """Take the journal over; for the one process that owns it, after `read`.

        Raises:
            OSError: It cannot be written.
        """
        self._rewrite()

    def append(self, notices: Iterable[Notification]) -> None:
        """Keep notices; they are on the disk when this returns.

        Raises:
            OSError: They are not; they are kept in memory, and the next call tries again to write all there is.
        """
        lines = {notice.id: _line(notice) for notice in notices}
        self._live |= lines
        self._append(b"".join(lines.values()), flush=True)

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Forget notices that have arrived.

        Raises:
            OSError: It cannot be written; what has arrived may be told again after a crash.
        """
        gone = [number for number in numbers if self._live.pop(number, None) is not None]
        self._arrived += len(gone)
        if self._arrived > SLACK + len(self._live):
            self._rewrite()
        elif gone:
            # not flushed to disk: losing it repeats a notice, which is allowed, and flushing is dear
            self._append(json.dumps({"arrived": gone}).encode() + b"\n", flush=False)

    def dead_letter(self, alert: Alert, why: str) -> None:
        """Keep a notice that never arrived where a person can find it.

        Raises:
            OSError: It cannot be written.
        """
        if self._path is None:
            return
        grave = self._path.with_name("undelivered.jsonl")
        if grave.exists() and grave.stat().st_size > DEAD_LETTER_LIMIT:
            grave.replace(grave.with_suffix(".old.jsonl"))
        file = os.open(grave, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            write_all(file, json.dumps({"why": why, "alert": alert.to_dict()}).encode() + b"\n")
        finally:
            os.close(file)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, data: bytes, *, flush: bool) -> None:
        if self._path is None:
            return
        if self._file is None:  # it could not be written lately
            self._rewrite()
            return
        try:
            write_all(self._file, data)
            if flush:
                os.fsync(self._file)
        except OSError:
            # Nobody knows what of it is on the disk now, so this file is not used any more.
            self.close()
            raise

    def _rewrite(self) -> None:
        """Write the journal anew, with nothing in it but what is still to be told."""
        if self._path is None:
            return
        self.close()
        replace_file(self._path, b"".join(self._live.values()))
        self._file, self._arrived = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC), 0

    def _records(self) -> Iterable[Any]:
        if self._path is None or not self._path.exists():
            return
        odd = 0
        for line in self._path.read_bytes().split(b"\n"):
            try:
                record: Mapping[str, Any] | None = as_object(json.loads(line)) if line.strip() else {}
            except ValueError:
                record = None
            if record is None:
                odd += 1
            else:
                yield record
        if odd:
            _log.warning("%s: %d lines cannot be read; they are left out", self._path, odd)


def _line(notice: Notification) -> bytes:
    record = {"id": notice.id, "channel": notice.channel, "since": notice.since, "alert": notice.alert.to_dict()}
    return json.dumps(record, default=str).encode() + b"\n"


def _notice(record: Any) -> Notification | None:
    """Return the notice that a line is about, if it is about one."""
    if "alert" not in record:
        return None
    try:
        alert = _alert(record["alert"])
        return Notification(
            id=int(record["id"]), channel=str(record["channel"]), since=float(record["since"]), alert=alert
        )
    except (KeyError, TypeError, ValueError) as error:
        _log.warning("a notice in the outbox cannot be read (%s: %s); it is left out", type(error).__name__, error)
        return None


def _alert(told: Any) -> Alert:
    fields = {name: told[name] for name in Alert.__annotations__ if name in told}
    fields["level"], fields["kind"] = AlertLevel(fields["level"]), AlertKind(fields["kind"])
    fields["alerts"] = tuple(_alert(one) for one in fields.get("alerts") or ())
    return Alert(**fields)
