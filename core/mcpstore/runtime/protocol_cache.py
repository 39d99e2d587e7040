"""The protocol era that each configuration was spoken with last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcpstore.hooks.connection import Era

__all__ = ["MOST", "Eras"]

MOST: Final = 10_000
"""Configurations remembered; one that was edited is another one, so without a bound they would only grow."""


class Eras(dict[str, Era]):
    """Eras by what stands for a configuration: of too many, those are forgotten that were not used for longest.

    Args:
        known: Eras that are known, those that were used last at the end.
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
