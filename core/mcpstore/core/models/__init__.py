"""Import path that the specification promises; the records live in `mcpstore.models`."""

from __future__ import annotations
