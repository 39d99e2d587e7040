"""JSON format, with the extensions that are in use: comments and trailing commas."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from mcpstore.hooks import Path
from mcpstore_plugins.mcp_json.file_format import CannotRewrite, ParsedText, syntax_error
from mcpstore_plugins.mcp_json.json_warnings import add_warnings
from mcpstore_plugins.mcp_json.jsonc import Malformed, blanked, end_of_space
from mcpstore_plugins.mcp_json.members import MemberIndex
from mcpstore_plugins.mcp_json.syntax_errors import explained
from mcpstore_plugins.mcp_json.text import position
from mcpstore_plugins.mcp_json.values import MAX_DEPTH, Change, JsonObject, is_too_deep
from mcpstore_plugins.mcp_json.warning_collector import WarningCollector

__all__ = ["JsonFormat"]

_HALF_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]")
_CONSTANTS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class JsonFormat:
    """JSON with comments and trailing commas; accepts an empty file, and text after the document with a warning."""

    @property
    def name(self) -> str:
        """Name of the format."""
        return "json"

    def read(self, text: str, where: str) -> ParsedText:
        """Parse a text; strict JSON needs only the decoder of the standard library.

        Raises:
            ConfigSyntaxError: The text cannot be parsed.
        """
        try:
            return _read(text, where)
        except Malformed as error:
            raise syntax_error(where, text, error.offset, error.what, error.remedy) from None

    def fitted(self, value: Any) -> Any:
        """Return the value unchanged: every plain value is JSON, except NaN and infinite numbers."""
        return value

    def rewrite(self, text: str, changes: Sequence[Change]) -> Iterator[str]:
        """Yield the text with the changes applied and everything else unchanged."""
        # Imported here: most files are only read.
        from mcpstore_plugins.mcp_json.json_edit import rewrite  # noqa: PLC0415

        try:
            yield rewrite(text, blanked(text), changes)
        except ValueError:
            raise CannotRewrite("JSON has no NaN and no infinite numbers; write null") from None


class _Decoder:
    """Decoder that notices duplicate keys and numbers that are not JSON."""

    def __init__(self) -> None:
        self.is_odd = False
        self._json = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def decode(self, text: str, start: int) -> tuple[Any, int]:
        return self._json.raw_decode(text, start)

    def _object(self, pairs: list[tuple[str, Any]]) -> JsonObject:
        fields = dict(pairs)
        self.is_odd |= len(fields) != len(pairs)
        return fields

    def _constant(self, name: str) -> float:
        self.is_odd = True
        # always the same NaN object, so that two parses of a text are equal
        return _CONSTANTS[name]


def _read(text: str, where: str) -> ParsedText:
    decoder, warnings = _Decoder(), WarningCollector(text, where)
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
            return ParsedText(data={})
        data, end = _decoded(decoder, strict, start, warnings)
    if not isinstance(data, dict):
        kind = "an array" if isinstance(data, list) else "a single value"
        raise Malformed(start, f"expected an object, found {kind}", "begin the file with { and end it with }")
    # counting brackets is cheap, and shows for all but huge files that they are not too deep
    is_deep = strict.count("{") + strict.count("[") > MAX_DEPTH and is_too_deep(data)
    if decoder.is_odd or is_deep or _HALF_CHARACTER.search(strict):
        add_warnings(strict, start, end, warnings)
    if (rest := end_of_space(strict, end)) < len(strict):
        warnings.add_trailing_text(rest)
    places = MemberIndex(strict, start)

    def locate(path: Path) -> tuple[int, int] | None:
        offset = places.find(path)
        return None if offset is None else position(text, offset)

    return ParsedText(data=cast("JsonObject", data), problems=warnings.problems(), locate=locate)


def _decoded(decoder: _Decoder, text: str, start: int, warnings: WarningCollector) -> tuple[Any, int]:
    try:
        return decoder.decode(text, start)
    except json.JSONDecodeError as error:
        raise explained(text, error) from None
    except RecursionError:
        # the text may be malformed after the place that is too deep
        with suppress(json.JSONDecodeError, IndexError):
            add_warnings(text, start, len(text), warnings)
        raise Malformed(start, f"this is nested deeper than {MAX_DEPTH} levels", "flatten it") from None
    except ValueError:
        digits = sys.get_int_max_str_digits()
        match = re.search(rf"\d{{{digits + 1}}}", text)
        offset = match.start() if match else start
        raise Malformed(offset, f"a number has more than {digits} digits", "put it into quotes") from None
