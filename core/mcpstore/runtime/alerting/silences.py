"""Alerts nobody wants to hear of for a while, kept across restarts."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from mcpstore.models.alert import Silence
from mcpstore.runtime.alerting.codec import digest, silence_from
from mcpstore.runtime.alerting.jsonl_file import JsonlFile

__all__ = ["Silences"]

MOST: Final = 1000
"""Silences kept at a time; the one that ends first makes room."""


class Silences:
    """The silences of one store.

    Args:
        journal: Where they are kept; in memory only if it is None.
    """

    def __init__(self, journal: JsonlFile | None) -> None:
        self._journal = journal
        self._silences: dict[str, Silence] = {}

    def load(self) -> None:
        """Read what is kept. Blocking."""
        found = [silence_from(line) for line in self._journal.read()] if self._journal else []
        self._silences = {silence.id: silence for silence in found if silence is not None}

    def save(self) -> None:
        """Write what is to be kept. Blocking.

        Raises:
            OSError: It cannot be written.
        """
        if self._journal is not None:
            self._journal.replace([silence.to_dict() for silence in self._silences.values()])

    def add(self, service: str, rule: str, until: float, comment: str, now: float) -> Silence:
        """Add a silence and return it."""
        made = Silence(
            id=digest(service, rule, repr(until), repr(now))[:8],
            service=service, rule=rule, until=until, comment=comment, created=now,
        )  # fmt: skip
        self._silences[made.id] = made
        if len(self._silences) > MOST:
            del self._silences[min(self._silences.values(), key=lambda silence: silence.until).id]
        return made

    def remove(self, id_: str) -> bool:
        """Remove a silence; returns whether there was one."""
        return self._silences.pop(id_, None) is not None

    def active(self, now: float) -> list[Silence]:
        """Return those that have not ended, the first to end first; the others are forgotten."""
        self._silences = {silence.id: silence for silence in self._silences.values() if silence.until > now}
        return sorted(self._silences.values(), key=lambda silence: silence.until)

    def cover(self, rule: str, service: str, now: float) -> bool:
        """Whether alerts of a rule about a service are silenced."""
        return any(
            silence.until > now and fnmatchcase(service, silence.service) and fnmatchcase(rule, silence.rule)
            for silence in self._silences.values()
        )
