"""Changed or new tool that is not approved yet."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from mcpstore.models.record import Record
from mcpstore.models.text import truncated

__all__ = ["ToolChange"]

MAX_SUMMARY: Final = 400
"""Maximum length of a summary, in characters."""


@attrs.frozen(kw_only=True)
class ToolChange(Record):
    """Tool that has changed since it was first seen or approved, or that is new.

    Attributes:
        name: Name of the tool, without the service.
        service: Name of the service.
        is_new: Whether the tool is new.
        withheld: Whether the tool cannot be called until it is approved.
        since: Time at which the change was found (local time, without zone).
        difference: Description of the change, one line for each place; for a new tool, its definition.
    """

    name: str
    service: str
    is_new: bool
    withheld: bool
    since: datetime
    difference: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """Unique name in the store: `"service/tool"`."""
        return f"{self.service}/{self.name}"

    @property
    def summary(self) -> str:
        """The difference in one line."""
        return truncated("; ".join(self.difference), MAX_SUMMARY)
