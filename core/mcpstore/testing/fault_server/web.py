"""A minimal HTTP/1.1 server: `http.server` would take too long to import."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple

__all__ = ["Request", "Response", "read"]

PIECES: Final = 10
"""Number of pieces of a slow response."""


class Request(NamedTuple):
    """A request.

    Attributes:
        method: Its method.
        path: The requested path.
        headers: Its headers, their names in lower case.
        message: The message it carries; empty if none.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    message: dict[str, Any]

    @property
    def rpc(self) -> str:
        """The MCP method it carries."""
        return str(self.message.get("method", ""))


def read(reading: BinaryIO) -> Request | None:
    """Read the next request; None at the end of the connection."""
    first = reading.readline().decode("latin-1").split()
    if len(first) < 2:  # noqa: PLR2004 - method and path
        return None
    headers: dict[str, str] = {}
    while line := reading.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = reading.read(int(headers.get("content-length", 0)))
    return Request(first[0], first[1], headers, json.loads(body) if body else {})


class Response:
    """The response to a request.

    Args:
        client: The socket it is written to.
        drip_head: Pause between the pieces of its head, in seconds; 0 sends it at once.

    Attributes:
        keeps_alive: Whether another request may follow.
    """

    def __init__(self, client: socket.socket, drip_head: float = 0.0) -> None:
        self._client: Final = client
        self._drip_head: Final = drip_head
        self.keeps_alive: bool = True

    def send(self, status: int, body: bytes, kind: str, *, drip: float = 0.0, **headers: Any) -> None:
        """Send a whole response; headers that are None are left out."""
        if not drip:
            self._head(status, {"Content-Type": kind, "Content-Length": len(body), **headers}, body)
            return
        self._head(status, {"Content-Type": kind, "Transfer-Encoding": "chunked", **headers})
        for piece in _pieces(body):
            time.sleep(drip)
            self._chunk(piece)
        self._chunk(b"")

    def begin_events(self, **headers: Any) -> None:
        """Begin a stream of events."""
        self._head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", **headers})

    def send_event(self, message: Mapping[str, Any]) -> None:
        """Send a message as an event."""
        self._chunk(f"event: message\ndata: {json.dumps(message)}\n\n".encode())

    def send_comment(self) -> None:
        """Send an empty event."""
        self._chunk(b": still here\n\n")

    def send_raw(self, data: bytes) -> None:
        """Send a part of a stream of events as it is."""
        self._chunk(data)

    def end_events(self) -> None:
        """End a stream of events."""
        self._chunk(b"")

    def _head(self, status: int, headers: Mapping[str, Any], body: bytes = b"") -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in named.items())]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        if not self._drip_head:
            self._client.sendall(head + body)
            return
        for piece in _pieces(head):
            time.sleep(self._drip_head)
            self._client.sendall(piece)
        self._client.sendall(body)

    def _chunk(self, data: bytes) -> None:
        self._client.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _pieces(data: bytes) -> Iterator[bytes]:
    size = max(1, -(-len(data) // PIECES))
    for start in range(0, len(data), size):
        yield data[start : start + size]
