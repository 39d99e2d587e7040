"""Import path that the specification promises; the records are in `mcpstore.models.service`."""

from __future__ import annotations

from mcpstore.models.service import ServiceConnectionState, ServiceStatus, StateMetadata

__all__ = ["ServiceConnectionState", "ServiceStatus", "StateMetadata"]
