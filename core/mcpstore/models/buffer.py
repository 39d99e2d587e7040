"""How much is kept of something, and how much may be."""

from __future__ import annotations

import attrs

from mcpstore.models.record import Record

__all__ = ["Buffer"]


@attrs.frozen(kw_only=True)
class Buffer(Record):
    """Something that grows, and its bound.

    Attributes:
        name: What is kept.
        used: How much of it there is now.
        bound: How much there may be at most.
        unit: What both are counted in: "bytes", "characters", "lines", "requests", "checks".
    """

    name: str
    used: int
    bound: int
    unit: str
