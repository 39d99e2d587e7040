"""From the edges of a service to the intervals between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import attrs

from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.state_history import StateEdge, StateInterval

__all__ = ["clipped", "intervals", "uptime_share"]

USABLE = (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING)


def intervals(
    edges: Sequence[StateEdge], until: float, *, last_seen: Callable[[float, float], float | None] = lambda _a, _b: None
) -> list[StateInterval]:
    """Return what lies between the edges of one service, up to some time; without gaps.

    Where a manager begins to look after a service that another one had left running, nobody knows how the service fared
    in between: the state before counts up to the last sign of that manager, and the rest is UNKNOWN and not watched.

    Args:
        edges: Its edges, in order of time.
        until: The end of the last interval, as a POSIX timestamp in seconds.
        last_seen: Called with two POSIX timestamps; returns when the service was seen last between them, if it was.
    """
    found: list[StateInterval] = []
    for edge, following in pairwise(edges):
        end = max(edge.timestamp, following.timestamp)
        if not (following.begins and edge.wanted):
            lasted = end - edge.timestamp if following.begins else following.monotonic - edge.monotonic
            found.append(_interval(edge, end, lasted))
            continue
        seen = min(end, max(edge.timestamp, last_seen(edge.timestamp, end) or edge.timestamp))
        found += [_interval(edge, seen, seen - edge.timestamp), _unwatched(edge.service_name, seen, end)]
    if edges:
        last = edges[-1]
        found.append(_interval(last, max(last.timestamp, until), max(0.0, until - last.timestamp), lasts=True))
    return found


def clipped(found: Iterable[StateInterval], since: float, until: float) -> list[StateInterval]:
    """Return the parts of intervals that lie between two POSIX timestamps."""
    inside: list[StateInterval] = []
    for interval in found:
        begin, end = max(interval.since, since), min(interval.until, until)
        if begin > end or (begin == end and interval.since != interval.until):
            continue
        if (begin, end) == (interval.since, interval.until):
            inside.append(interval)
        else:
            lasts = interval.lasts and end == interval.until
            inside.append(attrs.evolve(interval, since=begin, until=end, duration=end - begin, lasts=lasts))
    return inside


def uptime_share(found: Iterable[StateInterval]) -> float | None:
    """Return the usable share of the time a service was wanted, in per cent; None if it was never wanted."""
    wanted = usable = 0.0
    for interval in found:
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
