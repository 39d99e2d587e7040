"""SQL statements of the history, generated from its columns."""

from __future__ import annotations

from typing import Final

from mcpstore_plugins.sqlite_history.schema import COLUMNS, HOUR, MAXIMA, SUMMED

__all__ = ["ADD_TO_HOUR", "INSERT", "INSERT_EDGE", "LAST_EDGES", "MERGED", "PLAIN", "PURGE", "SOME_EDGES", "TOTALS"]

_MARKS: Final = ", ".join("?" * (4 + len(COLUMNS)))
_NAMES: Final = ", ".join((*COLUMNS, "durations"))

INSERT: Final = f"INSERT OR REPLACE INTO samples (service, at, state, {_NAMES}) VALUES ({_MARKS})"  # noqa: S608 - ours

_SUMS: Final = ", ".join(f"{column} = {column} + excluded.{column}" for column in SUMMED)
# The maximum of NULL and a number would be NULL, and the memory of a service may be unknown.
_MAXIMA: Final = ", ".join(
    f"{c} = max(ifnull({c}, excluded.{c}), ifnull(excluded.{c}, {c}))" for c in MAXIMA if c != "p95"
)
# Without the durations of all calls, the merged durations are unknown.
_BOTH: Final = """CASE WHEN (durations IS NULL AND calls > 0) OR (excluded.durations IS NULL AND excluded.calls > 0)
THEN NULL ELSE merge_two(durations, excluded.durations) END"""
_P95: Final = (
    f"p95 = p95_of({_BOTH}, calls + excluded.calls, max(longest, excluded.longest), max(p95, excluded.p95)), "
    f"durations = {_BOTH}"
)
ADD_TO_HOUR: Final = f"""
INSERT INTO hours (service, at, state, {_NAMES}, hour) VALUES ({_MARKS}, ?)
ON CONFLICT (service, hour) DO UPDATE SET at = excluded.at, state = excluded.state, {_SUMS}, {_MAXIMA}, {_P95}
"""  # noqa: S608

PLAIN: Final = f"""
SELECT service, at, state, {_NAMES} FROM {{table}} WHERE {{condition}} AND at > :since AND at <= :until
ORDER BY service, at
"""  # noqa: S608

_ALL: Final = "CASE WHEN sum(durations IS NULL AND calls > 0) THEN NULL ELSE merge_all(durations) END"
_MAXIMUM: Final = {column: f"max({column})" for column in MAXIMA} | {
    "p95": f"CASE count(*) WHEN 1 THEN max(p95) ELSE p95_of({_ALL}, sum(calls), max(longest), max(p95)) END"
}
TOTALS: Final = ", ".join([*(f"sum({column})" for column in SUMMED), *_MAXIMUM.values(), _ALL])
# The state of the newest row of a group is found through one number made of time and state.
MERGED: Final = f"""
SELECT service, max(at) AS at, max(at * 16 + state) % 16, {TOTALS} FROM {{table}}
WHERE {{condition}} AND at > :since AND at <= :until GROUP BY service, at / :step ORDER BY service, 2
"""  # noqa: S608

INSERT_EDGE: Final = (
    "INSERT INTO edges (service, at, monotonic, state, wanted, reason, error, begins, edge) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_EDGE: Final = "service, at, monotonic, state, wanted, reason, error, begins, edge"
SOME_EDGES: Final = (
    f"SELECT {_EDGE}, id FROM edges WHERE {{condition}} AND at > :since AND at <= :until "  # noqa: S608
    "ORDER BY service, at, id"
)
LAST_EDGES: Final = f"""
SELECT {_EDGE}, id FROM edges WHERE id IN (
    SELECT (SELECT id FROM edges WHERE service = services.id AND at <= :since ORDER BY at DESC, id DESC LIMIT 1)
    FROM services
) AND {{condition}}
"""  # noqa: S608

PURGE: Final = (
    "DELETE FROM samples WHERE at < :before",
    f"DELETE FROM hours WHERE hour < :before / {HOUR}",  # noqa: S608
    # The last edge of a service is kept: it says the state since then, however old it is.
    """DELETE FROM edges WHERE at < :before AND EXISTS (
        SELECT 1 FROM edges AS later WHERE later.service = edges.service AND later.at <= :before
        AND (later.at, later.id) > (edges.at, edges.id)
    )""",
    # Of services without any other record only the newest edges are kept, so that their number is bounded.
    """DELETE FROM edges WHERE service IN (
        SELECT service FROM edges GROUP BY service ORDER BY max(at) DESC LIMIT -1 OFFSET :most
    ) AND NOT EXISTS (SELECT 1 FROM samples WHERE samples.service = edges.service)
    AND NOT EXISTS (SELECT 1 FROM hours WHERE hours.service = edges.service)""",
    """DELETE FROM services WHERE NOT EXISTS (SELECT 1 FROM edges WHERE edges.service = services.id)
    AND NOT EXISTS (SELECT 1 FROM samples WHERE samples.service = services.id)
    AND NOT EXISTS (SELECT 1 FROM hours WHERE hours.service = services.id)""",
)
