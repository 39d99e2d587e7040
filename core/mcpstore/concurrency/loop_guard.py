"""Running a coroutine of a stranger in our event loop: how long each step keeps it, and which tasks it starts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, Final
from weakref import WeakSet

__all__ = ["LoopGuard"]


class LoopGuard:
    """Watches the coroutines of one plugin.

    Attributes:
        longest: Seconds the longest step since the last call kept the event loop.
    """

    def __init__(self) -> None:
        self.longest: float = 0.0
        self._started: Final[WeakSet[asyncio.Future[Any]]] = WeakSet()

    @property
    def running(self) -> list[asyncio.Future[Any]]:
        """The tasks that were started by the plugin and have not ended."""
        return [task for task in self._started if not task.done()]

    def track(self, task: asyncio.Future[Any]) -> None:
        """Count a task among the plugin's."""
        self._started.add(task)

    async def run(self, awaitable: Awaitable[Any]) -> Any:
        """Await something of the plugin's, step by step."""
        self.longest = 0.0
        return await _TimedAwaitable(awaitable.__await__(), self)

    def take_step(self, steps: Generator[Any, Any, Any], given: Any, error: BaseException | None) -> Any:
        """Take one step, in which nobody else runs; so every task made meanwhile is the plugin's."""
        loop = asyncio.get_running_loop()
        before: Any = loop.get_task_factory()

        def make(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> Any:
            if before is None:
                task: asyncio.Future[Any] = asyncio.Task(coroutine, loop=loop, **options)
            else:
                task = before(loop, coroutine, **options)
            self._started.add(task)
            return task

        made: Any = make
        loop.set_task_factory(made)
        began = loop.time()
        try:
            return steps.send(given) if error is None else steps.throw(error)
        finally:
            self.longest = max(self.longest, loop.time() - began)
            loop.set_task_factory(before)


class _TimedAwaitable:
    """Something awaitable whose steps are taken one by one."""

    def __init__(self, steps: Generator[Any, Any, Any], watch: LoopGuard) -> None:
        self._steps = steps
        self._watch = watch

    def __await__(self) -> Generator[Any, Any, Any]:
        given: Any = None
        error: BaseException | None = None
        while True:
            try:
                wanted = self._watch.take_step(self._steps, given, error)
            except StopIteration as end:
                return end.value
            try:
                given, error = (yield wanted), None
            except GeneratorExit:
                self._steps.close()
                raise
            except BaseException as raised:  # noqa: BLE001 - it is for the plugin
                given, error = None, raised
