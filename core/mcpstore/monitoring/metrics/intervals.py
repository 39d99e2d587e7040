"""State intervals of a service, computed from its state edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import attrs

from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.state_history import StateEdge, StateInterval

__all__ = ["clip_intervals", "intervals", "uptime_share"]

USABLE = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)


def intervals(
    edges: Sequence[StateEdge], until: float, *, last_seen: Callable[[float, float], float | None] = lambda _a, _b: None
) -> list[StateInterval]:
    """Return the consecutive intervals between the edges of a service, up to a time.

    If a manager ended without stopping a service, its state until the next manager starts is not known: the last state
    counts up to the last record of the old manager, and the rest is UNKNOWN and not watched.

    Args:
        edges: Edges of the service, oldest first.
        until: End of the last interval, as a POSIX timestamp in seconds.
        last_seen: Called with two POSIX timestamps; returns the time of the last record between them, or None.
    """
    result: list[StateInterval] = []
    for edge, following in pairwise(edges):
        end = max(edge.timestamp, following.timestamp)
        if not (following.begins and edge.wanted):
            lasted = end - edge.timestamp if following.begins else following.monotonic - edge.monotonic
            result.append(_interval(edge, end, lasted))
            continue
        seen = min(end, max(edge.timestamp, last_seen(edge.timestamp, end) or edge.timestamp))
        result += [_interval(edge, seen, seen - edge.timestamp), _unwatched(edge.service_name, seen, end)]
    if edges:
        last = edges[-1]
        result.append(_interval(last, max(last.timestamp, until), max(0.0, until - last.timestamp), lasts=True))
    return result


def clip_intervals(states: Iterable[StateInterval], since: float, until: float) -> list[StateInterval]:
    """Return the parts of intervals between two POSIX timestamps."""
    inside: list[StateInterval] = []
    for interval in states:
        begin, end = max(interval.since, since), min(interval.until, until)
        if begin > end or (begin == end and interval.since != interval.until):
            continue
        if (begin, end) == (interval.since, interval.until):
            inside.append(interval)
        else:
            lasts = interval.lasts and end == interval.until
            inside.append(attrs.evolve(interval, since=begin, until=end, duration=end - begin, lasts=lasts))
    return inside


def uptime_share(states: Iterable[StateInterval]) -> float | None:
    """Return the usable share of the time a service was to run, in per cent; None if it was never to run."""
    wanted = usable = 0.0
    for interval in states:
        if interval.wanted:
            wanted += interval.duration
            usable += interval.duration * (interval.state in USABLE)
    return 100.0 * usable / wanted if wanted > 0 else None


def _interval(edge: StateEdge, until: float, lasted: float, *, lasts: bool = False) -> StateInterval:
    return StateInterval(
        service_name=edge.service_name,
        state=edge.state,
        since=edge.timestamp,
        until=until,
        duration=max(0.0, lasted),
        lasts=lasts,
        wanted=edge.wanted,
        reason=edge.reason,
        error=edge.error,
    )


def _unwatched(service: str, since: float, until: float) -> StateInterval:
    return StateInterval(
        service_name=service,
        state=ServiceConnectionState.UNKNOWN,
        since=since,
        until=until,
        duration=until - since,
        watched=False,
    )
