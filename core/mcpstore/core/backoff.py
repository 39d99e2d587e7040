"""How long to wait before trying again. Chance is an argument: `u` is uniform in [0, 1).

The backoff is "equal jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter"): half of the wait is fixed, half
is random. Unlike full jitter it keeps a floor, and the floor is what bounds the rate of attempts.
"""

from __future__ import annotations

from typing import Final

from mcpstore.models.service import Reason
from mcpstore.models.timing import Timing

__all__ = ["MAX_EXPONENT", "MAX_FAILED_ROUNDS", "cool_delay", "cool_floor", "jittered", "retry_delay", "retry_floor"]

MAX_EXPONENT: Final = 16
"""Exponents stop growing here: 2**16 s is beyond any cap."""

MAX_FAILED_ROUNDS: Final = 16
"""Rounds stop being counted here, for the same reason."""


def retry_delay(timing: Timing, exp: int, u: float) -> float:
    """Return the wait before the next attempt in seconds: d/2 + U(0, d/2) with d = min(cap, base * 2**exp)."""
    d = _backoff(timing, exp)
    return d / 2 + u * d / 2


def retry_floor(timing: Timing, exp: int) -> float:
    """Return the least wait a recovery policy may choose for this attempt, in seconds."""
    return _backoff(timing, exp) / 2


def cool_delay(timing: Timing, reason: Reason, failed_rounds: int, u: float) -> float:
    """Return the rest between two rounds of attempts, in seconds."""
    return jittered(_cool(timing, reason, failed_rounds), timing.cool_jitter, u)


def cool_floor(timing: Timing, reason: Reason, failed_rounds: int) -> float:
    """Return the least rest a recovery policy may choose, in seconds."""
    return _cool(timing, reason, failed_rounds) * (1 - timing.cool_jitter)


def jittered(duration: float, fraction: float, u: float) -> float:
    """Return `duration` shifted uniformly within ± `fraction` of itself."""
    return duration * (1 + fraction * (2 * u - 1))


def _backoff(timing: Timing, exp: int) -> float:
    return min(timing.backoff_cap, timing.backoff_base * 2.0 ** min(exp, MAX_EXPONENT))


def _cool(timing: Timing, reason: Reason, failed_rounds: int) -> float:
    if reason is Reason.PERMANENT:
        return timing.cool_permanent
    return min(timing.cool_cap, timing.cool_base * 2.0 ** min(failed_rounds, MAX_FAILED_ROUNDS))
