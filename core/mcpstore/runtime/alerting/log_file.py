"""File of the alert log: one JSON object per line, of one of two kinds.

* A *notification*: an alert (or several alerts in one), the channels it is for, and its outcome on each of them.
* A *settlement*: the outcome of earlier notifications on one channel.

The files of version 0.1 are read if there is no log, and removed once the log is written. Every method blocks.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import attrs

from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.storage.atomic import make_folder, replace_file, temporary_prefix, write_all
from mcpstore.storage.jsonl import JsonObject, encode_lines, read_lines

__all__ = ["LogFile", "LogLine", "Notification", "Outcome", "OutcomeState", "Settlement"]

VERSION: Final = 1
"""Version of the lines."""

FILE: Final = "log.jsonl"
UNREADABLE: Final = "log.unreadable.jsonl"
"""Name that a log gets which could not be read, so that it is not overwritten."""

DEAD_LETTERS: Final = "undelivered.jsonl"
DEAD_LETTER_SIZE: Final = 1024 * 1024
"""Size at which the dead-letter file is rotated, in bytes; one older file is kept."""

OLD_HISTORY: Final = "history.jsonl"
OLD_OUTBOX: Final = "outbox.jsonl"
"""The two files in which version 0.1 kept alerts and notifications."""

_log = logging.getLogger("mcpstore.alerts")


class OutcomeState(StrEnum):
    """State of a notification on one channel."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"
    """It could not be delivered; it is in the dead-letter file."""
    DROPPED = "dropped"
    """Its channel was removed from the configuration."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of a notification on one channel.

    Attributes:
        state: Its state.
        recipients: State for each recipient, by address; empty for a channel that delivers to all of them or to none.
    """

    state: OutcomeState = OutcomeState.PENDING
    recipients: Mapping[str, OutcomeState] = attrs.field(factory=dict[str, OutcomeState])


@attrs.define(kw_only=True)
class Notification:
    """An alert, or several alerts in one, and the channels that it is for.

    Attributes:
        id: Number of the notification.
        alert: The alert.
        since: Time at which it was recorded, as a POSIX timestamp in seconds.
        boot: Id of the boot of the machine in which it was recorded; empty if unknown.
        monotonic: Time at which it was recorded, in seconds of the monotonic clock of that boot.
        outcomes: Outcome by the name of the channel. The mapping is replaced, never changed: a thread may encode it.
    """

    id: int
    alert: Alert
    since: float
    boot: str = ""
    monotonic: float = 0.0
    outcomes: Mapping[str, Outcome] = attrs.field(factory=dict[str, Outcome])

    @property
    def members(self) -> Sequence[Alert]:
        """The single alerts in it."""
        return self.alert.alerts or (self.alert,)

    @property
    def pending(self) -> list[str]:
        """Names of the channels on which it is not settled."""
        return [name for name, outcome in self.outcomes.items() if outcome.state is OutcomeState.PENDING]


@attrs.frozen(kw_only=True)
class Settlement:
    """The outcome of notifications on one channel.

    Attributes:
        ids: Numbers of the notifications.
        channel: Name of the channel.
        outcome: The outcome.
    """

    ids: Sequence[int]
    channel: str
    outcome: Outcome


LogLine = Notification | Settlement
"""Content of a line."""


class LogFile:
    """The log and the dead letters. The log is appended to after it was replaced once; one thread uses it.

    Args:
        folder: Folder of the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE
        self._file: int | None = None
        self._is_unreadable = False

    def read(self) -> list[Notification]:
        """Return the notifications in the log; if there is no log, those in the files of version 0.1.

        Raises:
            OSError: The files cannot be read.
        """
        read = self._read_log if self._path.exists() else self._read_version_0_1
        self._is_unreadable = True
        try:
            notifications = read()
        except OSError:
            notifications = read()  # once more: after a second error the log is set aside
        self._is_unreadable = False
        return notifications

    def append(self, lines: Sequence[LogLine], *, durable: bool) -> None:
        """Append lines.

        Raises:
            OSError: They are not on disk, or not all of them. The file is closed and must be replaced.
        """
        if self._file is None:
            raise OSError("the file is not open")
        try:
            write_all(self._file, encode_lines(map(_to_json, lines)))
            if durable:
                os.fsync(self._file)
        except OSError:
            self.close()
            raise

    def replace(self, notifications: Sequence[Notification]) -> None:
        """Replace the content of the log, and remove the files of version 0.1.

        Raises:
            OSError: The log has its old content; or it has the new one, but may lose it in a power failure.
        """
        self.close()
        make_folder(self._folder)
        if self._is_unreadable and self._path.exists():
            self._path.replace(self._path.with_name(UNREADABLE))
        self._is_unreadable = False
        replace_file(self._path, encode_lines(map(_to_json, notifications)))
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        prefixes = (temporary_prefix(FILE), OLD_OUTBOX, OLD_HISTORY)
        for path in self._folder.iterdir():  # only the owner of the log writes here
            if path.name.startswith(prefixes):
                with suppress(OSError):
                    path.unlink()

    def add_dead_letter(self, alert: Alert, reason: str) -> None:
        """Append an alert to the dead-letter file.

        Raises:
            OSError: It cannot be written.
        """
        path = self._folder / DEAD_LETTERS
        make_folder(self._folder)
        if path.exists() and path.stat().st_size > DEAD_LETTER_SIZE:
            path.replace(path.with_suffix(".old.jsonl"))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            write_all(file, encode_lines([{"why": reason, "alert": alert.to_dict()}]))
        finally:
            os.close(file)

    def close(self) -> None:
        """Close the log."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _read_log(self) -> list[Notification]:
        notifications: list[Notification] = []
        by_id: dict[int, Notification] = {}
        for line in self._lines(self._path):
            if "ids" in line:
                outcome = _outcome_from_json(line)
                for id_ in _integers(line["ids"]):
                    if (notification := by_id.get(id_)) is not None:
                        notification.outcomes = {**notification.outcomes, str(line.get("channel")): outcome}
            elif (notification := _notification_from_json(line)) is not None:
                notifications.append(notification)
                by_id[notification.id] = notification
            else:
                _log.warning("%s: a line is left out: it is no notification of version %d", self._path, VERSION)
        return notifications

    def _lines(self, path: Path) -> list[JsonObject]:
        lines, unreadable = read_lines(path)
        if unreadable:
            _log.warning("%s: %d lines cannot be read; they are left out", path, unreadable)
        return lines

    def _read_version_0_1(self) -> list[Notification]:
        """Return what version 0.1 kept: its history of alerts, and its outbox with one line per channel."""
        waiting: dict[int, tuple[str, float, Alert]] = {}
        for line in self._lines(self._folder / OLD_OUTBOX):
            for id_ in _integers(line.get("arrived")):
                waiting.pop(id_, None)
            if "alert" in line:
                with suppress(KeyError, TypeError, ValueError):
                    alert = _alert_from_json(line["alert"])
                    waiting[int(line["id"])] = str(line["channel"]), float(line["since"]), alert
        ids = itertools.count(1)
        pending: dict[str, Notification] = {}
        for _, (channel, since, alert) in sorted(waiting.items()):
            if alert.key not in pending:
                pending[alert.key] = Notification(id=next(ids), alert=alert, since=since)
            notification = pending[alert.key]
            notification.outcomes = {**notification.outcomes, channel: Outcome()}
        by_member = {member.key: each for each in pending.values() for member in each.members}
        notifications: dict[int, Notification] = {}
        for line in self._lines(self._folder / OLD_HISTORY):
            with suppress(KeyError, TypeError, ValueError):
                alert = _alert_from_json(line)
                single = Notification(id=next(ids), alert=alert, since=alert.timestamp)
                notification = by_member.get(alert.key, single)
                notifications[notification.id] = notification
        # A process that was killed between its two writes left alerts that are in the outbox only.
        return list((notifications | {each.id: each for each in pending.values()}).values())


# --- JSON


def _to_json(line: LogLine) -> dict[str, Any]:
    if isinstance(line, Settlement):
        return {"version": VERSION, "ids": line.ids, "channel": line.channel, **_outcome_to_json(line.outcome)}
    return {
        "version": VERSION,
        "id": line.id,
        "since": line.since,
        "boot": line.boot,
        "monotonic": line.monotonic,
        "channels": {name: _outcome_to_json(outcome) for name, outcome in line.outcomes.items()},
        "alert": line.alert.to_dict(),
    }


def _notification_from_json(line: JsonObject) -> Notification | None:
    """Return the notification in a line; None if there is none that can be read."""
    try:
        if line["version"] != VERSION:
            return None
        channels = as_object(line["channels"]) or {}
        return Notification(
            id=int(line["id"]),
            alert=_alert_from_json(line["alert"]),
            since=float(line["since"]),
            boot=as_text(line.get("boot")) or "",
            monotonic=float(line.get("monotonic", 0.0)),
            outcomes={name: _outcome_from_json(as_object(outcome) or {}) for name, outcome in channels.items()},
        )
    except (KeyError, TypeError, ValueError):
        return None


def _alert_from_json(value: Any) -> Alert:
    """Return the alert in a JSON object, as `Alert.to_dict` returns it.

    Raises:
        KeyError, TypeError, ValueError: It is no alert.
    """
    return Alert(
        rule_name=str(value["rule_name"]),
        service=str(value["service"]),
        level=AlertLevel(value["level"]),
        kind=AlertKind(value["kind"]),
        message=str(value["message"]),
        timestamp=float(value["timestamp"]),
        incident=str(value["incident"]),
        metrics=dict(as_object(value.get("metrics")) or {}),
        began=float(value.get("began", 0.0)),
        number=int(value.get("number", 0)),
        alerts=tuple(_alert_from_json(each) for each in as_array(value.get("alerts")) or ()),
    )


def _integers(value: Any) -> list[int]:
    return [each for each in as_array(value) or () if isinstance(each, int)]


def _outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    return {"outcome": outcome.state, "recipients": dict(outcome.recipients)}


def _outcome_from_json(value: JsonObject) -> Outcome:
    try:
        recipients = as_object(value.get("recipients")) or {}
        return Outcome(
            state=OutcomeState(value["outcome"]),
            recipients={address: OutcomeState(state) for address, state in recipients.items()},
        )
    except (KeyError, ValueError):
        return Outcome()
