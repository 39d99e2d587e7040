"""What all suites have in common."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from mcpstore.errors import ConfigError
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.validation import validated
from mcpstore.testing._pytest import pytest

__all__ = ["PATIENCE", "Suite", "error_of", "needs", "offered", "stand_ins", "ticking"]

PATIENCE = 20.0
"""Seconds after which whatever a check waits for will not happen any more."""

NEEDS = "__mcpstore_needs__"

F = TypeVar("F", bound=Callable[..., Any])


def needs(*capabilities: str) -> Callable[[F], F]:
    """Mark a test that a plugin without some capability is excused from.

    Args:
        capabilities: Names of the capabilities.
    """

    def mark(function: F) -> F:
        setattr(function, NEEDS, capabilities)
        return function

    return mark


@pytest.mark.anyio
class Suite:
    """A suite of checks.

    Attributes:
        lacks: What the plugin cannot do, by the name of the capability, each with a reason.
        plugin: The plugin: a module or an instance with hooks, as its entry point names it.
        name: Which of its offers is tested.
        capabilities: The capabilities this suite knows, each with what it means.
        limit: Seconds a check may take; one that hangs fails.
        folder: A folder for the test, empty at its beginning.
    """

    lacks: ClassVar[Mapping[str, str]] = {}
    capabilities: ClassVar[Mapping[str, str]] = {}
    limit: ClassVar[float] = 60.0
    plugin: Any
    name: str
    folder: Path

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Bound every check: a plugin that hangs must not hang the tests."""
        super().__init_subclass__(**kwargs)
        for name, check in list(vars(cls).items()):
            if name.startswith("test_") and inspect.iscoroutinefunction(check):
                setattr(cls, name, _bounded(check))

    @pytest.fixture
    def anyio_backend(self) -> Any:
        """Run async tests on asyncio, wherever the suite is used."""
        return "asyncio"

    @pytest.fixture(autouse=True)
    def _set_up(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
        """Give the test its folder, or skip it if the plugin lacks what it needs."""
        self.folder = tmp_path
        self.check_excuses(request.function)
        yield

    @classmethod
    def check_excuses(cls, test: Callable[..., Any]) -> None:
        """Skip a test that needs what the plugin lacks.

        Args:
            test: The test.
        """
        for capability, reason in cls.lacks.items():
            if capability not in cls.capabilities:
                known = ", ".join(sorted(cls.capabilities)) or "none"
                pytest.fail(f"lacks: {capability!r} is no capability of this suite; known: {known}", pytrace=False)
            if not str(reason).strip():
                pytest.fail(f"lacks: say why the plugin lacks {capability!r}", pytrace=False)
        for capability in getattr(test, NEEDS, ()):
            if capability in cls.lacks:
                pytest.skip(f"{cls.__name__} lacks {capability!r}: {cls.lacks[capability]}")


def _bounded(check: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(check)
    async def within(self: Suite, *args: Any, **kwargs: Any) -> None:
        scope = asyncio.timeout(self.limit)
        try:
            async with scope:
                await check(self, *args, **kwargs)
        except TimeoutError:
            if not scope.expired():
                raise
            pytest.fail(f"did not end within {self.limit:g} s")

    return within


def offered(plugin: Any, hook: str, name: str) -> Any:
    """Return what a plugin offers by a name.

    Args:
        plugin: The plugin.
        hook: The hook that returns it.
        name: Its name.
    """
    if not hasattr(plugin, hook):
        pytest.fail(f"{plugin!r} has no hook {hook}", pytrace=False)
    found = {offer.name: offer for offer in getattr(plugin, hook)()}
    if name not in found:
        pytest.fail(f"{hook} offers no {name!r}, only {', '.join(found) or 'nothing'}", pytrace=False)
    return found[name]


def stand_ins(offer: str) -> list[str]:
    """Return the installed plugins that must be blocked so that another one can make an offer of theirs.

    Args:
        offer: The offer as it is listed, such as "transport stdio".
    """
    installed = PluginManager()
    installed.discover()
    return [plugin.name for plugin in installed.list() if offer in plugin.offers]


def error_of(model: type[BaseModel], values: Mapping[str, Any]) -> str:
    """Return what the manager tells about settings that are wrong; empty if they are accepted.

    Args:
        model: The model of the settings.
        values: The settings.
    """
    try:
        validated(model, dict(values), "settings")
    except ConfigError as error:
        return str(error)
    return ""


@asynccontextmanager
async def ticking() -> AsyncGenerator[list[float]]:
    """Yield the times at which the event loop was seen at work, in seconds; a loop that is blocked leaves a gap."""
    now = asyncio.get_running_loop().time
    seen = [now()]

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.005)
            seen.append(now())

    task = asyncio.create_task(tick())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])
        seen.append(now())
