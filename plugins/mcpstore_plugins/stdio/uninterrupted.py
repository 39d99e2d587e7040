"""Work that is completed even if its caller is cancelled."""

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
        work: Coroutine that must not be interrupted.
        undo: Called with the result and awaited to its end if the caller was cancelled meanwhile.
    """
    cancelled: asyncio.CancelledError | None = None
    task = asyncio.ensure_future(work)
    with anyio.CancelScope(shield=True):  # without the shield, a cancelled scope of anyio cancels repeatedly
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
