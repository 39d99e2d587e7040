"""One JSON-RPC message to one line of bytes, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic_core import from_json

from mcpstore.errors import ServiceError
from mcpstore.models.json_types import as_object
from mcpstore.wire.protocol import INTERNAL_ERROR

__all__ = ["as_number", "decode", "encode", "lost_answer", "outcome", "shown", "told"]


# Reading and writing are done by whoever does them best, measured with Python 3.11, in us:
#   reading a result of 134 B / 50 kB / 150 kB: json 1.8 / 195 / 336, pydantic_core 0.6 / 140 / 210
#   writing a request of 100 B: json 1.9, pydantic_core 0.5; everything else the engine does for a call: 5
# pydantic_core reads: it is loaded anyway, because the settings of every transport are a pydantic model (alone it would
# cost 10 ms and 4 MB), and what it refuses gets a second look from json. json writes: pydantic_core would let NaN,
# sets and bytes through, which no server understands, and refuse lone surrogates, which any string may hold.
def _plain(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"a message cannot hold a value of type {type(value).__name__!r}; JSON has no word for it")


_encode: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_plain).encode

# The order of the members is the one every known server writes; a number that is not an answer's does no harm.
_ID: Final = re.compile(rb'"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*[,}]')
_ID_REACH: Final = 80


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as a line. It is pure ASCII, so no server can misread it, whatever its locale.

    Raises:
        TypeError: The message holds something JSON has no word for.
        ValueError: It holds NaN, an infinity, or itself, or is nested beyond reason.
    """
    try:
        return _encode(message).encode() + b"\n"
    except RecursionError:
        raise ValueError("a message cannot be nested that deeply") from None


def decode(line: bytes) -> dict[str, Any] | list[Any] | None:
    """Return what a line says; whatever is neither an object nor an array is as good as nothing."""
    said: dict[str, Any] | list[Any] | None
    try:
        said = from_json(line)
    except ValueError:
        said = _decode_odd(line)
    return said


def _decode_odd(line: bytes) -> Any:
    # A BOM, invalid UTF-8, lone surrogates, padding and nesting beyond 200 levels are odd, but can be understood.
    text = line.decode("utf-8-sig", "replace").strip("\0 \t\r")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def lost_answer(line: bytes) -> int | None:
    """Return the number of the request that an unreadable line would have answered, if that can be told."""
    found = _ID.search(line[:_ID_REACH]) or _ID.search(line[-_ID_REACH:])
    return int(found[1]) if found else None


def as_number(value: Any) -> int | None:
    """Return the number of one of our requests as a server echoes it; some turn it into a string or a float."""
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) < 16 and value.isascii() and value.isdigit():  # noqa: PLR2004 - as _ID
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def outcome(message: Mapping[str, Any]) -> dict[str, Any] | ServiceError:
    """Return the result an answer carries, or the error; whoever carries both or neither answers with an error."""
    error = message.get("error")
    if error is not None:
        return _error(error)
    result = cast("dict[str, Any] | None", message.get("result"))
    if type(result) is dict:
        return result
    if result is None and "result" in message:  # said by servers that mean an empty result
        return {}
    what = type(result).__name__ if "result" in message else "nothing"
    return ServiceError(INTERNAL_ERROR, f"the answer holds no result object (got {what})")


def _error(error: Any) -> ServiceError:
    said = as_object(error)
    if said is None:
        said = {"message": str(error)}
    code, text = said.get("code"), said.get("message")
    return ServiceError(
        code if type(code) is int else INTERNAL_ERROR,
        text if isinstance(text, str) and text else "the service gave no reason",
        said.get("data"),
    )


def shown(line: bytes, width: int = 200) -> str:
    """Return the beginning of a line so that it can stand in a log or an error: on one line, harmless, short."""
    text = line[: width * 4].decode("utf-8", "replace").strip()
    harmless = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:width])
    return harmless + ("…" if len(line) > width * 4 or len(text) > width else "")


def told(error: BaseException) -> str:
    """Return what an exception says, or its kind if it says nothing."""
    return str(error) or type(error).__name__
