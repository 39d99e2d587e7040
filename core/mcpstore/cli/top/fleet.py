"""Data of `mcpstore top`: every service now, with its states and durations of the last minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.state_history import StateInterval

__all__ = ["HISTORY_LENGTH", "Fleet", "Row"]

HISTORY_LENGTH: Final = 600.0
"""Length of the history shown, in seconds."""


@attrs.define
class Row:
    """One service.

    Attributes:
        now: Its latest data from the manager.
        states: Its states over `HISTORY_LENGTH`, oldest first.
        durations: Durations of its calls (of its checks, if there are no calls): POSIX timestamp and seconds.
    """

    now: Mapping[str, Any]
    states: list[StateInterval] = attrs.field(factory=list[StateInterval])
    durations: list[tuple[float, float]] = attrs.field(factory=list[tuple[float, float]])


class Fleet:
    """All services, in the order of the configuration.

    Attributes:
        updated_at: Time of the last answer, as a POSIX timestamp in seconds; 0 before the first.
        location: Path or URL of the configuration.
        alerts: Number of open alerts.
        rows: The services, by name.
    """

    def __init__(self) -> None:
        self.updated_at: float = 0.0
        self.location: str = ""
        self.alerts: int = 0
        self.rows: dict[str, Row] = {}

    def update(self, answer: Mapping[str, Any]) -> None:
        """Apply an answer: the current data of every service, and its history since the last answer."""
        now = float(answer["now"])
        known, self.rows = self.rows, {}
        for service in answer["services"]:
            row = known.get(service["name"]) or Row(now=service)
            row.now = service
            row.states = _append_states(row.states, service["states"], now - HISTORY_LENGTH)
            added = [(float(when), float(seconds)) for when, seconds in service["durations"]]
            row.durations = [one for one in (*row.durations, *added) if one[0] > now - HISTORY_LENGTH]
            self.rows[service["name"]] = row
        self.updated_at, self.location, self.alerts = now, str(answer["location"]), len(answer["alerts"])

    def matching(self, text: str) -> list[str]:
        """Return the names of the services that match a filter: words of name, status, connection or transport."""
        words = text.lower().split()
        return [name for name, row in self.rows.items() if all(word in _search_text(row) for word in words)]

    def count(self, status: str) -> int:
        """Return the number of services with a run status."""
        return sum(1 for row in self.rows.values() if row.now["run_status"] == status)

    @property
    def throughput(self) -> float:
        """Calls per second over all services."""
        return sum(float(row.now["throughput"]) for row in self.rows.values())


def _append_states(known: list[StateInterval], added: list[Mapping[str, Any]], since: float) -> list[StateInterval]:
    """Return states with later ones appended; a state that continues stays one interval."""
    joined = list(known)
    for one in added:
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


def _search_text(row: Row) -> str:
    fields = (row.now[key] for key in ("name", "run_status", "connection_state", "transport"))
    return " ".join(map(str, fields)).lower()
