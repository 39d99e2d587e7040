"""How many files of ours a tool call passes between the public verb and the pipe of a stdio server, and back."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mcpstore import AsyncMCPStore, MCPStore

ROOT = Path(__file__).parents[2]

LIMIT = 12
"""Files of core/ and plugins/ that a call may pass. Merge a hop rather than raise it."""

ROUNDS = 5
"""Measured calls. Only files that every one of them passes count: tasks in the background run now and then."""

SERVER = """
import sys
from mcpstore.testing.reference import ReferenceServer
import json
server = ReferenceServer(lambda message: print(json.dumps(message), flush=True))
for line in sys.stdin:
    server.take(json.loads(line))
"""

CONFIG = {"mcpServers": {"demo": {"command": sys.executable, "args": ["-c", SERVER]}}}


class Recorder:
    """Records the functions of ours that are entered, in every thread that starts while it is installed."""

    def __init__(self) -> None:
        self._passed: dict[str, dict[str, None]] | None = None
        self._rounds: list[dict[str, dict[str, None]]] = []

    def entered(self, frame: Any, event: str, _argument: object) -> None:
        passed = self._passed
        if passed is not None and event == "call":
            file = frame.f_code.co_filename
            if file.startswith((f"{ROOT}/core/", f"{ROOT}/plugins/")):
                passed.setdefault(file.removeprefix(f"{ROOT}/"), {})[frame.f_code.co_qualname] = None

    @contextmanager
    def round(self) -> Iterator[None]:
        """Record one call."""
        passed = self._passed = {}
        try:
            yield
        finally:
            self._passed = None
            self._rounds.append(passed)

    def files(self) -> dict[str, list[str]]:
        """Return the files that every call passed, in order, each with its functions."""
        first, *others = self._rounds
        return {file: list(names) for file, names in first.items() if all(file in other for other in others)}


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Recorder]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    recorder = Recorder()
    before, before_threads = sys.getprofile(), threading.getprofile()
    threading.setprofile(recorder.entered)
    sys.setprofile(recorder.entered)
    yield recorder
    sys.setprofile(before)
    threading.setprofile(before_threads)


def check(files: dict[str, list[str]]) -> None:
    path = "\n".join(f"{number:3} {file}: {', '.join(names)}" for number, (file, names) in enumerate(files.items(), 1))
    assert "core/mcpstore/wire/engine.py" in files, f"nothing was measured:\n{path}"
    assert len(files) <= LIMIT, f"a call passes {len(files)} files; {LIMIT} are allowed:\n{path}"


def test_a_call_of_the_sync_store_passes_few_files(recorder: Recorder):
    with MCPStore(CONFIG) as store:
        assert store.wait_service("demo", timeout=30)
        for _ in range(ROUNDS):
            with recorder.round():
                result = store.call_tool("echo", {"text": "a"})
            assert result.text == "a"
    check(recorder.files())


def test_a_call_of_the_async_store_passes_few_files(recorder: Recorder):
    async def call() -> None:
        async with AsyncMCPStore(CONFIG) as store:
            assert await store.wait_service("demo", timeout=30)
            for _ in range(ROUNDS):
                with recorder.round():
                    result = await store.call_tool("echo", {"text": "a"})
                assert result.text == "a"

    asyncio.run(call())
    check(recorder.files())
