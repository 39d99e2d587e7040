"""Distributions made by hand, thrown away after the test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from textwrap import dedent
from typing import Any

import attrs
import pytest

from mcpstore.hooks import ENTRY_POINT_GROUP
from mcpstore.plugin_manager import PluginInfo, PluginManager


@attrs.define
class Shelf:
    """A folder of hand-made distributions."""

    folder: Path
    modules: set[str] = attrs.field(factory=set)

    def put(self, name: str, source: str, *, dist: str = "", version: str = "1.0", target: str = "") -> None:
        """Put a distribution with one module and one entry point there."""
        dist = dist or f"acme-{name}"
        module = dist.replace("-", "_")
        self.modules.add(module)
        (self.folder / f"{module}.py").write_text("from mcpstore.hooks import *\n" + dedent(source))
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{name} = {target or module}\n")

    def entry_points(self) -> list[metadata.EntryPoint]:
        distributions = metadata.Distribution.discover(path=[str(self.folder)])
        return [point for dist in distributions for point in dist.entry_points if point.group == ENTRY_POINT_GROUP]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.syspath_prepend(str(tmp_path))
    result = Shelf(tmp_path)
    yield result
    for module in result.modules:
        sys.modules.pop(module, None)


@pytest.fixture
def load(shelf: Shelf) -> Callable[..., PluginManager]:
    def loaded(**options: Any) -> PluginManager:
        manager = PluginManager(entry_points=shelf.entry_points, **options)
        manager.discover()
        return manager

    return loaded


GOOD = """
    from pydantic import BaseModel
    class Settings(BaseModel): pass
    async def probe(check, options): pass
    @hookimpl
    def mcpstore_health_strategies():
        yield HealthStrategy(name="good", config=Settings, probe=probe)
"""


def by_name(manager: PluginManager) -> dict[str, PluginInfo]:
    return dict(manager.list().items())
