"""What is known of one tool: how it was approved, and how it is now."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import attrs

from mcpstore.models.json_types import as_object, as_text
from mcpstore.models.redaction import redacted_json
from mcpstore.models.tool_fingerprint import MAX_KEPT, fingerprint_fields

__all__ = ["GONE", "Pin", "StoredPins", "line_of", "merged", "shelf_from"]

GONE: Final = 1000
"""Tools that are not offered any more which are remembered: one that comes back must be what it was."""

ROOM: Final = 4 * 1024 * 1024
"""Characters of the descriptions of one service that are kept on disk; of the others only their hashes are."""


@attrs.frozen(kw_only=True)
class Pin:
    """One tool.

    Attributes:
        approved: Fingerprint of what was approved; None if the tool came later, and nobody has approved it yet.
        approvals: How often somebody approved it; 0 if it was taken as it was first seen.
        definition: What was approved; None if that is not known.
        seen: Fingerprint of what is offered, if that is something else.
        seen_definition: What is offered, if that is something else.
        since: When that was noticed, as a POSIX timestamp in seconds.
        told: Whether people were told.
    """

    approved: str | None = None
    approvals: int = 0
    definition: Mapping[str, Any] | None = None
    seen: str | None = None
    seen_definition: Mapping[str, Any] | None = None
    since: float = 0.0
    told: bool = False

    def approve(self) -> Pin:
        """Return it as it is once somebody has approved what is offered."""
        return Pin(approved=self.seen, approvals=self.approvals + 1, definition=self.seen_definition)

    def as_it_was(self) -> Pin:
        """Return it without what is offered."""
        return Pin(approved=self.approved, approvals=self.approvals, definition=self.definition)


StoredPins = Mapping[str, Pin]
"""The pins of one service, by the names of its tools."""


def merged(mine: StoredPins, theirs: StoredPins, *, room: int | None) -> dict[str, Pin]:
    """Return what two managers know together: the later approval counts, and among first sights the one on disk.

    Args:
        mine: What this manager knows.
        theirs: What the disk says.
        room: How many tools that only the disk knows may be remembered; None if this manager has not asked the service
            what it offers, so that the disk knows better.
    """
    made: dict[str, Pin] = {}
    for name, pin in mine.items():
        other = theirs.get(name)
        if other is None:
            made[name] = pin
            continue
        is_later = pin.approved is not None and (other.approved is None or pin.approvals > other.approvals)
        said, now = pin if is_later else other, other if room is None else pin
        # what is in memory may be shared with the catalog, what was read is a copy
        kept = pin.definition if said.approved == pin.approved and pin.definition is not None else said.definition
        both = attrs.evolve(now, approved=said.approved, approvals=said.approvals, definition=kept)
        made[name] = both.as_it_was() if both.seen == both.approved else both
    others = [(name, pin) for name, pin in theirs.items() if name not in mine]
    return made | dict(others if room is None else others[max(0, len(others) - room) :])


def line_of(
    service: str, shelf: StoredPins, redact: Callable[[str], str], unheard: Collection[str] = ()
) -> dict[str, Any]:
    """Return the pins of a service as JSON.

    Args:
        service: Name of the service.
        shelf: Its pins.
        redact: Hides its secrets.
        unheard: Tools of which people were told just now; if we are killed, they may never hear of it.
    """
    room = ROOM

    def kept(raw: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        nonlocal room
        if raw is None:
            return None
        try:
            told = redacted_json(fingerprint_fields(raw), redact)
            size = len(json.dumps(told))
        except (TypeError, ValueError, RecursionError):
            return None
        if size > min(MAX_KEPT, room):
            return None
        room -= size
        return as_object(told)

    tools: dict[str, Any] = {}
    for name, pin in shelf.items():
        tools[name] = {"approved": pin.approved, "approvals": pin.approvals, "definition": kept(pin.definition)}
        if pin.seen is not None:
            tools[name] |= {
                "seen": pin.seen,
                "seen_definition": kept(pin.seen_definition),
                "since": pin.since,
                "told": pin.told and name not in unheard,
            }
    return {"version": 1, "service": service, "tools": tools}


def shelf_from(line: Any, service: str) -> dict[str, Pin]:
    """Return the pins of a service that JSON holds.

    Raises:
        ValueError: It holds none that can be understood; says why.
    """
    said = as_object(line)
    if said is None or said.get("version") != 1 or said.get("service") != service:
        raise ValueError("it is not about this service, or of another version of this program")
    tools = as_object(said.get("tools"))
    if tools is None:
        raise ValueError("it says nothing about tools")
    return {name: _pin(name, as_object(tool) or {}) for name, tool in tools.items()}


def _pin(name: str, said: Mapping[str, Any]) -> Pin:
    approved, seen = as_text(said.get("approved")), as_text(said.get("seen"))
    approvals, since = said.get("approvals", 0), said.get("since", 0.0)
    if (approved is None and seen is None) or not (isinstance(approvals, int) and isinstance(since, int | float)):
        raise ValueError(f"what it says about tool {name!r} cannot be understood")
    return Pin(
        approved=approved,
        approvals=approvals,
        definition=as_object(said.get("definition")),
        seen=seen,
        seen_definition=as_object(said.get("seen_definition")),
        since=since,
        told=said.get("told") is True,
    )
