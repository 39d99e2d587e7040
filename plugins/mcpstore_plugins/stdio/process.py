"""The process that was started: noticing its end without asking, and waiting for it so that no zombie stays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Leader", "how_it_ended"]


class Leader:
    """A child process being watched.

    Linux hands out a file that becomes readable when a process ends (pidfd_open(2)); elsewhere a thread waits.

    Args:
        process: What was started.
        on_exit: Called in the event loop once it has ended, with its return code as `subprocess` counts.
        before_reaping: Called just before it is waited for.
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
        """Begin to watch."""
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
        with suppress(RuntimeError):  # the loop was closed meanwhile, and with it everybody who cared
            self._loop.call_soon_threadsafe(self._reap)

    def _reap(self) -> None:
        self._before_reaping()
        code = self._process.wait()  # returns at once: it has ended
        self.ended.set_result(code)
        self._on_exit(code)


def how_it_ended(code: int) -> tuple[str, str | None]:
    """Return the end of a process in words, and the name of the signal if it was one."""
    if code >= 0:
        return f"exited with code {code}", None
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}", name
