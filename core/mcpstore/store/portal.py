"""An event loop in a background thread: the way from sync callers to the async store."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from mcpstore.errors import StoreClosed

if TYPE_CHECKING:
    from mcpstore.store._async import AsyncMCPStore

__all__ = ["Portal"]

P = ParamSpec("P")
T = TypeVar("T")

GRACE: Final = 30.0
"""Time limit for closing the services when the program ends, in seconds."""


class Portal:
    """One background thread with an event loop, for one store.

    The thread is a daemon, so that a program that does not close its store still ends; the store is closed at exit.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._close_at_exit: Callable[[], Awaitable[Any]] | None = None
        self._waiting: set[concurrent.futures.Future[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="mcpstore-portal", daemon=True)
        self._thread.start()

    @property
    def close_at_exit(self) -> Callable[[], Awaitable[Any]] | None:
        """Closes the store when the program ends; None if it is closed."""
        return None if self.is_closed else self._close_at_exit

    @property
    def is_closed(self) -> bool:
        """Whether the loop has ended."""
        return self._loop.is_closed()

    def call(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any, **kwargs: Any) -> T:
        """Run a coroutine function in the loop and wait for its result.

        Other threads continue. Ctrl-C interrupts the wait, and cancels the call.

        Raises:
            StoreClosed: The loop has ended, or ended before the result.
            RuntimeError: Called from the loop itself, which would wait for itself without end.
        """
        if threading.get_ident() == self._thread.ident:
            raise RuntimeError("a sync store cannot be used in its own event loop; use AsyncMCPStore there")
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        job = _Job(self._loop, function, args, kwargs, future)
        self._waiting.add(future)
        try:
            self._send(job.start)
            return future.result()
        except concurrent.futures.CancelledError:
            raise StoreClosed("the store was closed before there was a result; open a new one") from None
        except BaseException:
            if not future.done():  # only the wait was interrupted
                self._send(job.cancel)
            raise
        finally:
            self._waiting.discard(future)

    def call_plain(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a plain function in the loop and wait for its result; like `call`."""

        async def run() -> T:
            return function(*args, **kwargs)

        return self.call(run)

    def abandon(self, close: Callable[[], Awaitable[Any]]) -> None:
        """Begin to close the store and stop the loop afterwards; returns at once."""
        with contextlib.suppress(StoreClosed):
            self._send(lambda: asyncio.ensure_future(self._close_and_stop(close)))

    def finish(self, close: Callable[[], Awaitable[Any]]) -> None:
        """Close the store, stop the loop, and wait for both, up to a limit."""
        self.abandon(close)
        if threading.get_ident() != self._thread.ident:
            self._thread.join(GRACE)

    def open(self, owner: object, store: AsyncMCPStore) -> None:
        """Open a store in the loop; it is closed when the program ends, and when its owner is garbage-collected.

        Raises:
            ConfigError: The configuration cannot be read; the loop has ended.
        """
        try:
            self.call(store.open)
        except BaseException:
            self.finish(store.close)
            raise
        # Plain atexit is too late: by then no thread can be started, and closing starts some.
        threading._register_atexit(_finish, weakref.ref(self))  # type: ignore[attr-defined]  # noqa: SLF001
        self._close_at_exit = store.close
        # The collection may run in any thread, so it does not wait.
        weakref.finalize(owner, self.abandon, store.close).atexit = False

    def close(self, store: AsyncMCPStore, force: bool) -> list[str]:
        """Close a store, and stop the loop; returns what `AsyncMCPStore.close` returns."""
        if self.is_closed:
            return []
        left = self.call(store.close, force)
        self.finish(store.close)
        return left

    def _send(self, action: Callable[[], object]) -> None:
        """Run a function in the loop; another thread may be ending the loop at the same time."""
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(action)
            except RuntimeError:  # it was closed in between
                if not self._loop.is_closed():
                    raise
            else:
                return
        raise StoreClosed("the store is closed; open a new one")

    async def _close_and_stop(self, close: Callable[[], Awaitable[Any]]) -> None:
        try:
            await close()
        finally:
            self._loop.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            for future in list(self._waiting):  # calls that were sent too late
                future.cancel()


def _finish(portal: weakref.ref[Portal]) -> None:
    alive = portal()
    if alive is not None and (close := alive.close_at_exit) is not None:
        alive.finish(close)


class _Job:
    """One call through the portal."""

    __slots__ = ("_args", "_function", "_future", "_kwargs", "_loop", "_task")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[..., Coroutine[Any, Any, Any]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        future: concurrent.futures.Future[Any],
    ) -> None:
        self._loop = loop
        self._function = function
        self._args = args
        self._kwargs = kwargs
        self._future = future
        self._task: asyncio.Task[Any] | None = None

    def start(self) -> None:
        """Start the call; runs in the loop."""
        self._task = self._loop.create_task(self._function(*self._args, **self._kwargs))
        self._task.add_done_callback(self._done)

    def cancel(self) -> None:
        """Cancel the call; runs in the loop."""
        if self._task is not None:
            self._task.cancel()

    def _done(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self._future.cancel()
        elif (error := task.exception()) is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(task.result())
