"""Lazy loading of the names of a package: the module that defines a name is imported when the name is first used."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

__all__ = ["load"]


def load(package: str, modules: Mapping[str, str], name: str) -> object:
    """Return a name of a package, and store it in the package; the implementation of its `__getattr__`.

    Args:
        package: Name of the package.
        modules: The module that defines each lazy name.
        name: The name.

    Raises:
        AttributeError: The package has no such name.
    """
    module = modules.get(name)
    if module is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    value: object = getattr(import_module(module), name)
    setattr(sys.modules[package], name, value)
    return value
