"""Figures for other programs: JSON, CSV, Parquet. Pure."""

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

__all__ = ["COLUMNS", "UNITS", "defused", "rows_of", "to_csv", "to_json", "to_parquet"]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would calculate."""


UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("timestamp", "duration", "avg_response_time", "p95", "max_response_time", "wanted", "usable"), "s"
    ),
    "response_time": "ms",
}
"""The units of the fields of a sample whose names do not say them."""

_TITLES: Final = {name: f"{name}_{UNITS[name]}" if name in UNITS else name for name in MetricsSample.SHOWN}

COLUMNS: Final = ("time", *_TITLES.values())
"""What a table of samples holds: nobody reads a reference beside a table, so columns are called by their units, too."""


def rows_of(samples: Iterable[MetricsSample]) -> list[dict[str, Any]]:
    """Return samples as rows of a table, with the time readable by people besides."""
    return [
        {
            "time": datetime.fromtimestamp(sample.timestamp, UTC).isoformat(timespec="seconds"),
            **{_TITLES[name]: value for name, value in sample.to_dict().items()},
        }
        for sample in samples
    ]


def to_json(value: Any) -> str:
    """Return anything made of records, enums, dates, mappings and lists as JSON."""
    return _writable(json.dumps(plain(value), indent=2, ensure_ascii=False)) + "\n"


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, titles: bool = True) -> str:
    """Return rows as CSV; no cell is taken for a formula by a spreadsheet.

    Args:
        rows: The rows.
        columns: The columns, in order; what a row does not have stays empty.
        titles: Whether the first line names the columns.
    """
    text = io.StringIO()
    writer = csv.writer(text)  # its own line ends: with others it leaves cells with a bare CR unquoted
    if titles:
        writer.writerow([defused(column) for column in columns])
    writer.writerows([defused(plain(row.get(column))) for column in columns] for row in rows)
    return _writable(text.getvalue())


def to_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as a Parquet file.

    Raises:
        MCPStoreError: pyarrow is not installed.
    """
    try:
        arrow: Any = import_module("pyarrow")  # dear, and optional
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise MCPStoreError(
            "export_format: Parquet needs pyarrow, which is not installed; "
            "install it (pip install 'mcpstore-manager[parquet]'), or export JSON or CSV"
        ) from None
    out = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist([dict(row) for row in rows]), out)
    return out.getvalue()


def defused(cell: Any) -> Any:
    """Return a cell; text that a spreadsheet would calculate gets an apostrophe before it, which makes it text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _writable(text: str) -> str:
    """Return text that can be written as UTF-8; half a character becomes its number."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
