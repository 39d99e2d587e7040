"""The base of all checks of a persistence backend."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from mcpstore.hooks import Document, Edit, PersistenceBackend
from mcpstore.testing.suites.base import Suite, offered

__all__ = ["ENTRY", "PersistenceChecks", "put"]

ENTRY: Mapping[str, Any] = {"command": "uvx", "args": ["mcp-server-time"]}


class PersistenceChecks(Suite):
    """The backend, and a location to store a document at."""

    capabilities: ClassVar[Mapping[str, str]] = {
        "arrays": "it edits single items of an array",
        "failures": "`failing` makes writes fail",
        "null": "it can store null",
        "order": "it keeps the order of keys",
        "secrets": "`secret_location` returns a location with a secret",
        "sharing": "two documents of one location have the same content",
        "syntax": "`corrupt` makes the stored content unreadable",
        "watching": "it reports changes made by other programs",
    }
    foreign: ClassVar[tuple[str, ...]] = ("", "other://host/path", "other+file:///x")
    """Locations that the backend must not claim."""

    @property
    def backend(self) -> PersistenceBackend:
        """The backend."""
        backend: PersistenceBackend = offered(self.plugin, "mcpstore_persistence_backends", self.name)
        return backend

    # --- what a derived class defines --------------------------------------------------------------------------

    def location(self) -> str:
        """Return an empty location; the same one for a whole test."""
        raise NotImplementedError("return an unused location, for example below self.folder")

    async def corrupt(self, location: str) -> None:
        """Make the content of a location unreadable.

        Args:
            location: The location.
        """
        raise NotImplementedError("make the content unreadable, or add 'syntax' to lacks")

    def failing(self, location: str) -> AbstractAsyncContextManager[None]:
        """Return a context manager in which writes to a location fail.

        Args:
            location: The location.
        """
        raise NotImplementedError("make writes fail, or add 'failures' to lacks")

    def secret_location(self, secret: str) -> str:
        """Return a location with a secret in it, such as the password of a database.

        Args:
            secret: The secret.
        """
        raise NotImplementedError("return a location with a password, or add 'secrets' to lacks")

    async def write_outside(self, location: str, key: str, value: Any) -> None:
        """Change a value of the document as another program does.

        Args:
            location: The location.
            key: A top-level key.
            value: Its new value.
        """
        await self.backend.open(location).edit([put((key,), value)])

    # --- what the checks use -----------------------------------------------------------------------------------

    def document(self) -> Document:
        """Open the document of this test."""
        return self.backend.open(self.location())

    async def holding(self, data: Mapping[str, Any]) -> Document:
        """Open the document of this test and write to it.

        Args:
            data: The content.
        """
        document = self.document()
        await document.edit([put((key,), value) for key, value in data.items()])
        return document


def put(path: tuple[str | int, ...], value: Any, **fields: Any) -> Edit:
    """Return an edit.

    Args:
        path: Path of the value.
        value: The new value.
        fields: Further fields of the edit.
    """
    return Edit(path=path, value=value, **fields)
