"""From rows of the HMIS to measurements: which are wanted, and what their figures are."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.report_samples import cycle, measured, partnership, record
from tpi_dhis2.dhis2.analytics import Row
from tpi_dhis2.domain.records import Cycle
from tpi_dhis2.domain.steps import current_step
from tpi_dhis2.domain.work import last_action
from tpi_dhis2.sync.hmis_file import HmisLine, HmisMapping
from tpi_dhis2.sync.hmis_slots import Slot, active_cycle, slots
from tpi_dhis2.sync.hmis_sources import HmisSource
from tpi_dhis2.sync.hmis_values import figures

TODAY = dt.date(2016, 12, 1)
LINE = HmisLine(value="A")
AGREED = record("agreement", "2016-08-10")
TARGET = record("target", "2016-08-20", measure="MAT_DEATH", target_no=1)


def counts(top, bottom, value=None):
    return {"numerator": top, "denominator": bottom, "value": value}


def pair(measure, top, bottom):
    given = {"A": top, "B": bottom}
    rows = {dx: Row(dx, "u", "201608", number) for dx, number in given.items() if number is not None}
    return figures(HmisSource(measure, {"numerator": "A", "denominator": "B"}, "A / B"), rows)


@pytest.mark.parametrize(
    ("measure", "top", "bottom", "found"),
    [
        ("HH_COMPL", 30.0, 120.0, counts("30", "120")),
        ("HH_COMPL", 0.0, 120.0, counts("0", "120")),
        ("HH_COMPL", None, 120.0, None),
        ("HH_COMPL", 30.0, None, None),
        ("HH_COMPL", 30.0, 0.0, None),
        ("HH_COMPL", 0.0, 0.0, None),
        ("HH_COMPL", -1.0, 10.0, None),
        ("HH_COMPL", 30.5, 120.0, counts(None, None, "25.42")),
        ("MAT_DEATH", 1.5, 120.0, counts(None, None, "12.5")),
        ("HH_KNOW", 100.5, 5.0, counts(None, None, "20.1")),
    ],
)
def test_two_data_elements_are_counts_when_both_are_there_and_whole(measure, top, bottom, found):
    assert pair(measure, top, bottom) == found


@pytest.mark.parametrize(
    ("value", "text"), [(29.0, "29"), (96.666, "96.67"), (0.0, "0"), (1e7, "10000000"), (2.5, "2.5")]
)
def test_a_value_is_taken_as_it_is_to_two_decimals(value, text):
    source = HmisSource("WATER_DAYS", {"value": "A"}, "A")
    assert figures(source, {"A": Row("A", "u", "p", value)}) == counts(None, None, text)
    assert figures(source, {}) is None


@pytest.mark.parametrize(
    ("measure", "factor", "row", "found"),
    [
        ("HH_COMPL", 100, (25.0, 150.0, 600.0), counts("150", "600")),
        # Maternal deaths per 100,000 in the country, per 1,000 here: the counts are the same.
        ("MAT_DEATH", 100000, (250.0, 5.0, 2000.0), counts("5", "2000")),
        ("MAT_DEATH", 100000, (250.0, 5.5, 2200.0), counts(None, None, "2.5")),
        ("MAT_DEATH", 100000, (250.0, None, None), counts(None, None, "2.5")),
        # A plain number, whose numerator may hold the 100 already.
        ("HH_COMPL", 1, (25.0, 15000.0, 600.0), counts(None, None, "25")),
        ("HH_COMPL", 1, (0.0, 0.0, 0.0), None),
        # A mean score is a plain number, too.
        ("HH_KNOW", 1, (18.5, 370.0, 20.0), counts("370", "20")),
        ("HH_COMPL", 100, (0.0, 0.0, 0.0), None),
    ],
)
def test_an_indicator_gives_its_counts_where_they_are_counts(measure, factor, row, found):
    source = HmisSource(measure, {"indicator": "I"}, "I", factor)
    assert figures(source, {"I": Row("I", "u", "p", *row)}) == found
    assert figures(source, {}) is None


def wanted(*records, kind="Monthly", since=None, today=TODAY, agreed=AGREED) -> list[Slot]:
    made = partnership(cycle(agreed, *records))
    mapping = HmisMapping(kind, {"MAT_DEATH": LINE, "HH_COMPL": LINE}, since)
    return slots(made, made.cycles[0], mapping, today)


def ids(found: list[Slot], point: str) -> list[str]:
    return [slot.period.id for slot in found if slot.point == point]


def test_complete_periods_of_the_cycle_and_a_year_before_it():
    found = wanted(TARGET)
    assert {slot.measure for slot in found} == {"MAT_DEATH"}
    assert ids(found, "FOLLOW_UP") == ["201609", "201610", "201611"]
    before = ids(found, "BASELINE")
    assert (before[0], before[-1], len(before)) == ("201508", "201607", 12)
    assert len({slot.uid for slot in found}) == len(found)


def test_the_period_in_which_the_cycle_began_is_neither_before_nor_after_it():
    assert "201608" not in {slot.period.id for slot in wanted(TARGET)}
    on_the_first = wanted(TARGET, agreed=record("agreement", "2016-08-01"))
    assert ids(on_the_first, "FOLLOW_UP")[0] == "201608"
    some_time_in_august = wanted(TARGET, agreed=record("agreement", "2016-08-01", date_known="MONTH"))
    assert ids(some_time_in_august, "FOLLOW_UP")[0] == "201609"
    yearly = wanted(TARGET, kind="Yearly", today=dt.date(2018, 2, 1))
    assert (ids(yearly, "BASELINE"), ids(yearly, "FOLLOW_UP")) == (["2015"], ["2017"])


def test_a_period_is_complete_the_day_after_its_last():
    assert ids(wanted(TARGET, today=dt.date(2016, 11, 30)), "FOLLOW_UP") == ["201609", "201610"]


def test_nothing_before_the_day_that_the_file_names():
    found = wanted(TARGET, since=dt.date(2016, 10, 1))
    assert [slot.period.id for slot in found] == ["201610", "201611"]


def test_nothing_when_nobody_stated_when_the_cycle_began_or_no_measure_is_named():
    assert wanted(TARGET, agreed=record("agreement", "2016-08-10", date_known="NOT_STATED")) == []
    assert wanted(record("target", "2016-08-20", measure="OTHER", measure_other="MAT_DEATH")) == []
    assert wanted(record("activity", "2016-08-20")) == []


@pytest.mark.parametrize("kind", ["priority", "target", "measurement"])
def test_a_measure_is_wanted_once_something_names_it(kind):
    assert {slot.measure for slot in wanted(record(kind, "2016-08-20", measure="HH_COMPL"))} == {"HH_COMPL"}


def taken(on, **values):
    found = wanted(TARGET, record("measurement", on, measure="MAT_DEATH", **values))
    return [slot.period.id for slot in found if slot.is_taken]


def test_what_people_measured_in_a_period_takes_it():
    assert taken("2016-10-03") == ["201610"]
    assert taken("2016-10-01", date_known="MONTH") == ["201610"]
    # A year holds many months, and a day that nobody stated is no day.
    assert taken("2016-01-01", date_known="YEAR") == []
    assert taken("2016-10-03", date_known="NOT_STATED") == []
    assert taken("2016-10-03", status="SCHEDULE") == []
    assert taken("2016-10-03", point="LATER") == ["201610"]


def test_a_measure_that_has_a_baseline_gets_no_other():
    assert ids(wanted(TARGET, measured("2016-08-12", measure="MAT_DEATH", point="BASELINE")), "BASELINE") == []
    assert len(ids(wanted(TARGET, measured("2016-08-12", measure="HH_COMPL", point="BASELINE")), "BASELINE")) == 12


def test_the_latest_cycle_that_goes_on():
    first, second = Cycle("a", dt.date(2015, 1, 1)), Cycle("b", dt.date(2016, 1, 1), "COMPLETED")
    assert active_cycle(partnership(first, second)) == first
    assert active_cycle(partnership(second)) is None


def test_what_came_from_the_hmis_is_no_work_of_the_partnership():
    came = record("measurement", "2016-11-30", measure="MAT_DEATH", value=3, record_source="HMIS, 2016-11: Deaths")
    made = record("measurement", "2016-10-30", measure="MAT_DEATH", value=3, record_source="Ward register")
    assert last_action(cycle(AGREED, came, made), TODAY) == dt.date(2016, 10, 30)
    assert last_action(cycle(AGREED, came), TODAY) is None
    assert current_step(cycle(AGREED, came)) == "1_PARTNERSHIP_DEVELOPMENT"
    assert current_step(cycle(AGREED, made)) == "5_ACTION"
