"""The verbs for tools that are not what they were, for programs without an event loop."""

from __future__ import annotations

from mcpstore.models.record import NamedList
from mcpstore.models.tool_change import ToolChange
from mcpstore.store._sync_base import SyncView

__all__ = ["Approvals"]


class Approvals(SyncView):
    """Shows which tools changed, and approves them, as `AsyncApprovals` describes it."""

    def list_unapproved_tools(self, service: str | None = None) -> NamedList[ToolChange]:
        """Return the tools that are not what they were when they were first seen, or approved."""
        return self._portal.call(self._twin.list_unapproved_tools, service)

    def approve_tools(self, name: str, tool: str | None = None) -> NamedList[ToolChange]:
        """Approve the tools of a service as they are; those that were withheld can be called again."""
        return self._portal.call(self._twin.approve_tools, name, tool)
