"""Offer of a persistence plugin: storage of configurations.

A backend stores documents; a document is a tree of JSON values. It knows neither dialects nor services: the manager
reads the tree and edits it by path. So an edit can keep every other byte of a file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Protocol

import attrs

__all__ = ["ANYTHING", "MISSING", "Content", "Document", "Edit", "Path", "PersistenceBackend", "Problem", "Special"]

Path = tuple[str | int, ...]
"""Path of a value from the root: keys of objects and indexes of arrays."""


class Special(Enum):
    """Markers in place of a value."""

    MISSING = "missing"
    ANYTHING = "anything"

    def __repr__(self) -> str:
        """Return the name of the marker."""
        return self.name


MISSING: Final = Special.MISSING
"""As a new value: the key is removed. As an expected value: the key must not exist."""

ANYTHING: Final = Special.ANYTHING
"""As an expected value: no condition."""


@attrs.frozen(kw_only=True)
class Problem:
    """Problem in a configuration; the rest of the configuration is used.

    Attributes:
        where: Place of the problem: a file with line and column, a service, a field.
        what: Description of the problem.
        remedy: Remedy; empty if none is known.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return place, problem and remedy in one line."""
        return f"{self.where}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")


@attrs.frozen(kw_only=True)
class Edit:
    """Change of one value in a document.

    Attributes:
        path: Path of the value.
        value: New value; `MISSING` removes the key.
        expect: Value before the edit (`MISSING`: the key does not exist; `ANYTHING`: no condition). If the document has
            another value, none of the edits is applied, and `ConfigConflict` is raised.
        entry: Name of the service, for messages.
    """

    path: Path
    value: Any
    expect: Any = ANYTHING
    entry: str = ""


def _no_position(_path: Path) -> tuple[int, int] | None:
    return None


@attrs.frozen(kw_only=True)
class Content:
    """Content of a document.

    Attributes:
        data: Tree of JSON values.
        revision: Identifier of the content; differs for every change.
        format: Notation of the document: "json", "toml" or "yaml". Some dialects depend on it.
        problems: Problems found while reading.
        locate: Called with a path; returns line and column of the value, both counted from 1, or None if the document
            has no lines.
    """

    data: Mapping[str, Any]
    revision: str = ""
    format: str = "json"
    problems: tuple[Problem, ...] = ()
    locate: Callable[[Path], tuple[int, int] | None] = _no_position


class Document(Protocol):
    """A configuration document that can be read, edited and watched."""

    @property
    def location(self) -> str:
        """Path or URL of the document, without secrets."""
        ...

    async def read(self) -> Content:
        """Read the document; one that does not exist is empty.

        Raises:
            ConfigSyntaxError: The document cannot be parsed.
        """
        ...

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none to the current content, including changes by other programs; return the new content.

        When it returns, the change survives a crash. When it raises, nothing was changed.

        Raises:
            ConfigConflict: A value is not the expected one.
            ConfigSyntaxError: The current content cannot be parsed, so it is not overwritten.
            ConfigError: The document cannot be written.
        """
        ...

    def changes(self) -> AsyncIterator[None]:
        """Yield each time another program may have changed the document; runs until its task is cancelled."""
        ...


@attrs.frozen(kw_only=True)
class PersistenceBackend:
    """Kind of storage for configurations.

    Attributes:
        name: Name of the backend.
        claims: Called with a location, a path or a URL; returns whether this backend stores it.
        open: Called with a location; returns the document, without any access to it.
    """

    name: str
    claims: Callable[[str], bool]
    open: Callable[[str], Document]
