"""Noticing that a tool no longer is what it was when it was first seen, or approved; kept across restarts."""

from __future__ import annotations

from mcpstore.runtime.pinning.files import PinFolder
from mcpstore.runtime.pinning.pin import Shelf
from mcpstore.runtime.pinning.registry import Pinboard
from mcpstore.runtime.pinning.service_pins import Pins, changes

__all__ = ["PinFolder", "Pinboard", "Pins", "Shelf", "changes"]
