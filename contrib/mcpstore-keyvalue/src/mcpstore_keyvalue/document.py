"""A configuration document that is one value of a key-value store."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, cast

from key_value.aio.errors import BaseKeyValueError, DeserializationError

from mcpstore.errors import ConfigError, ConfigSyntaxError
from mcpstore.hooks import Content, Edit, apply_edits
from mcpstore_keyvalue.places import COLLECTION, Place, place_of

__all__ = ["KeyValueDocument"]

FIELD: Final = "document"
"""Where the text of the document is in the value. It is text because stores sort the keys of values."""

PAUSE: Final = 1.0
"""Seconds between two looks for changes from outside."""


class KeyValueDocument:
    """A document in a key-value store.

    Writers take turns by a lock of the store, so that none overwrites what another one wrote meanwhile.

    Args:
        location: A URL; see the package.
        pause: Seconds between two looks for changes from outside.

    Raises:
        ConfigError: The location says nothing useful.
    """

    def __init__(self, location: str, *, pause: float = PAUSE) -> None:
        self._place: Final[Place] = place_of(location)
        self._errors: tuple[type[Exception], ...] = (BaseKeyValueError, *self._place.errors)
        self._pause: Final = pause
        self._turn: Final = asyncio.Lock()
        self._told: str | None = None

    @property
    def location(self) -> str:
        """Where it is kept, without a password."""
        return self._place.shown

    async def read(self) -> Content:
        """Read it; one that does not exist yet is empty.

        Raises:
            ConfigSyntaxError: What is there is no document.
            ConfigError: It cannot be read.
        """
        async with self._turn:
            content = _content(await self._load(is_alone=False, edits=()))
            self._told = content.revision
        return content

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none to what is there now, and return the new content.

        A cancelled edit may still take place as a whole; it is never half done.

        Raises:
            ConfigConflict: Something expected is not there any longer.
            ConfigSyntaxError: What is there is no document, so it is not overwritten.
            ConfigError: It cannot be written.
        """
        async with self._turn:
            writing = asyncio.ensure_future(self._load(is_alone=True, edits=edits))
            try:
                text = await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait([writing])  # an edit that is half done would be nobody's
                raise
            content = _content(text)
            self._told = content.revision
        return content

    async def changes(self) -> AsyncGenerator[None]:
        """Yield each time the document holds something that was not told yet; ends when its task is cancelled."""
        if self._told is None:
            self._told = await self._state()
        while True:
            await asyncio.sleep(self._pause)
            async with self._turn:  # an edit of our own that is half done is no news
                state = await self._state()
                is_news = state not in (None, self._told)
                self._told = state if is_news else self._told
            if is_news:
                yield

    async def _state(self) -> str | None:
        try:
            return _content(await self._load(is_alone=False, edits=())).revision
        except ConfigSyntaxError as error:
            return f"unreadable: {error}"
        except ConfigError:
            return None  # a store that is away for a while has not changed

    async def _load(self, *, is_alone: bool, edits: Sequence[Edit]) -> str:
        try:
            async with self._place.open(is_alone=is_alone) as store:
                found = await store.get(self._place.key, collection=COLLECTION)
                if found is None and await self._place.has_trace():
                    raise self._no_document()
                text = await asyncio.to_thread(self._edited, found, edits)
                if edits:
                    await store.put(self._place.key, {FIELD: text}, collection=COLLECTION)
                return text
        except DeserializationError as error:
            raise ConfigSyntaxError(
                self.location,
                f"key {self._place.key!r} holds no document",
                line=1,
                column=1,
                remedy="mend or delete it",
            ) from error
        except self._errors as error:
            what = "written" if edits else "read"
            raise ConfigError(f"{self.location} cannot be {what}: {str(error) or type(error).__name__}") from error

    def _edited(self, found: Mapping[str, Any] | None, edits: Sequence[Edit]) -> str:
        """Return the text of the document with the edits carried out."""
        text = "{}" if found is None else found.get(FIELD)
        try:
            data: Any = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            data = None
        if not isinstance(text, str) or not isinstance(data, dict):
            raise self._no_document()
        return json.dumps(apply_edits(cast("dict[str, Any]", data), edits, self.location)) if edits else text

    def _no_document(self) -> ConfigSyntaxError:
        told = f"key {self._place.key!r} holds no document"
        return ConfigSyntaxError(self.location, told, line=1, column=1, remedy="mend or delete it")


def _content(text: str) -> Content:
    return Content(data=json.loads(text), revision=hashlib.sha256(text.encode()).hexdigest())
