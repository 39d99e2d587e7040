"""What is inside an exception: task groups wrap what happened, and libraries wrap what caused it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

__all__ = ["causes", "leaves"]


def leaves(error: BaseException) -> list[BaseException]:
    """Return what happened, without the groups it is wrapped in."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    group = cast("BaseExceptionGroup[Any]", error)
    return [leaf for inner in group.exceptions for leaf in leaves(inner)]


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield everything that led to an exception, the first cause first, and the exception itself last."""
    for leaf in leaves(error):
        deeper = leaf.__cause__ or leaf.__context__
        if deeper is not None:
            yield from causes(deeper)
        yield leaf
