"""What a persistence plugin offers: a place where a configuration is kept.

A backend keeps one document: a tree of JSON values. It knows nothing of dialects or services; the manager reads the
tree and asks for edits by path. That is why an edit can leave every other byte of a file alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Protocol

import attrs

__all__ = ["ANYTHING", "MISSING", "Content", "Document", "Edit", "Path", "PersistenceBackend", "Problem", "Special"]

Path = tuple[str | int, ...]
"""Where a value is: keys of objects and indexes of arrays, from the root."""


class Special(Enum):
    """Values that are none."""

    MISSING = "missing"
    ANYTHING = "anything"

    def __repr__(self) -> str:
        """Return the name, as it is written in code."""
        return self.name


MISSING: Final = Special.MISSING
"""As a new value: the key is to go. As an expected value: there must be none."""

ANYTHING: Final = Special.ANYTHING
"""As an expected value: whatever is there may be replaced."""


@attrs.frozen(kw_only=True)
class Problem:
    """Something odd in a configuration that does not keep the rest from being used.

    Attributes:
        where: The place: a file with line and column, a service, a field.
        what: What is wrong there.
        remedy: What to do about it.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return place, trouble and remedy in one line."""
        return f"{self.where}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")


@attrs.frozen(kw_only=True)
class Edit:
    """One change of a document.

    Attributes:
        path: Where.
        value: The new value, or `MISSING` to remove what is there.
        expect: What must be there now (`MISSING`: nothing; `ANYTHING`: no condition); else the whole set of edits is
            refused with `ConfigConflict`.
        entry: Name of the service concerned, for messages.
    """

    path: Path
    value: Any
    expect: Any = ANYTHING
    entry: str = ""


def _no_position(_path: Path) -> tuple[int, int] | None:
    return None


@attrs.frozen(kw_only=True)
class Content:
    """What a document holds.

    Attributes:
        data: The tree.
        revision: Changes whenever the content does.
        format: "json", "toml" or "yaml": the notation, which some dialects depend on.
        problems: What was odd while reading.
        locate: Tells line and column (from 1) of the value at a path, where that means something.
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
        """Where it is kept, without secrets."""
        ...

    async def read(self) -> Content:
        """Read it; one that does not exist yet is empty.

        Raises:
            ConfigSyntaxError: It cannot be understood.
        """
        ...

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none, merged with what others wrote meanwhile, and return the new content.

        When it returns, the change survives a crash. When it raises, nothing was changed.

        Raises:
            ConfigConflict: Something expected is not there any longer.
            ConfigSyntaxError: What is there now cannot be understood, so it is not overwritten.
            ConfigError: It cannot be written.
        """
        ...

    def changes(self) -> AsyncIterator[None]:
        """Yield each time the document may have changed from outside; ends when its task is cancelled."""
        ...


@attrs.frozen(kw_only=True)
class PersistenceBackend:
    """A kind of place for configurations.

    Attributes:
        name: What it is called.
        claims: Called with a location (a path or a URL); whether this backend keeps it.
        open: Called with a location; returns the document without touching it yet.
    """

    name: str
    claims: Callable[[str], bool]
    open: Callable[[str], Document]
