"""Export formats of metrics: JSON, CSV, Parquet. Pure functions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

from mcpstore.errors import MCPStoreError
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.record import plain

__all__ = ["COLUMNS", "UNITS", "escape_formula", "table_rows", "to_csv", "to_json", "to_parquet"]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that a spreadsheet takes for a formula."""


UNITS: Final[Mapping[str, str]] = dict.fromkeys(
    ("timestamp", "duration", "avg_response_time", "p95", "max_response_time", "response_time", "wanted", "usable"), "s"
)
"""Units of the fields of a sample whose names do not state them."""

_TITLES: Final = {name: f"{name}_{UNITS[name]}" if name in UNITS else name for name in MetricsSample.SHOWN}

COLUMNS: Final = ("time", *_TITLES.values())
"""Columns of a table of samples; their names state the unit."""


def table_rows(samples: Iterable[MetricsSample]) -> list[dict[str, Any]]:
    """Return samples as rows of a table, with the time also as ISO 8601."""
    return [
        {
            "time": datetime.fromtimestamp(sample.timestamp, UTC).isoformat(timespec="seconds"),
            **{_TITLES[name]: value for name, value in sample.to_dict().items()},
        }
        for sample in samples
    ]


def to_json(value: Any) -> str:
    """Return a value of records, enums, dates, mappings and lists as JSON."""
    return _encodable(json.dumps(plain(value), indent=2, ensure_ascii=False)) + "\n"


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, titles: bool = True) -> str:
    """Return rows as CSV, safe to open in a spreadsheet: no cell is taken for a formula.

    Args:
        rows: The rows.
        columns: The columns, in order; a missing value is an empty cell.
        titles: Whether the first line holds the names of the columns.
    """
    text = io.StringIO()
    writer = csv.writer(text)  # with the default line ends, since with others a cell with a bare CR is not quoted
    if titles:
        writer.writerow([escape_formula(column) for column in columns])
    writer.writerows([escape_formula(plain(row.get(column))) for column in columns] for row in rows)
    return _encodable(text.getvalue())


def to_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as a Parquet file.

    Raises:
        MCPStoreError: pyarrow is not installed.
    """
    try:
        arrow: Any = import_module("pyarrow")  # slow to import, and optional
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise MCPStoreError(
            "export as Parquet needs pyarrow, which is not installed; "
            "install it (pip install 'mcpstore-manager[parquet]'), or export JSON or CSV"
        ) from None
    out = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist([dict(row) for row in rows]), out)
    return out.getvalue()


def escape_formula(cell: Any) -> Any:
    """Return a cell; text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _encodable(text: str) -> str:
    """Return text that can be encoded as UTF-8; lone surrogates are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
