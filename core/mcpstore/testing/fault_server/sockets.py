"""The fault server on a TCP or unix socket: lines of JSON, one session per connection."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable

from mcpstore.testing.fault_server.faulty import FaultyServer, LineFaults
from mcpstore.testing.fault_server.options import Options
from mcpstore.testing.fault_server.process import misbehave

__all__ = ["accept", "serve"]


def serve(options: Options) -> None:
    """Serve until the process is ended."""
    misbehave(options)
    accept(options, lambda client: _session(options, client))


def accept(options: Options, session: Callable[[socket.socket], None]) -> None:
    """Listen, print the address as JSON on stdout, and run each session in its own thread."""
    if options.unix is not None:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(options.unix)
    else:
        port = next((p for p in (options.tcp, options.http, options.sse) if p is not None), 0)
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((options.host, port))
    listening.listen(128)
    where = {"unix": options.unix} if options.unix is not None else {"port": listening.getsockname()[1]}
    os.write(1, json.dumps(where).encode() + b"\n")
    while True:
        client, _ = listening.accept()
        threading.Thread(target=_guarded, args=(session, client), daemon=True).start()


def _guarded(session: Callable[[socket.socket], None], client: socket.socket) -> None:
    with client, contextlib.suppress(OSError):  # the client went away
        session(client)


def _session(options: Options, client: socket.socket) -> None:
    lines = LineFaults(options, client.sendall)
    server = FaultyServer(options, lines.say)
    with client.makefile("rb") as reading:
        for line in iter(reading.readline, b""):
            server.take(json.loads(line))
