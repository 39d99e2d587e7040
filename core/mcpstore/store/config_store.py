"""The configuration of a store: read, edited in place, watched for what others write."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

import attrs

from mcpstore.config.reader import ParsedConfig, read
from mcpstore.errors import ConfigError
from mcpstore.hooks.persistence import Content, Document, Edit, Problem
from mcpstore.models.service import ServiceSpec

__all__ = ["ConfigStore", "Difference"]

_log = logging.getLogger("mcpstore.store")


@attrs.frozen(kw_only=True)
class Difference:
    """What changed between two readings.

    Attributes:
        added: Services that are new.
        changed: Services whose meaning changed.
        removed: Names of services that are gone.
    """

    added: tuple[ServiceSpec, ...] = ()
    changed: tuple[ServiceSpec, ...] = ()
    removed: tuple[str, ...] = ()


class ConfigStore:
    """A configuration document and what was read from it last.

    Args:
        document: Where it is kept.
        project: A folder whose own section in a user's file counts.

    Attributes:
        reading: What it said when it was read last.
        trouble: Why it cannot be read now, if it cannot; the last reading still counts.
    """

    def __init__(self, document: Document, project: str | None = None) -> None:
        self._document = document
        self._project = project
        self._editing = asyncio.Lock()
        self._has_entries = False
        self.reading: ParsedConfig
        self.trouble: ConfigError | None = None

    @property
    def location(self) -> str:
        """Where it is kept, without secrets."""
        return self._document.location

    @property
    def is_in_memory(self) -> bool:
        """Whether the configuration is a dictionary: it may hold Python objects, because it is never written."""
        return self.location == "memory"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything odd about it."""
        if self.trouble is None:
            return self.reading.problems
        return (Problem(where=self.location, what=str(self.trouble)), *self.reading.problems)

    async def load(self) -> None:
        """Read it.

        Raises:
            ConfigError: It cannot be read.
        """
        self._take(read(self._there(await self._document.read()), where=self.location, project=self._project))

    async def reread(self) -> None:
        """Read it again; waits for an edit under way.

        Raises:
            ConfigError: It cannot be read; the last reading still counts.
        """
        async with self._editing:
            await self.load()

    async def edit(self, make: Callable[[ParsedConfig], Sequence[Edit]]) -> None:
        """Change it, on top of what stands there now.

        Args:
            make: Returns the edits for a reading.

        Raises:
            ConfigConflict: Somebody else changed the same entry at the same moment.
            ConfigError: It cannot be read or written; nothing was changed.
        """
        async with self._editing:
            await self.load()
            edits = make(self.reading)
            if edits:
                self._take(read(await self._document.edit(edits), where=self.location, project=self._project))

    async def changes(self) -> AsyncIterator[None]:
        """Yield after each change from outside, once it has been read; one that cannot be read changes nothing."""
        async for _ in self._document.changes():
            try:
                content = self._there(await self._document.read())
            except ConfigError as error:
                if str(error) != str(self.trouble):
                    _log.warning("%s; the services go on as they are", error)
                self.trouble = error
                continue
            if content.revision != self.reading.content.revision or self.trouble is not None:
                self._take(read(content, where=self.location, project=self._project))
                yield

    def difference(self, known: dict[str, ServiceSpec]) -> Difference:
        """Return how what it says differs from the services that are known.

        A service whose entry has become unusable is left as it is: a slip of the pen stops nothing.
        """
        said = self.reading.specs
        return Difference(
            added=tuple(spec for name, spec in said.items() if name not in known),
            changed=tuple(spec for name, spec in said.items() if name in known and spec != known[name]),
            removed=tuple(name for name in known if name not in self.reading.locations),
        )

    def _there(self, content: Content) -> Content:
        """Return what was read, unless that is nothing where there was something: nobody empties a file on purpose.

        A drive that is not mounted, a program that truncated the file and died: services do not end for that.
        """
        if content.data or not self._has_entries:
            return content
        raise ConfigError(
            f"{self.location} is empty or gone, and was not before; "
            "put it back, or write an empty list of services into it to end them all"
        )

    def _take(self, reading: ParsedConfig) -> None:
        self.reading = reading
        self._has_entries = bool(reading.locations)
        self.trouble = None
