"""What `mcpstore top` knows: how every service fares now, and how it fared in the last minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.state_history import StateInterval

__all__ = ["BACK", "Fleet", "Row"]

BACK: Final = 600.0
"""Seconds of the past that are shown."""


@attrs.define
class Row:
    """One service.

    Attributes:
        now: How it fares, as the manager told.
        states: Its states in the last minutes, oldest first.
        durations: How long calls (without calls: checks) took: when, as a POSIX timestamp, and how long, in seconds.
    """

    now: Mapping[str, Any]
    states: list[StateInterval] = attrs.field(factory=list[StateInterval])
    durations: list[tuple[float, float]] = attrs.field(factory=list[tuple[float, float]])


class Fleet:
    """Every service, in the order of the configuration.

    Attributes:
        seen: The time of the last answer, as a POSIX timestamp in seconds; 0 before the first.
        location: Where the configuration is kept.
        alerts: Alerts that are not over.
        rows: The services, by name.
    """

    def __init__(self) -> None:
        self.seen: float = 0.0
        self.location: str = ""
        self.alerts: int = 0
        self.rows: dict[str, Row] = {}

    def take(self, answer: Mapping[str, Any]) -> None:
        """Take an answer: how every service fares, and what is new of its past since the answer before."""
        now = float(answer["now"])
        known, self.rows = self.rows, {}
        for service in answer["services"]:
            row = known.get(service["name"]) or Row(now=service)
            row.now = service
            row.states = _joined(row.states, service["states"], now - BACK)
            fresh = [(float(when), float(took)) for when, took in service["durations"]]
            row.durations = [one for one in (*row.durations, *fresh) if one[0] > now - BACK]
            self.rows[service["name"]] = row
        self.seen, self.location, self.alerts = now, str(answer["location"]), len(answer["alerts"])

    def chosen(self, text: str) -> list[str]:
        """Return the names of the services that a filter leaves: by name, status, state or transport."""
        words = text.lower().split()
        return [name for name, row in self.rows.items() if all(word in _searched(row) for word in words)]

    def count(self, status: str) -> int:
        """Return how many services have a run status."""
        return sum(1 for row in self.rows.values() if row.now["run_status"] == status)

    @property
    def throughput(self) -> float:
        """Calls per second, of all services."""
        return sum(float(row.now["throughput"]) for row in self.rows.values())


def _joined(known: list[StateInterval], told: list[Mapping[str, Any]], since: float) -> list[StateInterval]:
    """Return states with those that were told put behind them; a state that goes on stays one."""
    joined = list(known)
    for one in told:
        interval = StateInterval(
            service_name="",
            state=ServiceConnectionState(one["state"]),
            since=one["since"],
            until=one["until"],
            duration=one["until"] - one["since"],
            wanted=one["wanted"],
            watched=one["watched"],
        )
        last = joined[-1] if joined else None
        if last is not None and (last.state, last.wanted, last.watched) == (
            interval.state,
            interval.wanted,
            interval.watched,
        ):
            joined[-1] = attrs.evolve(last, until=interval.until, duration=interval.until - last.since)
        else:
            joined.append(interval)
    return [interval for interval in joined if interval.until > since]


def _searched(row: Row) -> str:
    told = (row.now[key] for key in ("name", "run_status", "connection_state", "transport"))
    return " ".join(map(str, told)).lower()
