"""The process of a service from its start to its end, with its pipes and all processes it starts."""

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
from mcpstore.models.text import counted
from mcpstore.wire import JsonLines
from mcpstore_plugins.stdio import shutdown
from mcpstore_plugins.stdio.containers import remove_containers
from mcpstore_plugins.stdio.environment import secrets
from mcpstore_plugins.stdio.pipes import OutputPipe, StdinPipe, open_input, open_output
from mcpstore_plugins.stdio.process import Leader, describe_exit
from mcpstore_plugins.stdio.spawned import SpawnedProcess, start_process
from mcpstore_plugins.stdio.stderr_tail import StderrTail
from mcpstore_plugins.stdio.uninterrupted import run_to_completion

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["Child", "ProcessConnection"]

_EXIT_GRACE: Final = 0.5
"""Seconds to wait for the exit of the process after one of its pipes closed; the exit code says more than the pipe."""

_REAP_GRACE: Final = 1.0
"""Seconds to wait for the exit notification of a leader that has ended."""


class ProcessConnection(JsonLines):
    """The connection to a process.

    Attributes:
        pid: Process id.
        containment: How the processes of the service are held together; see `SpawnedProcess.containment`.
    """

    def __init__(self, peer: ClientEndpoint, stdin: StdinPipe, started: SpawnedProcess, tail: StderrTail) -> None:
        super().__init__(peer, stdin)
        self.pid: Final = started.process.pid
        self.containment: Final = started.containment
        self._tail: Final = tail

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """Fill levels and bounds of the buffers that are held for this process."""
        return (*super().buffers, *self._tail.buffers)


class Child:
    """The running process of a service.

    Attributes:
        connection: The message engine on its pipes.
        exit: How the process was lost or closed; None while it runs.
    """

    def __init__(self, started: SpawnedProcess, peer: ClientEndpoint) -> None:
        self.exit: Exit | None = None
        self._started = started
        self._peer = peer
        self._leader = Leader(started.process, on_exit=self._on_exit, before_reaping=started.tree.leader_exits)
        self._redact = Redactor(secrets(started.launch.configured.items()))
        self._tail = StderrTail(peer.on_stderr, self._redact, asyncio.get_running_loop().time)
        self._stdin = StdinPipe(on_broken=lambda: self._on_pipe_closed("stdin"))
        self.connection: Final = ProcessConnection(peer, self._stdin, started, self._tail)
        self._stdout = OutputPipe(self.connection.feed, on_end=lambda: self._on_pipe_closed("stdout"))
        self._stderr = OutputPipe(self._tail.feed, on_end=lambda: None)  # a service may close its stderr
        self._pipes = (self._stdin, self._stdout, self._stderr)

    @classmethod
    async def start(cls, settings: StdioSettings, peer: ClientEndpoint) -> Child:
        """Start a process and read its output. Must not be interrupted.

        Raises:
            ConnectError: The process cannot be started.
        """
        marker = peer.owner_tag or str(uuid4())
        child = cls(await asyncio.to_thread(start_process, settings, peer, marker), peer)
        try:
            await child._open_pipes()
        except OSError as error:  # the manager is short of open files or memory
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
            # Watched last, so that the final output is read before the exit is reported.
            self._leader.watch()

    def stderr_lines(self, limit: int = 20) -> tuple[str, ...]:
        """Return the last lines that the process wrote to stderr, oldest first."""
        return self._tail.last(limit)

    def stray_output(self) -> list[str]:
        """Return the first lines on stdout that were not messages, redacted."""
        return [self._redact(line) for line in self.connection.noise_kept]

    # --- exit of the process -----------------------------------------------------------------------------------

    def _on_exit(self, code: int) -> None:
        self._stdout.read_rest()
        self._stderr.read_rest()
        self._tail.end()
        reason, signal = describe_exit(code)
        self._lose(reason, code=None if signal else code, signal=signal)

    def _on_pipe_closed(self, name: str) -> None:
        if self.exit is None:
            asyncio.get_running_loop().call_later(_EXIT_GRACE, self._lose, f"closed its {name}")

    def _lose(self, reason: str, *, code: int | None = None, signal: str | None = None) -> None:
        if self.exit is None:
            self.exit = Exit(reason=reason, code=code, signal=signal, stderr=self._tail.last())
            self.connection.end(self.exit)

    # --- close by the manager ----------------------------------------------------------------------------------

    async def close(self) -> None:
        """Terminate the process and everything it started. Must not be interrupted.

        Raises:
            CloseFailed: A process or a container is left.
        """
        if self.exit is None:
            self.exit = Exit(reason="closed", stderr=self._tail.last())
            self.connection.end(self.exit)
        tree = self._started.tree
        try:
            try:
                has_ended = await shutdown.request_exit(tree, self._leader, self._stdin, self._peer.closing)
            except OSError:  # too many open files to list processes; closing the pipes frees three
                has_ended = False
            await self._close_pipes()
            if not has_ended:
                await self._kill()
            await asyncio.wait({self._leader.ended}, timeout=_REAP_GRACE)
            await asyncio.to_thread(tree.release)
        except asyncio.CancelledError:
            self._kill_now()
            raise
        await self._remove_containers()

    async def _close_pipes(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for pipe in self._pipes:
            await pipe.wait_closed()
        for file in self._started.pipes:
            file.close()  # a no-op for files that asyncio owned and closed

    def _kill_now(self) -> None:
        """Kill the process tree without awaiting: the event loop is being torn down."""
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
            problem = f"service {service!r}: its remaining processes cannot be listed: {error.strerror}"
            remedy = "raise the limit of open files (ulimit -n), or wait for the next attempt"
            raise CloseFailed(f"{problem}; {remedy}", [self.connection.pid], self._reap) from error
        if survivors:
            shown = ", ".join(map(str, survivors[:10]))
            problem = (
                f"service {service!r}: {counted(len(survivors), 'process', 'processes')} survived SIGKILL (pid {shown})"
            )
            raise CloseFailed(f"{problem}; end them by hand, or wait for the next attempt", survivors, self._reap)

    async def _remove_containers(self) -> None:
        launch, marker = self._started.launch, self._started.marker
        if not launch.has_container:
            return
        left = await asyncio.to_thread(remove_containers, launch.program, launch.variables, marker)
        if left:
            problem = f"service {self._peer.service!r}: container {left[0][:12]} cannot be removed"
            raise CloseFailed(f"{problem}; remove it by hand, or wait for the next attempt", (), self._reap)

    async def _reap(self) -> None:
        await run_to_completion(self._kill_again())

    async def _kill_again(self) -> None:
        await self._kill()
        await asyncio.to_thread(self._started.tree.release)
        await self._remove_containers()
