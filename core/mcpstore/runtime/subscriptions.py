"""Callbacks of programs: each has a bounded queue, receives its events in order, and delays no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from mcpstore.concurrency.delivery_queue import MAX_BACKLOG, DeliveryQueue
from mcpstore.errors import InvalidArgument
from mcpstore.models.alert import Alert
from mcpstore.plugin_manager.loaded_plugin import describe_error

__all__ = ["AlertCallback", "StateCallback", "Subscription", "Subscriptions"]

StateCallback = Callable[..., Any]
"""Called with (service_name, old_state, new_state, metadata); may be a coroutine function."""

AlertCallback = Callable[[Alert], Any]
"""Called with an alert; may be a coroutine function."""

_log = logging.getLogger("mcpstore.runtime")


class Subscription:
    """One callback and its queue.

    Attributes:
        failures: Number of events that were not delivered: the callback raised, or its queue was full.
    """

    def __init__(
        self,
        topic: str,
        callback: Callable[..., Any],
        wants: Callable[[str], bool],
        on_cancel: Callable[[Subscription], None],
    ) -> None:
        self._topic: Final = topic
        self._callback: Final = callback
        self._wants: Final = wants
        self._on_cancel: Final = on_cancel
        self._queue: Final = DeliveryQueue(f"{topic}-callback", limit=None, on_drop=self._dropped)
        self.failures: int = 0

    def cancel(self) -> None:
        """End the subscription; events that wait in the queue are dropped."""
        self._queue.clear()
        self._on_cancel(self)

    def post(self, service: str, *arguments: object) -> None:
        """Queue the arguments of one call, if the callback wants events of this service."""
        if self._wants(service):
            self._queue.post(partial(self._deliver, arguments))

    async def flush(self) -> None:
        """Wait until everything queued so far is delivered."""
        await self._queue.flush()

    async def close(self) -> None:
        """Deliver what is queued, within a time limit, and end the subscription."""
        await self._queue.close()

    async def _deliver(self, arguments: tuple[object, ...]) -> None:
        try:
            await self._queue.call(partial(self._callback, *arguments), {})
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a callback that raises affects only itself
            self.failures += 1
            _log.warning("%s callback %s", self._topic, describe_error(error))

    def _dropped(self) -> None:
        self.failures += 1
        _log.warning(
            "%s callback is too slow: its queue of %d is full; the oldest is dropped", self._topic, MAX_BACKLOG
        )


class Subscriptions:
    """The callbacks for one kind of event.

    Args:
        topic: Kind of event, for messages: "state" or "alert".
        signature: What a callback must accept, for the error about one that is no function.
    """

    def __init__(self, topic: str, signature: str) -> None:
        self._topic: Final = topic
        self._signature: Final = signature
        self._subscriptions: Final[list[Subscription]] = []

    def subscribe(
        self, callback: Callable[..., Any], wants: Callable[[str], bool] = lambda _name: True
    ) -> Subscription:
        """Call `callback` with every later event of the services that `wants` accepts.

        Raises:
            InvalidArgument: The callback cannot be called.
        """
        if not callable(callback):
            problem = f"must be callable (got {type(callback).__name__}); pass a function that takes {self._signature}"
            raise InvalidArgument("callback", problem)
        subscription = Subscription(self._topic, callback, wants, self._cancelled)
        self._subscriptions.append(subscription)
        return subscription

    def post(self, service: str, *arguments: object) -> None:
        """Queue an event for every callback; returns at once."""
        for subscription in self._subscriptions:
            subscription.post(service, *arguments)

    async def flush(self) -> None:
        """Wait until everything queued so far is delivered."""
        for subscription in list(self._subscriptions):
            await subscription.flush()

    async def close(self) -> None:
        """Deliver what is queued, within a time limit, and end every subscription."""
        for subscription in list(self._subscriptions):
            await subscription.close()
        self._subscriptions.clear()

    def _cancelled(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
