"""Channel over the streams of the MCP SDK; results are not validated."""

from __future__ import annotations

import json
from typing import Any, Final

from mcp.shared.message import ClientMessageMetadata, SessionMessage
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)

from mcpstore.models.json_types import as_object
from mcpstore.wire.message import as_number
from mcpstore.wire.messages.channel import Receiver
from mcpstore.wire.messages.failure import HttpFailure, Kind
from mcpstore.wire.messages.in_flight import InFlight, current_exchange
from mcpstore.wire.sdk.headers import Headers
from mcpstore.wire.sdk.streams import ReadStream, WriteStream

__all__ = ["SdkChannel"]

_CANCELLED: Final = "notifications/cancelled"


class SdkChannel:
    """Channel over a pair of the SDK's streams.

    Args:
        read: Stream of incoming messages.
        write: Stream of outgoing messages.
        ended: Reason of the end of the incoming stream.
    """

    def __init__(self, read: ReadStream, write: WriteStream, *, ended: str = "closed by the server") -> None:
        self._read: Final = read
        self._write: Final = write
        self._ended: Final = ended
        self._headers: Final = Headers()
        self._in_flight: Final[dict[int, InFlight]] = {}

    async def send(self, message: dict[str, Any], data: bytes, exchange: InFlight) -> None:
        """Pass a message to the SDK; failures of HTTP are reported to the exchange."""
        if b"\\ud" in data and not _is_text(message):
            # The SDK would fail in its transport, and end it.
            exchange.fail(
                ValueError(f"the parameters of {message.get('method')!r} hold half a character (a lone surrogate)")
            )
            return
        headers = self._headers.outgoing(message)
        if exchange.is_request:
            self._in_flight[message["id"]] = exchange
        elif message.get("method") == _CANCELLED:
            self._in_flight.pop((as_object(message.get("params")) or {}).get("requestId", 0), None)
        token = current_exchange.set(exchange)
        try:
            metadata = ClientMessageMetadata(headers=headers) if headers else None
            await self._write.send(SessionMessage(_typed(message), metadata))
        finally:
            current_exchange.reset(token)

    async def receive_into(self, receiver: Receiver) -> str:
        """Deliver messages until the stream ends, and return the reason."""
        async for item in self._read:
            if isinstance(item, Exception):  # it belongs to no known message, and the SDK continues
                continue
            message = item.message
            if isinstance(message, JSONRPCResponse | JSONRPCError):
                self._deliver_answer(message, receiver)
            else:
                receiver.take(_plain(message))
        return self._ended

    def _deliver_answer(self, answer: JSONRPCResponse | JSONRPCError, receiver: Receiver) -> None:
        number = as_number(answer.id)
        exchange = self._in_flight.pop(number, None) if number is not None else None
        if exchange is not None and isinstance(answer, JSONRPCError):
            failure = _failure_of_sdk_error(answer, exchange)
            if failure is not None:
                exchange.fail(failure)
                return
        message = _plain(answer)
        self._headers.incoming(number, message)
        receiver.take(message)


def _failure_of_sdk_error(answer: JSONRPCError, exchange: InFlight) -> HttpFailure | None:
    """Return the failure behind an error that the SDK (2.3.0) made itself; None for an error of the server."""
    code, text = answer.error.code, answer.error.message
    if code == CONNECTION_CLOSED and text == "Connection closed":  # sent by a server that is shutting down
        return HttpFailure(Kind.BROKEN, "the server shut down in the middle of the request")
    if code == CONNECTION_CLOSED and text.startswith("SSE stream failed: "):
        return HttpFailure(Kind.TOO_LONG, f"the answer cannot be received: {text.removeprefix('SSE stream failed: ')}")
    if code == CONNECTION_CLOSED and text.startswith("SSE stream ended"):
        broken = exchange.broken
        return (
            broken if broken is not None else HttpFailure(Kind.BROKEN, "the server ended the stream without an answer")
        )
    if code == INVALID_REQUEST and exchange.redirected is not None:
        where = text.splitlines()[0].removeprefix("Redirect to ").partition(" not followed")[0]
        return HttpFailure.redirected(where, exchange.redirected)
    return None


def _is_text(message: dict[str, Any]) -> bool:
    try:
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _typed(message: dict[str, Any]) -> JSONRPCMessage:
    if "method" not in message:
        return JSONRPCError(**message) if "error" in message else JSONRPCResponse(**message)
    return JSONRPCRequest(**message) if "id" in message else JSONRPCNotification(**message)


def _plain(message: JSONRPCMessage) -> dict[str, Any]:
    """Return a message as JSON objects, without copying its content as a dump of the model would."""
    if isinstance(message, JSONRPCResponse):
        return {"jsonrpc": "2.0", "id": message.id, "result": message.result}
    if isinstance(message, JSONRPCError):
        error = message.error
        return {
            "jsonrpc": "2.0",
            "id": message.id,
            "error": {"code": error.code, "message": error.message, "data": error.data},
        }
    plain: dict[str, Any] = {"jsonrpc": "2.0", "method": message.method}
    if isinstance(message, JSONRPCRequest):
        plain["id"] = message.id
    if message.params is not None:
        plain["params"] = message.params
    return plain
