"""Export of figures to CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.alert import AlertLevel
from mcpstore.models.metrics import MetricsSample
from mcpstore.models.service import ServiceConnectionState
from mcpstore.monitoring.export import COLUMNS, table_rows, to_csv, to_json, to_parquet

cells = st.text() | st.sampled_from(["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])


def sample(name: str = "a") -> MetricsSample:
    return MetricsSample(
        service_name=name, timestamp=1_700_000_000.0, duration=30.0, calls=2, avg_response_time=0.1,
        connection_state=ServiceConnectionState.HEALTHY,
    )  # fmt: skip


@given(st.lists(st.fixed_dictionaries({"a": cells, "b": cells | st.integers() | st.none()}), max_size=5))
def test_no_cell_is_a_formula_and_no_text_is_lost(rows):
    read = list(csv.reader(io.StringIO(to_csv(rows, ["a", "b"]), newline="")))
    assert len(read) == len(rows) + 1
    for row, parsed_row in zip(rows, read[1:], strict=True):
        for value, cell in zip((row["a"], row["b"]), parsed_row, strict=True):
            if isinstance(value, int):
                assert cell == str(value)
                continue
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_no_column_name_is_a_formula():
    assert to_csv([], ["=x"]) == "'=x\r\n"


def test_negative_figures_stay_figures():
    assert to_csv([{"a": -1.5}], ["a"]) == "a\r\n-1.5\r\n"


def test_a_row_has_a_readable_time_and_every_field():
    (row,) = table_rows([sample()])
    assert list(row) == list(COLUMNS)
    assert row["time"] == "2023-11-14T22:13:20+00:00"
    assert row["connection_state"] == "healthy"


def test_every_column_with_a_unit_has_it_in_its_name():
    durations = {"timestamp", "duration", "avg_response_time", "p95", "max_response_time", "wanted", "usable"}
    assert {f"{name}_s" for name in durations} | {"response_time_s", "cpu_percent", "memory_bytes"} <= set(COLUMNS)
    counts = {"calls", "failed_calls", "checks", "failed_checks"}
    plain = {name for name in COLUMNS if not name.endswith(("_s", "_ms", "_percent", "_bytes"))}
    assert plain == counts | {"time", "service_name", "connection_state"}


def test_enums_and_dates_are_written_as_their_values():
    data = json.loads(to_json({"level": AlertLevel.ERROR, "when": datetime(2026, 1, 1, tzinfo=UTC), "who": sample()}))
    assert data["level"] == "error"
    assert datetime.fromisoformat(data["when"]) == datetime(2026, 1, 1, tzinfo=UTC)
    assert data["who"]["connection_state"] == "healthy"


@given(st.text(alphabet=st.characters(), max_size=20) | st.just("\ud800"))
def test_any_name_can_be_written_and_read_back(name):
    to_csv(table_rows([sample(name)]), COLUMNS).encode()
    assert json.loads(to_json({"name": name}).encode().decode())["name"] == name


def test_parquet_holds_the_same_rows():
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    rows = table_rows([sample("a"), sample("b")])
    assert parquet.read_table(io.BytesIO(to_parquet(rows))).to_pylist() == rows
