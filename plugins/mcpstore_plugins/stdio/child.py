"""A service's process from its start to its end, with its pipes and with whatever it starts."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import suppress
from signal import SIGKILL
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from mcpstore.errors import CloseFailed, NotReady
from mcpstore.hooks import ClientEndpoint, Exit
from mcpstore.models.buffer import Buffer
from mcpstore.models.redaction import Redactor
from mcpstore.wire import JsonLines
from mcpstore_plugins.stdio import shutdown
from mcpstore_plugins.stdio.containers import remove_containers
from mcpstore_plugins.stdio.environment import secrets
from mcpstore_plugins.stdio.pipes import Input, Output, open_input, open_output
from mcpstore_plugins.stdio.process import Leader, how_it_ended
from mcpstore_plugins.stdio.spawned import SpawnedProcess, start_process
from mcpstore_plugins.stdio.stderr_tail import Tail
from mcpstore_plugins.stdio.uninterrupted import run_to_completion

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["Child", "ProcessConnection"]

_EXIT_GRACE: Final = 0.5
"""Seconds between the end of a pipe and the end of the process, which usually follows and says more."""

_REAP_GRACE: Final = 1.0
"""Seconds until the news of a leader's end must be here, once it is no longer among the living."""


class ProcessConnection(JsonLines):
    """A connection to a process.

    Attributes:
        pid: Its number.
        containment: What keeps it together with what it starts.
    """

    def __init__(self, peer: ClientEndpoint, stdin: Input, started: SpawnedProcess, tail: Tail) -> None:
        super().__init__(peer, stdin)
        self.pid: Final = started.process.pid
        self.containment: Final = started.containment
        self._tail: Final = tail

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """What is kept for the process, and how much of it may be."""
        return (*super().buffers, *self._tail.buffers)


class Child:
    """A running process.

    Attributes:
        connection: The engine that speaks with it.
        exit: How it was lost or closed, once it is.
    """

    def __init__(self, started: SpawnedProcess, peer: ClientEndpoint) -> None:
        self.exit: Exit | None = None
        self._started = started
        self._peer = peer
        self._leader = Leader(started.process, on_exit=self._on_exit, before_reaping=started.tree.leader_ends)
        self._redact = Redactor(secrets(started.launch.configured.items()))
        self._tail = Tail(peer.on_stderr, self._redact, asyncio.get_running_loop().time)
        self._stdin = Input(on_broken=lambda: self._on_pipe_closed("stdin"))
        self.connection: Final = ProcessConnection(peer, self._stdin, started, self._tail)
        self._stdout = Output(self.connection.feed, on_end=lambda: self._on_pipe_closed("stdout"))
        self._stderr = Output(self._tail.feed, on_end=lambda: None)  # a service may close its stderr if it likes
        self._pipes = (self._stdin, self._stdout, self._stderr)

    @classmethod
    async def start(cls, settings: StdioSettings, peer: ClientEndpoint) -> Child:
        """Start a process and listen to it. Must not be interrupted.

        Raises:
            ConnectError: It cannot be started.
        """
        marker = peer.owner_tag or str(uuid4())
        child = cls(await asyncio.to_thread(start_process, settings, peer, marker), peer)
        try:
            await child._open_pipes()
        except OSError as error:  # our own shortage: too many open files, no memory
            await child.close()
            raise NotReady(f"service {peer.service!r} cannot be started now: {error.strerror}") from error
        return child

    async def _open_pipes(self) -> None:
        stdin, stdout, stderr = self._started.pipes
        try:
            await open_output(stderr, self._stderr)
            await open_input(stdin, self._stdin)
            await open_output(stdout, self._stdout)
        finally:
            # Only now, so that its last words are read before its end is told.
            self._leader.watch()

    def last_words(self, most: int = 20) -> tuple[str, ...]:
        """Return the last lines it wrote to stderr."""
        return self._tail.last(most)

    def noise(self) -> list[str]:
        """Return the first lines on stdout that were no messages."""
        return [self._redact(line) for line in self.connection.noise_kept]

    # --- its end -----------------------------------------------------------------------------------------------

    def _on_exit(self, code: int) -> None:
        self._stdout.read_rest()
        self._stderr.read_rest()
        self._tail.end()
        reason, signal = how_it_ended(code)
        self._lose(reason, code=None if signal else code, signal=signal)

    def _on_pipe_closed(self, name: str) -> None:
        if self.exit is None:
            asyncio.get_running_loop().call_later(_EXIT_GRACE, self._lose, f"closed its {name}")

    def _lose(self, reason: str, *, code: int | None = None, signal: str | None = None) -> None:
        if self.exit is None:
            self.exit = Exit(reason=reason, code=code, signal=signal, stderr=self._tail.last())
            self.connection.end(self.exit)

    # --- our end of it -----------------------------------------------------------------------------------------

    async def close(self) -> None:
        """End it and everything it started. Must not be interrupted.

        Raises:
            CloseFailed: Something is still there.
        """
        if self.exit is None:
            self.exit = Exit(reason="closed", stderr=self._tail.last())
            self.connection.end(self.exit)
        tree = self._started.tree
        try:
            try:
                is_over = await shutdown.ask_to_leave(tree, self._leader, self._stdin, self._peer.closing)
            except OSError:  # too many open files to look around; three fewer in a moment
                is_over = False
            await self._release()
            if not is_over:
                await self._kill()
            await asyncio.wait({self._leader.ended}, timeout=_REAP_GRACE)
            await asyncio.to_thread(tree.release)
        except asyncio.CancelledError:
            self._put_down()
            raise
        await self._remove_containers()

    async def _release(self) -> None:
        """Close the pipes."""
        for pipe in self._pipes:
            pipe.close()
        for pipe in self._pipes:
            await pipe.wait_closed()
        for file in self._started.pipes:
            file.close()  # for those that asyncio never came to own

    def _put_down(self) -> None:
        """End it without awaiting anything: the event loop is being torn down, and nobody else will."""
        tree = self._started.tree
        tree.kill_all()
        tree.send(tree.alive(), SIGKILL)
        for pipe in self._pipes:
            pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._started.process.wait(_REAP_GRACE)
        tree.release()

    async def _kill(self) -> None:
        service = self._peer.service
        try:
            survivors = await shutdown.kill(self._started.tree, self._peer.closing.kill)
        except OSError as error:
            what = f"service {service!r}: what is left of it cannot be found out: {error.strerror}"
            raise CloseFailed(what, [self.connection.pid], self._reap) from error
        if survivors:
            shown = ", ".join(map(str, survivors[:10]))
            what = f"service {service!r}: {len(survivors)} of its processes survived SIGKILL (pid {shown})"
            raise CloseFailed(f"{what}; end them by hand, or wait for the next attempt", survivors, self._reap)

    async def _remove_containers(self) -> None:
        launch, marker = self._started.launch, self._started.marker
        if not launch.has_container:
            return
        left = await asyncio.to_thread(remove_containers, launch.program, launch.variables, marker)
        if left:
            what = f"service {self._peer.service!r}: container {left[0][:12]} cannot be removed"
            raise CloseFailed(f"{what}; remove it by hand, or wait for the next attempt", (), self._reap)

    async def _reap(self) -> None:
        await run_to_completion(self._kill_again())

    async def _kill_again(self) -> None:
        await self._kill()
        await asyncio.to_thread(self._started.tree.release)
        await self._remove_containers()
