"""The forms of an export: CSV, JSON and Parquet, each written row by row."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import IO, Any

from tpi_dhis2.errors import UsageError
from tpi_dhis2.store.shown import BOOLEAN, DATE, INTEGER, NUMBER, Column
from tpi_dhis2.store.view_rows import Row, Value

CSV, JSON, PARQUET = "csv", "json", "parquet"
FORMS = (PARQUET, CSV, JSON)
_ROWS = 2000

Columns = Sequence[Column]
Writer = Callable[[IO[bytes], Columns, Iterable[Row]], None]

#: What a spreadsheet would take for a formula, in the letters of East Asia, too; and what begins like its mark.
_FORMULA = re.compile(r"['\s]*[=+\-@＝＋－＠\t\r\n]")  # noqa: RUF001 - the wide signs are meant
_MARK = "'"


def writer(form: str) -> Writer:
    """What writes a form; UsageError for Parquet when its library is missing."""
    if form == PARQUET:
        return _parquet(_pyarrow())
    return {CSV: _csv, JSON: _json}[form]


def harmless(text: str) -> str:
    """A text that no spreadsheet runs: one that looks like a formula gets an apostrophe before it."""
    return _MARK + text if _FORMULA.match(text) else text


def as_it_was(text: str) -> str:
    """The text that ``harmless`` was given."""
    return text[1:] if text.startswith(_MARK) and _FORMULA.match(text[1:]) else text


def _csv(file: IO[bytes], columns: Columns, rows: Iterable[Row]) -> None:
    """UTF-8 with a header; an empty cell is not recorded."""
    out = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    lines = csv.writer(out)
    lines.writerow([column.name for column in columns])
    lines.writerows([_cell(value) for value in row] for row in rows)
    out.detach()


def _cell(value: Value) -> str:
    """Numbers are told by their type, so a minus before one is no formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value) if isinstance(value, str) else str(_short(value))


def _json(file: IO[bytes], columns: Columns, rows: Iterable[Row]) -> None:
    """One array, so that any tool reads it, with an object a line, so that it can be written and read in pieces."""
    names = [column.name for column in columns]
    before = b"[\n"
    for row in rows:
        entry = dict(zip(names, map(_short, row), strict=True))
        file.write(before + json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))
        before = b",\n"
    file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _short(value: Any) -> Any:
    """40 rather than 40.0."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _pyarrow() -> ModuleType:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "Parquet needs the library pyarrow, which is not installed.", 'pip install "tpi-dhis2[parquet]"'
        ) from error
    found: ModuleType = pyarrow
    return found


def _parquet(arrow: Any) -> Writer:
    types = {NUMBER: arrow.float64(), INTEGER: arrow.int64(), BOOLEAN: arrow.bool_(), DATE: arrow.date32()}

    def write(file: IO[bytes], columns: Columns, rows: Iterable[Row]) -> None:
        """Each column of its own type, with its label beside it."""
        fields = [
            arrow.field(column.name, types.get(column.type, arrow.string()), metadata={"label": column.label})
            for column in columns
        ]
        schema = arrow.schema(fields)
        with arrow.parquet.ParquetWriter(file, schema) as out:
            for some in _batches(rows):
                arrays = [
                    arrow.array(values, each.type) for values, each in zip(zip(*some, strict=True), schema, strict=True)
                ]
                out.write_table(arrow.Table.from_arrays(arrays, schema=schema))

    return write


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
