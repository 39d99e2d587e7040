"""Telling everybody who wants to know that a service changed its state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from mcpstore.concurrency.delivery_queue import MAX_BACKLOG, DeliveryQueue
from mcpstore.errors import InvalidArgument
from mcpstore.hooks.events import StateChange
from mcpstore.plugin_manager.loaded_plugin import describe_error

__all__ = ["StateCallback", "StateEventBus", "Subscription"]

_log = logging.getLogger("mcpstore.runtime")

StateCallback = Callable[..., Any]
"""Called with (service_name, old_state, new_state, metadata); may be a coroutine function."""


class Subscription:
    """A callback that hears of state changes, in order, one at a time."""

    def __init__(
        self, callback: StateCallback, wanted: Callable[[str], bool], leave: Callable[[Subscription], None]
    ) -> None:
        self._callback = callback
        self._wanted = wanted
        self._leave = leave
        self._courier = DeliveryQueue("state-callback", limit=None, on_drop=self._dropped)
        self.failures: int = 0

    def cancel(self) -> None:
        """Hear nothing any longer; deliveries that wait are dropped."""
        self._courier.clear()
        self._leave(self)

    def post(self, change: StateChange) -> None:
        """Queue a change for the callback."""
        if self._wanted(change.service):
            self._courier.post(partial(self._deliver, change))

    async def flush(self) -> None:
        """Wait until everything queued so far is delivered."""
        await self._courier.flush()

    async def close(self) -> None:
        """Deliver what is queued, for a while, and let go."""
        await self._courier.close()

    async def _deliver(self, change: StateChange) -> None:
        arguments = (change.service, change.old, change.new, change.metadata)
        try:
            await self._courier.call(partial(self._callback, *arguments), {})
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a callback of a stranger costs only itself
            self.failures += 1
            _log.warning("a state callback %s", describe_error(error))

    def _dropped(self) -> None:
        self.failures += 1
        _log.warning(
            "a state callback is too slow: more than %d changes were waiting, the oldest was dropped", MAX_BACKLOG
        )


class StateEventBus:
    """The subscriptions of one store."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self, callback: StateCallback, wanted: Callable[[str], bool] = lambda _name: True) -> Subscription:
        """Call `callback` at every state change of the services that are wanted."""
        if not callable(callback):
            told = f"must be callable (got {type(callback).__name__}); pass a function of four arguments"
            raise InvalidArgument("callback", told)
        subscription = Subscription(callback, wanted, self._subscriptions.remove)
        self._subscriptions.append(subscription)
        return subscription

    def announce(self, change: StateChange) -> None:
        """Tell everybody; returns at once."""
        for subscription in self._subscriptions:
            subscription.post(change)

    async def flush(self) -> None:
        """Wait until everything announced so far is delivered."""
        for subscription in list(self._subscriptions):
            await subscription.flush()

    async def close(self) -> None:
        """Deliver what is queued, for a while, and let go."""
        for subscription in list(self._subscriptions):
            await subscription.close()
        self._subscriptions.clear()
