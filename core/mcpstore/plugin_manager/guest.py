"""One plugin in the house: its hooks, its faults, and the counter that mutes it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from mcpstore.plugin_manager.listing import PluginInfo, PluginStatus
from mcpstore.plugin_manager.worker import TookTooLong, Worker

__all__ = ["HOOK_LIMIT", "Guest", "Hook", "story"]

HOOK_LIMIT: Final = 5.0
"""Seconds a hook may take."""

MUTE_AFTER: Final = 5
"""Failures in a row after which a plugin gets no more notices."""

BACKLOG: Final = 1000
"""Notices that may wait for one plugin; older ones are dropped and counted."""

_log = logging.getLogger("mcpstore.plugins")

Hook = Callable[..., Any]


class Guest:
    """A loaded plugin.

    Notices reach it one at a time and in order, in a task of its own; sync hooks run in a thread of its own. So a slow
    or blocking plugin delays only itself.

    Attributes:
        name: Its name.
        version: Version of its distribution.
        distribution: The distribution that brings it.
        hooks: Its hook functions by name, with the arguments each wants.
        offers: What it offers.
        status: How it fares.
        error: What went wrong last.
    """

    def __init__(self, name: str, distribution: str = "", version: str = "") -> None:
        self.name: Final = name
        self.distribution: Final = distribution
        self.version: Final = version
        self.hooks: dict[str, tuple[Hook, tuple[str, ...]]] = {}
        self.offers: list[str] = []
        self.status = PluginStatus.ACTIVE
        self.error: str | None = None
        self._failures = 0
        self._in_a_row = 0
        self._time_spent = 0.0
        self._worker = Worker(f"mcpstore-plugin-{name}")
        self._backlog: deque[tuple[str, dict[str, Any]]] = deque(maxlen=BACKLOG)
        self._postman: asyncio.Task[None] | None = None

    def info(self) -> PluginInfo:
        """Return how it is listed."""
        return PluginInfo(
            name=self.name,
            version=self.version,
            distribution=self.distribution,
            status=self.status,
            hooks=tuple(sorted(self.hooks)),
            offers=tuple(self.offers),
            error=self.error,
            failures=self._failures,
            time_spent=round(self._time_spent, 6),
        )

    def refuse(self, status: PluginStatus, error: str) -> None:
        """Use it no longer, and say why."""
        self.status = status
        self.error = error
        self.hooks = {}
        self.offers = []

    def post(self, hook: str, arguments: dict[str, Any]) -> None:
        """Queue a notice for it; never blocks."""
        if self.status is not PluginStatus.ACTIVE or hook not in self.hooks:
            return
        if len(self._backlog) == BACKLOG:
            self._failed(hook, f"is too slow: {BACKLOG} notices are waiting, the oldest was dropped")
        self._backlog.append((hook, arguments))
        if self._postman is None or self._postman.done():
            self._postman = asyncio.create_task(self._deliver(), name=f"mcpstore-notices-{self.name}")

    async def ask(self, hook: str, arguments: dict[str, Any]) -> Any:
        """Call one of its hooks and return the answer; a failure is counted and answers None."""
        if self.status is not PluginStatus.ACTIVE or hook not in self.hooks:
            return None
        function, wanted = self.hooks[hook]
        given = {name: arguments[name] for name in wanted}
        now = asyncio.get_running_loop().time
        began = now()
        try:
            if inspect.iscoroutinefunction(function):
                answer = await _within(function(**given), HOOK_LIMIT)
            else:
                answer = await self._worker.run(lambda: function(**given), HOOK_LIMIT)
                if inspect.isawaitable(answer):
                    answer = await _within(answer, HOOK_LIMIT)
        except TookTooLong as error:
            self._failed(hook, str(error))
            if not inspect.iscoroutinefunction(function):
                self._mute()  # its thread is lost, so nothing else it does would ever run
            return None
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a plugin raises costs only itself
            self._failed(hook, story(error))
            return None
        finally:
            self._time_spent += now() - began
        self._in_a_row = 0
        return answer

    async def flush(self) -> None:
        """Wait until every notice queued so far is delivered."""
        if self._postman is not None and not self._postman.done():
            await asyncio.wait([self._postman])

    async def close(self) -> None:
        """Deliver what is queued, within the limit of one hook, and let go."""
        if self._postman is not None and not self._postman.done():
            await asyncio.wait([self._postman], timeout=HOOK_LIMIT)
            self._postman.cancel()
            await asyncio.wait([self._postman])
        self._backlog.clear()
        self._worker.close()

    async def _deliver(self) -> None:
        while self._backlog and self.status is PluginStatus.ACTIVE:
            hook, arguments = self._backlog.popleft()
            await self.ask(hook, arguments)

    def _failed(self, hook: str, what: str) -> None:
        self._failures += 1
        self._in_a_row += 1
        self.error = f"{hook} {what}"
        _log.log(logging.WARNING if self._in_a_row == 1 else logging.DEBUG, "plugin %r: %s %s", self.name, hook, what)
        if self._in_a_row >= MUTE_AFTER:
            self._mute()

    def _mute(self) -> None:
        self.status = PluginStatus.MUTED
        self._backlog.clear()
        _log.warning("plugin %r failed too often and is muted; last: %s", self.name, self.error)


async def _within(answer: Awaitable[Any], limit: float) -> Any:
    """Wait for an answer; not with `asyncio.timeout`, whose `TimeoutError` the plugin could have raised itself."""
    waiting = asyncio.ensure_future(answer)
    try:
        done, _ = await asyncio.wait([waiting], timeout=limit)
    except asyncio.CancelledError:
        waiting.cancel()
        raise
    if not done:
        waiting.cancel()
        raise TookTooLong(limit)
    return waiting.result()


def story(error: BaseException) -> str:
    """Return what happened in one line: the kind of error and its message."""
    text = str(error).strip().splitlines()
    return f"raised {type(error).__name__}" + (f": {text[0]}" if text else "")
