"""Publishes the catalog of one service in the registry, after the check against its pins."""

from __future__ import annotations

import logging
from typing import Final

from mcpstore.models.catalog import Catalog
from mcpstore.runtime.pinning import ServicePins
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.service_view import ServiceView

__all__ = ["CatalogPublisher"]

_log = logging.getLogger("mcpstore.runtime")


class CatalogPublisher:
    """Publishes what one service offers.

    Args:
        service: The service.
        pins: The approved definitions of its tools.
        shared: Objects that all runners of the store share.
    """

    __slots__ = ("_offered", "_pins", "_service", "_shared")

    def __init__(self, service: ServiceView, pins: ServicePins, shared: RunnerServices) -> None:
        self._service: Final = service
        self._pins: Final = pins
        self._shared: Final = shared
        self._offered = Catalog()

    def publish(self, catalog: Catalog) -> None:
        """Publish the first catalog of a connection."""
        catalog = self._pinned(catalog)
        self._shared.registry.publish(self._service.spec.name, catalog)
        self._shared.bus.publish_catalog(self._service.spec.name, catalog)

    def update(self, catalog: Catalog) -> None:
        """Publish a later catalog of a live connection; plugins are notified if tools changed."""
        if not self._service.is_live:
            return
        name = self._service.spec.name
        catalog = self._pinned(catalog)
        before = self._shared.registry.catalog(name)
        self._shared.registry.publish(name, catalog)
        if [tool.raw for tool in before.tools] != [tool.raw for tool in catalog.tools]:
            self._shared.bus.publish_catalog(name, catalog)

    def republish(self) -> None:
        """Publish the last catalog again: a tool was approved, or the pinning option changed."""
        self.update(self._offered)

    def withdraw(self) -> None:
        """Withdraw the catalog."""
        self._shared.registry.withdraw(self._service.spec.name)

    def _pinned(self, catalog: Catalog) -> Catalog:
        """Return the part of a catalog that may be published; log and publish changed tools."""
        spec, session = self._service.spec, self._service.session
        self._offered = catalog
        if session is not None:
            self._pins.redact = session.redact
        published, changes = self._pins.examine(catalog, spec.tool_pinning, self._shared.clock.posix())
        self._shared.pinboard.changed(spec.name)
        for change in changes:
            _log.warning("service %r: %s", spec.name, change)
        if changes:
            self._shared.bus.publish_tool_changes(spec.name, changes)
        return published
