"""The tables for analysts: the server's facts, typed; odd values spoil nothing, and what the site built stays."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.analyst_store import (
    PAIR,
    ROUND,
    analyst_store,
    ask,
    cycle,
    demo_items,
    do,
    only,
    pair,
    record,
    rows_of,
)
from tests.unit.builders import OTHER_UNIT, UNIT
from tpi_dhis2.domain.records import KINDS
from tpi_dhis2.errors import StoreProblem
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.shown import INTEGER, TEXT, Column, Description, View
from tpi_dhis2.store.store import Store
from tpi_dhis2.store.views import refresh_views
from tpi_dhis2.sync.columns import description, refresh

SHOWN = description(package_fields())


def day(value: Any) -> str | None:
    """A date as text: SQLite has no others."""
    return None if value is None else str(value)


def changed(name: str, fields: tuple[Column, ...]) -> Description:
    """The description with other fields of one view."""
    return replace(SHOWN, views=tuple(replace(v, fields=fields) if v.name == name else v for v in SHOWN.views))


def view(name: str) -> View:
    return next(view for view in SHOWN.views if view.name == name)


# What is shown


def test_there_is_a_view_a_kind_and_each_object_of_the_server_is_a_row_of_one(store_url: str) -> None:
    items = demo_items()
    counted = Counter(item.kind or item.type for item in items)
    assert set(counted) == {"partnership", "cycle", *KINDS}
    with analyst_store(store_url, items) as store:
        for kind, number in counted.items():
            uids = [row["uid"] for row in rows_of(store, f"tpi_{kind}")]
            assert (len(uids), len(set(uids))) == (number, number)


def test_no_column_stands_twice() -> None:
    for each in SHOWN.views:
        names = [column.name for column in each.columns]
        assert len(names) == len(set(names)), each.name


def test_what_waits_here_is_no_fact_yet_and_what_was_deleted_there_is_none_any_more(store_url: str) -> None:
    waiting, gone, refused = (record("activity", number, activity_title="There") for number in (1, 2, 3))
    waiting.base, gone.deleted = None, True
    refused.doc, refused.state = {**refused.doc, "activity_title": "Here"}, "error"
    with analyst_store(store_url, [pair(), cycle(), waiting, gone, refused]) as store:
        row = only(store, "tpi_activity")
    assert (row["uid"], row["activity_title"], row["state"]) == (refused.uid, "There", "error")


def test_a_record_says_where_and_to_whom_it_belongs(store_url: str) -> None:
    scheduled = record("contact", contact_type="CALL", status="COMPLETED")
    scheduled.base |= {"@scheduled": "2020-02-28", "@completed": "2020-03-05T10:11:12.000"}
    with analyst_store(store_url, [pair(), cycle(), scheduled]) as store:
        row = only(store, "tpi_contact")
    assert (row["partnership"], row["partnership_name"], row["cycle"]) == (PAIR, "Two houses", ROUND)
    assert (row["unit"], row["unit_code"], row["unit_name"], row["unit_path"]) == (
        UNIT,
        "HOSPITAL",
        "The hospital",
        f"/top/{UNIT}",
    )
    assert (row["cycle_number"], day(row["cycle_began"])) == (1, "2020-01-15")
    assert [day(row[name]) for name in ("date", "scheduled", "completed")] == ["2020-03-01", "2020-02-28", "2020-03-05"]
    assert (row["date_known"], row["date_known_label"], row["status"]) == ("DAY", "To the day", "COMPLETED")


def test_cycles_are_counted_by_their_beginning_in_each_partnership(store_url: str) -> None:
    other = "aPair000002"
    items = [
        pair(),
        pair(other),
        cycle("aCycle00003", "2019-01-01"),
        cycle("aCycle00001", "2021-01-01"),
        cycle("aCycle00002", "2018-01-01", other),
    ]
    with analyst_store(store_url, items) as store:
        rows = ask(store, "SELECT uid, cycle_number FROM tpi_cycle ORDER BY uid")
    assert [row["cycle_number"] for row in rows] == [2, 1, 1]


@pytest.mark.parametrize(
    ("known", "shown"), [(None, "2020-01-15"), ("MONTH", "2020-01-15"), ("YEAR", "2020-01-15"), ("NOT_STATED", None)]
)
def test_a_date_that_nobody_stated_is_not_shown_though_one_stands_in_for_it(
    store_url: str, known: str | None, shown: str | None
) -> None:
    agreement = record("agreement", day="2020-01-15", **({"date_known": known} if known else {}))
    with analyst_store(store_url, [pair(), cycle(), agreement]) as store:
        row, began = only(store, "tpi_agreement"), only(store, "tpi_cycle")
    assert (day(row["date"]), row["date_known"]) == (shown, known or "DAY")
    assert (day(began["cycle_began"]), began["cycle_began_known"]) == (shown, known or "DAY")


def test_options_have_a_label_and_one_of_the_site_stands_for_itself(store_url: str) -> None:
    known = record("measurement", 1, measure="HH_COMPL")
    odd = record("measurement", 2, measure="SITE_OWN")
    empty = record("measurement", 3)
    with analyst_store(store_url, [pair(partner_unit=OTHER_UNIT), cycle(), known, odd, empty]) as store:
        rows = ask(store, "SELECT measure_label FROM tpi_measurement ORDER BY uid")
        assert [row["measure_label"] for row in rows] == ["Hand hygiene compliance (%)", "SITE_OWN", None]
        store.save_units([{"id": OTHER_UNIT, "name": "The clinic"}])
        assert only(store, "tpi_partnership")["partner_unit_label"] == "The clinic"


def test_a_score_is_a_number_with_a_label(store_url: str) -> None:
    with analyst_store(store_url, [pair(), cycle(), record("needs", score_ipc="0")]) as store:
        row = only(store, "tpi_needs")
    assert (row["score_ipc"], row["score_ipc_label"], row["score_wash"]) == (0, "0 Not present", None)


# Values

ODD: dict[str, list[tuple[str, Any]]] = {
    "value": [
        *(
            ("0", 0),
            ("-0.50", -0.5),
            ("2.70", 2.7),
            ("1e3", 1000),
            ("1E-3", 0.001),
            ("123456789012345", 123456789012345),
        ),
        *((odd, None) for odd in ("", "abc", "1,5", "1.", ".5", "+1", "--1", "1 ", " 1", "0x10", "NaN", "Infinity")),
        *(
            (odd, None)
            for odd in ("1e999", "1e-999", "true", "null", "\u0661", "1\n", "9" * 50, "12-3", "1e", "[1]", "007")
        ),
    ],
    "numerator": [
        *(("0", 0), ("12", 12), ("-3", -3), ("9" * 18, int("9" * 18))),
        *((odd, None) for odd in ("", "1.0", "1e2", "x", "9" * 19, "1 2", "-", "\u0663", "01")),
    ],
    "shown_on": [
        *(("2020-02-29", "2020-02-29"), ("2000-02-29", "2000-02-29"), ("2019-12-31T00:00:00.000", "2019-12-31")),
        *((odd, None) for odd in ("2019-02-29", "1900-02-29", "2020-04-31", "2020-13-01", "2020-00-10", "2020-01-00")),
        *((odd, None) for odd in ("", "now", "2020", "2020-1-1", "0000-01-01", "20200101", "12:00", "not a date")),
    ],
}


def test_a_value_that_is_none_of_its_type_is_empty_and_never_zero_or_an_error(store_url: str) -> None:
    cases = [(key, text, wanted) for key, pairs in ODD.items() for text, wanted in pairs]
    items = [record("measurement", number, **{key: text}) for number, (key, text, _) in enumerate(cases)]
    with analyst_store(store_url, [pair(), cycle(), *items]) as store:
        rows = ask(store, "SELECT * FROM tpi_measurement ORDER BY uid")
    for (key, text, wanted), row in zip(cases, rows, strict=True):
        found = day(row[key]) if key == "shown_on" else row[key]
        assert (found is None) == (wanted is None), (key, text, found)
        if wanted is not None:
            assert found == wanted if key != "value" else float(found) == wanted, (key, text, found)


@pytest.mark.parametrize(("text", "wanted"), [("true", True), ("false", False), ("yes", None), ("1", None), ("", None)])
def test_yes_and_no_are_told_from_not_answered(store_url: str, text: str, wanted: bool | None) -> None:
    with analyst_store(store_url, [pair(), cycle(), record("needs", needs_jointly=text)]) as store:
        assert only(store, "tpi_needs")["needs_jointly"] == wanted


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_NEAR = st.text("0123456789-+.eE: T", max_size=24)


def reference(key: str, text: str) -> Any:
    """What Python makes of a value that stands in the form of its type."""
    try:
        if key == "numerator":
            return int(text) if str(int(text)) == text and len(text) <= 18 else None
        return dt.date.fromisoformat(text[:10]).isoformat() if text[4:5] == text[7:8] == "-" else None
    except ValueError:
        return None


@settings(max_examples=3, deadline=None)
@given(texts=st.lists(_TEXTS | _NEAR | st.dates().map(str) | st.integers().map(str), min_size=50, max_size=200))
def test_whatever_stands_in_a_field_the_query_runs_and_agrees_with_python(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    where = tmp_path_factory.mktemp("odd") / "store.sqlite"
    items = [record("measurement", n, value=t, numerator=t, shown_on=t) for n, t in enumerate(texts)]
    with analyst_store(f"sqlite:///{where}", [pair(), cycle(), *items]) as store:
        rows = ask(store, "SELECT * FROM tpi_measurement ORDER BY uid")
    for text, row in zip(texts, rows, strict=True):
        for key in ("numerator", "shown_on"):
            wanted = reference(key, text)
            assert row[key] == wanted or (key == "numerator" and text == "-0"), (key, text)
        assert row["value"] is None or row["value"] == float(text)


def test_dividing_two_counts_of_a_measure_gives_no_whole_number(store_url: str) -> None:
    with analyst_store(store_url, [pair(), cycle(), record("measurement", value="1", rate="2")]) as store:
        assert float(ask(store, "SELECT value / rate AS half FROM tpi_measurement")[0]["half"]) == 0.5


def test_a_tool_that_knows_nothing_of_this_one_reads_them(tmp_path: Path) -> None:
    with analyst_store(f"sqlite:///{tmp_path / 'store.sqlite'}", demo_items()):
        pass
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    for each in SHOWN.views:
        assert connection.execute(f"SELECT * FROM {each.name}").fetchall()  # noqa: S608 - our own names
    connection.close()


# The dictionary


def test_the_dictionary_tells_of_each_column_and_each_option(store_url: str) -> None:
    with analyst_store(store_url, demo_items()) as store:
        fields = ask(store, "SELECT * FROM tpi_field ORDER BY view_name, position")
        told = {(row["view_name"], row["column_name"]): row for row in fields}
        for each in SHOWN.views:
            shown = list(rows_of(store, each.name)[0])
            assert shown == [name for name_of_view, name in told if name_of_view == each.name]
        options = ask(store, "SELECT code, label FROM tpi_option WHERE option_set = 'DIRECTION' ORDER BY position")
    assert told["tpi_measurement", "numerator"]["type"] == INTEGER
    assert told["tpi_measurement", "measure"]["option_set"] == "MEASURE"
    assert all(row["label"] for row in told.values())
    assert options == [
        {"code": "HIGHER", "label": "Higher is better"},
        {"code": "LOWER", "label": "Lower is better"},
    ]


def test_labels_can_be_of_another_language() -> None:
    french = description(package_fields(), "fr")
    assert french.options["DIRECTION"] != SHOWN.options["DIRECTION"]
    assert french.options["DIRECTION"].keys() == SHOWN.options["DIRECTION"].keys()


# Made anew


def test_views_are_made_once_and_again_when_they_are_described_otherwise(store_url: str) -> None:
    with analyst_store(store_url, [pair(), cycle()], whole=True) as store:
        assert not refresh_views(store, SHOWN)
        assert refresh_views(store, changed("tpi_spread", view("tpi_spread").fields[:-1]))
        told = ask(store, "SELECT column_name FROM tpi_field WHERE view_name = 'tpi_spread'")
        assert "record_source" not in {row["column_name"] for row in told}
        assert refresh_views(store, SHOWN)
        assert not refresh_views(store, SHOWN)


def test_a_view_that_somebody_dropped_comes_back(store_url: str) -> None:
    with analyst_store(store_url, [pair(), cycle(), record("spread")], whole=True) as store:
        do(store, "DROP VIEW tpi_spread")
        assert refresh_views(store, SHOWN)
        assert only(store, "tpi_spread")


def test_what_the_site_built_on_a_view_stays_when_a_field_is_added_in_the_middle(store_url: str) -> None:
    fields = view("tpi_spread").fields
    added = (fields[0], Column("site_new", TEXT, "New", key="site_new"), *fields[1:])
    with analyst_store(
        store_url, [pair(), cycle(), record("spread", spread_what="A way", site_new="x")], whole=True
    ) as store:
        do(store, "CREATE VIEW theirs AS SELECT spread_what FROM tpi_spread")
        assert refresh_views(store, changed("tpi_spread", added))
        assert ask(store, "SELECT * FROM theirs") == [{"spread_what": "A way"}]
        assert only(store, "tpi_spread")["site_new"] == "x"


def test_a_view_that_the_site_holds_is_left_and_named_and_the_others_are_made(store_url: str) -> None:
    if store_url.startswith("sqlite"):
        pytest.skip("views of SQLite hold nothing")
    less = changed("tpi_spread", view("tpi_spread").fields[1:])
    more = replace(
        less, views=tuple(replace(v, fields=v.fields[:-1]) if v.name == "tpi_plan" else v for v in less.views)
    )
    with analyst_store(store_url, [pair(), cycle(), record("spread"), record("plan", 2)], whole=True) as store:
        do(store, "CREATE VIEW theirs AS SELECT * FROM tpi_spread")
        for _ in range(2):  # told each time, until it is seen to
            with pytest.raises(StoreProblem, match=r"others are made of them: public\.theirs holds tpi_spread\."):
                refresh_views(store, more)
        assert only(store, "theirs")["uid"] == only(store, "tpi_spread")["uid"]
        assert "record_source" not in only(store, "tpi_plan")
        do(store, "DROP VIEW theirs")
        assert refresh_views(store, more)
        assert view("tpi_spread").fields[0].name not in only(store, "tpi_spread")


def test_what_cannot_be_made_is_one_plain_line_and_nothing_half(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.save([pair()])
        do(store, "CREATE TABLE tpi_functioning (mine INTEGER)")
        said = refresh(store, package_fields())
        assert said.startswith("This database cannot have the tables for analysts: ")
        assert "\n" not in said
        with pytest.raises(Exception, match="tpi_partnership"):
            ask(store, "SELECT * FROM tpi_partnership")
        assert ask(store, "SELECT * FROM tpi_functioning") == []
        do(store, "DROP TABLE tpi_functioning")
        assert refresh(store, package_fields()) == ""
        assert len(ask(store, "SELECT * FROM tpi_partnership")) == 1


def test_postgresql_shows_what_a_column_means(store_url: str) -> None:
    if store_url.startswith("sqlite"):
        pytest.skip("SQLite has no comments")
    with analyst_store(store_url, [pair(), cycle(), record("measurement")]) as store:
        (row,) = ask(
            store,
            "SELECT col_description('tpi_measurement'::regclass, attnum) AS said FROM pg_attribute"
            " WHERE attrelid = 'tpi_measurement'::regclass AND attname = 'value_qualifier'",
        )
    label = package_fields().elements["value_qualifier"].label
    assert row["said"].startswith(label)
