"""Approval of tool definitions that differ from those seen first, or approved last."""

from __future__ import annotations

import asyncio
from typing import Final

from mcpstore.errors import MCPStoreError
from mcpstore.models.record import NamedList
from mcpstore.models.service import ToolPinning
from mcpstore.models.tool_change import ToolChange
from mcpstore.runtime.pinning import StoredPins, changes
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.arguments import check_str
from mcpstore.store.parts import StoreParts
from mcpstore.store.scope import Scope

__all__ = ["ToolApprovals"]


class ToolApprovals:
    """Lists changed tools, and approves them.

    Args:
        scope: The services covered.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope: Final = scope

    async def unapproved(self, service: str | None) -> NamedList[ToolChange]:
        """Return the tools that wait for approval; see `AsyncServiceContext.list_unapproved_tools`."""
        parts = self._scope.parts()
        unapproved: list[ToolChange] = []
        for runner in self._scope.runners() if service is None else [self._scope.runner(service)]:
            if runner.spec.tool_pinning is not ToolPinning.OFF:
                await _load(parts, runner)
                unapproved += await _changes(runner, runner.pins.changed)
        return NamedList(unapproved)

    async def approve(self, name: str, tool: str | None) -> NamedList[ToolChange]:
        """Approve the tools of a service; see `AsyncServiceContext.approve_tools`."""
        parts, runner = self._scope.parts(), self._scope.runner(name)
        if tool is not None:
            check_str("tool", tool)
        await _load(parts, runner)
        before = runner.pins.approve(tool)
        if not before:
            return NamedList()
        runner.republish()
        try:
            await parts.supervisor.pinboard.save(name)
        except OSError as error:
            raise MCPStoreError(
                f"the approval of tools of service {name!r} cannot be saved: {error}; it holds until this store ends"
            ) from None
        return NamedList(await _changes(runner, before))


async def _load(parts: StoreParts, runner: ServiceRunner) -> None:
    """Load the stored approvals of a service; another store may have changed them."""
    await parts.supervisor.pinboard.refresh([runner.spec.name])


async def _changes(runner: ServiceRunner, pins: StoredPins) -> list[ToolChange]:
    if not pins:
        return []
    withheld = runner.spec.tool_pinning is ToolPinning.BLOCK
    return await asyncio.to_thread(changes, runner.spec.name, pins, runner.pins.redact, withheld=withheld)
