"""Daemon threads for third-party code, which are abandoned if the code does not return."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from mcpstore.models.text import counted

__all__ = ["Worker", "WorkerBusy", "WorkerTimeout", "Workers", "run_with_timeout"]

MAX_LOST: Final = 3
"""Number of threads of one plugin that can be lost to callables that do not return."""

P = ParamSpec("P")
T = TypeVar("T")


class WorkerTimeout(Exception):
    """Third-party code did not return in time. Not a `TimeoutError`, which the code itself can raise."""

    def __init__(self, limit: float) -> None:
        super().__init__(f"took longer than {limit:g} s")


class WorkerBusy(Exception):
    """Third-party code is not called, because it has not returned from too many earlier calls."""

    def __init__(self, count: int) -> None:
        super().__init__(f"has not returned from {counted(count, 'earlier call')}")


class Worker(Executor):
    """Daemon thread that runs callables one after the other.

    Unlike a thread of a pool, it does not delay the exit of the interpreter if a callable never returns.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._newest: Future[Any] = Future()
        self._given_up: Future[Any] | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the thread still runs a callable that was abandoned."""
        return self._given_up is not None and not self._given_up.done()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a callable; the caller must limit the number of queued callables."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._newest = future = Future[T]()
        self._jobs.put((future, partial(fn, *args, **kwargs)))
        return future

    async def run(self, call: Callable[[], T], limit: float | None) -> T:
        """Run a callable and return its result.

        Args:
            call: Callable to run.
            limit: Maximum duration, in seconds; None for no limit.

        Raises:
            WorkerTimeout: The callable did not return in time; the thread is lost.
        """
        waiting = asyncio.get_running_loop().run_in_executor(self, call)  # calls `submit`
        future = self._newest
        try:
            done, _ = await asyncio.wait([waiting], timeout=limit)
        except asyncio.CancelledError:
            self._give_up(future, waiting)
            raise
        if not done:
            self._give_up(future, waiting)
            raise WorkerTimeout(limit or 0.0)
        return waiting.result()

    def _give_up(self, future: Future[Any], waiting: asyncio.Future[Any]) -> None:
        if not future.cancel():
            self._given_up = future
        waiting.cancel()

    def close(self) -> None:
        """End the thread after the queued callables."""
        if self._thread is not None:
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, call = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - the caller gets every exception, also SystemExit
                future.set_exception(error)


class Workers:
    """Threads for the callables of one plugin: one thread, and another one for each that is lost.

    Args:
        name: Name of the threads.
        most: Number of lost threads at which further calls are refused until one of them returns.
    """

    def __init__(self, name: str, most: int = MAX_LOST) -> None:
        self._name: Final = name
        self._most: Final = most
        self._workers: list[Worker] = []

    async def run(self, call: Callable[[], T], limit: float | None) -> T:
        """Run a callable and return its result.

        Args:
            call: Callable to run.
            limit: Maximum duration, in seconds; None for no limit.

        Raises:
            WorkerTimeout: The callable did not return in time; the thread is lost until it returns.
            WorkerBusy: Too many threads are lost.
        """
        worker = next((worker for worker in self._workers if not worker.is_lost), None)
        if worker is None:
            if len(self._workers) == self._most:
                raise WorkerBusy(self._most)
            worker = Worker(self._name)
            self._workers.append(worker)
        return await worker.run(call, limit)

    def close(self) -> None:
        """End the threads after the queued callables."""
        for worker in self._workers:
            worker.close()


def run_with_timeout(call: Callable[[], T], limit: float, name: str) -> T:
    """Run a callable in a new thread and wait at most `limit` seconds for its result.

    Raises:
        WorkerTimeout: The callable did not return in time; the thread is abandoned.
    """
    worker = Worker(name)
    future = worker.submit(call)
    worker.close()
    done, _ = wait([future], timeout=limit)
    if not done:
        raise WorkerTimeout(limit)
    return future.result()
