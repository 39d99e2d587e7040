"""Lossless conversion between bytes and text, with byte order marks and UTF-16; line and column of an offset."""

from __future__ import annotations

import codecs
from typing import Final

import attrs

from mcpstore.errors import ConfigSyntaxError

__all__ = ["Encoding", "decoded", "position"]


@attrs.frozen(kw_only=True)
class Encoding:
    """Encoding of a text as bytes.

    Attributes:
        name: Name of the codec.
        mark: Byte order mark; may be empty.
    """

    name: str = "utf-8"
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Return the bytes of `text`."""
        return self.mark + text.encode(self.name)


_MARKED: Final = (
    Encoding(name="utf-8", mark=codecs.BOM_UTF8),
    # written by PowerShell when its output is redirected to a file
    Encoding(name="utf-16-le", mark=codecs.BOM_UTF16_LE),
    Encoding(name="utf-16-be", mark=codecs.BOM_UTF16_BE),
)


def decoded(raw: bytes, where: str) -> tuple[str, Encoding]:
    """Return the text without its byte order mark, and the encoding that restores exactly `raw`.

    Raises:
        ConfigSyntaxError: The bytes are not valid in the encoding.
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
    """Return the line and column of the character at `offset`, both from 1."""
    offset = min(offset, len(text))
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
