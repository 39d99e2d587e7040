"""Fixtures of the stdio transport."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from plugins.stdio.world import World, children, open_files


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    files, family = len(open_files()), children()
    yield world
    assert children() == family
    assert world.left() == []
    assert len(open_files()) == files
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mcpstore-wait")]


@pytest.fixture
def no_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a kernel without pidfds."""

    def refused(*_: object) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refused)
