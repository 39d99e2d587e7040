"""Opening a connection to a service that is a process, and saying why when it does not come about."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mcpstore.errors import ConnectTimeout, NotReady
from mcpstore.hooks import ClientEndpoint, Connection, Exit
from mcpstore_plugins.stdio.child import Child
from mcpstore_plugins.stdio.uninterrupted import run_to_completion

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["connect"]

_LAST_WORDS: Final = 800
"""Characters of stderr in an error: the end of a traceback, on one line."""


@asynccontextmanager
async def connect(settings: StdioSettings, peer: ClientEndpoint) -> AsyncGenerator[Connection]:
    """Start a process, shake hands with it, and end it with everything it started when the block is left.

    Raises:
        ConnectRefused: There is no such command, folder or env file, or it speaks no MCP.
        NotReady: It ended before it was ready.
        ConnectTimeout: It was silent for too long.
        CloseFailed: Something of it could not be ended.
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
        words = child.last_words(1)
        raise ConnectTimeout(f"{error}; last line of stderr: {words[0]}") if words else error from None
    except NotReady as error:
        if child.exit is None:
            raise
        told = f"service {peer.service!r} {child.exit.reason} before it was ready"
        raise NotReady(told + _last_words(child.exit, child.noise()), exit_code=child.exit.code) from error


def _last_words(exit: Exit, noise: Sequence[str]) -> str:  # noqa: A002 - the word of the seam
    """Return what may explain an end: the last of stderr, or the first of what should have been messages."""
    if exit.stderr:
        return f"; its stderr ends: {_joined(exit.stderr)}"
    return f"; its stdout began: {_joined(noise)}" if noise else "; it wrote nothing to stderr"


def _joined(lines: Sequence[str]) -> str:
    text = " | ".join(line.strip() for line in lines)
    return text if len(text) <= _LAST_WORDS else f"…{text[-_LAST_WORDS:]}"
