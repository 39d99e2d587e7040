"""Bounded, ordered delivery queue of one receiver; a slow receiver delays only itself."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from mcpstore.concurrency.loop_guard import LoopGuard
from mcpstore.concurrency.worker import Workers, WorkerTimeout

__all__ = ["MAX_BACKLOG", "DeliveryQueue"]

MAX_BACKLOG: Final = 1000
"""Maximum number of queued deliveries of one receiver; the oldest ones above it are dropped."""

CLOSE_TIMEOUT: Final = 5.0
"""Maximum time that a close waits for queued deliveries, in seconds."""


class DeliveryQueue:
    """Delivery queue of one receiver.

    Plain functions of the receiver run in a thread; if a call does not return, the next one gets another thread.

    Args:
        name: Name of the task and the threads.
        limit: Maximum duration of a call, in seconds; None for no limit.
        on_drop: Called when a delivery is dropped because the queue is full.
        loop_guard: Runs the async functions and measures how long they block the event loop; None for no measurement.
    """

    def __init__(
        self, name: str, *, limit: float | None, on_drop: Callable[[], None], loop_guard: LoopGuard | None = None
    ) -> None:
        self._loop_guard: Final = loop_guard
        self._name: Final = name
        self._limit: Final = limit
        self._on_drop: Final = on_drop
        self._workers = Workers(f"mcpstore-{name}")
        self._backlog: deque[Callable[[], Awaitable[None]]] = deque()
        self._task: asyncio.Task[None] | None = None

    def post(self, delivery: Callable[[], Awaitable[None]]) -> None:
        """Queue a delivery; returns at once. The delivery must not raise."""
        if len(self._backlog) == MAX_BACKLOG:
            self._backlog.popleft()
            self._on_drop()
        self._backlog.append(delivery)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._deliver(), name=f"mcpstore-{self._name}")

    async def call(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Call a plain or async function and return its result.

        Raises:
            WorkerTimeout: The function did not return in time.
            WorkerBusy: The receiver has not returned from too many earlier calls.
            BaseException: Any exception of the function.
        """
        if inspect.iscoroutinefunction(function):
            return await self._run_with_limit(function(**arguments))
        answer = await self._workers.run(lambda: function(**arguments), self._limit)
        return await self._run_with_limit(answer) if inspect.isawaitable(answer) else answer

    def clear(self) -> None:
        """Drop all queued deliveries."""
        self._backlog.clear()

    async def flush(self) -> None:
        """Wait until all deliveries queued so far are done."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Deliver what is queued for at most `CLOSE_TIMEOUT` seconds, drop the rest, and end the threads."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=CLOSE_TIMEOUT)
            self._task.cancel()
            await asyncio.wait([self._task])
        self.clear()
        self._workers.close()

    async def _deliver(self) -> None:
        while self._backlog:
            await self._backlog.popleft()()

    async def _run_with_limit(self, answer: Awaitable[Any]) -> Any:
        # Not asyncio.timeout: a TimeoutError of the receiver itself must be distinguished from this limit.
        waiting = asyncio.ensure_future(answer if self._loop_guard is None else self._loop_guard.run(answer))
        try:
            done, _ = await asyncio.wait([waiting], timeout=self._limit)
        except asyncio.CancelledError:
            waiting.cancel()
            raise
        if not done:
            waiting.cancel()
            if self._loop_guard is not None:
                self._loop_guard.track(waiting)  # it may ignore the cancellation
            raise WorkerTimeout(self._limit or 0.0)
        return waiting.result()
