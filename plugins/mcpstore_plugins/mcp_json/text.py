"""From bytes to text and back, losing nothing: byte order marks, UTF-16, and where in the text something is."""

from __future__ import annotations

import codecs
from typing import Final

import attrs

from mcpstore.errors import ConfigSyntaxError

__all__ = ["Encoding", "decoded", "position"]


@attrs.frozen(kw_only=True)
class Encoding:
    """How a text is written as bytes.

    Attributes:
        name: The codec.
        mark: The byte order mark in front, if any.
    """

    name: str = "utf-8"
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Return the bytes of `text`."""
        return self.mark + text.encode(self.name)


_MARKED: Final = (
    Encoding(name="utf-8", mark=codecs.BOM_UTF8),
    # what PowerShell writes when its output is redirected into a file
    Encoding(name="utf-16-le", mark=codecs.BOM_UTF16_LE),
    Encoding(name="utf-16-be", mark=codecs.BOM_UTF16_BE),
)


def decoded(raw: bytes, where: str) -> tuple[str, Encoding]:
    """Return the text without its byte order mark, and the encoding that gives back exactly `raw`.

    Raises:
        ConfigSyntaxError: It is not text in this encoding.
    """
    encoding = next((known for known in _MARKED if raw.startswith(known.mark)), Encoding())
    body = raw[len(encoding.mark) :]
    try:
        return body.decode(encoding.name), encoding
    except UnicodeDecodeError as error:
        line, column = position(body[: error.start].decode(encoding.name), error.start)
        raise ConfigSyntaxError(
            where,
            f"byte 0x{body[error.start]:02x} is not {encoding.name.upper()}",
            line=line,
            column=column,
            remedy="save the file as UTF-8",
        ) from None


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at `offset`."""
    offset = min(offset, len(text))
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
