"""What is inside an exception: task groups wrap what happened, and libraries wrap what caused it."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["causes", "leaves"]


def leaves(error: BaseException) -> list[BaseException]:
    """Return what happened, without the groups it is wrapped in."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    group = cast("BaseExceptionGroup[Any]", error)
    return [leaf for inner in group.exceptions for leaf in leaves(inner)]


def causes(error: BaseException) -> list[BaseException]:
    """Return everything that led to an exception, the first cause first, and the exception itself last."""
    found: list[BaseException] = []
    _collect(error, found, set())
    return found


def _collect(error: BaseException, found: list[BaseException], seen: set[int]) -> None:
    for leaf in leaves(error):
        if id(leaf) in seen:  # whoever takes an exception out of its group and raises it again ties a knot
            continue
        seen.add(id(leaf))
        deeper = leaf.__cause__ or leaf.__context__
        if deeper is not None:
            _collect(deeper, found, seen)
        found.append(leaf)
