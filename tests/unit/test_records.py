"""Records: what was not recorded is absent, and stays so in every reading of it."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.builders import info
from tests.unit.report_samples import cycle, record
from tpi_dhis2.domain.dates import DAY, MONTH, KnownDate
from tpi_dhis2.domain.records import KINDS, Cycle, Partnership, Record
from tpi_dhis2.package.fields import package_fields


def test_an_absent_value_is_none_in_every_reading_and_never_zero() -> None:
    empty = record("activity")
    assert (empty.text("spent"), empty.number("spent"), empty.day("spent"), empty.yes("spent")) == (None,) * 4
    assert (empty.date, empty.known_day("spent")) == (None, None)


@pytest.mark.parametrize(("stored", "number"), [("0", 0.0), ("-2.5", -2.5), ("3", 3.0), ("", None), ("many", None)])
def test_a_number_is_read_and_zero_is_a_number(stored: str, number: float | None) -> None:
    assert record("activity", spent=stored).number("spent") == number


@pytest.mark.parametrize(("stored", "answer"), [("true", True), ("false", False), ("", None), ("maybe", None)])
def test_a_question_without_answer_is_neither_yes_nor_no(stored: str, answer: bool | None) -> None:
    assert record("needs", needs_jointly=stored).yes("needs_jointly") is answer


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "2016-08-30"),
        ({"date_known": "DAY"}, "2016-08-30"),
        ({"date_known": "MONTH"}, "2016-08"),
        ({"date_known": "YEAR"}, "2016"),
    ],
)
def test_dates_of_a_record_are_as_exact_as_it_says(values: dict[str, str], shown: str) -> None:
    one = record("target", "2016-08-30", baseline_date="2016-08-30", **values)
    assert str(one.date) == str(one.known_day("baseline_date")) == shown


def test_a_date_that_is_not_stated_is_none_though_a_day_is_stored() -> None:
    assert record("measurement", "2016-08-01", date_known="NOT_STATED").date is None


def test_records_of_a_kind_come_oldest_first_and_undated_last() -> None:
    dates = ["2018-01-01", None, "2016-05-05", "2017-03-03"]
    found = cycle(*(record("contact", on) for on in dates), record("spread", "2015-01-01")).of("contact")
    assert [each.occurred and each.occurred.isoformat() for each in found] == [
        "2016-05-05", "2017-03-03", "2018-01-01", None,
    ]  # fmt: skip


def test_the_newest_record_is_taken_where_a_cycle_has_one() -> None:
    found = cycle(record("plan", "2017-01-01", plan_title="new"), record("plan", "2016-01-01", plan_title="old"))
    plan = found.one("plan")
    assert plan is not None
    assert plan.text("plan_title") == "new"
    assert found.one("agreement") is None


def test_numbered_records_come_by_number_and_those_without_one_last() -> None:
    found = cycle(*(record("activity", **values) for values in ({"activity_no": 10}, {}, {"activity_no": 2})))
    assert [each.text("activity_no") for each in found.numbered("activity", "activity_no")] == ["2", "10", None]


def test_a_cycle_began_as_exactly_as_its_agreement_says() -> None:
    assert cycle(record("agreement", "2016-08-01", date_known="MONTH")).started == KnownDate(dt.date(2016, 8, 1), MONTH)
    assert cycle(record("agreement", "2016-08-01", date_known="NOT_STATED")).started is None
    assert cycle().started == KnownDate(dt.date(2016, 8, 1), DAY)


def test_the_latest_cycle_is_the_one_that_began_last_whatever_the_order() -> None:
    cycles = [Cycle(f"c{year}", dt.date(year, 1, 1)) for year in (2018, 2024, 2020)]
    pair = Partnership("p", {}, cycles=tuple(cycles))
    assert pair.latest is cycles[1]
    assert [each.uid for each in pair] == ["c2018", "c2020", "c2024"]
    assert Partnership("p", {}).latest is None


@pytest.mark.parametrize(
    ("values", "name"), [({"name": "Alpha", "code": "A"}, "Alpha"), ({"name": "", "code": "A"}, "A"), ({}, "p")]
)
def test_a_partnership_is_called_by_name_else_code_else_uid(values: dict[str, str], name: str) -> None:
    assert Partnership("p", values).name == name


def test_the_kinds_of_record_are_the_stages_of_the_package_in_order() -> None:
    assert tuple(package_fields().stages) == KINDS


def test_every_record_can_say_how_exactly_its_dates_are_known() -> None:
    assert set(info("date_known").options or {}) == {"DAY", "MONTH", "YEAR", "NOT_STATED"}
    assert all("date_known" in stage.fields for stage in package_fields().stages.values())


def test_a_record_is_never_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        Record("r", "plan", {}).kind = "target"  # type: ignore[misc]
