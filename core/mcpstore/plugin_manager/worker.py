"""Running code of strangers where it can block nobody: one daemon thread that can be given up."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from functools import partial
from typing import Any, ParamSpec, TypeVar

__all__ = ["TookTooLong", "Worker", "bounded"]

P = ParamSpec("P")
T = TypeVar("T")


class TookTooLong(Exception):
    """Code of a stranger did not return in time; not a `TimeoutError`, which that code may raise itself."""

    def __init__(self, limit: float) -> None:
        super().__init__(f"took longer than {limit:g} s")


class Worker(Executor):
    """A daemon thread that runs callables one after the other.

    Unlike a thread pool's, its thread does not keep the interpreter from leaving when a callable never returns.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a callable; the caller bounds how many it queues."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        future: Future[T] = Future()
        self._jobs.put((future, partial(fn, *args, **kwargs)))
        return future

    async def run(self, call: Callable[[], T], limit: float | None) -> T:
        """Run a callable and wait for it.

        Args:
            call: What to run.
            limit: Seconds to wait; None for as long as it takes.

        Raises:
            TookTooLong: It did not return in time; the thread is lost with it.
        """
        waiting = asyncio.get_running_loop().run_in_executor(self, call)
        done, _ = await asyncio.wait([waiting], timeout=limit)
        if not done:
            waiting.cancel()
            raise TookTooLong(limit or 0.0)
        return waiting.result()

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        if self._thread is not None:
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, call = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - SystemExit of a plugin must reach its caller, not end us
                future.set_exception(error)


def bounded(call: Callable[[], T], limit: float, name: str) -> T:
    """Run a callable in a thread of its own and wait at most `limit` seconds.

    Raises:
        TookTooLong: It did not return in time; its thread is left behind.
    """
    worker = Worker(name)
    future = worker.submit(call)
    worker.close()
    done, _ = wait([future], timeout=limit)
    if not done:
        raise TookTooLong(limit)
    return future.result()
