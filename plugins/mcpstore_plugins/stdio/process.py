"""Exit of a service's leader: noticed without polling, and waited for so that no zombie is left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Leader", "describe_exit"]


class Leader:
    """The process that was started for a service; it leads the session of the service.

    On Linux, a pidfd becomes readable when the process exits (pidfd_open(2)); on other systems, a thread waits.

    Args:
        process: The process.
        on_exit: Called in the event loop when the process has exited, with the return code of `subprocess`.
        before_reaping: Called just before the process is waited for.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        on_exit: Callable[[int], None],
        before_reaping: Callable[[], None],
    ) -> None:
        self.pid = process.pid
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._process = process
        self._on_exit = on_exit
        self._before_reaping = before_reaping

    def watch(self) -> None:
        """Start to watch for the exit."""
        try:
            handle = os.pidfd_open(self.pid)
        except (OSError, AttributeError):
            threading.Thread(target=self._wait, name=f"mcpstore-wait-{self.pid}", daemon=True).start()
        else:
            self._loop.add_reader(handle, self._readable, handle)

    def _readable(self, handle: int) -> None:
        self._loop.remove_reader(handle)
        os.close(handle)
        self._reap()

    def _wait(self) -> None:
        if hasattr(os, "waitid"):
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._process.wait()
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._reap)

    def _reap(self) -> None:
        self._before_reaping()
        code = self._process.wait()  # returns at once: the process has exited
        self.ended.set_result(code)
        self._on_exit(code)


def describe_exit(code: int) -> tuple[str, str | None]:
    """Return a description of an exit, and the name of the signal if a signal caused it."""
    if code >= 0:
        return f"exited with code {code}", None
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}", name
