"""The pins of one service, and the comparison of its catalog with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import attrs

from mcpstore.errors import ToolNotFound
from mcpstore.models.catalog import Catalog
from mcpstore.models.record import NamedList
from mcpstore.models.redaction import redacted_json
from mcpstore.models.service import ToolPinning
from mcpstore.models.text import lookalikes_marked, looks_like_ascii, visible
from mcpstore.models.tool_change import ToolChange
from mcpstore.models.tool_diff import differences
from mcpstore.models.tool_fingerprint import fingerprint, fingerprint_fields
from mcpstore.runtime.pinning.pin import MAX_GONE, Pin, StoredPins, merged

__all__ = ["ServicePins", "changes"]

MAX_REPORTED: Final = 10
"""Number of changes that are reported one by one; further changes are counted."""

MAX_NAME: Final = 200
"""Number of characters of the name of a tool in a report."""

Redact = Callable[[str], str]


class ServicePins:
    """The pins of one service.

    Args:
        service: Name of the service.

    Attributes:
        problem: Problem with the pins themselves, which is reported with the next catalog.
        redact: Replaces the secrets of the service.
        is_live: Whether the service has listed its tools.
        is_dirty: Whether there are changes that are not on disk.
        unconfirmed: Names of the tools whose change was reported, until `confirm` is called.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._pins: dict[str, Pin] = {}
        self._gone = 0
        self._offered: Mapping[str, bool] | None = None
        self.problem: str = ""
        self.redact: Redact = str
        self.is_live: bool = False
        self.is_dirty: bool = False
        self.unconfirmed: frozenset[str] = frozenset()

    @property
    def stored(self) -> StoredPins:
        """A copy of the pins, by the names of the tools."""
        return dict(self._pins)

    @property
    def room(self) -> int | None:
        """Number of pins of tools that are not offered which may be added; None if no list was received yet."""
        return max(0, MAX_GONE - self._gone) if self.is_live else None

    @property
    def changed(self) -> StoredPins:
        """Pins of the offered tools whose definition is not approved, as of the last list."""
        offered = self._offered
        return {
            name: pin
            for name, pin in self._pins.items()
            if pin.seen is not None and (offered is None or name in offered)
        }

    def examine(self, catalog: Catalog, pinning: ToolPinning, now: float) -> tuple[Catalog, list[str]]:
        """Return the part of a catalog that may be published, and descriptions of what must be reported.

        The tools that a service offers first are accepted. Later changes and later tools are reported once each; with
        BLOCK they are withheld until they are approved.

        Args:
            catalog: The catalog of the service.
            pinning: What a change leads to.
            now: Current time, as a POSIX timestamp in seconds.
        """
        if pinning is ToolPinning.OFF:
            return catalog, []
        self.is_live = True
        is_first, blocks = not self._pins, pinning is ToolPinning.BLOCK
        raw: dict[str, list[Mapping[str, Any]]] = {}
        for tool in catalog.tools:
            raw.setdefault(tool.name, []).append(tool.raw)
        offered = {name: self._compare(name, twins, now, is_first=is_first) for name, twins in raw.items()}
        self._offered = offered
        self._tidy(offered)
        reports = self._reports(" and cannot be called until it is approved" if blocks else "")
        if self.problem:
            reports.insert(0, self.problem)
            self.problem = ""
        if not blocks or all(offered.values()):
            return catalog, reports
        return attrs.evolve(catalog, tools=NamedList(tool for tool in catalog.tools if offered[tool.name])), reports

    def approve(self, tool: str | None = None) -> StoredPins:
        """Approve the offered definitions; returns the earlier pins of the tools that were approved.

        Args:
            tool: Name of a tool; None for all tools.

        Raises:
            ToolNotFound: The service never offered a tool of this name.
        """
        if tool is not None and tool not in self._pins:
            raise ToolNotFound(f"{self._service}/{tool}")
        # A definition without a fingerprint cannot be recognized later, so it cannot be approved.
        approved = {name: pin for name, pin in self.changed.items() if tool in (None, name) and pin.seen}
        for name, pin in approved.items():
            self._pins[name] = pin.approve()
            self.is_dirty = True
        return approved

    def merge(self, theirs: StoredPins) -> bool:
        """Merge the pins on disk; returns whether other definitions are approved than before."""
        before = self._pins
        self._pins = merged(before, theirs, room=self.room)
        return any(pin.approved != self._pins[name].approved for name, pin in before.items())

    def confirm(self) -> None:
        """Count every report as final, so that a restart does not repeat it."""
        self.is_dirty |= bool(self.unconfirmed)
        self.unconfirmed = frozenset()

    def change_of(self, tool: str, *, withheld: bool) -> ToolChange | None:
        """Return how a tool changed; None if it did not."""
        pin = self.changed.get(tool)
        return changes(self._service, {tool: pin}, self.redact, withheld)[0] if pin is not None else None

    # --- helpers

    def _compare(self, name: str, twins: Sequence[Mapping[str, Any]], now: float, *, is_first: bool) -> bool:
        """Compare the tools of one name with their pin; returns whether they are approved."""
        (mark, raw), pin = _marked(twins), self._pins.get(name)
        if pin is None:
            pin = Pin(approved=mark if is_first and mark else None)
            self.is_dirty = True
        if mark and mark == pin.approved:
            self.is_dirty |= pin.seen is not None
            # The definition is shared with the catalog, so that it is in memory once.
            self._pins[name] = Pin(approved=pin.approved, approvals=pin.approvals, definition=raw)
            return True
        if mark == pin.seen:
            self._pins[name] = attrs.evolve(pin, seen_definition=raw)
        else:
            self._pins[name] = attrs.evolve(pin, seen=mark, seen_definition=raw, since=now, reported=False)
            self.is_dirty = True
        return False

    def _tidy(self, offered: Mapping[str, bool]) -> None:
        """Remove the oldest of too many pins of tools that are not offered any more."""
        gone = [name for name in self._pins if name not in offered]
        for name in gone[: max(0, len(gone) - MAX_GONE)]:
            del self._pins[name]
            self.is_dirty = True
        self._gone = min(len(gone), MAX_GONE)

    def _reports(self, consequence: str) -> list[str]:
        """Return descriptions of the changes that were not reported yet, and count them as reported."""
        fresh = {name: pin for name, pin in self.changed.items() if not pin.reported}
        first = dict(list(fresh.items())[:MAX_REPORTED])
        shown = changes(self._service, first, self.redact, withheld=bool(consequence))
        reports: list[str] = []
        for change in shown:
            what = "is new" if change.is_new else "is not what it was"
            what = f"tool '{visible(change.name)[:MAX_NAME]}' {what}{consequence}"
            reports.append(f"{what}: {change.summary}" if change.difference else what)
        if len(fresh) > MAX_REPORTED:
            reports.append(f"and {len(fresh) - MAX_REPORTED} more tools; see: mcpstore tools {self._service} --changed")
        for name, pin in fresh.items():
            self._pins[name] = attrs.evolve(pin, reported=True)
        self.unconfirmed |= fresh.keys()
        return reports


def _marked(twins: Sequence[Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    """Return the fingerprint of all tools of one name, and the last definition. A model reads all of them."""
    marks = {fingerprint(raw): raw for raw in twins}
    mark = next(iter(marks)) if len(marks) == 1 else sha256(" ".join(marks).encode()).hexdigest()
    return "" if "" in marks else mark, twins[-1]


def changes(service: str, pins: StoredPins, redact: Redact, withheld: bool) -> list[ToolChange]:
    """Return how tools changed. A comparison takes some time: if there may be many, call this in a thread.

    Args:
        service: Name of the service.
        pins: Pins of the changed tools.
        redact: Replaces the secrets of the service.
        withheld: Whether the tools cannot be called.
    """
    return [
        ToolChange(
            name=name,
            service=service,
            is_new=pin.approved is None,
            withheld=withheld,
            since=datetime.fromtimestamp(pin.since),  # noqa: DTZ006 - local, as records have it
            difference=(*_lookalike(name, pin), *_difference(pin, redact)),
        )
        for name, pin in pins.items()
    ]


def _lookalike(name: str, pin: Pin) -> tuple[str, ...]:
    """Return a note about the name of a new tool, if it has letters that look like Latin ones."""
    if pin.approved is not None or not any(map(looks_like_ascii, name)):
        return ()
    return (f"its name has letters that look like others: {lookalikes_marked(visible(name))}",)


def _difference(pin: Pin, redact: Redact) -> tuple[str, ...]:
    """Return the differences. Secrets are replaced first: a diff may split them, and then they are not recognized."""
    try:
        before = {} if pin.approved is None else _clean(pin.definition, redact)
        return differences(before, _clean(pin.seen_definition, redact))
    except RecursionError:
        return ("its description is nested too deeply to show what changed",)


def _clean(raw: Mapping[str, Any] | None, redact: Redact) -> dict[str, Any] | None:
    return None if raw is None else redacted_json(fingerprint_fields(raw), redact)
