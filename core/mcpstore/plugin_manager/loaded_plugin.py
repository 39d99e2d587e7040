"""One plugin in the house: its hooks, its faults, and the counter that mutes it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from mcpstore.concurrency.delivery_queue import MAX_BACKLOG, DeliveryQueue
from mcpstore.concurrency.loop_guard import LoopGuard
from mcpstore.concurrency.worker import WorkerTimeout
from mcpstore.plugin_manager.info import PluginInfo, PluginStatus
from mcpstore.plugin_manager.kinds import DECISIONS

__all__ = ["HOOK_LIMIT", "Hook", "LoadedPlugin", "describe_error"]

HOOK_LIMIT: Final = 5.0
"""Seconds a hook may take."""

LOOP_STEP_LIMIT: Final = 0.25
"""Seconds an async hook may keep the event loop from everybody else."""

MAX_TASKS: Final = 100
"""Tasks a plugin may have running in our event loop."""

MUTE_AFTER: Final = 5
"""Failures in a row after which a plugin gets no more notices."""

TASK_CANCEL_TIMEOUT: Final = 1.0
"""Seconds that tasks a plugin left behind have to end after they were cancelled."""

MAX_HISTORY: Final = 20
"""Things remembered of what happened to a plugin."""

_log = logging.getLogger("mcpstore.plugins")

Hook = Callable[..., Any]


class LoadedPlugin:
    """A plugin that was found.

    Notices reach it one at a time and in order; sync hooks run in a thread of its own. So a slow or blocking plugin
    delays only itself.

    Args:
        name: Its name.
        distribution: The distribution that brings it.
        version: Version of its distribution.
        target: What its entry point names.

    Attributes:
        name: Its name.
        distribution: The distribution that brings it.
        version: Version of its distribution.
        target: What its entry point names.
        hooks: Its hook functions by name, with the arguments each wants; None while it is not imported.
        offers: What it offers: the word of the family, and the name.
        status: How it fares.
        error: What went wrong last.
        api: The versions of the hook API it can use, if it states them.
        warnings: What it uses that will go away.
        load_time: Seconds its import took.
        wake: Imports it; None if there is nothing to be imported.
        waking: Held by whoever imports it.
    """

    def __init__(
        self,
        name: str,
        distribution: str = "",
        version: str = "",
        target: str = "",
        redact: Callable[[str], str] = str,
    ) -> None:
        self.name: Final = name
        self.distribution: Final = distribution
        self.version: Final = version
        self.target: Final = target
        self.hooks: dict[str, tuple[Hook, tuple[str, ...]] | None] = {}
        self.offers: list[tuple[str, str]] = []
        self.status: PluginStatus = PluginStatus.ACTIVE
        self.error: str | None = None
        self.api: str | None = None
        self.warnings: tuple[str, ...] = ()
        self.load_time: float = 0.0
        self.load: Callable[[], None] | None = None
        self.load_lock: threading.Lock = threading.Lock()
        self._redact = redact
        self._failures = 0
        self._in_a_row = 0
        self._calls = 0
        self._time_spent = 0.0
        self._history: deque[str] = deque(maxlen=MAX_HISTORY)
        self._loop_guard = LoopGuard()
        self._queue = DeliveryQueue(f"plugin-{name}", limit=HOOK_LIMIT, on_drop=self._dropped, steps=self._loop_guard)

    @property
    def is_idle(self) -> bool:
        """Whether it is only remembered, and not imported yet."""
        return self.status is PluginStatus.IDLE

    def info(self) -> PluginInfo:
        """Return how it is listed."""
        return PluginInfo(
            name=self.name,
            version=self.version,
            distribution=self.distribution,
            status=self.status,
            hooks=tuple(sorted(self.hooks)),
            offers=tuple(f"{word} {name}" for word, name in self.offers),
            error=self.error,
            failures=self._failures,
            time_spent=round(self._time_spent, 6),
            target=self.target,
            api=self.api,
            warnings=self.warnings,
            calls=self._calls,
            load_time=round(self.load_time, 6),
            history=tuple(self._history),
        )

    def record_event(self, what: str) -> None:
        """Take down what happened to it, for those who ask why it fares as it does."""
        self._history.append(what)

    def record_fault(self, what: str) -> None:
        """Count something that was done by what it offers, which stays in use."""
        what = self._redact(what)
        self._failures += 1
        _log.log(logging.DEBUG if self.error == what else logging.WARNING, "plugin %r: %s", self.name, what)
        self.error = what
        self.record_event(what)

    def disable(self, status: PluginStatus, error: str) -> None:
        """Use it no longer, and say why."""
        error = self._redact(error)
        self.status = status
        self.error = error
        self.hooks = {}
        self.offers = []
        self.record_event(error)

    def post(self, hook: str, arguments: dict[str, Any]) -> None:
        """Queue a notice for it; returns at once."""
        if self._accepts(hook):
            self._queue.post(partial(self.call_hook, hook, arguments))

    async def call_hook(self, hook: str, arguments: dict[str, Any]) -> Any:
        """Call one of its hooks and return the answer; a failure is counted and answers None."""
        if self.is_idle and self.load is not None:
            await asyncio.to_thread(self.load)
        if not self._accepts(hook) or (implementation := self.hooks[hook]) is None:
            return None
        function, wanted = implementation
        now = asyncio.get_running_loop().time
        began = now()
        self._calls += 1
        try:
            answer = await self._queue.call(function, {name: arguments[name] for name in wanted})
        except asyncio.CancelledError:
            raise
        except WorkerTimeout as error:
            self._record_failure(f"{hook} {error}")
            if not inspect.iscoroutinefunction(function):
                self._mute()  # its thread is lost, so nothing else it does would ever run
        except BaseException as error:  # noqa: BLE001 - whatever a plugin raises costs only itself
            self._record_failure(f"{hook} {describe_error(error)}")
        else:
            return self._check_answer(hook, answer)
        finally:
            self._time_spent += now() - began
        return None

    async def flush(self) -> None:
        """Wait until every notice queued so far is delivered."""
        await self._queue.flush()

    async def close(self) -> None:
        """Deliver what is queued, for a while, and let go; tasks it left behind are ended."""
        await self._queue.close()
        if left := self._loop_guard.running:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=TASK_CANCEL_TIMEOUT)
            self._record_failure(
                f"left {len(left)} of its tasks running; {'it was' if len(left) == 1 else 'they were'} cancelled"
            )

    def _check_answer(self, hook: str, answer: Any) -> Any:
        """Return the answer to a hook, if it can be one."""
        expected = DECISIONS.get(hook)
        if self._loop_guard.longest > LOOP_STEP_LIMIT:
            self._record_failure(
                f"{hook} kept the event loop for {self._loop_guard.longest:.2f} s; "
                "make it a plain function, which runs in a thread of its own"
            )
        elif len(self._loop_guard.running) > MAX_TASKS:
            self._record_failure(f"{hook} leaves tasks behind: {len(self._loop_guard.running)} of them are running")
        elif answer is not None and expected is not None and not isinstance(answer, expected):
            self._record_failure(f"{hook} must return {_type_names(expected)} or None, got {type(answer).__name__}")
            return None
        else:
            self._in_a_row = 0
        return answer

    def _accepts(self, hook: str) -> bool:
        return hook in self.hooks and self.status in (PluginStatus.ACTIVE, PluginStatus.IDLE)

    def _dropped(self) -> None:
        self._record_failure(f"is too slow: more than {MAX_BACKLOG} notices were waiting, the oldest was dropped")

    def _record_failure(self, what: str) -> None:
        what = self._redact(what)
        self._failures += 1
        self._in_a_row += 1
        self.error = what
        self.record_event(what)
        _log.log(logging.WARNING if self._in_a_row == 1 else logging.DEBUG, "plugin %r: %s", self.name, what)
        if self._in_a_row >= MUTE_AFTER:
            self._mute()

    def _mute(self) -> None:
        if self.status is not PluginStatus.MUTED:
            self.status = PluginStatus.MUTED
            self._queue.clear()
            self.record_event("was muted")
            _log.warning("plugin %r failed too often and is muted; last: %s", self.name, self.error)


def _type_names(kinds: Iterable[type[Any]]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)


def describe_error(error: BaseException) -> str:
    """Return what happened in one line: the kind of error and its message."""
    text = str(error).strip().splitlines()
    return f"raised {type(error).__name__}" + (f": {text[0]}" if text else "")
