"""The fault server over HTTP: streamable, or with server-sent events as of 2024."""

from __future__ import annotations

import itertools
import json
import queue
import socket
import threading
from typing import Any, Final

from mcpstore.testing.fault_server.faulty import FaultyServer
from mcpstore.testing.fault_server.options import Options
from mcpstore.testing.fault_server.process import misbehave
from mcpstore.testing.fault_server.sockets import accept
from mcpstore.testing.fault_server.web import Request, Response, read

__all__ = ["serve"]

Message = dict[str, Any]


def serve(options: Options) -> None:
    """Serve until the process is ended."""
    misbehave(options)
    site = SseSite(options) if options.sse is not None else Site(options)

    def session(client: socket.socket) -> None:
        with client.makefile("rb") as reading:
            while (request := read(reading)) is not None:
                response = Response(client, options.drip_head)
                if not site.spoil(request, response):
                    site.handle(request, response)
                if not response.keeps_alive:
                    return

    accept(options, session)


class Session:
    """One client. A message of the server goes to the request it belongs to, or to the notification stream."""

    def __init__(self, options: Options) -> None:
        self._turn: Final = threading.Lock()
        self._asking: dict[Any, queue.Queue[Message]] = {}
        self._current: queue.Queue[Message] | None = None
        self._server: Final = FaultyServer(options, self._say)
        self.news: Final[queue.Queue[Message]] = queue.Queue()
        self.requests: int = 0

    def take(self, message: Message) -> queue.Queue[Message]:
        """Handle a message; return the queue of the messages that belong to it."""
        replies: queue.Queue[Message] = queue.Queue()
        with self._turn:
            is_request = "method" in message and "id" in message
            self._current = replies if is_request else None
            if is_request:
                self._asking[message["id"]] = replies
            self._server.take(message)
            self._current = None
        return replies

    def _say(self, message: Message) -> None:
        if "method" not in message and message["id"] in self._asking:
            self._asking.pop(message["id"]).put(message)
        else:
            (self._current or self.news).put(message)


class Site:
    """Streamable HTTP: every message is posted, and answered in the response."""

    def __init__(self, options: Options) -> None:
        self._options: Final = options
        self._sessions: Final[dict[str, Session]] = {"": Session(options)}
        self._numbers: Final = itertools.count(1)

    def spoil(self, request: Request, response: Response) -> bool:
        """Answer with a fault of HTTP, if one is wanted here; returns whether it was."""
        options = self._options
        if options.on and request.rpc not in options.on:
            return False
        if options.status is not None:
            headers: dict[str, Any] = {"Location": options.location, "Retry-After": options.retry_after}
            response.send(options.status, b"status requested by --status", "text/plain", **headers)
            return True
        if options.endless and "id" in request.message:
            response.begin_events()
            while True:
                response.send_comment()
                threading.Event().wait(0.05)
        return False

    def handle(self, request: Request, response: Response) -> None:
        """Answer a request."""
        given = request.headers.get("mcp-session-id", "")
        session = self._sessions.get(given)
        if session is not None and given:
            session.requests += 1
            if self._options.lose_session is not None and session.requests >= self._options.lose_session:
                session = None
        if session is None:
            response.send(404, b"session not found", "text/plain")
        elif request.method == "POST":
            self._post(request, response, session)
        elif request.method == "GET" and given:
            response.begin_events()
            while True:
                response.send_event(session.news.get())
        else:
            response.send(200 if request.method == "DELETE" else 405, b"", "text/plain")

    def _post(self, request: Request, response: Response, session: Session) -> None:
        headers: dict[str, Any] = {}
        if request.rpc == "initialize":
            name = f"session-{next(self._numbers)}"
            session = self._sessions[name] = Session(self._options)
            headers["Mcp-Session-Id"] = name
        replies = session.take(request.message)
        if "id" not in request.message or "method" not in request.message:
            response.send(202, b"", "text/plain")
            return
        if replies.qsize() == 1 and "id" in replies.queue[0] and "method" not in replies.queue[0]:
            status = 400 if request.rpc == "server/discover" and "error" in replies.queue[0] else 200
            kind = self._options.content_type or "application/json"
            response.send(status, json.dumps(replies.get()).encode(), kind, drip=self._options.drip, **headers)
            return
        response.begin_events(**headers)
        while True:
            message = replies.get()
            response.send_event(message)
            if "method" not in message:
                response.end_events()
                return


class SseSite(Site):
    """HTTP with server-sent events: messages are posted, and everything is answered on one stream."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._streams: Final[dict[str, tuple[FaultyServer, threading.Lock]]] = {}

    def handle(self, request: Request, response: Response) -> None:
        """Answer a request."""
        if request.method == "GET":
            name = str(next(self._numbers))
            writing = threading.Lock()

            def say(message: Message) -> None:
                with writing:
                    response.send_event(message)

            self._streams[name] = (FaultyServer(self._options, say), threading.Lock())
            response.begin_events()
            response.send_raw(f"event: endpoint\ndata: /messages?session={name}\n\n".encode())
            threading.Event().wait()
        else:
            server, turn = self._streams[request.path.rpartition("=")[2]]
            with turn:
                server.take(request.message)
            response.send(202, b"", "text/plain")
