"""Meaning and reason of each duration of the lifecycle."""

from __future__ import annotations

from typing import Final

__all__ = ["REASONS"]

REASONS: Final[dict[str, tuple[str, str, str]]] = {
    "check_interval": (
        "s",
        "between two checks of a healthy service; the first check is at a random time in the first interval",
        "a frozen service is detected within a minute, at almost no cost for a hundred services",
    ),
    "check_interval_warning": ("s", "the same, in WARNING", "a slow service is likely to change soon"),
    "check_jitter": (
        "±",
        "random spread of check intervals",
        "services that started together must not be checked together",
    ),
    "fast_interval": (
        "s",
        "before the next check of a service in UNHEALTHY or UNKNOWN",
        "three failures in a row take at most 73 s after a freeze: 33 + 10, then twice 5 + 10",
    ),
    "check_timeout": ("s", "for one check", "much longer than a healthy answer, much shorter than an interval"),
    "slow_enter": ("s", "an answer that takes longer is slow", "users notice a second"),
    "slow_leave": ("s", "an answer that takes less is fast again", "hysteresis: the state must not flicker"),
    "connect_timeout": ("s", "for the TCP connection", "a reachable address answers sooner"),
    "call_timeout": ("s", "for a call without a result or progress", "long enough for slow tools"),
    "backoff_base": (
        "s",
        "first wait of a round; the random part shortens it by half at most",
        "a single crash is repaired before users notice",
    ),
    "backoff_cap": ("s", "longest wait of a round", "a service that was down for a minute is back within a minute"),
    "attempts": ("", "failed attempts in a round", "two to five minutes of trying"),
    "cool_base": ("s", "first rest between two rounds", "continues where the backoff ended"),
    "cool_cap": ("s", "longest rest", "a service that works again is used within six minutes"),
    "cool_permanent": (
        "s",
        "rest after a refusal: command not found, wrong credentials, unsupported protocol",
        "an operator has to act first; a START or a configuration change ends the rest",
    ),
    "cool_jitter": ("±", "random spread of rests", "services that failed together must not be reopened together"),
    "window_burst": ("", "losses in the window; the next loss leads to a rest", "a few losses can be chance"),
    "window": ("s", "length of the restart window", "five losses in ten minutes are a pattern"),
    "stable": ("s", "without a loss until the counters are reset", "a connection alone proves little"),
    "reap_interval": (
        "s",
        "before processes that survived a close are killed again",
        "the kernel may need time to remove a process",
    ),
    "deadline_margin": (
        "s",
        "added to the time limit of an action, until the scheduler ends the action",
        "no broken action can block a service",
    ),
    "close_polite": ("s", "for a process to exit when its stdin closes", "the protocol requires this of servers"),
    "close_term": ("s", "then, for it to exit after SIGTERM", "time to flush and to stop child processes"),
    "close_kill": ("s", "then, for the process tree to disappear after SIGKILL", "the kernel needs some time"),
    "tools_refresh": ("s", "between two lists of the tools", "for servers that announce no changes"),
    "tools_refresh_floor": (
        "s",
        "shortest time between two lists of the tools",
        "some servers announce changes in a loop",
    ),
    "dependency_wait": (
        "s",
        "for the dependencies; then the service starts anyway, with a warning",
        "a failed dependency should not stop its dependents",
    ),
}
"""For each field of `Timing`: unit, meaning, reason of the default."""
