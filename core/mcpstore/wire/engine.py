"""The engine: MCP over lines of JSON, from our side of the wire.

It does no I/O. Whoever reads calls `feed` with what was read and `end` when there is no more; what it has to say goes
into a `Sink`. All of it runs in one event loop. A request costs one future and one wake-up of whoever waits for it.

Nothing a peer writes raises out of `feed`: lines that are no messages are noise, messages that fit nothing are strays,
both are counted, and the session goes on. Only a line longer than a frame ends it, and noise instead of a greeting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Final

from mcpstore.errors import ConnectionLost, ConnectTimeout, NotReady, ServiceError, UnsupportedProtocol
from mcpstore.hooks.connection import ClientEndpoint, Era, Exit, ProgressFn, ServerInfo
from mcpstore.models.buffer import Buffer
from mcpstore.models.json_types import as_object
from mcpstore.wire.framing import LineSplitter
from mcpstore.wire.handshake import DISCOVER, INITIALIZE, Agreement, agree
from mcpstore.wire.input_required import INPUT_REQUIRED, complete
from mcpstore.wire.list_subscriptions import LISTEN, Listening
from mcpstore.wire.message import as_number, decode, encode, lost_answer, outcome
from mcpstore.wire.pending import MAX_PENDING, PendingRequests, settle
from mcpstore.wire.protocol import INTERNAL_ERROR, LONG_METHODS
from mcpstore.wire.server_requests import MAX_SERVED, ServerRequests, as_id
from mcpstore.wire.stray_output import NOISE_KEPT, Noise
from mcpstore.wire.stream import Sink
from mcpstore.wire.writer import OWED_LIMIT, BoundedWriter

__all__ = ["MAX_BATCH", "JsonLines"]

MAX_BATCH: Final = 1024
"""Messages in one line; a longer batch is noise."""

_UNCANCELLED: Final = frozenset({INITIALIZE, DISCOVER})
"""The specification forbids cancelling these."""

ECHO: Final = "repeats what it is told; it is no MCP server"

_logger: Final = logging.getLogger("mcpstore.wire")


class JsonLines:
    """A connection over lines of JSON. Make it inside a running event loop, feed it, then await `open`.

    A request given a timeout or a progress callback asks the server to report progress, so that a long call that makes
    progress does not time out; requests that run nothing of the server's own (lists, pings) ask only for a callback.

    Args:
        peer: Our side of the wire.
        sink: Where outgoing bytes go.
        era_first: The era tried first, unless `peer.era` knows better.
    """

    def __init__(self, peer: ClientEndpoint, sink: Sink, *, era_first: Era = Era.LEGACY) -> None:
        self._peer: Final = peer
        self._era_first: Final = peer.era or era_first
        self._lines: Final = LineSplitter(peer.max_frame)
        self._noise: Final = Noise(peer.service)
        self._waiting: Final = PendingRequests(peer.service)
        self._outlet: Final = BoundedWriter(sink, on_broken=lambda why: self.end(Exit(reason=why)))
        self._serving: Final = ServerRequests(peer, self._outlet)
        self._closed: Final[asyncio.Future[Exit]] = asyncio.get_running_loop().create_future()
        self._agreement: Agreement | None = None
        self._stamp: Mapping[str, Any] = {}
        self._listening: Listening | None = None
        self._listener: asyncio.Task[None] | None = None
        self._strays = 0

    # --- what is known ---------------------------------------------------------------------------------------

    @property
    def protocol_version(self) -> str:
        """The protocol version agreed on; empty before `open`."""
        return self._agreement.version if self._agreement else ""

    @property
    def server(self) -> ServerInfo:
        """Who answers."""
        return self._agreement.server if self._agreement else ServerInfo()

    @property
    def era(self) -> Era | None:
        """The era agreed on; None before `open`."""
        return self._agreement.era if self._agreement else None

    @property
    def noise(self) -> int:
        """Lines read that were no messages."""
        return self._noise.count

    @property
    def noise_kept(self) -> tuple[str, ...]:
        """The first lines of noise, shortened."""
        return tuple(self._noise.kept)

    @property
    def strays(self) -> int:
        """Messages read that fitted nothing: answers to no request of ours, or malformed."""
        return self._strays

    @property
    def dropped(self) -> int:
        """Answers of ours that were dropped because the peer does not read."""
        return self._outlet.dropped

    @property
    def under_way(self) -> int:
        """Requests of ours that wait for their answer."""
        return len(self._waiting)

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """What is kept for the peer, and how much of it may be."""
        return (
            Buffer(name="unfinished message", used=self._lines.waiting, bound=self._peer.max_frame, unit="bytes"),
            Buffer(name="requests under way", used=len(self._waiting), bound=MAX_PENDING, unit="requests"),
            Buffer(name="requests of the server", used=len(self._serving), bound=MAX_SERVED, unit="requests"),
            Buffer(name="answers it does not read", used=self._outlet.owed, bound=OWED_LIMIT, unit="bytes"),
            Buffer(name="noise kept", used=len(self._noise.kept), bound=NOISE_KEPT, unit="lines"),
        )

    # --- what arrives ----------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take what was read from the peer."""
        for line in self._lines.feed(data):
            if self._closed.done():
                return
            message = decode(line)
            if type(message) is dict:
                self._take(message, line)
            elif type(message) is list and len(message) <= MAX_BATCH:  # one version of the protocol allowed batches
                for part in message:
                    self._take(as_object(part) or {}, line)
            else:
                self._take_noise(line)
                pending = self._waiting.take(lost_answer(line))
                if pending is not None:
                    settle(pending, ServiceError(INTERNAL_ERROR, "the answer cannot be read as JSON"))
        if self._lines.overflowed:
            self.end(Exit(reason=f"sent a frame of more than {self._peer.max_frame} bytes"))

    def end(self, exit: Exit) -> None:  # noqa: A002 - the word of the seam
        """Take note that the peer is gone: nobody waits for it any longer. Only the first call counts."""
        if self._closed.done():
            return
        self._closed.set_result(exit)
        self._waiting.end(exit)
        self._serving.end()
        if self._listener is not None:
            self._listener.cancel()

    def _take(self, message: Mapping[str, Any], line: bytes) -> None:
        if message.get("jsonrpc") != "2.0":
            self._take_noise(line)
            return
        self._noise.heard = True
        method = message.get("method")
        if method is None:
            self._take_answer(message)
        elif not isinstance(method, str):
            self._strays += 1
        elif "id" not in message:
            self._take_notification(method, as_object(message.get("params")) or {})
        elif method in (INITIALIZE, DISCOVER):  # which only clients say: it is our own word coming back
            self.end(Exit(reason=ECHO))
        elif (id := as_id(message["id"])) is not None:  # noqa: A001 - JSON-RPC's word
            self._serving.take(id, method, message.get("params"))
        else:
            self._strays += 1

    def _take_answer(self, message: Mapping[str, Any]) -> None:
        pending = self._waiting.take(as_number(message.get("id")))
        if pending is not None:
            settle(pending, outcome(message))
        else:
            self._strays += 1

    def _take_notification(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "notifications/progress" and self._waiting.progress(
            as_number(params.get("progressToken")), params
        ):
            return
        if method == "notifications/cancelled":
            self._serving.cancel(params.get("requestId"))
            self._waiting.end_one(as_number(params.get("requestId")), LISTEN)
            return
        if method == "notifications/subscriptions/acknowledged" and self._listening is not None:
            self._listening.acknowledged()
            return
        self._announce(method, params)

    def _take_noise(self, line: bytes) -> None:
        self._noise.take(line)
        if self._noise.is_hopeless:
            self.end(Exit(reason=f"does not speak MCP: {self._noise.kept[0]}"))

    def _announce(self, method: str, params: Mapping[str, Any]) -> None:
        try:
            self._peer.on_notification(method, params)
        except Exception:
            _logger.exception("notification %r of service %r could not be delivered", method, self._peer.service)

    # --- what is asked ---------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Shake hands with the peer.

        Raises:
            ConnectTimeout: It did not answer in time.
            NotReady: It went away, or refused for a reason of its own.
            UnsupportedProtocol: It speaks no version of the protocol that we do, or nothing of the kind.
        """
        awaited = INITIALIZE

        def ask(method: str, params: Mapping[str, Any]) -> Awaitable[dict[str, Any]]:
            nonlocal awaited
            awaited = method
            return self._ask(method, params)

        service, patience = self._peer.service, self._peer.handshake_timeout
        try:
            async with asyncio.timeout(patience):
                agreement = await agree(ask, self._peer, self._era_first)
                self._agreement, self._stamp = agreement, agreement.stamp
                if agreement.era is Era.LEGACY:
                    await self.notify("notifications/initialized")
            if self._closed.done():  # it answered, and left
                raise ConnectionLost  # noqa: TRY301 - told below, as every other way of leaving
        except TimeoutError:
            text = f"service {service!r} gave no answer to {awaited!r} within {patience:g} s{self._noise.hint}"
            raise ConnectTimeout(text) from None
        except ConnectionLost:
            exit = self._closed.result()  # noqa: A001 - the word of the seam
            if self._noise.is_hopeless or exit.reason == ECHO:
                raise UnsupportedProtocol(f"service {service!r} {exit}") from None
            raise NotReady(f"service {service!r} is gone: {exit}", exit_code=exit.code) from None
        if agreement.era is Era.MODERN:
            self._listening = Listening(agreement.server.capabilities, partial(self._announce, params={}))
            if self._listening.is_wanted:
                self._listener = asyncio.create_task(
                    self._listening.run(self._ask), name=f"mcpstore-listen-{self._peer.service}"
                )
                await asyncio.sleep(0)  # it asks before anybody lists what is there, so no change is missed between

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the server is told when it runs out
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the raw result object; see `Connection.request`.

        Raises:
            ServiceBusy: `MAX_PENDING` requests are under way already.
            TypeError: The parameters hold something JSON has no word for.
            ValueError: The parameters hold NaN, an infinity, or themselves, or are nested beyond reason.
        """
        result = await self._ask(method, params, timeout, on_progress)
        if self._stamp and result.get("resultType") == INPUT_REQUIRED:
            # The time that people take to answer is theirs: the timeout is for each answer of the server.
            again = partial(self._ask, method, patience=timeout, on_progress=on_progress)
            return await complete(result, params, self._peer, again)
        return result

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification; once the peer is gone, nothing happens."""
        line = encode(self._message(method, params, {}))
        await self._outlet.room(self._closed)
        if not self._closed.done():
            self._outlet.write(line)

    async def wait_closed(self) -> Exit:
        """Wait until the peer is gone and tell how it went."""
        return await asyncio.shield(self._closed)

    async def _ask(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        patience: float | None = None,
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        pending = self._waiting.add(method, patience, on_progress)
        number, is_sent = pending.number, False
        try:
            token = on_progress is not None or (patience is not None and method in LONG_METHODS)
            message = self._message(method, params, {"progressToken": number} if token else {})
            message["id"] = number
            line = encode(message)
            if self._outlet.is_paused:
                await self._outlet.room(pending.future)
            if not pending.future.done():
                self._outlet.write(line)
                is_sent = True
            return await pending.future
        except BaseException:
            # Whoever asked gave up or was called away, unless an answer took the request out of the table.
            if self._waiting.take(number) is not None and is_sent and method not in _UNCANCELLED:
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
        params = {"requestId": number, "reason": "nobody waits for the answer any longer"}
        self._outlet.offer(encode({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
