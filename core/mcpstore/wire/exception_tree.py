"""The exceptions inside an exception: members of groups, and causes."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["causes", "leaves"]


def leaves(error: BaseException) -> list[BaseException]:
    """Return the exceptions of a group and of its inner groups; of any other exception, itself."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    group = cast("BaseExceptionGroup[Any]", error)
    return [leaf for inner in group.exceptions for leaf in leaves(inner)]


def causes(error: BaseException) -> list[BaseException]:
    """Return every cause of an exception, the first cause first, and the exception itself last."""
    errors: list[BaseException] = []
    _collect(error, errors, set())
    return errors


def _collect(error: BaseException, errors: list[BaseException], seen: set[int]) -> None:
    for leaf in leaves(error):
        if id(leaf) in seen:  # an exception that was taken out of its group and raised again forms a cycle
            continue
        seen.add(id(leaf))
        deeper = leaf.__cause__ or leaf.__context__
        if deeper is not None:
            _collect(deeper, errors, seen)
        errors.append(leaf)
