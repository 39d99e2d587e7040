"""The tools of one service: as they were first seen or approved, and as they are."""

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
from mcpstore.runtime.pinning.pin import GONE, Pin, StoredPins, merged

__all__ = ["ServicePins", "changes"]

TOLD: Final = 10
"""Changes that are told one by one; more are counted."""

LONGEST_NAME: Final = 200
"""Characters of a name that are told."""

Redact = Callable[[str], str]


class ServicePins:
    """The pins of one service.

    Args:
        service: Its name.

    Attributes:
        doubt: What people are to be told of the pins themselves.
        redact: Hides the secrets of the service.
        is_live: Whether the service was asked what it offers.
        is_dirty: Whether there is something that is not on the disk.
        unheard: The tools of which people were told just now; whoever sees to it that they hear it calls `heard`.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._pins: dict[str, Pin] = {}
        self._gone = 0
        self._offered: Mapping[str, bool] | None = None
        self.doubt: str = ""
        self.redact: Redact = str
        self.is_live: bool = False
        self.is_dirty: bool = False
        self.unheard: frozenset[str] = frozenset()

    @property
    def shelf(self) -> StoredPins:
        """What is known of each tool now."""
        return dict(self._pins)

    @property
    def room(self) -> int | None:
        """How many tools that are not offered may be remembered besides; None if nobody asked what is offered."""
        return max(0, GONE - self._gone) if self.is_live else None

    @property
    def changed(self) -> StoredPins:
        """The tools that nobody approved as they are, or as they were when somebody last looked."""
        offered = self._offered
        return {
            name: pin
            for name, pin in self._pins.items()
            if pin.seen is not None and (offered is None or name in offered)
        }

    def examine(self, catalog: Catalog, pinning: ToolPinning, now: float) -> tuple[Catalog, list[str]]:
        """Return what may be published of a catalog, and what has to be told.

        What a service offers first is taken as it is. Later changes, and tools that come later, are told once each;
        with BLOCK they are withheld until somebody approves them.

        Args:
            catalog: What the service offers.
            pinning: What a change leads to.
            now: The time, as a POSIX timestamp in seconds.
        """
        if pinning is ToolPinning.OFF:
            return catalog, []
        self.is_live = True
        is_first, blocks = not self._pins, pinning is ToolPinning.BLOCK
        raw: dict[str, list[Mapping[str, Any]]] = {}
        for tool in catalog.tools:
            raw.setdefault(tool.name, []).append(tool.raw)
        offered = {name: self._look(name, twins, now, is_first=is_first) for name, twins in raw.items()}
        self._offered = offered
        self._tidy(offered)
        told = self._news(" and cannot be called until it is approved" if blocks else "")
        if self.doubt:
            told.insert(0, self.doubt)
            self.doubt = ""
        if not blocks or all(offered.values()):
            return catalog, told
        return attrs.evolve(catalog, tools=NamedList(tool for tool in catalog.tools if offered[tool.name])), told

    def approve(self, tool: str | None = None) -> StoredPins:
        """Approve what is offered; returns what was known of each tool before.

        Args:
            tool: The tool; all of them if it is None.

        Raises:
            ToolNotFound: Nobody has ever seen a tool of this name.
        """
        if tool is not None and tool not in self._pins:
            raise ToolNotFound(f"{self._service}/{tool}")
        # one whose description cannot be written down cannot be recognised either
        found = {name: pin for name, pin in self.changed.items() if tool in (None, name) and pin.seen}
        for name, pin in found.items():
            self._pins[name] = pin.approve()
            self.is_dirty = True
        return found

    def learn(self, theirs: StoredPins) -> bool:
        """Take in what the disk says; returns whether something else is approved than before."""
        before = self._pins
        self._pins = merged(before, theirs, room=self.room)
        return any(pin.approved != self._pins[name].approved for name, pin in before.items())

    def heard(self) -> None:
        """Take note that people have heard of every change they were told of."""
        self.is_dirty |= bool(self.unheard)
        self.unheard = frozenset()

    def change_of(self, tool: str, *, withheld: bool) -> ToolChange | None:
        """Return how a tool changed; None if it did not."""
        found = changes(self._service, {tool: pin} if (pin := self.changed.get(tool)) else {}, self.redact, withheld)
        return found[0] if found else None

    # --- helpers

    def _look(self, name: str, twins: Sequence[Mapping[str, Any]], now: float, *, is_first: bool) -> bool:
        """Look at a tool, or at several of one name; returns whether it is what was approved."""
        (mark, raw), pin = _marked(twins), self._pins.get(name)
        if pin is None:
            pin = Pin(approved=mark if is_first and mark else None)
            self.is_dirty = True
        if mark and mark == pin.approved:
            self.is_dirty |= pin.seen is not None
            # the description is shared with the catalog, so that it is in memory once
            self._pins[name] = Pin(approved=pin.approved, approvals=pin.approvals, definition=raw)
            return True
        if mark == pin.seen:
            self._pins[name] = attrs.evolve(pin, seen_definition=raw)
        else:
            self._pins[name] = attrs.evolve(pin, seen=mark, seen_definition=raw, since=now, told=False)
            self.is_dirty = True
        return False

    def _tidy(self, offered: Mapping[str, bool]) -> None:
        """Remember of what is not offered any more so much and no more: it may come back, and must be what it was."""
        gone = [name for name in self._pins if name not in offered]
        for name in gone[: max(0, len(gone) - GONE)]:
            del self._pins[name]
            self.is_dirty = True
        self._gone = min(len(gone), GONE)

    def _news(self, consequence: str) -> list[str]:
        """Return what people have not been told yet, in words."""
        fresh = {name: pin for name, pin in self.changed.items() if not pin.told}
        shown = changes(self._service, dict(list(fresh.items())[:TOLD]), self.redact, withheld=bool(consequence))
        told: list[str] = []
        for change in shown:
            what = "is new" if change.is_new else "is not what it was"
            what = f"tool '{visible(change.name)[:LONGEST_NAME]}' {what}{consequence}"
            told.append(f"{what}: {change.summary}" if change.difference else what)
        if len(fresh) > TOLD:
            told.append(f"and {len(fresh) - TOLD} more tools; see: mcpstore tools {self._service} --changed")
        for name, pin in fresh.items():
            self._pins[name] = attrs.evolve(pin, told=True)
        self.unheard |= fresh.keys()
        return told


def _marked(twins: Sequence[Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    """Return the fingerprint of all tools of one name, and the one that stands for them: a model reads each of them."""
    marks = {fingerprint(raw): raw for raw in twins}
    mark = next(iter(marks)) if len(marks) == 1 else sha256(" ".join(marks).encode()).hexdigest()
    return "" if "" in marks else mark, twins[-1]


def changes(service: str, shelf: StoredPins, redact: Redact, withheld: bool) -> list[ToolChange]:
    """Return how tools changed. Telling differences takes a moment: where there may be many, call it in a thread.

    Args:
        service: Name of the service.
        shelf: The tools.
        redact: Hides its secrets.
        withheld: Whether they cannot be called.
    """
    return [
        ToolChange(
            name=name,
            service=service,
            is_new=pin.approved is None,
            withheld=withheld,
            since=datetime.fromtimestamp(pin.since),  # noqa: DTZ006 - local, as records have it
            difference=(*_posing(name, pin), *_difference(pin, redact)),
        )
        for name, pin in shelf.items()
    ]


def _posing(name: str, pin: Pin) -> tuple[str, ...]:
    """Return what is to be said of the name of a new tool that may be taken for another one."""
    if pin.approved is not None or not any(map(looks_like_ascii, name)):
        return ()
    return (f"its name has letters that look like others: {lookalikes_marked(visible(name))}",)


def _difference(pin: Pin, redact: Redact) -> tuple[str, ...]:
    """Return what is different; secrets are hidden first, because words put between others may hide them, too."""
    try:
        before = {} if pin.approved is None else _clean(pin.definition, redact)
        return differences(before, _clean(pin.seen_definition, redact))
    except RecursionError:
        return ("its description is nested too deeply to show what changed",)


def _clean(raw: Mapping[str, Any] | None, redact: Redact) -> dict[str, Any] | None:
    return None if raw is None else redacted_json(fingerprint_fields(raw), redact)
