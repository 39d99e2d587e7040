"""Noticing that a tool no longer is what it was when it was first seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.core.models.catalog import Catalog, Tool
from mcpstore.core.models.record import Named
from mcpstore.core.models.service import ToolPinning

__all__ = ["Pins"]

PINNED: Final = ("description", "inputSchema", "outputSchema", "annotations")
"""What of a tool must not change behind its users' backs; a model reads all of it."""

SHOWN: Final = 80


class Pins:
    """The tools of one service as they were first seen."""

    def __init__(self) -> None:
        self._pins: dict[str, Mapping[str, Any]] = {}
        self._told: set[str] = set()

    def clear(self) -> None:
        """Forget them: whatever is seen next counts as first seen."""
        self._pins.clear()
        self._told.clear()

    def examine(self, catalog: Catalog, pinning: ToolPinning) -> tuple[Catalog, list[str]]:
        """Return what may be published of a catalog, and what has to be told.

        With WARN a change is told and becomes the new pin. With BLOCK it is told once, and the tool is withheld for as
        long as it differs.
        """
        if pinning is ToolPinning.OFF:
            return catalog, []
        told: list[str] = []
        kept: list[Tool] = []
        for tool in catalog.tools:
            pin = self._pins.setdefault(tool.name, tool.raw)
            changes = [field for field in PINNED if pin.get(field) != tool.raw.get(field)]
            if not changes:
                kept.append(tool)
                continue
            difference = "; ".join(_difference(field, pin, tool.raw) for field in changes)
            if pinning is ToolPinning.WARN:
                self._pins[tool.name] = tool.raw
                kept.append(tool)
                told.append(f"tool {tool.name!r} is not what it was: {difference}")
            elif tool.name not in self._told:
                self._told.add(tool.name)
                told.append(f"tool {tool.name!r} is not what it was and cannot be called: {difference}")
        if len(kept) == len(catalog.tools):
            return catalog, told
        return attrs.evolve(catalog, tools=Named(kept)), told


def _difference(field: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    old, new = before.get(field), after.get(field)
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) <= SHOWN:
        return f"{field} was {old!r} and is {new!r}"
    return f"{field} changed"
