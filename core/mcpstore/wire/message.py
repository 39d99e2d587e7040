"""Codec of the JSON-lines wire: bytes to lines, lines to JSON-RPC messages, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic_core import from_json

from mcpstore.errors import ServiceError
from mcpstore.models.json_types import as_object
from mcpstore.wire.protocol import INTERNAL_ERROR

__all__ = ["LineSplitter", "as_number", "decode", "encode", "error_text", "lost_answer", "outcome", "shown"]


class LineSplitter:
    """Splits a stream of bytes at its newlines, in time linear in the number of bytes, within one frame of memory.

    Attributes:
        overflowed: Whether a line was longer than the limit. No more lines are returned then, because the begin of the
            next line is not known.
    """

    __slots__ = ("_limit", "_tail", "overflowed")

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        # A bytearray grows by appending, so a line in a thousand pieces costs as much as in one. A list of the pieces
        # would be bounded in their bytes, but not in their number.
        self._tail: Final = bytearray()
        self.overflowed: bool = False

    @property
    def waiting(self) -> int:
        """Size of the incomplete line, in bytes."""
        return len(self._tail)

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes and return the lines they complete, without their newlines."""
        if self.overflowed:
            return []
        tail = self._tail
        may_overflow = len(tail) + len(data) > self._limit
        lines = data.split(b"\n")
        rest = lines.pop()
        if tail and lines:
            lines[0] = bytes(tail) + lines[0]
            tail.clear()
        if may_overflow:  # only then can one line be longer than the limit
            for number, line in enumerate(lines):
                if len(line) > self._limit:
                    return self._overflow(lines[:number])
            if len(tail) + len(rest) > self._limit:
                return self._overflow(lines)
        tail += rest
        return lines

    def _overflow(self, lines: list[bytes]) -> list[bytes]:
        self.overflowed = True
        self._tail.clear()
        return lines


# Reading and writing use the fastest library for each, measured with Python 3.11, in µs:
#   reading a result of 134 B / 50 kB / 150 kB: json 1.8 / 195 / 336, pydantic_core 0.6 / 140 / 210
#   writing a request of 100 B: json 1.9, pydantic_core 0.5; everything else the engine does for a call: 5
# pydantic_core reads: it is loaded anyway, because the settings of every transport are a pydantic model (alone it would
# cost 10 ms and 4 MB), and json reads again what it refuses. json writes: pydantic_core would pass NaN, sets and bytes,
# which no server understands, and refuse lone surrogates, which any string may hold.
def _plain(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"a message cannot hold a value of type {type(value).__name__!r}; JSON has no such type")


_encode: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_plain).encode

# The order of the members is the one that every known server writes; a number that belongs to no request is harmless.
_ID: Final = re.compile(rb'"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*[,}]')
_ID_REACH: Final = 80


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as a line of ASCII, which every server reads correctly in every locale.

    Raises:
        TypeError: The message holds a value that JSON cannot express.
        ValueError: It holds NaN, an infinity, or itself, or is nested too deeply.
    """
    try:
        return _encode(message).encode() + b"\n"
    except RecursionError:
        raise ValueError("a message cannot be nested that deeply") from None


def decode(line: bytes) -> dict[str, Any] | list[Any] | None:
    """Return the JSON value of a line; None if it is no JSON. Only objects and arrays can be messages."""
    value: dict[str, Any] | list[Any] | None
    try:
        value = from_json(line)
    except ValueError:
        value = _decode_leniently(line)
    return value


def _decode_leniently(line: bytes) -> Any:
    # A BOM, invalid UTF-8, lone surrogates, padding and nesting beyond 200 levels are wrong, but can be understood.
    text = line.decode("utf-8-sig", "replace").strip("\0 \t\r")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def lost_answer(line: bytes) -> int | None:
    """Return the number of the request that an unreadable line answers; None if it is not recognizable."""
    match = _ID.search(line[:_ID_REACH]) or _ID.search(line[-_ID_REACH:])
    return int(match[1]) if match else None


def as_number(value: Any) -> int | None:
    """Return the number of one of our requests as a server returned it; some return a string or a float."""
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) < 16 and value.isascii() and value.isdigit():  # noqa: PLR2004 - as _ID
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def outcome(message: Mapping[str, Any]) -> dict[str, Any] | ServiceError:
    """Return the result that an answer carries, or its error; an answer with both or neither is an error."""
    error = message.get("error")
    if error is not None:
        return _error(error)
    result = cast("dict[str, Any] | None", message.get("result"))
    if type(result) is dict:
        return result
    if result is None and "result" in message:  # some servers send null for an empty result
        return {}
    what = type(result).__name__ if "result" in message else "nothing"
    return ServiceError(INTERNAL_ERROR, f"the answer holds no result object (got {what})")


def _error(error: Any) -> ServiceError:
    fields = as_object(error)
    if fields is None:
        fields = {"message": str(error)}
    code, text = fields.get("code"), fields.get("message")
    return ServiceError(
        code if type(code) is int else INTERNAL_ERROR,
        text if isinstance(text, str) and text else "the service gave no reason",
        fields.get("data"),
    )


def shown(line: bytes, width: int = 200) -> str:
    """Return the begin of a line for a log or an error: on one line, without control characters."""
    text = line[: width * 4].decode("utf-8", "replace").strip()
    harmless = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:width])
    return harmless + ("…" if len(line) > width * 4 or len(text) > width else "")


def error_text(error: BaseException) -> str:
    """Return the message of an exception, or its type if it has none."""
    return str(error) or type(error).__name__
