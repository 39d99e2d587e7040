"""Work that is completed even if its caller is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from mcpstore_plugins.stdio.uninterrupted import run_to_completion


class Work:
    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.log: list[str] = []

    async def do(self) -> str:
        await self.go.wait()
        self.log.append("done")
        return "result"

    async def fail(self) -> str:
        await self.go.wait()
        raise OSError("broken")

    async def undo(self, result: str) -> None:
        await asyncio.sleep(0)
        self.log.append(f"undone {result}")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_the_result_is_returned():
    work = Work()
    work.go.set()
    assert await run_to_completion(work.do(), undo=work.undo) == "result"
    assert work.log == ["done"]


async def test_a_cancellation_waits_for_the_result_and_undoes_it():
    work = Work()
    task = asyncio.create_task(run_to_completion(work.do(), undo=work.undo))
    for _ in range(3):
        await turns()
        task.cancel()
    await turns()
    assert not task.done()
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.log == ["done", "undone result"]


async def test_without_an_undo_function_a_cancellation_is_only_delayed():
    work = Work()
    task = asyncio.create_task(run_to_completion(work.do()))
    await turns()
    task.cancel()
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.log == ["done"]


async def test_an_error_takes_precedence_over_a_cancellation():
    work = Work()
    task = asyncio.create_task(run_to_completion(work.fail(), undo=work.undo))
    await turns()
    task.cancel()
    work.go.set()
    with pytest.raises(OSError, match="broken"):
        await task
    assert work.log == []


async def test_a_cancelled_scope_cancels_only_once(monkeypatch: pytest.MonkeyPatch):
    work = Work()
    real, waits = asyncio.wait, 0

    async def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal waits
        waits += 1
        return await real(*args, **kwargs)

    monkeypatch.setattr(asyncio, "wait", counted)
    asyncio.get_running_loop().call_later(0.05, work.go.set)
    with anyio.CancelScope() as scope:
        scope.cancel()
        assert await run_to_completion(work.do()) == "result"
        await asyncio.sleep(60)
    assert scope.cancelled_caught
    assert waits == 1
