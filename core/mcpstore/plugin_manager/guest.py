"""One plugin in the house: its hooks, its faults, and the counter that mutes it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from mcpstore.plugin_manager.courier import BACKLOG, Courier
from mcpstore.plugin_manager.listing import PluginInfo, PluginStatus
from mcpstore.plugin_manager.worker import TookTooLong

__all__ = ["HOOK_LIMIT", "Guest", "Hook", "story"]

HOOK_LIMIT: Final = 5.0
"""Seconds a hook may take."""

MUTE_AFTER: Final = 5
"""Failures in a row after which a plugin gets no more notices."""

_log = logging.getLogger("mcpstore.plugins")

Hook = Callable[..., Any]


class Guest:
    """A plugin that was found.

    Notices reach it one at a time and in order; sync hooks run in a thread of its own. So a slow or blocking plugin
    delays only itself.

    Attributes:
        name: Its name.
        distribution: The distribution that brings it.
        version: Version of its distribution.
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
        self.status: PluginStatus = PluginStatus.ACTIVE
        self.error: str | None = None
        self._failures = 0
        self._in_a_row = 0
        self._time_spent = 0.0
        self._courier = Courier(f"plugin-{name}", limit=HOOK_LIMIT, on_drop=self._dropped)

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
        """Queue a notice for it; returns at once."""
        if self._hears(hook):
            self._courier.post(partial(self.ask, hook, arguments))

    async def ask(self, hook: str, arguments: dict[str, Any]) -> Any:
        """Call one of its hooks and return the answer; a failure is counted and answers None."""
        if not self._hears(hook):
            return None
        function, wanted = self.hooks[hook]
        now = asyncio.get_running_loop().time
        began = now()
        try:
            answer = await self._courier.call(function, {name: arguments[name] for name in wanted})
        except asyncio.CancelledError:
            raise
        except TookTooLong as error:
            self._failed(f"{hook} {error}")
            if not inspect.iscoroutinefunction(function):
                self._mute()  # its thread is lost, so nothing else it does would ever run
        except BaseException as error:  # noqa: BLE001 - whatever a plugin raises costs only itself
            self._failed(f"{hook} {story(error)}")
        else:
            self._in_a_row = 0
            return answer
        finally:
            self._time_spent += now() - began
        return None

    async def flush(self) -> None:
        """Wait until every notice queued so far is delivered."""
        await self._courier.flush()

    async def close(self) -> None:
        """Deliver what is queued, for a while, and let go."""
        await self._courier.close()

    def _hears(self, hook: str) -> bool:
        return hook in self.hooks and self.status is PluginStatus.ACTIVE

    def _dropped(self) -> None:
        self._failed(f"is too slow: more than {BACKLOG} notices were waiting, the oldest was dropped")

    def _failed(self, what: str) -> None:
        self._failures += 1
        self._in_a_row += 1
        self.error = what
        _log.log(logging.WARNING if self._in_a_row == 1 else logging.DEBUG, "plugin %r: %s", self.name, what)
        if self._in_a_row >= MUTE_AFTER:
            self._mute()

    def _mute(self) -> None:
        if self.status is not PluginStatus.MUTED:
            self.status = PluginStatus.MUTED
            self._courier.drop()
            _log.warning("plugin %r failed too often and is muted; last: %s", self.name, self.error)


def story(error: BaseException) -> str:
    """Return what happened in one line: the kind of error and its message."""
    text = str(error).strip().splitlines()
    return f"raised {type(error).__name__}" + (f": {text[0]}" if text else "")
