"""Work that must not be left half done, whatever happens to whoever asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import anyio

__all__ = ["run_to_completion"]

T = TypeVar("T")


async def run_to_completion(
    work: Coroutine[Any, Any, T], *, undo: Callable[[T], Coroutine[Any, Any, None]] | None = None
) -> T:
    """Await `work` to its end; a cancellation that arrives meanwhile is raised afterwards, unless the work fails.

    Args:
        work: What must not be interrupted.
        undo: Called with the result, and awaited to its end too, if nobody is there any more to take it.
    """
    cancelled: asyncio.CancelledError | None = None
    task = asyncio.ensure_future(work)
    with anyio.CancelScope(shield=True):  # without it, a cancelled scope of anyio would knock again and again
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                cancelled = error
    result = task.result()
    if cancelled is None:
        return result
    if undo is not None:
        await run_to_completion(undo(result))
    raise cancelled
