"""Content of a file in any format, and edits of its bytes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import PurePath
from typing import Final

from mcpstore.errors import ConfigError, ConfigSyntaxError
from mcpstore.hooks import MISSING, Content, Edit
from mcpstore_plugins.mcp_json.file_format import CannotRewrite, FileFormat, ParsedText
from mcpstore_plugins.mcp_json.json_format import JsonFormat
from mcpstore_plugins.mcp_json.text import decoded
from mcpstore_plugins.mcp_json.values import Change, JsonObject, apply_edits, value_of

__all__ = ["content_of", "edited", "revision_of"]

_SUFFIXES: Final = {".json": "json", ".jsonc": "json", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml"}


def revision_of(raw: bytes | None) -> str:
    """Return a digest of the content of a file; empty if the file does not exist."""
    return "" if raw is None else blake2b(raw, digest_size=16).hexdigest()


def content_of(raw: bytes | None, path: str, where: str) -> Content:
    """Parse the bytes of a file; a missing or empty file is an empty document.

    Raises:
        ConfigSyntaxError: The bytes cannot be parsed.
    """
    text, _ = decoded(raw or b"", where)
    notation = _notation(path, text)
    return _content(notation.read(text, where), notation, raw)


def edited(raw: bytes | None, edits: Sequence[Edit], path: str, where: str) -> tuple[bytes | None, Content]:
    """Return the bytes with all edits applied, and their content; the same bytes if no edit changes anything.

    The new text is parsed again and compared with the expected data, so that no bug in the editors can damage a file.

    Raises:
        ConfigConflict: The present content is not what an edit expects.
        ConfigSyntaxError: The bytes cannot be parsed.
        ConfigError: The edits cannot be applied.
    """
    text, encoding = decoded(raw or b"", where)
    notation = _notation(path, text)
    present = notation.read(text, where)
    data = present.data
    try:
        changes = apply_edits(data, edits, where, notation.fitted)
        if not changes:
            return raw, _content(present, notation, raw)
        for candidate in notation.rewrite(text, changes):
            result = _read_again(notation, candidate, where)
            if result is not None and _is_as_expected(result.data, data, changes):
                new = encoding.encoded(candidate)
                return new, _content(result, notation, new)
    except CannotRewrite as error:
        raise ConfigError(f"{where}: {error}") from error
    raise ConfigError(f"{where} cannot be changed without rewriting the whole file; edit it by hand")


def _read_again(notation: FileFormat, text: str, where: str) -> ParsedText | None:
    try:
        return notation.read(text, where)
    except ConfigSyntaxError:
        return None


def _is_as_expected(result: JsonObject, expected: JsonObject, changes: Sequence[Change]) -> bool:
    for change in changes:
        # a TOML table without a header of its own disappears with its last member
        for depth in range(len(change.path) - 1, 0, -1):
            path = change.path[:depth]
            if change.value is MISSING and value_of(expected, path) == {} and value_of(result, path) is MISSING:
                del value_of(expected, path[:-1])[path[-1]]
    return result == expected


def _content(reading: ParsedText, notation: FileFormat, raw: bytes | None) -> Content:
    return Content(
        data=reading.data,
        revision=revision_of(raw),
        format=notation.name,
        problems=reading.problems,
        locate=reading.locate,
    )


def _notation(path: str, text: str) -> FileFormat:
    name = _SUFFIXES.get(PurePath(path).suffix.lower()) or _guessed(text)
    # Imported here: most files are JSON.
    if name == "toml":
        from mcpstore_plugins.mcp_json.toml_format import TomlFormat  # noqa: PLC0415

        return TomlFormat()
    if name == "yaml":
        from mcpstore_plugins.mcp_json.yaml_format import YamlFormat  # noqa: PLC0415

        return YamlFormat()
    return JsonFormat()


def _guessed(text: str) -> str:
    begin = text.lstrip()[:2]
    if not begin or begin[0] == "{" or begin in {"//", "/*"}:
        return "json"
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        # a text that is none of the formats is reported as JSON, whose errors are the most helpful
        return "yaml" if ":" in text.partition("\n")[0] or text.startswith(("---", "#")) else "json"
    return "toml"
