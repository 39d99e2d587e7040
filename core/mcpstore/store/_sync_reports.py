"""The verbs that show how services fare, for programs without an event loop."""

from __future__ import annotations

import os
from collections.abc import Iterable

from mcpstore.store._sync_base import SyncView
from mcpstore.store.metrics import Moment
from mcpstore.store.overview import Overview

__all__ = ["Seeing"]


class Seeing(SyncView):
    """Shows how services fare, as `AsyncReports` describes it."""

    def report(self, format: str = "text", since: Moment = None) -> str:  # noqa: A002 - what people call it
        """Return how the services fared, for people: "text", "summary", "markdown", "html", or "json"."""
        return self._portal.call(self._twin.report, format, since)

    def export(
        self,
        format: str | None = None,  # noqa: A002 - what people call it
        path: str | os.PathLike[str] | None = None,
        services: Iterable[str] | None = None,
        since: Moment = None,
    ) -> str:
        """Return what was measured, for other programs, or write it to a file: "json", "csv" or "parquet"."""
        return self._portal.call(self._twin.export, format, path, services, since)

    def dashboard(self) -> str:
        """Return how the services fare now, as text for a terminal."""
        return self._portal.call(self._twin.dashboard)

    def overview(self, since: Moment = None) -> Overview:
        """Return how every service fares now and what is new of its past, for screens that are refreshed."""
        return self._portal.call(self._twin.overview, since)
