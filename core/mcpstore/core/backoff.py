"""Delays of automatic attempts. Randomness is an argument: `u` is a uniform random number in [0, 1).

The backoff has "equal jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter"): half of the delay is fixed,
half is random. Unlike full jitter it has a minimum, and the minimum limits the rate of attempts.
"""

from __future__ import annotations

from typing import Final

from mcpstore.models.service import Reason
from mcpstore.models.timing import Timing

__all__ = ["MAX_EXPONENT", "MAX_FAILED_ROUNDS", "cool_delay", "cool_floor", "jittered", "retry_delay", "retry_floor"]

MAX_EXPONENT: Final = 16
"""Exponent above which the backoff does not grow: 2**16 s is above any cap."""

MAX_FAILED_ROUNDS: Final = 16
"""Number of failed rounds above which the cool-down does not grow."""


def retry_delay(timing: Timing, exp: int, u: float) -> float:
    """Return the delay of the next attempt, in seconds: d/2 + U(0, d/2) with d = min(cap, base * 2**exp)."""
    d = _backoff(timing, exp)
    return d / 2 + u * d / 2


def retry_floor(timing: Timing, exp: int) -> float:
    """Return the minimum delay of this attempt, in seconds, whatever the recovery policy chooses."""
    return _backoff(timing, exp) / 2


def cool_delay(timing: Timing, reason: Reason, failed_rounds: int, u: float) -> float:
    """Return the cool-down between two rounds of attempts, in seconds."""
    return jittered(_cool(timing, reason, failed_rounds), timing.cool_jitter, u)


def cool_floor(timing: Timing, reason: Reason, failed_rounds: int) -> float:
    """Return the minimum cool-down, in seconds, whatever the recovery policy chooses."""
    return _cool(timing, reason, failed_rounds) * (1 - timing.cool_jitter)


def jittered(duration: float, fraction: float, u: float) -> float:
    """Return `duration` with a uniform jitter of ± `fraction` of it."""
    return duration * (1 + fraction * (2 * u - 1))


def _backoff(timing: Timing, exp: int) -> float:
    return min(timing.backoff_cap, timing.backoff_base * 2.0 ** min(exp, MAX_EXPONENT))


def _cool(timing: Timing, reason: Reason, failed_rounds: int) -> float:
    if reason is Reason.PERMANENT:
        return timing.cool_permanent
    return min(timing.cool_cap, timing.cool_base * 2.0 ** min(failed_rounds, MAX_FAILED_ROUNDS))
