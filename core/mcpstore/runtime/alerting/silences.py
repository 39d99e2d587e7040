"""Silences: alerts that are not sent for some time. They survive a restart."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from mcpstore.models.alert import Silence
from mcpstore.models.text import short_hash
from mcpstore.storage.atomic import make_folder, replace_file
from mcpstore.storage.jsonl import JsonObject, encode_lines, read_lines

__all__ = ["Silences"]

MAX_SILENCES: Final = 1000
"""Number of silences that are kept; beyond it, the silence that ends first is removed."""


class Silences:
    """The silences of one store.

    Args:
        path: File in which they are kept; None keeps them in memory only.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._silences: dict[str, Silence] = {}

    def load(self) -> None:
        """Read the file, if there is one that can be read. Blocking."""
        try:
            lines, _ = read_lines(self._path) if self._path is not None else ([], 0)
        except OSError:
            return
        silences = map(_silence_from_json, lines)
        self._silences = {silence.id: silence for silence in silences if silence is not None}

    def save(self) -> None:
        """Write the file. Blocking.

        Raises:
            OSError: It cannot be written.
        """
        if self._path is not None:
            make_folder(self._path.parent)
            replace_file(self._path, encode_lines(silence.to_dict() for silence in list(self._silences.values())))

    def add(self, service: str, rule: str, until: float, comment: str, now: float) -> Silence:
        """Add a silence and return it."""
        silence = Silence(
            id=short_hash(service, rule, repr(until), repr(now))[:8],
            service=service, rule=rule, until=until, comment=comment, created=now,
        )  # fmt: skip
        self._silences[silence.id] = silence
        if len(self._silences) > MAX_SILENCES:
            del self._silences[min(self._silences.values(), key=lambda each: each.until).id]
        return silence

    def remove(self, id_: str) -> bool:
        """Remove a silence; returns whether it existed."""
        return self._silences.pop(id_, None) is not None

    def active(self, now: float) -> list[Silence]:
        """Return the silences that have not ended, the first to end first, and remove the others."""
        self._silences = {silence.id: silence for silence in self._silences.values() if silence.until > now}
        return sorted(self._silences.values(), key=lambda silence: silence.until)

    def cover(self, rule: str, service: str, now: float) -> bool:
        """Whether alerts of a rule about a service are silenced."""
        return any(
            silence.until > now and fnmatchcase(service, silence.service) and fnmatchcase(rule, silence.rule)
            for silence in self._silences.values()
        )


def _silence_from_json(value: JsonObject) -> Silence | None:
    """Return the silence in a JSON object; None if there is none that can be read."""
    try:
        return Silence(
            id=str(value["id"]),
            service=str(value["service"]),
            rule=str(value["rule"]),
            until=float(value["until"]),
            comment=str(value.get("comment", "")),
            created=float(value.get("created", 0.0)),
        )
    except (KeyError, TypeError, ValueError):
        return None
