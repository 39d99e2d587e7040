"""Engine of the JSON-lines wire: the client side of MCP, without I/O.

The reader calls `feed` with the bytes it has read and `end` at the end of the stream; outgoing bytes go into a `Sink`.
Everything runs in one event loop. A request costs one future and one wake-up of its caller.

No input of a server raises out of `feed`. Lines that are no messages are stray output, messages that belong to nothing
are strays; both are counted, and the connection goes on. Two things end it: a line longer than a frame, and stray
output in place of a handshake.

Longer than 400 lines because a tool call stays in this file from the request to its answer, apart from the codec.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Final, TypeGuard

import attrs

from mcpstore.errors import (
    CallTimeout,
    ConnectionLost,
    ConnectTimeout,
    NotReady,
    ServiceBusy,
    ServiceError,
    UnsupportedProtocol,
)
from mcpstore.hooks.connection import ClientEndpoint, Era, Exit, ProgressFn, ServerInfo
from mcpstore.models.buffer import Buffer
from mcpstore.models.json_types import as_object
from mcpstore.wire.handshake import DISCOVER, INITIALIZE, Agreement, agree
from mcpstore.wire.input_required import INPUT_REQUIRED, complete
from mcpstore.wire.list_subscriptions import LISTEN, Listening
from mcpstore.wire.message import LineSplitter, as_number, decode, encode, error_text, lost_answer, outcome
from mcpstore.wire.protocol import INTERNAL_ERROR, LONG_METHODS
from mcpstore.wire.server_requests import MAX_SERVED, ServerRequests, as_id
from mcpstore.wire.stray_output import STRAY_LINES_KEPT, StrayOutput
from mcpstore.wire.stream import Sink
from mcpstore.wire.writer import OWED_LIMIT, BoundedWriter

__all__ = ["MAX_BATCH", "MAX_PENDING", "JsonLines"]

MAX_BATCH: Final = 1024
"""Number of messages in one line; a longer batch is stray output."""

MAX_PENDING: Final = 1024
"""Number of requests under way on one connection; one more is refused at once."""

_UNCANCELLED: Final = frozenset({INITIALIZE, DISCOVER})
"""Requests that the specification forbids to cancel."""

ECHO: Final = "repeats its input; it is no MCP server"

_logger: Final = logging.getLogger("mcpstore.wire")


class JsonLines:
    """A connection over lines of JSON. Create it in a running event loop, feed it, then await `open`.

    A request with a timeout or a progress callback asks the server to report progress, so that a long call that makes
    progress does not time out. Lists and pings, which run no code of a tool, ask only with a callback.

    Args:
        peer: Identity, handlers and time limits of the client side.
        sink: Destination of outgoing bytes.
        era_first: The era that is tried first, unless `peer.era` is known.
    """

    def __init__(self, peer: ClientEndpoint, sink: Sink, *, era_first: Era = Era.LEGACY) -> None:
        self._peer: Final = peer
        self._sink: Final = sink
        self._era_first: Final = peer.era or era_first
        self._lines: Final = LineSplitter(peer.max_frame)
        self._stray_output: Final = StrayOutput(peer.service)
        self._pending: Final = _PendingRequests(peer.service)
        self._writer: Final = BoundedWriter(sink, on_broken=lambda reason: self.end(Exit(reason=reason)))
        self._server_requests: Final = ServerRequests(peer, self._writer)
        self._closed: Final[asyncio.Future[Exit]] = asyncio.get_running_loop().create_future()
        self._agreement: Agreement | None = None
        self._stamp: Mapping[str, Any] = {}
        self._listening: Listening | None = None
        self._listener: asyncio.Task[None] | None = None
        self._strays = 0

    # --- state -----------------------------------------------------------------------------------------------

    @property
    def protocol_version(self) -> str:
        """The negotiated protocol version; empty before `open`."""
        return self._agreement.version if self._agreement else ""

    @property
    def server(self) -> ServerInfo:
        """Name, version and capabilities of the server."""
        return self._agreement.server if self._agreement else ServerInfo()

    @property
    def era(self) -> Era | None:
        """The negotiated era; None before `open`."""
        return self._agreement.era if self._agreement else None

    @property
    def noise(self) -> int:
        """Number of lines that were no messages."""
        return self._stray_output.count

    @property
    def noise_kept(self) -> tuple[str, ...]:
        """The first lines that were no messages, shortened."""
        return tuple(self._stray_output.kept)

    @property
    def strays(self) -> int:
        """Number of messages that belonged to nothing: answers to no request of ours, or malformed."""
        return self._strays

    @property
    def dropped(self) -> int:
        """Number of our answers that were dropped because the server does not read."""
        return self._writer.dropped

    @property
    def under_way(self) -> int:
        """Number of our requests without an answer."""
        return len(self._pending)

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """Fill level and bound of each buffer."""
        kept = len(self._stray_output.kept)
        return (
            Buffer(name="unfinished message", used=self._lines.waiting, bound=self._peer.max_frame, unit="bytes"),
            Buffer(name="requests under way", used=len(self._pending), bound=MAX_PENDING, unit="requests"),
            Buffer(name="requests of the server", used=len(self._server_requests), bound=MAX_SERVED, unit="requests"),
            Buffer(name="answers it does not read", used=self._writer.owed, bound=OWED_LIMIT, unit="bytes"),
            Buffer(name="noise kept", used=kept, bound=STRAY_LINES_KEPT, unit="lines"),
        )

    # --- input -----------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Process bytes of the server."""
        for line in self._lines.feed(data):
            if self._closed.done():
                return
            message = decode(line)
            if type(message) is dict:
                self._receive(message, line)
            elif type(message) is list and len(message) <= MAX_BATCH:  # one version of the protocol allowed batches
                for part in message:
                    self._receive(as_object(part) or {}, line)
            else:
                self._receive_stray_line(line)
                self._pending.fail(lost_answer(line), ServiceError(INTERNAL_ERROR, "the answer cannot be read as JSON"))
        if self._lines.overflowed:
            self.end(Exit(reason=f"sent a frame of more than {self._peer.max_frame} bytes"))

    def end(self, exit: Exit) -> None:  # noqa: A002 - the name in the interface
        """End the connection: every request under way fails. Only the first call has an effect."""
        if self._closed.done():
            return
        self._closed.set_result(exit)
        self._pending.end(exit)
        self._server_requests.end()
        if self._listener is not None:
            self._listener.cancel()

    def _receive(self, message: Mapping[str, Any], line: bytes) -> None:
        if message.get("jsonrpc") != "2.0":
            self._receive_stray_line(line)
            return
        self._stray_output.has_message = True
        method = message.get("method")
        if method is None:
            self._receive_answer(message)
        elif not isinstance(method, str):
            self._strays += 1
        elif "id" not in message:
            self._receive_notification(method, as_object(message.get("params")) or {})
        elif method in (INITIALIZE, DISCOVER):  # only clients send these: the server echoes our own request
            self.end(Exit(reason=ECHO))
        elif (id := as_id(message["id"])) is not None:  # noqa: A001 - JSON-RPC's name
            self._server_requests.take(id, method, message.get("params"))
        else:
            self._strays += 1

    def _receive_answer(self, message: Mapping[str, Any]) -> None:
        pending = self._pending.take(as_number(message.get("id")))
        if pending is not None:
            _settle(pending, outcome(message))
        else:
            self._strays += 1

    def _receive_notification(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "notifications/progress" and self._pending.progress(
            as_number(params.get("progressToken")), params
        ):
            return
        if method == "notifications/cancelled":
            self._server_requests.cancel(params.get("requestId"))
            self._pending.end_one(as_number(params.get("requestId")), LISTEN)
            return
        if method == "notifications/subscriptions/acknowledged" and self._listening is not None:
            self._listening.acknowledged()
            return
        self._announce(method, params)

    def _receive_stray_line(self, line: bytes) -> None:
        self._stray_output.add(line)
        if self._stray_output.is_hopeless:
            self.end(Exit(reason=f"does not speak MCP: {self._stray_output.kept[0]}"))

    def _announce(self, method: str, params: Mapping[str, Any]) -> None:
        try:
            self._peer.on_notification(method, params)
        except Exception:
            _logger.exception("notification %r of service %r could not be delivered", method, self._peer.service)

    # --- output ----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Perform the handshake.

        Raises:
            ConnectTimeout: The server did not answer in time.
            NotReady: It ended the connection, or refused for a reason of its own.
            UnsupportedProtocol: It supports none of our protocol versions, or is no MCP server.
        """
        awaited = INITIALIZE

        def ask(method: str, params: Mapping[str, Any]) -> Awaitable[dict[str, Any]]:
            nonlocal awaited
            awaited = method
            return self._ask(method, params)

        service, limit = self._peer.service, self._peer.handshake_timeout
        try:
            async with asyncio.timeout(limit):
                agreement = await agree(ask, self._peer, self._era_first)
                self._agreement, self._stamp = agreement, agreement.stamp
                if agreement.era is Era.LEGACY:
                    await self.notify("notifications/initialized")
            if self._closed.done():  # it answered, and ended the connection
                raise ConnectionLost  # noqa: TRY301 - handled below, as every other end
        except TimeoutError:
            text = f"service {service!r} gave no answer to {awaited!r} within {limit:g} s{self._stray_output.hint}"
            raise ConnectTimeout(text) from None
        except ConnectionLost:
            exit = self._closed.result()  # noqa: A001 - the name in the interface
            if self._stray_output.is_hopeless or exit.reason == ECHO:
                raise UnsupportedProtocol(f"service {service!r} {exit}") from None
            raise NotReady(f"service {service!r} is gone: {exit}", exit_code=exit.code) from None
        if agreement.era is Era.MODERN:
            self._listening = Listening(agreement.server.capabilities, partial(self._announce, params={}))
            if self._listening.is_wanted:
                self._listener = asyncio.create_task(
                    self._listening.run(self._ask), name=f"mcpstore-listen-{self._peer.service}"
                )
                await asyncio.sleep(0)  # subscribe before the first listing, so that no change between them is missed

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the server is notified when it expires
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the raw result object; see `Connection.request`.

        Raises:
            ServiceBusy: `MAX_PENDING` requests are under way already.
            TypeError: The parameters hold a value that JSON cannot express.
            ValueError: The parameters hold NaN, an infinity, or themselves, or are nested too deeply.
        """
        result = await self._ask(method, params, timeout, on_progress)
        if self._stamp and result.get("resultType") == INPUT_REQUIRED:
            # The timeout applies to each answer of the server, not to the time that people take to answer it.
            ask_again = partial(self._ask, method, timeout=timeout, on_progress=on_progress)
            return await complete(result, params, self._peer, ask_again)
        return result

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification; without effect after the end of the connection."""
        line = encode(self._message(method, params, {}))
        await self._writer.room(self._closed)
        if not self._closed.done():
            self._writer.write(line)

    async def wait_closed(self) -> Exit:
        """Wait for the end of the connection and return its reason."""
        return await asyncio.shield(self._closed)

    async def _ask(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - see `request`
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        pending = self._pending.add(method, timeout, on_progress)
        number, is_sent = pending.number, False
        try:
            wants_progress = on_progress is not None or (timeout is not None and method in LONG_METHODS)
            message = self._message(method, params, {"progressToken": number} if wants_progress else {})
            message["id"] = number
            line = encode(message)
            if self._sink.is_paused:
                await self._writer.room(pending.future)
            if not pending.future.done():
                try:
                    self._sink.write(line)
                except Exception as error:  # noqa: BLE001 - a sink that fails makes the connection useless
                    self.end(Exit(reason=f"cannot be written to: {error_text(error)}"))
                is_sent = True
            return await pending.future
        except BaseException:
            # The caller gave up or was cancelled, unless an answer has removed the request from the table.
            if self._pending.take(number) is not None and is_sent and method not in _UNCANCELLED:
                self._cancel(number)
            raise

    def _message(self, method: str, params: Mapping[str, Any] | None, extra: Mapping[str, Any]) -> dict[str, Any]:
        if self._stamp or extra:
            given = params or {}
            params = {**given, "_meta": {**(given.get("_meta") or {}), **self._stamp, **extra}}
        if params is None:
            return {"jsonrpc": "2.0", "method": method}
        return {"jsonrpc": "2.0", "method": method, "params": params}

    def _cancel(self, number: int) -> None:
        params = {"requestId": number, "reason": "the client no longer waits for the answer"}
        self._writer.offer(encode({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))


@attrs.define(slots=True, eq=False)
class _Pending:
    """A request under way.

    Attributes:
        number: Its id on the wire, and its progress token.
        method: Its method.
        future: Receives the result or the error.
        timeout: Seconds without an answer and without progress after which it fails.
        deadline: Time of that failure, in loop time.
        on_progress: Called at each report of progress.
    """

    number: int
    method: str
    future: asyncio.Future[dict[str, Any]]
    timeout: float | None
    deadline: float
    on_progress: ProgressFn | None


class _PendingRequests:
    """Table of the requests under way.

    One timer serves them all. It is set to the earliest deadline. A deadline that has moved is noticed only when the
    timer expires, so neither a request nor a report of progress costs a timer of its own.
    """

    __slots__ = ("_exit", "_last", "_loop", "_requests", "_service", "_timer")

    def __init__(self, service: str) -> None:
        self._service: Final = service
        self._loop: Final = asyncio.get_running_loop()
        self._requests: Final[dict[int, _Pending]] = {}
        self._last = 0
        self._timer: asyncio.TimerHandle | None = None
        self._exit: Exit | None = None

    def __len__(self) -> int:
        """Return the number of requests under way."""
        return len(self._requests)

    def add(self, method: str, timeout: float | None, on_progress: ProgressFn | None) -> _Pending:
        """Add a request.

        Raises:
            ConnectionLost: The connection has ended.
            ServiceBusy: Too many requests are under way.
        """
        if self._exit is not None:
            raise ConnectionLost(f"service {self._service!r} is gone: {self._exit}")
        if len(self._requests) >= MAX_PENDING:
            raise ServiceBusy(
                f"service {self._service!r} has {MAX_PENDING} requests under way; wait until some of them are answered"
            )
        self._last = number = self._last + 1
        deadline = math.inf if timeout is None else self._loop.time() + timeout
        pending = _Pending(number, method, self._loop.create_future(), timeout, deadline, on_progress)
        self._requests[number] = pending
        if deadline < (math.inf if self._timer is None else self._timer.when()):
            self._set_timer(deadline)
        return pending

    def take(self, number: int | None) -> _Pending | None:
        """Remove and return a request; None if it is not under way."""
        return self._requests.pop(number, None) if number is not None else None

    def fail(self, number: int | None, error: Exception) -> None:
        """Fail a request if it is under way."""
        pending = self.take(number)
        if pending is not None:
            _settle(pending, error)

    def end_one(self, number: int | None, method: str) -> None:
        """End a request with an empty result if it is under way and has this method."""
        pending = self._requests.get(number) if number is not None else None
        if pending is not None and pending.method == method:
            del self._requests[pending.number]
            _settle(pending, {})

    def progress(self, number: int | None, params: Mapping[str, Any]) -> bool:
        """Extend the deadline of a request after a report of progress; returns whether there is such a request."""
        pending = self._requests.get(number) if number is not None else None
        if pending is None:
            return False
        if pending.timeout is not None:
            pending.deadline = self._loop.time() + pending.timeout
        done, total, text = params.get("progress"), params.get("total"), params.get("message")
        if pending.on_progress is not None and _is_number(done):
            try:
                pending.on_progress(done, total if _is_number(total) else None, text if isinstance(text, str) else None)
            except Exception:
                _logger.exception("a progress callback for %r of service %r failed", pending.method, self._service)
        return True

    def end(self, exit: Exit) -> None:  # noqa: A002 - the name in the interface
        """Fail every request."""
        self._exit = exit
        if self._timer is not None:
            self._timer.cancel()
        requests = list(self._requests.values())
        self._requests.clear()
        for pending in requests:
            text = f"service {self._service!r} is gone: {exit}; whether {pending.method!r} took effect is unknown"
            _settle(pending, ConnectionLost(text))

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now, earliest = self._loop.time(), math.inf
        for pending in self._requests.values():
            if pending.deadline > now:
                earliest = min(earliest, pending.deadline)
            else:  # it stays in the table: its caller removes it and cancels it at the server
                text = (
                    f"service {self._service!r} gave no answer to {pending.method!r} and reported no progress "
                    f"within {pending.timeout:g} s; the request was cancelled"
                )
                _settle(pending, CallTimeout(text))
        if earliest < math.inf:
            self._set_timer(earliest)


def _settle(pending: _Pending, outcome: dict[str, Any] | Exception) -> None:
    """Wake the caller of a request, unless it was cancelled or woken before."""
    if pending.future.done():
        return
    if isinstance(outcome, Exception):
        pending.future.set_exception(outcome)
    else:
        pending.future.set_result(outcome)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
