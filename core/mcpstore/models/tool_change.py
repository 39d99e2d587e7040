"""A tool that is not what it was when somebody approved it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from mcpstore.models.record import Record
from mcpstore.models.text import truncated

__all__ = ["ToolChange"]

MAX_SUMMARY: Final = 400
"""Characters of a summary."""


@attrs.frozen(kw_only=True)
class ToolChange(Record):
    """A tool that is not what it was when it was first seen, or approved.

    Attributes:
        name: The tool's own name.
        service: The service that offers it.
        is_new: Whether it was not there at all then.
        withheld: Whether it cannot be called until somebody approves it.
        since: When the change was noticed (local time, without zone).
        difference: What is different, a line for each place; of a new tool, what it is.
    """

    name: str
    service: str
    is_new: bool
    withheld: bool
    since: datetime
    difference: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The name that is never ambiguous: `"service/tool"`."""
        return f"{self.service}/{self.name}"

    @property
    def summary(self) -> str:
        """The difference in one line."""
        return truncated("; ".join(self.difference), MAX_SUMMARY)
