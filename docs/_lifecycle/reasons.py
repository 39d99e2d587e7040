"""What every duration of the lifecycle is for, and why it is as long as it is."""

from __future__ import annotations

from typing import Final

__all__ = ["REASONS"]

REASONS: Final[dict[str, tuple[str, str, str]]] = {
    "check_interval": (
        "s",
        "between two checks of a service that is well; the first one comes at a random moment of the first interval",
        "a frozen service is noticed within a minute, and a hundred services cost next to nothing",
    ),
    "check_interval_warning": ("s", "the same, in WARNING", "a slow service is about to change one way or the other"),
    "check_jitter": ("±", "how far checks are spread", "services that started together must not be checked together"),
    "fast_interval": (
        "s",
        "before the next check of a suspect (UNHEALTHY) or of one we know nothing about (UNKNOWN)",
        "three failures in a row are collected within 73 s of a freeze: 33 + 10, then twice 5 + 10",
    ),
    "check_timeout": ("s", "for one check", "far longer than any healthy answer, far shorter than an interval"),
    "slow_enter": ("s", "an answer that takes longer is slow", "a person would notice it"),
    "slow_leave": ("s", "an answer that takes less is quick again", "below the first, or it would flicker"),
    "connect_timeout": ("s", "for the TCP connection", "an address that answers at all answers sooner"),
    "call_timeout": ("s", "for a call without a result or a sign of progress", "long enough for slow tools"),
    "backoff_base": (
        "s",
        "the first wait of a round, halved at most by chance",
        "a crash that happens once is repaired before anybody notices",
    ),
    "backoff_cap": ("s", "the longest wait of a round", "what was down for a minute is back within a minute"),
    "attempts": ("", "failed attempts that end a round", "two to five minutes of trying"),
    "cool_base": ("s", "the first rest between two rounds", "it goes on where the backoff ended"),
    "cool_cap": ("s", "the longest rest", "whatever heals is used again within six minutes"),
    "cool_permanent": (
        "s",
        "the rest after a refusal: no such command, wrong credentials, unknown protocol",
        "somebody has to act first, and a START or a new configuration does not wait for it",
    ),
    "cool_jitter": ("±", "how far rests are spread", "services that failed together must not come back together"),
    "window_burst": ("", "losses within the window that are too many", "four bad moments are bad luck"),
    "window": ("s", "how long a loss is remembered for that", "five in ten minutes is no longer luck"),
    "stable": ("s", "without a loss, then all earlier trouble is forgotten", "a connect alone proves nothing"),
    "reap_interval": ("s", "before what survived a close is ended again", "kernels need time to let go of a process"),
    "deadline_margin": (
        "s",
        "added to the time limit of an action; then the scheduler ends it itself",
        "no action, however broken, can leave a service hanging",
    ),
    "close_polite": ("s", "for a process to end when its input closes", "what the protocol asks of servers"),
    "close_term": ("s", "then, for it to end when asked by signal", "time to flush and to end its own children"),
    "close_kill": ("s", "then, for the forced end of everything it started", "the kernel does it, but not at once"),
    "tools_refresh": ("s", "between two lists of its tools without a reason", "for servers that announce no changes"),
    "tools_refresh_floor": ("s", "between two lists of its tools, at least", "some servers announce in a loop"),
    "dependency_wait": (
        "s",
        "for the services it depends on; then it is started anyway, with a warning",
        "a dependency that is down should annotate its dependents, not stop them",
    ),
}
"""Per field of `Timing`: unit, what it is, why its default is what it is."""
