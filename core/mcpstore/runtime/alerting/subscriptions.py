"""Callbacks that hear of alerts, each in order, one at a time, and in nobody's way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from mcpstore.concurrency.delivery_queue import MAX_BACKLOG, DeliveryQueue
from mcpstore.errors import InvalidArgument
from mcpstore.models.alert import Alert
from mcpstore.plugin_manager.loaded_plugin import describe_error

__all__ = ["AlertCallback", "AlertSubscription", "AlertSubscriptions"]

AlertCallback = Callable[[Alert], Any]
"""Called with an alert; may be a coroutine function."""

_log = logging.getLogger("mcpstore.alerts")


class AlertSubscription:
    """A callback that hears of alerts.

    Attributes:
        failures: How often it raised, or was too slow.
    """

    def __init__(
        self, callback: AlertCallback, wanted: Callable[[str], bool], leave: Callable[[AlertSubscription], None]
    ) -> None:
        self._callback = callback
        self._wanted = wanted
        self._leave = leave
        self._courier = DeliveryQueue("alert-callback", limit=None, on_drop=self._dropped)
        self.failures: int = 0

    def cancel(self) -> None:
        """Hear nothing any longer; what waits is dropped."""
        self._courier.clear()
        self._leave(self)

    def post(self, alert: Alert) -> None:
        """Queue an alert for the callback."""
        if self._wanted(alert.service):
            self._courier.post(partial(self._deliver, alert))

    async def flush(self) -> None:
        """Wait until everything queued so far is delivered."""
        await self._courier.flush()

    async def close(self) -> None:
        """Deliver what is queued, for a while, and let go."""
        await self._courier.close()

    async def _deliver(self, alert: Alert) -> None:
        try:
            await self._courier.call(partial(self._callback, alert), {})
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a callback of a stranger costs only itself
            self.failures += 1
            _log.warning("an alert callback %s", describe_error(error))

    def _dropped(self) -> None:
        self.failures += 1
        _log.warning(
            "an alert callback is too slow: more than %d alerts were waiting, the oldest was dropped", MAX_BACKLOG
        )


class AlertSubscriptions:
    """The callbacks of one store."""

    def __init__(self) -> None:
        self._subscriptions: list[AlertSubscription] = []

    def subscribe(
        self, callback: AlertCallback, wanted: Callable[[str], bool] = lambda _name: True
    ) -> AlertSubscription:
        """Call `callback` with every alert about a service that is wanted."""
        if not callable(callback):
            told = f"must be callable (got {type(callback).__name__}); pass a function that takes an alert"
            raise InvalidArgument("callback", told)
        subscription = AlertSubscription(callback, wanted, self._left)
        self._subscriptions.append(subscription)
        return subscription

    def announce(self, alert: Alert) -> None:
        """Tell everybody; returns at once."""
        for subscription in self._subscriptions:
            subscription.post(alert)

    async def close(self) -> None:
        """Deliver what is queued, for a while, and let go."""
        for subscription in list(self._subscriptions):
            await subscription.close()
        self._subscriptions.clear()

    def _left(self, subscription: AlertSubscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
