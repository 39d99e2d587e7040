"""Runs a coroutine of a plugin in the event loop; measures how long each step blocks it, and tracks the tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, Final
from weakref import WeakSet

__all__ = ["LoopGuard"]


class LoopGuard:
    """Runs the coroutines of one plugin.

    Attributes:
        longest: Duration of the longest step since the last call of `run`, in seconds.
    """

    def __init__(self) -> None:
        self.longest: float = 0.0
        self._started: Final[WeakSet[asyncio.Future[Any]]] = WeakSet()

    @property
    def running(self) -> list[asyncio.Future[Any]]:
        """Tasks that the plugin started and that have not ended."""
        return [task for task in self._started if not task.done()]

    def track(self, task: asyncio.Future[Any]) -> None:
        """Add a task to those of the plugin."""
        self._started.add(task)

    async def run(self, awaitable: Awaitable[Any]) -> Any:
        """Await an awaitable of the plugin, step by step."""
        self.longest = 0.0
        return await _TimedAwaitable(awaitable.__await__(), self)

    def take_step(self, steps: Generator[Any, Any, Any], value: Any, error: BaseException | None) -> Any:
        """Run one step. No other code runs in the loop meanwhile, so every task created in it belongs to the plugin."""
        loop = asyncio.get_running_loop()
        previous: Any = loop.get_task_factory()

        def create(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> Any:
            if previous is None:
                task: asyncio.Future[Any] = asyncio.Task(coroutine, loop=loop, **options)
            else:
                task = previous(loop, coroutine, **options)
            self._started.add(task)
            return task

        factory: Any = create
        loop.set_task_factory(factory)
        began = loop.time()
        try:
            return steps.send(value) if error is None else steps.throw(error)
        finally:
            self.longest = max(self.longest, loop.time() - began)
            loop.set_task_factory(previous)


class _TimedAwaitable:
    """Awaitable whose steps a `LoopGuard` runs."""

    def __init__(self, steps: Generator[Any, Any, Any], guard: LoopGuard) -> None:
        self._steps = steps
        self._guard = guard

    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                awaited = self._guard.take_step(self._steps, value, error)
            except StopIteration as end:
                return end.value
            try:
                value, error = (yield awaited), None
            except GeneratorExit:
                self._steps.close()
                raise
            except BaseException as raised:  # noqa: BLE001 - passed on to the plugin
                value, error = None, raised
