"""Packages whose names are loaded when they are first used, so that nobody pays for what they do not use."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

__all__ = ["load"]


def load(package: str, homes: Mapping[str, str], name: str) -> object:
    """Return a name of a package, and have the package keep it; what its `__getattr__` does.

    Args:
        package: Name of the package.
        homes: The module that each of its late names comes from.
        name: The name.

    Raises:
        AttributeError: It has no such name.
    """
    home = homes.get(name)
    if home is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    found: object = getattr(import_module(home), name)
    setattr(sys.modules[package], name, found)
    return found
