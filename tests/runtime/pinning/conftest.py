"""Catalogs as services give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mcpstore.models.catalog import Catalog, Tool
from mcpstore.models.record import NamedList


@pytest.fixture
def catalog() -> Callable[..., Catalog]:
    """Return what makes a catalog from descriptions by name; a description is a text, or fields."""

    def make(**described: Any) -> Catalog:
        tools = []
        for name, said in described.items():
            raw = {"name": name, **({"description": said} if isinstance(said, str) else said)}
            tools.append(Tool(name=name, service="a", raw=raw))
        return Catalog(tools=NamedList(tools))

    return make
