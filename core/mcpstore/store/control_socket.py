"""The control socket of a manager: the connection between the command line and the running store.

A unix socket of mode 0600. Each line is a JSON object: a request `{"verb": …, "arguments": {…}}` is answered with
`{"result": …}` or `{"error": {"kind": …, "message": …}}`; `{"verb": "follow", …}` with one `{"line": …}` after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

from mcpstore.errors import ManagerError, ManagerNotRunning, MCPStoreError
from mcpstore.models.json_types import as_object
from mcpstore.store.commands import CommandHandler, error_from, error_to_json
from mcpstore.store.private_dir import ensure_private_dir

__all__ = ["ControlClient", "ControlServer"]

MAX_LINE: Final = 64 * 1024 * 1024
"""Maximum length of a line, in bytes: a tool result in a frame of maximum size, escaped."""


class ControlServer:
    """Answers requests on a unix socket.

    Args:
        handler: Executes the requests.
        path: Path of the socket; only its owner may connect.
    """

    def __init__(self, handler: CommandHandler, path: Path) -> None:
        self._handler = handler
        self._path = path
        self._server: asyncio.Server | None = None
        self._lock: int | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self) -> bool:
        """Begin to listen; returns False if another manager is listening.

        Raises:
            ManagerError: The socket cannot be created.
        """
        try:
            ensure_private_dir(self._path.parent)
            self._lock = _locked(self._path.with_suffix(".lock"))
            if self._lock is None:
                return False
            self._path.unlink(missing_ok=True)  # left behind by a killed manager: the lock was free
            listener = _bind(self._path)
            self._server = await asyncio.start_unix_server(self._talk, sock=listener, limit=MAX_LINE)
        except OSError as error:
            raise ManagerError(f"control socket {self._path} cannot be created: {error.strerror or error}") from error
        return True

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        if self._server is None:
            return
        self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        if self._talks:
            await asyncio.wait(self._talks)
        self._path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - streams call us in a task
        self._talks.add(task)
        try:
            if _is_ours(writer.get_extra_info("socket")):
                while line := await reader.readline():
                    async for answer in self._answers(line):
                        writer.write(json.dumps(answer, default=str).encode() + b"\n")
                        await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            pass  # the client has disconnected, or does not speak the protocol
        except asyncio.CancelledError:
            pass  # the manager stops
        finally:
            self._talks.discard(task)
            writer.close()

    async def _answers(self, line: bytes) -> AsyncIterator[Any]:
        request = as_object(json.loads(line)) or {}
        verb, arguments = str(request.get("verb")), as_object(request.get("arguments")) or {}
        try:
            if verb == "follow":
                async for log_line in self._handler.follow(arguments.get("name")):
                    yield {"line": log_line}
            yield {"result": await self._handler.answer(verb, arguments)}
        except MCPStoreError as error:
            yield {"error": error_to_json(error)}
        except (ValueError, LookupError) as error:
            yield {"error": {"kind": "ManagerError", "message": str(error)}}


class ControlClient:
    """Sends requests to a manager.

    Args:
        path: The control socket of the manager.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._talking = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect.

        Raises:
            ManagerNotRunning: No manager is listening.
            ManagerError: A process of another user is listening.
        """
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(self._path, limit=MAX_LINE)
        except OSError:
            raise ManagerNotRunning("no manager is running for this configuration; start one: mcpstore up") from None
        if not _is_ours(self._writer.get_extra_info("socket")):
            await self.close()
            raise ManagerError(f"{self._path}: another user listens there; remove it, or use another --state-dir")

    async def close(self) -> None:
        """Disconnect."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def ask(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        """Send a request and return the answer.

        Raises:
            MCPStoreError: What the manager raised.
            ManagerError: The manager has closed the connection.
        """
        async with self._talking:
            await self._send(verb, arguments)
            return (await self._receive()).get("result")

    async def follow(self, name: str | None) -> AsyncIterator[Any]:
        """Yield each new line of the log of a service, or of all."""
        await self._send("follow", {"name": name})
        while True:
            yield (await self._receive()).get("line")

    async def _send(self, verb: str, arguments: Mapping[str, Any]) -> None:
        assert self._writer is not None  # noqa: S101 - it is open
        self._writer.write(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
        await self._writer.drain()

    async def _receive(self) -> Mapping[str, Any]:
        assert self._reader is not None  # noqa: S101 - it is open
        line = await self._reader.readline()
        answer = as_object(json.loads(line)) if line else None
        if answer is None:
            raise ManagerError("the manager went away")
        if (error := as_object(answer.get("error"))) is not None:
            raise error_from(error)
        return answer


def _bind(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _locked(path: Path) -> int | None:
    """Return the descriptor of a lock, or None if it is held; a lock ends with its process."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return lock


def _is_ours(connection: socket.socket) -> bool:
    """Whether the peer runs as the same user or as root; a second check beside the mode of the socket."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return uid in (0, os.getuid())
