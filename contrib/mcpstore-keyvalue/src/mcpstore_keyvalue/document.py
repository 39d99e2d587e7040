"""Configuration document in one value of a key-value store."""

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
"""Field of the value with the text of the document. It is text, because stores sort the keys of values."""

PAUSE: Final = 1.0
"""Seconds between two polls for changes by other programs."""


class KeyValueDocument:
    """Document in a key-value store. Writers use a lock of the store, so that no concurrent change is lost.

    Args:
        location: A URL; see the package.
        pause: Seconds between two polls for changes by other programs.

    Raises:
        ConfigError: The location is not valid.
    """

    def __init__(self, location: str, *, pause: float = PAUSE) -> None:
        self._place: Final[Place] = place_of(location)
        self._errors: tuple[type[Exception], ...] = (BaseKeyValueError, *self._place.errors)
        self._pause: Final = pause
        self._turn: Final = asyncio.Lock()
        self._reported: str | None = None

    @property
    def location(self) -> str:
        """Location, without a password."""
        return self._place.shown

    async def read(self) -> Content:
        """Read the document; one that does not exist is empty.

        Raises:
            ConfigSyntaxError: The value is not a document.
            ConfigError: The store cannot be read.
        """
        async with self._turn:
            content = _content(await self._load(is_alone=False, edits=()))
            self._reported = content.revision
        return content

    async def edit(self, edits: Sequence[Edit]) -> Content:
        """Apply all edits or none to the present content, and return the new content.

        A cancelled edit may still be applied as a whole, but never in part.

        Raises:
            ConfigConflict: The present content is not what an edit expects.
            ConfigSyntaxError: The value is not a document, so it is not overwritten.
            ConfigError: The store cannot be written.
        """
        async with self._turn:
            writing = asyncio.ensure_future(self._load(is_alone=True, edits=edits))
            try:
                text = await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait([writing])  # the edit is completed before the next one begins
                raise
            content = _content(text)
            self._reported = content.revision
        return content

    async def changes(self) -> AsyncGenerator[None]:
        """Yield each time the document has a content that was not reported yet; ends when its task is cancelled."""
        if self._reported is None:
            self._reported = await self._state()
        while True:
            await asyncio.sleep(self._pause)
            async with self._turn:  # this document's own edits are not reported
                state = await self._state()
                has_changed = state not in (None, self._reported)
                self._reported = state if has_changed else self._reported
            if has_changed:
                yield

    async def _state(self) -> str | None:
        try:
            return _content(await self._load(is_alone=False, edits=())).revision
        except ConfigSyntaxError as error:
            return f"unreadable: {error}"
        except ConfigError:
            return None  # a store that cannot be reached is not a change

    async def _load(self, *, is_alone: bool, edits: Sequence[Edit]) -> str:
        try:
            async with self._place.open(is_alone=is_alone) as store:
                value = await store.get(self._place.key, collection=COLLECTION)
                if value is None and await self._place.has_unreadable_value():
                    raise self._no_document()
                text = await asyncio.to_thread(self._edited, value, edits)
                if edits:
                    await store.put(self._place.key, {FIELD: text}, collection=COLLECTION)
                return text
        except DeserializationError as error:
            raise self._no_document() from error
        except self._errors as error:
            done = "written" if edits else "read"
            raise ConfigError(f"{self.location} cannot be {done}: {str(error) or type(error).__name__}") from error

    def _edited(self, value: Mapping[str, Any] | None, edits: Sequence[Edit]) -> str:
        """Return the text of the document with the edits applied."""
        text = "{}" if value is None else value.get(FIELD)
        try:
            data: Any = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            data = None
        if not isinstance(text, str) or not isinstance(data, dict):
            raise self._no_document()
        return json.dumps(apply_edits(cast("dict[str, Any]", data), edits, self.location)) if edits else text

    def _no_document(self) -> ConfigSyntaxError:
        problem = f"value of key {self._place.key!r} is not a document"
        return ConfigSyntaxError(self.location, problem, line=1, column=1, remedy="repair or delete it")


def _content(text: str) -> Content:
    return Content(data=json.loads(text), revision=hashlib.sha256(text.encode()).hexdigest())
