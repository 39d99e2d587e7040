"""One plugin: calls of its hooks with limits, its failures, and muting after too many of them."""

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
"""Maximum duration of one call of a hook, in seconds."""

LOOP_STEP_LIMIT: Final = 0.25
"""Maximum time for which an async hook may block the event loop at once, in seconds."""

MAX_TASKS: Final = 100
"""Maximum number of running tasks that a plugin has started in the event loop."""

MUTE_AFTER: Final = 5
"""Number of failures in a row after which a plugin is muted."""

TASK_CANCEL_TIMEOUT: Final = 1.0
"""Time that the remaining tasks of a plugin have to end after they are cancelled, in seconds."""

MAX_HISTORY: Final = 20
"""Number of events of a plugin that are kept."""

_log = logging.getLogger("mcpstore.plugins")

Hook = Callable[..., Any]


class LoadedPlugin:
    """Plugin that was found.

    Notices are delivered one at a time and in order; plain functions run in a thread of the plugin. So a slow or
    blocking plugin delays only itself.

    Args:
        name: Name of the plugin.
        distribution: Name of its distribution.
        version: Version of its distribution.
        target: Object that its entry point names.
        redact: Redacts secrets in its messages.

    Attributes:
        name: Name of the plugin.
        distribution: Name of its distribution.
        version: Version of its distribution.
        target: Object that its entry point names.
        hooks: Its hook functions and the names of their arguments, by name of the hook; None before the import.
        offers: Kind and name of each offer.
        status: Status.
        error: Message of the last error; None if there was none.
        api: Versions of the hook API it supports; None if it does not state them.
        warnings: Messages about deprecated hooks and arguments it uses.
        load_time: Duration of its import, in seconds.
        load: Imports it, if it is only in the cache; None if there is nothing to import.
        load_lock: Held during the import.
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
        self._queue = DeliveryQueue(
            f"plugin-{name}", limit=HOOK_LIMIT, on_drop=self._dropped, loop_guard=self._loop_guard
        )

    @property
    def is_idle(self) -> bool:
        """Whether the plugin is in the cache and not imported yet."""
        return self.status is PluginStatus.IDLE

    def info(self) -> PluginInfo:
        """Return the description of the plugin."""
        return PluginInfo(
            name=self.name,
            version=self.version,
            distribution=self.distribution,
            status=self.status,
            hooks=tuple(sorted(self.hooks)),
            offers=tuple(f"{kind} {name}" for kind, name in self.offers),
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
        """Add an event to the history of the plugin."""
        self._history.append(what)

    def record_fault(self, what: str) -> None:
        """Count a fault of one of its offers, which stays in use."""
        what = self._redact(what)
        self._failures += 1
        _log.log(logging.DEBUG if self.error == what else logging.WARNING, "plugin %r: %s", self.name, what)
        self.error = what
        self.record_event(what)

    def disable(self, status: PluginStatus, error: str) -> None:
        """Stop using the plugin, with the reason."""
        error = self._redact(error)
        self.status = status
        self.error = error
        self.hooks = {}
        self.offers = []
        self.record_event(error)

    def post(self, hook: str, arguments: dict[str, Any]) -> None:
        """Queue a notice; returns at once."""
        if self._accepts(hook):
            self._queue.post(partial(self.call_hook, hook, arguments))

    async def call_hook(self, hook: str, arguments: dict[str, Any]) -> Any:
        """Call a hook and return its answer; a failure is counted, and the answer is None."""
        if self.is_idle and self.load is not None:
            await asyncio.to_thread(self.load)
        if not self._accepts(hook) or (implementation := self.hooks[hook]) is None:
            return None
        function, names = implementation
        now = asyncio.get_running_loop().time
        began = now()
        self._calls += 1
        try:
            answer = await self._queue.call(function, {name: arguments[name] for name in names})
        except asyncio.CancelledError:
            raise
        except WorkerTimeout as error:
            self._record_failure(f"{hook} {error}")
            if not inspect.iscoroutinefunction(function):
                self._mute()  # the call may never return, and each further one would cost a thread
        except BaseException as error:  # noqa: BLE001 - an exception of a plugin must affect only this plugin
            self._record_failure(f"{hook} {describe_error(error)}")
        else:
            return self._check_answer(hook, answer)
        finally:
            self._time_spent += now() - began
        return None

    async def flush(self) -> None:
        """Wait until all notices queued so far are delivered."""
        await self._queue.flush()

    async def close(self) -> None:
        """Deliver the queued notices, within a time limit, and cancel the remaining tasks of the plugin."""
        await self._queue.close()
        if tasks := self._loop_guard.running:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=TASK_CANCEL_TIMEOUT)
            self._record_failure(
                f"left {len(tasks)} of its tasks running; {'it was' if len(tasks) == 1 else 'they were'} cancelled"
            )

    def _check_answer(self, hook: str, answer: Any) -> Any:
        """Return the answer of a hook; None if its type is wrong. Count the failures of the call."""
        expected = DECISIONS.get(hook)
        if self._loop_guard.longest > LOOP_STEP_LIMIT:
            self._record_failure(
                f"{hook} kept the event loop for {self._loop_guard.longest:.2f} s; "
                "make it a plain function, which runs in a thread of its own"
            )
        elif len(self._loop_guard.running) > MAX_TASKS:
            self._record_failure(f"{hook} leaves tasks behind: {len(self._loop_guard.running)} of them are running")
        elif answer is not None and expected is not None and not isinstance(answer, expected):
            self._record_failure(f"{hook} must return {_type_names(expected)} or None (got {type(answer).__name__})")
            return None
        else:
            self._in_a_row = 0
        return answer

    def _accepts(self, hook: str) -> bool:
        return hook in self.hooks and self.status in (PluginStatus.ACTIVE, PluginStatus.IDLE)

    def _dropped(self) -> None:
        self._record_failure(f"is too slow: more than {MAX_BACKLOG} notices waited, and the oldest was dropped")

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
            _log.warning(
                "plugin %r failed too often; its notices and decisions are not called any more; last failure: %s",
                self.name,
                self.error,
            )


def _type_names(kinds: Iterable[type[Any]]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)


def describe_error(error: BaseException) -> str:
    """Return an exception in one line: "raised", its type, and the first line of its message."""
    text = str(error).strip().splitlines()
    return f"raised {type(error).__name__}" + (f": {text[0]}" if text else "")
