"""Import path that the specification promises; the class and the function are in `mcpstore.compat.recovery`."""

from __future__ import annotations

from mcpstore.compat.recovery import ServiceAutoRecovery, manual_recovery_toolkit

__all__ = ["ServiceAutoRecovery", "manual_recovery_toolkit"]
