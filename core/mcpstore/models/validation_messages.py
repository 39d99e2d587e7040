"""What a validation found wrong, in words that name the field, the fault, what was given and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["validation_message"]

_SCALARS: Final = (str, int, float, bool, type(None))
_MAX_VALUE: Final = 60


def validation_message(problem: Mapping[str, Any], prefix: str, known: Sequence[str], *, show: bool = False) -> str:
    """Return one problem in words.

    Args:
        problem: One of pydantic's `errors()`.
        prefix: Where the validated settings stand.
        known: The keys that are known where the problem is.
        show: Whether what was given is shown; only where it cannot be a secret.
    """
    where = ".".join(str(part) for part in (prefix, *problem["loc"]) if part != "")
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.5)
        meant = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        return f"{where}: unknown key; {meant}"
    said = str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    given = problem.get("input")
    got = ""
    if show and isinstance(given, _SCALARS):
        got = f" (got {given!r})" if len(repr(given)) <= _MAX_VALUE else f" (got {type(given).__name__})"
    return f"{where}: {said[:1].lower()}{said[1:]}{got}" if where else f"{said}{got}"
