"""The configuration of a store: read, edited in place, and watched for changes from outside."""

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
    """Difference between the configuration and the known services.

    Attributes:
        added: New services.
        changed: Services whose specification changed.
        removed: Names of removed services.
    """

    added: tuple[ServiceSpec, ...] = ()
    changed: tuple[ServiceSpec, ...] = ()
    removed: tuple[str, ...] = ()


class ConfigStore:
    """A configuration document and its last valid content.

    Args:
        document: The document.
        project: Folder of the project, whose section in the user's file is read, too.

    Attributes:
        reading: The content that was read last.
        error: The reason why the document cannot be read now; None if it can. The last content remains in force.
    """

    def __init__(self, document: Document, project: str | None = None) -> None:
        self._document = document
        self._project = project
        self._editing = asyncio.Lock()
        self._has_entries = False
        self.reading: ParsedConfig
        self.error: ConfigError | None = None

    @property
    def location(self) -> str:
        """Location of the document, without secrets."""
        return self._document.location

    @property
    def is_in_memory(self) -> bool:
        """Whether the configuration is a dictionary: it may hold Python objects, because it is never written."""
        return self.location == "memory"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of the configuration that keeps the rest of it usable."""
        if self.error is None:
            return self.reading.problems
        return (Problem(where=self.location, what=str(self.error)), *self.reading.problems)

    async def load(self) -> None:
        """Read the document.

        Raises:
            ConfigError: The document cannot be read.
        """
        self._take(read(self._not_emptied(await self._document.read()), where=self.location, project=self._project))

    async def reread(self) -> None:
        """Read the document again; waits for an edit under way.

        Raises:
            ConfigError: The document cannot be read; the last content remains in force.
        """
        async with self._editing:
            await self.load()

    async def edit(self, make: Callable[[ParsedConfig], Sequence[Edit]]) -> None:
        """Edit the document, after reading its current content.

        Args:
            make: Returns the edits for the current content.

        Raises:
            ConfigConflict: Another program changed the same entry at the same time.
            ConfigError: The document cannot be read or written; nothing was changed.
        """
        async with self._editing:
            await self.load()
            edits = make(self.reading)
            if edits:
                self._take(read(await self._document.edit(edits), where=self.location, project=self._project))

    async def changes(self) -> AsyncIterator[None]:
        """Yield after each change from outside that was read; an unreadable document changes nothing."""
        async for _ in self._document.changes():
            try:
                content = self._not_emptied(await self._document.read())
            except ConfigError as error:
                if str(error) != str(self.error):
                    _log.warning("%s; the services continue as they are", error)
                self.error = error
                continue
            if content.revision != self.reading.content.revision or self.error is not None:
                self._take(read(content, where=self.location, project=self._project))
                yield

    def difference(self, known: dict[str, ServiceSpec]) -> Difference:
        """Return the difference between the configuration and the known services.

        A service whose entry has become invalid stays as it is: a typing error stops no service.
        """
        specs = self.reading.specs
        return Difference(
            added=tuple(spec for name, spec in specs.items() if name not in known),
            changed=tuple(spec for name, spec in specs.items() if name in known and spec != known[name]),
            removed=tuple(name for name in known if name not in self.reading.locations),
        )

    def _not_emptied(self, content: Content) -> Content:
        """Return the content, unless it is empty and was not before: that is an accident, and stops no service.

        Examples are a drive that is not mounted, and a program that truncated the file and then crashed.
        """
        if content.data or not self._has_entries:
            return content
        raise ConfigError(
            f"{self.location} is empty or missing, and was not before; "
            "restore it, or write an empty list of services into it to remove all services"
        )

    def _take(self, reading: ParsedConfig) -> None:
        self.reading = reading
        self._has_entries = bool(reading.locations)
        self.error = None
