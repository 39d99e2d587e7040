"""The verbs for tools that are not what they were: which they are, and approving them."""

from __future__ import annotations

import asyncio

from mcpstore.errors import MCPStoreError
from mcpstore.models.record import NamedList
from mcpstore.models.service import ToolPinning
from mcpstore.models.tool_change import ToolChange
from mcpstore.runtime.pinning import StoredPins, changes
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.arguments import check_str
from mcpstore.store.context_base import ContextBase

__all__ = ["AsyncApprovals"]


class AsyncApprovals(ContextBase):
    """Shows which tools changed, and approves them."""

    async def list_unapproved_tools(self, service: str | None = None) -> NamedList[ToolChange]:
        """Return the tools that are not what they were when they were first seen, or approved.

        Nothing is asked of any service: of one that is not running, this is what was seen last.

        Args:
            service: Only those of this service.

        Raises:
            ServiceNotFound: There is none of this name.
        """
        scope, runners = self._scope(), self._open().supervisor.runners()
        if service is not None:
            runners = [self._runner(service)]
        found: list[ToolChange] = []
        for runner in runners:
            if runner.spec.tool_pinning is ToolPinning.OFF or not (scope is None or runner.spec.name in scope):
                continue
            await self._learn(runner)
            found += await _told(runner, runner.pins.changed)
        return NamedList(found)

    async def approve_tools(self, name: str, tool: str | None = None) -> NamedList[ToolChange]:
        """Approve the tools of a service as they are; those that were withheld can be called again.

        Args:
            name: The service.
            tool: Only this one.

        Returns:
            What was approved; empty if nothing had changed.

        Raises:
            ServiceNotFound: There is none of this name.
            ToolNotFound: It never had a tool of this name.
            MCPStoreError: It cannot be kept; it is approved until this store ends.
        """
        house, runner = self._open(), self._runner(name)
        if tool is not None:
            check_str("tool", tool)
        await self._learn(runner)
        before = runner.pins.approve(tool)
        if not before:
            return NamedList()
        runner.republish()
        try:
            await house.supervisor.pinboard.keep(name)
        except OSError as error:
            raise MCPStoreError(
                f"what was approved of service {name!r} cannot be kept on the disk: {error}; "
                "it is approved until this store ends"
            ) from None
        return NamedList(await _told(runner, before))

    async def _learn(self, runner: ServiceRunner) -> None:
        """Take in what is kept of a service, and what others approved of it."""
        await self._house.supervisor.pinboard.look([runner.spec.name])


async def _told(runner: ServiceRunner, shelf: StoredPins) -> list[ToolChange]:
    if not shelf:
        return []
    withheld = runner.spec.tool_pinning is ToolPinning.BLOCK
    return await asyncio.to_thread(changes, runner.spec.name, shelf, runner.pins.redact, withheld=withheld)
