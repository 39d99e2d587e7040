"""Tool pinning: a tool is compared with the definition that was seen first or approved, also after a restart."""

from __future__ import annotations

from mcpstore.runtime.pinning.files import PinFiles
from mcpstore.runtime.pinning.pin import StoredPins
from mcpstore.runtime.pinning.registry import PinRegistry
from mcpstore.runtime.pinning.service_pins import ServicePins, changes

__all__ = ["PinFiles", "PinRegistry", "ServicePins", "StoredPins", "changes"]
