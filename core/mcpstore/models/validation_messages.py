"""Messages for validation errors of pydantic: field, problem, value and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["validation_message"]

_SCALARS: Final = (str, int, float, bool, type(None))
_MAX_VALUE: Final = 60


def validation_message(problem: Mapping[str, Any], prefix: str, known: Sequence[str], *, show: bool = False) -> str:
    """Return the message for one validation error.

    Args:
        problem: Item of pydantic's `errors()`.
        prefix: Path of the validated settings.
        known: Known keys at the place of the error.
        show: Whether the message contains the value; only for values that cannot be secret.
    """
    where = ".".join(str(part) for part in (prefix, *problem["loc"]) if part != "")
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.5)
        remedy = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        return f"{where}: unknown key; {remedy}"
    message = str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    value = problem.get("input")
    got = ""
    if show and isinstance(value, _SCALARS):
        got = f" (got {value!r})" if len(repr(value)) <= _MAX_VALUE else f" (got {type(value).__name__})"
    return f"{where}: {message[:1].lower()}{message[1:]}{got}" if where else f"{message}{got}"
