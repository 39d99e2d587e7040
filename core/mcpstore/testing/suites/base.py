"""The base class of all suites, and functions they share."""

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
"""Time limit of each wait in a check, in seconds."""

NEEDS = "__mcpstore_needs__"

F = TypeVar("F", bound=Callable[..., Any])


def needs(*capabilities: str) -> Callable[[F], F]:
    """Mark a test that is skipped for a plugin without some capability.

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
        lacks: Capabilities that the plugin does not have, each with the reason.
        plugin: The plugin: the module or instance with hooks that its entry point names.
        name: Name of the tested transport, handler, strategy, backend or policy.
        capabilities: Capabilities known to this suite, each with its meaning.
        limit: Time limit of each check, in seconds; a check that exceeds it fails.
        folder: Temporary folder of the test, empty at its start.
    """

    lacks: ClassVar[Mapping[str, str]] = {}
    capabilities: ClassVar[Mapping[str, str]] = {}
    limit: ClassVar[float] = 60.0
    plugin: Any
    name: str
    folder: Path

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give every check a time limit: a plugin that hangs must not hang the tests."""
        super().__init_subclass__(**kwargs)
        for name, check in list(vars(cls).items()):
            if name.startswith("test_") and inspect.iscoroutinefunction(check):
                setattr(cls, name, _bounded(check))

    @pytest.fixture
    def anyio_backend(self) -> Any:
        """Run async tests on asyncio."""
        return "asyncio"

    @pytest.fixture(autouse=True)
    def _set_up(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
        """Set the folder of the test, or skip the test if the plugin lacks a capability."""
        self.folder = tmp_path
        self.check_excuses(request.function)
        yield

    @classmethod
    def check_excuses(cls, test: Callable[..., Any]) -> None:
        """Skip a test that needs a capability that the plugin lacks.

        Args:
            test: The test.
        """
        for capability, reason in cls.lacks.items():
            if capability not in cls.capabilities:
                known = ", ".join(sorted(cls.capabilities)) or "none"
                pytest.fail(f"lacks: unknown capability {capability!r}; use one of: {known}", pytrace=False)
            if not str(reason).strip():
                pytest.fail(
                    f"lacks: the reason for {capability!r} is empty; write why the plugin lacks it", pytrace=False
                )
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
    """Return the record that a plugin provides under a name.

    Args:
        plugin: The plugin.
        hook: The hook that returns the record.
        name: Name of the record.
    """
    if not hasattr(plugin, hook):
        pytest.fail(f"{plugin!r} has no hook {hook}", pytrace=False)
    offers = {offer.name: offer for offer in getattr(plugin, hook)()}
    if name not in offers:
        pytest.fail(f"{hook} does not return {name!r} (got {', '.join(offers) or 'nothing'})", pytrace=False)
    return offers[name]


def stand_ins(offer: str) -> list[str]:
    """Return the installed plugins to block so that another plugin can provide the same name.

    Args:
        offer: The offer as it is listed, such as "transport stdio".
    """
    installed = PluginManager()
    installed.discover()
    return [plugin.name for plugin in installed.list() if offer in plugin.offers]


def error_of(model: type[BaseModel], values: Mapping[str, Any]) -> str:
    """Return the validation error of settings; empty if they are valid.

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
    """Yield the times at which the event loop ran, in seconds; a blocked loop leaves a gap."""
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
