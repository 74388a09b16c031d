"""Export: what is read back is what the store had, in each form; a spreadsheet runs none of it."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tests.store.analyst_store import PAIR, cycle, demo_items, pair, record, stored
from tpi_dhis2.cli.export import export as command
from tpi_dhis2.errors import StoreNotReady, UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.shown import INTEGER, NUMBER
from tpi_dhis2.sync.columns import description
from tpi_dhis2.sync.export import export
from tpi_dhis2.sync.export_forms import FORMS, as_it_was, harmless

FIELDS = package_fields()
TYPES = {view.name: {each.name: each.type for each in view.columns} for view in description(FIELDS).views}


def cells(path: Path) -> list[dict[str, str]]:
    """A CSV file as it stands."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _typed(text: str, kind: str) -> Any:
    if not text:
        return None
    if kind in (NUMBER, INTEGER):
        return float(text) if kind == NUMBER else int(text)
    return {"true": True, "false": False}[text] if kind == "boolean" else as_it_was(text)


def rows(folder: Path, view: str, form: str) -> list[dict[str, Any]]:
    """An exported table, read with the types that the dictionary tells; days as text."""
    path = folder / f"{view}.{form}"
    if form == "csv":
        return [{name: _typed(text, TYPES[view][name]) for name, text in row.items()} for row in cells(path)]
    if form == "json":
        return list(json.loads(path.read_text("utf-8")))
    found = parquet.read_table(path).to_pylist()
    return [{name: str(each) if isinstance(each, dt.date) else each for name, each in row.items()} for row in found]


# What is in the files


@pytest.mark.parametrize("form", FORMS)
def test_a_file_a_table_with_all_that_the_store_has(store_url: str, tmp_path: Path, form: str) -> None:
    items = demo_items()
    with stored(store_url, items) as store:
        paths = list(export(store, FIELDS, tmp_path / "out", form))
    assert [path.name for path in paths] == [f"{name}.{form}" for name in (*TYPES, "tpi_field", "tpi_option")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)
    by_uid = {row["uid"]: (view, row) for view in TYPES for row in rows(tmp_path / "out", view, form)}
    assert by_uid.keys() == {item.uid for item in items}
    for item in items:
        view, row = by_uid[item.uid]
        for key in TYPES[view].keys() & item.doc.keys() - {"date_known"}:
            text = item.doc[key]
            wanted = text if TYPES[view][key] in ("text", "unit", "date") else _typed(text, TYPES[view][key])
            assert row[key] == wanted, (item.kind, key)
        empty = TYPES[view].keys() & (FIELDS.elements | FIELDS.attributes).keys() - item.doc.keys() - {"date_known"}
        assert [row[key] for key in empty] == [None] * len(empty)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)


@settings(max_examples=4, deadline=None)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=60))
@example(
    texts=["=1+1", "'=1", "''", "-5", "+256 1", "@a", "\t=1", "\r", "a\r\nb", 'say "x", y;', "😀", "שלום مرحبا", " "]
)
@example(
    texts=["x" * 50_000, "null", "NULL", "0", "00123", "true", "2020-01-01", "a\u2028b", "\ufeffx", "é", "e\u0301"]
)
def test_any_text_survives_each_form(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    where = tmp_path_factory.mktemp("out")
    items = [record("contact", number, decisions=text, day="2020-02-29") for number, text in enumerate(texts)]
    with stored(f"sqlite:///{where / 'store.sqlite'}", [pair(), cycle(), *items]) as store:
        for form in FORMS:
            list(export(store, FIELDS, where, form, ["contact"]))
            found = rows(where, "tpi_contact", form)
            assert [row["decisions"] for row in found] == texts, form
            assert {row["date"] for row in found} == {"2020-02-29"}


@given(st.text())
@example("'=")
@example("'' @")
@example(" \t")
def test_what_was_made_harmless_can_be_had_back_and_begins_like_no_formula(text: str) -> None:
    assert as_it_was(harmless(text)) == text
    assert not harmless(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_stay_numbers_and_what_is_not_recorded_stays_empty(store_url: str, tmp_path: Path) -> None:
    measured = record("measurement", value="-2.50", numerator="0", shown_on="2020-01-02", record_source="-2.50")
    with stored(store_url, [pair(), cycle(), measured]) as store:
        for form in FORMS:
            list(export(store, FIELDS, tmp_path, form, ["measurement"]))
    (cell,) = cells(tmp_path / "tpi_measurement.csv")
    names = ("value", "numerator", "shown_on", "record_source", "denominator")
    assert [cell[name] for name in names] == ["-2.5", "0", "2020-01-02", "'-2.50", ""]
    (entry,) = json.loads((tmp_path / "tpi_measurement.json").read_text("utf-8"))
    assert [entry[name] for name in names] == [-2.5, 0, "2020-01-02", "-2.50", None]
    table = parquet.read_table(tmp_path / "tpi_measurement.parquet")
    assert [str(table.schema.field(name).type) for name in names] == [
        "double",
        "int64",
        "date32[day]",
        "string",
        "int64",
    ]
    assert table.schema.field("numerator").metadata == {b"label": FIELDS.elements["numerator"].label.encode()}


@pytest.mark.parametrize("form", FORMS)
def test_a_table_without_rows_is_a_file_all_the_same(store_url: str, tmp_path: Path, form: str) -> None:
    with stored(store_url, [pair()]) as store:
        list(export(store, FIELDS, tmp_path, form, ["spread"]))
    assert rows(tmp_path, "tpi_spread", form) == []


def test_labels_in_another_language(store_url: str, tmp_path: Path) -> None:
    with stored(store_url, [pair(), cycle(), record("measurement", direction="HIGHER")]) as store:
        list(export(store, FIELDS, tmp_path, "csv", ["measurement"], "fr"))
    (row,) = cells(tmp_path / "tpi_measurement.csv")
    options = {each["code"]: each["label"] for each in cells(tmp_path / "tpi_option.csv")}
    assert row["direction_label"] == options["HIGHER"] != "Higher is better"


# Whole, of one moment, or plainly not


def test_all_files_tell_of_the_same_moment(store_url: str, tmp_path: Path) -> None:
    with stored(store_url, [pair(), cycle()]) as store:
        paths = export(store, FIELDS, tmp_path, "csv")
        next(paths)
        store.save([record("contact")])
        list(paths)
        assert cells(tmp_path / "tpi_contact.csv") == []
        list(export(store, FIELDS, tmp_path, "csv"))
    assert len(cells(tmp_path / "tpi_contact.csv")) == 1


def test_a_file_that_cannot_be_finished_leaves_the_old_one(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tpi_partnership.csv").write_text("old")

    def full(_text: str) -> str:
        raise OSError("no space left")

    monkeypatch.setattr("tpi_dhis2.sync.export_forms.harmless", full)
    with stored(store_url, [pair()]) as store, pytest.raises(UsageError, match="cannot be written to"):
        list(export(store, FIELDS, tmp_path, "csv"))
    assert (tmp_path / "tpi_partnership.csv").read_text() == "old"
    assert not list(tmp_path.glob("*.part"))


def test_parquet_without_its_library_is_one_plain_line(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with stored(store_url, [pair()]) as store:
        with pytest.raises(UsageError, match="pyarrow") as raised:
            list(export(store, FIELDS, tmp_path / "out", "parquet"))
        assert raised.value.advice == 'pip install "tpi-dhis2[parquet]"'
        assert list(export(store, FIELDS, tmp_path / "out", "csv"))


@pytest.mark.parametrize("named", [{"kinds": ["activities"]}, {"language": "xx"}])
def test_what_is_not_known_is_said_before_anything_is_written(tmp_path: Path, named: dict[str, Any]) -> None:
    with stored(f"sqlite:///{tmp_path / 'store.sqlite'}", [pair()]) as store, pytest.raises(UsageError):
        list(export(store, FIELDS, tmp_path / "out", **named))
    assert not (tmp_path / "out").exists()


# The command


def test_the_command_names_the_files_that_it_wrote(tmp_path: Path) -> None:
    url, out = f"sqlite:///{tmp_path / 'store.sqlite'}", tmp_path / "out"
    with stored(url, [pair(), cycle(), record("contact", decisions="x")]):
        pass
    done = CliRunner().invoke(command, [str(out), "--store", url, "--kind", "contact"], catch_exceptions=False)
    assert done.output.splitlines() == [str(out / f"tpi_{name}.csv") for name in ("contact", "field", "option")]
    assert cells(out / "tpi_contact.csv")[0]["partnership"] == PAIR


def test_the_command_says_when_there_is_nothing(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(tmp_path / "out"), "--store", f"sqlite:///{tmp_path / 'store.sqlite'}"])
    assert isinstance(done.exception, StoreNotReady)
    assert not (tmp_path / "out").exists()
