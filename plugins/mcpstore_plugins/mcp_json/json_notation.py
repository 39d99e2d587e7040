"""JSON, with what people add to it."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from mcpstore.hooks import Path
from mcpstore_plugins.mcp_json.json_scan import survey
from mcpstore_plugins.mcp_json.jsonc import Malformed, blanked, end_of_space
from mcpstore_plugins.mcp_json.reading import CannotRewrite, Reading, syntax_error
from mcpstore_plugins.mcp_json.spans import Map
from mcpstore_plugins.mcp_json.syntax_errors import blame
from mcpstore_plugins.mcp_json.text import position
from mcpstore_plugins.mcp_json.values import DEEPEST, Change, Tree, is_too_deep
from mcpstore_plugins.mcp_json.warnings import Oddities

__all__ = ["JsonNotation"]

_HALF_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]")
_CONSTANTS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class JsonNotation:
    """JSON with comments, trailing commas, a second document behind the first, and no document at all."""

    @property
    def name(self) -> str:
        """What it is called."""
        return "json"

    def read(self, text: str, where: str) -> Reading:
        """Read a text; strict JSON goes through the decoder of the standard library and nothing else.

        Raises:
            ConfigSyntaxError: It cannot be understood.
        """
        try:
            return _read(text, where)
        except Malformed as error:
            raise syntax_error(where, text, error.offset, error.what, error.remedy) from None

    def fitted(self, value: Any) -> Any:
        """Return the value: every plain value is JSON, but for numbers that are none."""
        return value

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Yield the text with the changes made and everything else as it was."""
        # late: most files are only read
        from mcpstore_plugins.mcp_json.json_edit import rewritten  # noqa: PLC0415

        try:
            yield rewritten(text, blanked(text), changes)
        except ValueError:
            raise CannotRewrite("JSON has no NaN and no infinite numbers; write null") from None


class _Decoder:
    """Decodes, and notices that something odd went by."""

    def __init__(self) -> None:
        self.is_odd = False
        self._json = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def decode(self, text: str, start: int) -> tuple[Any, int]:
        return self._json.raw_decode(text, start)

    def _object(self, pairs: list[tuple[str, Any]]) -> Tree:
        made = dict(pairs)
        self.is_odd |= len(made) != len(pairs)
        return made

    def _constant(self, name: str) -> float:
        self.is_odd = True
        # one and the same NaN each time, so that two readings of a text are equal
        return _CONSTANTS[name]


def _read(text: str, where: str) -> Reading:
    decoder, odd = _Decoder(), Oddities(text, where)
    strict, start = text, end_of_space(text, 0)
    try:
        data, end = decoder.decode(text, start)
        is_strict = end_of_space(text, end) == len(text)
    except (ValueError, RecursionError):
        data, end, is_strict = None, 0, False
    if not is_strict:
        strict = blanked(text)
        start = end_of_space(strict, 0)
        if start == len(strict):
            return Reading(data={})
        data, end = _decoded(decoder, strict, start, odd)
    if not isinstance(data, dict):
        kind = "an array" if isinstance(data, list) else "a single value"
        raise Malformed(start, f"expected an object, found {kind}", "begin the file with { and end it with }")
    # counting brackets is a bound that costs nothing, and rules out depth in all but huge files
    is_deep = strict.count("{") + strict.count("[") > DEEPEST and is_too_deep(data)
    if decoder.is_odd or is_deep or _HALF_CHARACTER.search(strict):
        survey(strict, start, end, odd)
    if (rest := end_of_space(strict, end)) < len(strict):
        odd.note_rest(rest)
    places = Map(strict, start)

    def locate(path: Path) -> tuple[int, int] | None:
        offset = places.find(path)
        return None if offset is None else position(text, offset)

    return Reading(data=cast("Tree", data), problems=odd.problems(), locate=locate)


def _decoded(decoder: _Decoder, text: str, start: int, odd: Oddities) -> tuple[Any, int]:
    try:
        return decoder.decode(text, start)
    except json.JSONDecodeError as error:
        raise blame(text, error) from None
    except RecursionError:
        # as far as it is well-formed; that nobody knows yet
        with suppress(json.JSONDecodeError, IndexError):
            survey(text, start, len(text), odd)
        raise Malformed(start, f"this is nested deeper than {DEEPEST} levels", "flatten it") from None
    except ValueError:
        digits = sys.get_int_max_str_digits()
        found = re.search(rf"\d{{{digits + 1}}}", text)
        offset = found.start() if found else start
        raise Malformed(offset, f"a number has more than {digits} digits", "put it into quotes") from None
