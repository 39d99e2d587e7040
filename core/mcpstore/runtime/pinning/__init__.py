"""Noticing that a tool no longer is what it was when it was first seen, or approved; kept across restarts."""

from __future__ import annotations

from mcpstore.runtime.pinning.files import PinFiles
from mcpstore.runtime.pinning.pin import StoredPins
from mcpstore.runtime.pinning.registry import PinRegistry
from mcpstore.runtime.pinning.service_pins import ServicePins, changes

__all__ = ["PinFiles", "PinRegistry", "ServicePins", "StoredPins", "changes"]
