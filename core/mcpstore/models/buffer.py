"""Use and bound of a buffer."""

from __future__ import annotations

import attrs

from mcpstore.models.record import Record

__all__ = ["Buffer"]


@attrs.frozen(kw_only=True)
class Buffer(Record):
    """Use and bound of a buffer.

    Attributes:
        name: Name of the buffer.
        used: Amount in the buffer now.
        bound: Maximum amount.
        unit: Unit of both: "bytes", "characters", "lines", "requests" or "checks".
    """

    name: str
    used: int
    bound: int
    unit: str
