"""A pin: the definition of a tool that was approved, and the one that is offered."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import attrs

from mcpstore.models.json_types import as_object, as_text
from mcpstore.models.redaction import redacted_json
from mcpstore.models.tool_fingerprint import MAX_KEPT, fingerprint_fields

__all__ = ["MAX_GONE", "Pin", "StoredPins", "merged", "pins_from_json", "pins_to_json"]

MAX_GONE: Final = 1000
"""Number of tools that are not offered any more whose pins are kept, because a tool that returns is compared."""

MAX_DEFINITIONS: Final = 4 * 1024 * 1024
"""Size of the definitions of one service that are kept on disk, in characters; of the others, only hashes are kept."""

REPORTED: Final = "told"  # a key of version 0.1


@attrs.frozen(kw_only=True)
class Pin:
    """The pin of one tool.

    Attributes:
        approved: Fingerprint of the approved definition; None for a tool that was added later and is not approved yet.
        approvals: Number of approvals; 0 if the definition that was seen first is the approved one.
        definition: The approved definition; None if it is not known.
        seen: Fingerprint of the offered definition, if it differs.
        seen_definition: The offered definition, if it differs.
        since: Time at which the difference was noticed, as a POSIX timestamp in seconds.
        reported: Whether the difference was reported.
    """

    approved: str | None = None
    approvals: int = 0
    definition: Mapping[str, Any] | None = None
    seen: str | None = None
    seen_definition: Mapping[str, Any] | None = None
    since: float = 0.0
    reported: bool = False

    def approve(self) -> Pin:
        """Return the pin after an approval of the offered definition."""
        return Pin(approved=self.seen, approvals=self.approvals + 1, definition=self.seen_definition)

    def without_seen(self) -> Pin:
        """Return the pin without the offered definition."""
        return Pin(approved=self.approved, approvals=self.approvals, definition=self.definition)


StoredPins = Mapping[str, Pin]
"""The pins of one service, by the names of its tools."""


def merged(mine: StoredPins, theirs: StoredPins, *, room: int | None) -> dict[str, Pin]:
    """Return the pins of this manager merged with those on disk.

    The later approval counts; of two definitions that were seen first, the one on disk counts.

    Args:
        mine: Pins of this manager.
        theirs: Pins on disk.
        room: Number of tools that are on disk only whose pins may be kept; None if this manager has no
            list of the tools yet, so that the offered definitions on disk count.
    """
    pins: dict[str, Pin] = {}
    for name, pin in mine.items():
        other = theirs.get(name)
        if other is None:
            pins[name] = pin
            continue
        is_later = pin.approved is not None and (other.approved is None or pin.approvals > other.approvals)
        approval, current = pin if is_later else other, other if room is None else pin
        # The definition in memory is shared with the catalog; one that was read is a copy.
        is_mine = approval.approved == pin.approved and pin.definition is not None
        definition = pin.definition if is_mine else approval.definition
        both = attrs.evolve(current, approved=approval.approved, approvals=approval.approvals, definition=definition)
        pins[name] = both.without_seen() if both.seen == both.approved else both
    others = [(name, pin) for name, pin in theirs.items() if name not in mine]
    return pins | dict(others if room is None else others[max(0, len(others) - room) :])


def pins_to_json(
    service: str, pins: StoredPins, redact: Callable[[str], str], unconfirmed: Collection[str] = ()
) -> dict[str, Any]:
    """Return the pins of a service as JSON.

    Args:
        service: Name of the service.
        pins: Its pins.
        redact: Replaces its secrets.
        unconfirmed: Tools whose change was reported just now; if this process is killed, the report may be lost.
    """
    room = MAX_DEFINITIONS

    def definition_of(raw: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        nonlocal room
        if raw is None:
            return None
        try:
            fields = redacted_json(fingerprint_fields(raw), redact)
            size = len(json.dumps(fields))
        except (TypeError, ValueError, RecursionError):
            return None
        if size > min(MAX_KEPT, room):
            return None
        room -= size
        return as_object(fields)

    tools: dict[str, Any] = {}
    for name, pin in pins.items():
        tools[name] = {
            "approved": pin.approved,
            "approvals": pin.approvals,
            "definition": definition_of(pin.definition),
        }
        if pin.seen is not None:
            tools[name] |= {
                "seen": pin.seen,
                "seen_definition": definition_of(pin.seen_definition),
                "since": pin.since,
                REPORTED: pin.reported and name not in unconfirmed,
            }
    return {"version": 1, "service": service, "tools": tools}


def pins_from_json(value: Any, service: str) -> dict[str, Pin]:
    """Return the pins of a service that a JSON value holds.

    Raises:
        ValueError: It holds no pins of this service; the message says why.
    """
    fields = as_object(value)
    if fields is None or fields.get("version") != 1 or fields.get("service") != service:
        raise ValueError("it is not about this service, or was written by another version of MCPStore")
    tools = as_object(fields.get("tools"))
    if tools is None:
        raise ValueError("it has no field 'tools'")
    return {name: _pin_from_json(name, as_object(tool) or {}) for name, tool in tools.items()}


def _pin_from_json(name: str, fields: Mapping[str, Any]) -> Pin:
    approved, seen = as_text(fields.get("approved")), as_text(fields.get("seen"))
    approvals, since = fields.get("approvals", 0), fields.get("since", 0.0)
    if (approved is None and seen is None) or not (isinstance(approvals, int) and isinstance(since, int | float)):
        raise ValueError(f"its fields of tool {name!r} have wrong types")
    return Pin(
        approved=approved,
        approvals=approvals,
        definition=as_object(fields.get("definition")),
        seen=seen,
        seen_definition=as_object(fields.get("seen_definition")),
        since=since,
        reported=fields.get(REPORTED) is True,
    )
