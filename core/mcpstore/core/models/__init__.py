"""Import path that the specification promises; the records are in `mcpstore.models`."""

from __future__ import annotations
