"""Requests of the server: each is answered in a task of its own, up to a bound."""
# ruff: noqa: A002 - `id` is JSON-RPC's name

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from mcpstore.errors import ServiceError
from mcpstore.hooks.connection import ClientEndpoint
from mcpstore.models.json_types import as_object
from mcpstore.wire.message import encode
from mcpstore.wire.protocol import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, OVERLOADED
from mcpstore.wire.writer import BoundedWriter

__all__ = ["MAX_SERVED", "Id", "ServerRequests", "as_id", "consult"]

MAX_SERVED: Final = 32
"""Number of server requests under way at the same time; one more is answered with an error."""

_logger: Final = logging.getLogger("mcpstore.wire")

Id = str | int


def as_id(value: Any) -> Id | None:
    """Return the id of a server request; None if it is no valid id."""
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


async def consult(peer: ClientEndpoint, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of the client side to a server request.

    Raises:
        ServiceError: There is no handler, or it declined or failed.
    """
    if peer.on_request is None:
        raise ServiceError(METHOD_NOT_FOUND, f"this client has no answer to {method}")
    try:
        return dict(await peer.on_request(method, params))
    except ServiceError:
        raise
    except Exception:
        _logger.exception("request %r of service %r could not be answered", method, peer.service)
        raise ServiceError(INTERNAL_ERROR, f"{method} failed in this client") from None


class ServerRequests:
    """Answers server requests: `ping` at once, the others through `peer.on_request`."""

    __slots__ = ("_peer", "_tasks", "_writer")

    def __init__(self, peer: ClientEndpoint, writer: BoundedWriter) -> None:
        self._peer: Final = peer
        self._writer: Final = writer
        self._tasks: Final[dict[Id, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        """Return the number of server requests under way."""
        return len(self._tasks)

    def take(self, id: Id, method: str, params: Any) -> None:
        """Answer a request at once, or start a task that answers it."""
        named: Mapping[str, Any] | None = {} if params is None else as_object(params)
        if method == "ping":
            self._writer.offer(self._result(id, {}))
        elif named is None:
            self._refuse(id, ServiceError(INVALID_PARAMS, "the parameters must be an object"))
        elif self._peer.on_request is None:
            self._refuse(id, ServiceError(METHOD_NOT_FOUND, f"this client has no answer to {method}"))
        elif id in self._tasks:
            self._refuse(id, ServiceError(INVALID_REQUEST, "a request of this id is under way already"))
        elif len(self._tasks) >= MAX_SERVED:
            self._refuse(id, ServiceError(OVERLOADED, f"{MAX_SERVED} requests are under way already"))
        else:
            self._tasks[id] = task = asyncio.create_task(
                self._serve(id, method, named), name=f"mcpstore-serve-{self._peer.service}"
            )
            # Not in a `finally` of the task: a task that is cancelled before its first step does not run it.
            task.add_done_callback(partial(self._done, id))

    def cancel(self, id: Any) -> None:
        """Cancel a request at the request of the server."""
        task = self._tasks.get(id) if as_id(id) is not None else None
        if task is not None:
            task.cancel()

    def end(self) -> None:
        """Cancel every request: the connection has ended."""
        for task in self._tasks.values():
            task.cancel()

    def _done(self, id: Id, _task: asyncio.Task[None]) -> None:
        del self._tasks[id]

    async def _serve(self, id: Id, method: str, params: Mapping[str, Any]) -> None:
        try:
            line = self._result(id, await consult(self._peer, method, params))
        except ServiceError as error:
            line = self._error(id, error)
        await self._writer.room()
        self._writer.write(line)

    def _refuse(self, id: Id, error: ServiceError) -> None:
        self._writer.offer(self._error(id, error))

    def _result(self, id: Id, result: Mapping[str, Any]) -> bytes:
        try:
            return encode({"jsonrpc": "2.0", "id": id, "result": result})
        except (TypeError, ValueError) as error:
            _logger.warning("answer to service %r cannot be written as JSON: %s", self._peer.service, error)
            raise ServiceError(INTERNAL_ERROR, "the answer is not JSON") from None

    def _error(self, id: Id, error: ServiceError) -> bytes:
        body: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.data is not None:
            try:
                return encode({"jsonrpc": "2.0", "id": id, "error": {**body, "data": error.data}})
            except (TypeError, ValueError) as problem:
                _logger.warning("error for service %r is sent without its data: %s", self._peer.service, problem)
        return encode({"jsonrpc": "2.0", "id": id, "error": body})
