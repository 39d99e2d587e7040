"""Which notation a file is in, and bringing edits into its bytes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import PurePath
from typing import Final

from mcpstore.errors import ConfigError, ConfigSyntaxError
from mcpstore.hooks import MISSING, Content, Edit
from mcpstore_plugins.mcp_json.json_notation import JsonNotation
from mcpstore_plugins.mcp_json.reading import CannotRewrite, Notation, Reading
from mcpstore_plugins.mcp_json.text import decoded
from mcpstore_plugins.mcp_json.values import Change, Tree, applied, at

__all__ = ["content_of", "edited", "revision_of"]

_SUFFIXES: Final = {".json": "json", ".jsonc": "json", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml"}


def revision_of(raw: bytes | None) -> str:
    """Return what tells one state of a file from another; empty if there is no file."""
    return "" if raw is None else blake2b(raw, digest_size=16).hexdigest()


def content_of(raw: bytes | None, path: str, where: str) -> Content:
    """Return what the bytes of a file mean; a file that is not there or empty is an empty document.

    Raises:
        ConfigSyntaxError: They cannot be understood.
    """
    text, _ = decoded(raw or b"", where)
    notation = _notation(path, text)
    return _content(notation.read(text, where), notation, raw)


def edited(raw: bytes | None, edits: Sequence[Edit], path: str, where: str) -> tuple[bytes | None, Content]:
    """Return the bytes after all edits, and what they mean; the same bytes if there is nothing to do.

    What comes out was read again and found to be what it should be, so no mistake in here can damage a file.

    Raises:
        ConfigConflict: Something expected is not there.
        ConfigSyntaxError: The bytes cannot be understood.
        ConfigError: The edits cannot be done.
    """
    text, encoding = decoded(raw or b"", where)
    notation = _notation(path, text)
    now = notation.read(text, where)
    data = now.data
    try:
        changes = applied(data, edits, where, notation.fitted)
        if not changes:
            return raw, _content(now, notation, raw)
        for candidate in notation.rewrite(text, changes):
            then = _read_again(notation, candidate, where)
            if then is not None and _is_as_wanted(then.data, data, changes):
                made = encoding.encoded(candidate)
                return made, _content(then, notation, made)
    except CannotRewrite as error:
        raise ConfigError(f"{where}: {error}") from error
    raise ConfigError(f"{where}: this cannot be changed without rewriting the whole file; edit it by hand")


def _read_again(notation: Notation, text: str, where: str) -> Reading | None:
    try:
        return notation.read(text, where)
    except ConfigSyntaxError:
        return None


def _is_as_wanted(made: Tree, wanted: Tree, changes: Sequence[Change]) -> bool:
    for change in changes:
        # a table of TOML that is named only by what is in it goes with the last of it
        for depth in range(len(change.path) - 1, 0, -1):
            path = change.path[:depth]
            if change.value is MISSING and at(wanted, path) == {} and at(made, path) is MISSING:
                del at(wanted, path[:-1])[path[-1]]
    return made == wanted


def _content(reading: Reading, notation: Notation, raw: bytes | None) -> Content:
    return Content(
        data=reading.data,
        revision=revision_of(raw),
        format=notation.name,
        problems=reading.problems,
        locate=reading.locate,
    )


def _notation(path: str, text: str) -> Notation:
    name = _SUFFIXES.get(PurePath(path).suffix.lower()) or _guessed(text)
    # late: JSON is what nearly everybody has
    if name == "toml":
        from mcpstore_plugins.mcp_json.toml_notation import TomlNotation  # noqa: PLC0415

        return TomlNotation()
    if name == "yaml":
        from mcpstore_plugins.mcp_json.yaml_notation import YamlNotation  # noqa: PLC0415

        return YamlNotation()
    return JsonNotation()


def _guessed(text: str) -> str:
    begin = text.lstrip()[:2]
    if not begin or begin[0] == "{" or begin in {"//", "/*"}:
        return "json"
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        # a list is more likely meant as JSON, and JSON explains best what is wrong with a word salad
        return "yaml" if ":" in text.partition("\n")[0] or text.startswith(("---", "#")) else "json"
    return "toml"
