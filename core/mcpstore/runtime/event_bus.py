"""The event bus of one store: what happens to a service is published once and reaches every receiver.

Observers (metrics, then alerting) are called within the step, in the order in which they were attached; they lose
nothing. Callbacks and plugins have a bounded queue each, so a slow one delays only itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from mcpstore.core.context import Context
from mcpstore.hooks.events import StateChange
from mcpstore.models.catalog import Catalog
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.subscriptions import StateCallback, Subscription, Subscriptions

__all__ = ["EventBus", "Observer"]

_log = logging.getLogger("mcpstore.runtime")


class Observer:
    """Receiver that the bus calls within the step. A method must return quickly; the default ones do nothing."""

    def on_edge(self, change: StateChange, ctx: Context) -> None:
        """Receive a change of the connection state; `ctx` is the context after the whole step."""

    def on_context(self, service: str, ctx: Context) -> None:
        """Receive the context after a step that changed the state, the desired state, or who asked for it."""

    def on_check(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:
        """Receive the result of a health check.

        Args:
            service: The service.
            duration: Duration of the check, in seconds.
            answered: Whether the service answered; None if the check was undecided.
            error: Error message, if there was an error.
        """

    def on_tool_changes(self, service: str, changes: Sequence[str]) -> None:
        """Receive descriptions of how tools of a service differ from their pins."""

    def on_metrics(self, service: str) -> None:
        """Receive the name of a service whose metrics have new values; empty for those of the manager's machine."""

    def on_removal(self, service: str) -> None:
        """Receive the name of a removed service after its close."""


class EventBus:
    """Publishes the events of the services of one store.

    Args:
        plugins: Receive state changes and changed tools, each plugin through a queue of its own.
        clock: Clock of the store.
    """

    def __init__(self, plugins: PluginManager, clock: Clock) -> None:
        self._plugins: Final = plugins
        self._clock: Final = clock
        self._start = 0
        self._last = 0
        self._observers: Final[list[Observer]] = []
        self._callbacks: Final = Subscriptions("state", "four arguments: service, old state, new state, metadata")

    # --- receivers

    def attach(self, observer: Observer) -> None:
        """Call an observer at every later event, after those attached before."""
        self._observers.append(observer)

    def subscribe(self, callback: StateCallback, wants: Callable[[str], bool] = lambda _name: True) -> Subscription:
        """Call `callback` at every later state change of the services that `wants` accepts.

        Raises:
            InvalidArgument: The callback cannot be called.
        """
        return self._callbacks.subscribe(callback, wants)

    async def flush(self) -> None:
        """Wait until the callbacks have received everything published so far."""
        await self._callbacks.flush()

    async def close(self) -> None:
        """Deliver what is queued for callbacks, within a time limit, and end every subscription."""
        await self._callbacks.close()

    # --- events

    def next_edge_id(self) -> str:
        """Return the id of the next edge, `<start>-<n>`; see `StateChange.id`."""
        if not self._last:
            self._start = int(self._clock.posix() * 1000)
        self._last += 1
        return f"{self._start}-{self._last}"

    def publish_edge(self, change: StateChange, ctx: Context) -> None:
        """Publish a change of the connection state: to observers, callbacks and plugins."""
        self._call(change.service, lambda observer: observer.on_edge(change, ctx))
        self._callbacks.post(change.service, change.service, change.old, change.new, change.metadata)
        self._plugins.notify("mcpstore_state_changed", change=change)

    def publish_context(self, service: str, ctx: Context) -> None:
        """Publish the context after a step that changed what observers depend on."""
        self._call(service, lambda observer: observer.on_context(service, ctx))

    def publish_check(self, service: str, duration: float, *, answered: bool | None, error: str | None) -> None:
        """Publish the result of a health check; see `Observer.on_check`."""
        self._call(service, lambda observer: observer.on_check(service, duration, answered=answered, error=error))

    def publish_catalog(self, service: str, catalog: Catalog) -> None:
        """Publish the tools of a service after they changed: to plugins."""
        self._plugins.notify("mcpstore_tools_changed", service=service, tools=catalog.tools)

    def publish_tool_changes(self, service: str, changes: Sequence[str]) -> None:
        """Publish how tools of a service differ from their pins."""
        self._call(service, lambda observer: observer.on_tool_changes(service, changes))

    def publish_metrics(self, service: str) -> None:
        """Publish that the metrics of a service have new values; empty for those of the manager's machine."""
        self._call(service, lambda observer: observer.on_metrics(service))

    def publish_removal(self, service: str) -> None:
        """Publish that a removed service is closed."""
        self._call(service, lambda observer: observer.on_removal(service))

    def _call(self, service: str, deliver: Callable[[Observer], None]) -> None:
        for observer in self._observers:
            try:
                deliver(observer)
            except Exception:  # noqa: BLE001 - a bug of one observer must not cost the others the event
                _log.exception("service %r: an observer failed. This is a bug; please report it", service)
