"""What the sync store and its contexts have in common: the way to their async twin."""

from __future__ import annotations

from mcpstore.store.context import AsyncServiceContext
from mcpstore.store.portal import Portal

__all__ = ["SyncView"]


class SyncView:
    """Verbs for callers that wait.

    Args:
        portal: The way into the event loop of the store.
        twin: Has the same verbs, for callers in that event loop.
    """

    def __init__(self, portal: Portal, twin: AsyncServiceContext) -> None:
        self._portal = portal
        self._twin = twin
