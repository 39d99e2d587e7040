"""Import path that the specification promises; the class is in `mcpstore.compat.dependencies`."""

from __future__ import annotations

from mcpstore.compat.dependencies import ServiceDependencyManager

__all__ = ["ServiceDependencyManager"]
