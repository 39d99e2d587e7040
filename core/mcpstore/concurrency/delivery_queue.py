"""Bringing news to somebody who may be slow: in order, one at a time, bounded, and never in anybody else's way."""

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
"""Deliveries that may wait for one receiver; older ones are dropped."""

CLOSE_TIMEOUT: Final = 5.0
"""Seconds that closing waits for deliveries under way."""


class DeliveryQueue:
    """Calls functions of one receiver, sync ones in threads of its own: one, and a few more if it does not return.

    Args:
        name: For the names of its task and its thread.
        limit: Seconds one call may take; None for no limit.
        on_drop: Called when a delivery is dropped because too many wait.
        steps: Watches what async functions do to the event loop; nobody does if it is None.
    """

    def __init__(
        self, name: str, *, limit: float | None, on_drop: Callable[[], None], steps: LoopGuard | None = None
    ) -> None:
        self._loop_guard: Final = steps
        self._name: Final = name
        self._limit: Final = limit
        self._on_drop: Final = on_drop
        self._workers = Workers(f"mcpstore-{name}")
        self._backlog: deque[Callable[[], Awaitable[None]]] = deque()
        self._task: asyncio.Task[None] | None = None

    def post(self, delivery: Callable[[], Awaitable[None]]) -> None:
        """Queue a delivery, which must not raise; returns at once."""
        if len(self._backlog) == MAX_BACKLOG:
            self._backlog.popleft()
            self._on_drop()
        self._backlog.append(delivery)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._deliver(), name=f"mcpstore-{self._name}")

    async def call(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Call a function, sync or async, and return what it returns.

        Raises:
            WorkerTimeout: It did not return in time.
            WorkerBusy: It has not returned from too many earlier calls.
            BaseException: Whatever it raised.
        """
        if inspect.iscoroutinefunction(function):
            return await self._run_with_limit(function(**arguments))
        answer = await self._workers.run(lambda: function(**arguments), self._limit)
        return await self._run_with_limit(answer) if inspect.isawaitable(answer) else answer

    def clear(self) -> None:
        """Forget every delivery that waits."""
        self._backlog.clear()

    async def flush(self) -> None:
        """Wait until everything queued so far is delivered."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Deliver what is queued, for a while, and let go."""
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
        # Not asyncio.timeout: the receiver may raise TimeoutError itself, and that is another story.
        waiting = asyncio.ensure_future(answer if self._loop_guard is None else self._loop_guard.run(answer))
        try:
            done, _ = await asyncio.wait([waiting], timeout=self._limit)
        except asyncio.CancelledError:
            waiting.cancel()
            raise
        if not done:
            waiting.cancel()
            if self._loop_guard is not None:
                self._loop_guard.track(waiting)  # it may refuse to be cancelled
            raise WorkerTimeout(self._limit or 0.0)
        return waiting.result()
