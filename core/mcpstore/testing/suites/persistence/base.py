"""What all checks of a persistence backend use."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from mcpstore.hooks import Document, Edit, PersistenceBackend
from mcpstore.testing.suites.base import Suite, offered

__all__ = ["ENTRY", "PersistenceChecks", "put"]

ENTRY: Mapping[str, Any] = {"command": "uvx", "args": ["mcp-server-time"]}


class PersistenceChecks(Suite):
    """The backend, and a place to keep something in."""

    capabilities: ClassVar[Mapping[str, str]] = {
        "arrays": "it edits single items of an array",
        "failures": "`failing` makes it unable to write",
        "null": "it can hold null",
        "order": "it keeps the order of keys",
        "secrets": "`secret_location` gives a location that holds a secret",
        "sharing": "two documents of one location hold the same",
        "syntax": "`corrupt` makes what it keeps unreadable",
        "watching": "it notices changes from outside",
    }
    foreign: ClassVar[tuple[str, ...]] = ("", "other://host/path", "other+file:///x")
    """Locations that are not its own."""

    @property
    def backend(self) -> PersistenceBackend:
        """The backend."""
        found: PersistenceBackend = offered(self.plugin, "mcpstore_persistence_backends", self.name)
        return found

    # --- what whoever tests a backend says ---------------------------------------------------------------------

    def location(self) -> str:
        """Return a location where nothing is kept yet; the same one throughout a test."""
        raise NotImplementedError("return a location that nobody has used, such as one made from self.folder")

    async def corrupt(self, location: str) -> None:
        """Replace what is kept at a location by something unreadable.

        Args:
            location: Where.
        """
        raise NotImplementedError("make what is kept there unreadable, or declare that it lacks 'syntax'")

    def failing(self, location: str) -> AbstractAsyncContextManager[None]:
        """Return a context manager in which nothing can be written to a location.

        Args:
            location: Where.
        """
        raise NotImplementedError("make writing fail there, or declare that it lacks 'failures'")

    def secret_location(self, secret: str) -> str:
        """Return a location with a secret in it, such as the password of a database.

        Args:
            secret: The secret.
        """
        raise NotImplementedError("return a location with a password, or declare that it lacks 'secrets'")

    async def write_outside(self, location: str, key: str, value: Any) -> None:
        """Change a value of the document as another program would.

        Args:
            location: Where.
            key: A key at the top.
            value: Its new value.
        """
        await self.backend.open(location).edit([put((key,), value)])

    # --- what the checks use -----------------------------------------------------------------------------------

    def document(self) -> Document:
        """Open the document of this test."""
        return self.backend.open(self.location())

    async def holding(self, data: Mapping[str, Any]) -> Document:
        """Open the document of this test and fill it.

        Args:
            data: What it is to hold.
        """
        document = self.document()
        await document.edit([put((key,), value) for key, value in data.items()])
        return document


def put(path: tuple[str | int, ...], value: Any, **fields: Any) -> Edit:
    """Return an edit.

    Args:
        path: Where.
        value: The new value.
        fields: What is expected, and for whom.
    """
    return Edit(path=path, value=value, **fields)
