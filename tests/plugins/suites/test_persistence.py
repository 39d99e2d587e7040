"""The bundled persistence backends pass the suite for all persistence backends."""
# ruff: noqa: ASYNC240 - no other task waits

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mcpstore import hookimpl
from mcpstore.config.memory import MemoryDocument
from mcpstore.hooks import PersistenceBackend
from mcpstore.testing.suites import PersistenceSuite
from mcpstore_plugins import mcp_json


class TestFile(PersistenceSuite):
    plugin = mcp_json
    name = "mcp_json"
    lacks = {"secrets": "a path holds no secret"}
    file = "mcp.json"

    def location(self) -> str:
        return str(self.folder / self.file)

    async def corrupt(self, location: str) -> None:
        Path(location).write_text('{"mcpServers": {')

    @asynccontextmanager
    async def failing(self, location: str) -> AsyncGenerator[None]:
        def refused(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "replace", refused)
            yield


class TestTomlFile(TestFile):
    file = "config.toml"
    lacks = {**TestFile.lacks, "null": "TOML has no word for it"}

    async def corrupt(self, location: str) -> None:
        Path(location).write_text("[mcpServers\n")


class InMemory:
    def __init__(self) -> None:
        self.kept: dict[str, MemoryDocument] = {}

    @hookimpl
    def mcpstore_persistence_backends(self) -> list[PersistenceBackend]:
        return [
            PersistenceBackend(
                name="memory",
                claims=lambda location: location.startswith("memory://"),
                open=lambda location: self.kept.setdefault(location, MemoryDocument({})),
            )
        ]


class TestMemory(PersistenceSuite):
    plugin = InMemory()
    name = "memory"
    lacks = {
        "failures": "memory does not fail",
        "secrets": "its locations hold none",
        "syntax": "objects cannot be wrong",
        "watching": "no other program can change it",
    }

    def location(self) -> str:
        return f"memory://{self.folder}"
