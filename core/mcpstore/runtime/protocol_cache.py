"""Cache of the last protocol era by configuration hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcpstore.hooks.connection import Era

__all__ = ["MOST", "Eras"]

MOST: Final = 10_000
"""Number of configurations in the cache; each edit of an entry makes another one."""


class Eras(dict[str, Era]):
    """Eras by configuration hash; above the bound, the least recently used are dropped.

    Args:
        known: Initial content, the most recently used at the end.
    """

    def __init__(self, known: Mapping[str, Era] | None = None) -> None:
        super().__init__()
        for key, era in (known or {}).items():
            self[key] = era

    def __setitem__(self, key: str, era: Era) -> None:
        self.pop(key, None)
        super().__setitem__(key, era)
        while len(self) > MOST:
            del self[next(iter(self))]
