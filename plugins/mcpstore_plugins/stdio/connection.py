"""Opening of a connection to a process, with errors that include the end of its stderr."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mcpstore.errors import ConnectTimeout, NotReady
from mcpstore.hooks import ClientEndpoint, Connection
from mcpstore_plugins.stdio.child import Child
from mcpstore_plugins.stdio.uninterrupted import run_to_completion

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["connect"]

_MAX_OUTPUT: Final = 800
"""Characters of a process's output in an error; enough for the end of a traceback."""


@asynccontextmanager
async def connect(settings: StdioSettings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Start a process and do the handshake; on exit, terminate the process and everything it started.

    Raises:
        ConnectRefused: The command or folder does not exist, or the program does not speak MCP.
        NotReady: The process ended before the handshake was complete.
        ConnectTimeout: The handshake took too long.
        CloseFailed: A process or container of the service could not be ended.
    """
    child = await run_to_completion(Child.start(settings, peer), undo=Child.close)
    try:
        await _open(child, peer)
        yield child.connection
    finally:
        await run_to_completion(child.close())


async def _open(child: Child, peer: ClientEndpoint) -> None:
    try:
        await child.connection.open()
    except ConnectTimeout as error:
        lines = child.stderr_lines(1)
        raise ConnectTimeout(f"{error}; last line of stderr: {lines[0]}") if lines else error from None
    except NotReady as error:
        if child.exit is None:
            raise
        problem = f"service {peer.service!r} {child.exit.reason} before it was ready"
        output = _output(child.exit.stderr, child.stray_output())
        raise NotReady(f"{problem}; {output}", exit_code=child.exit.code) from error


def _output(stderr: Sequence[str], stray_output: Sequence[str]) -> str:
    """Return the output that may explain an exit: the end of stderr, or else the stray lines on stdout."""
    if stderr:
        return f"its stderr ends: {_joined(stderr)}"
    return f"its stdout began: {_joined(stray_output)}" if stray_output else "it wrote nothing to stderr"


def _joined(lines: Sequence[str]) -> str:
    text = " | ".join(line.strip() for line in lines)
    return text if len(text) <= _MAX_OUTPUT else f"…{text[-_MAX_OUTPUT:]}"
