"""Measures: progress either way, and results in which no data is never a failure."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.builders import info
from tests.unit.report_samples import cycle, measured, record
from tpi_dhis2.domain import measures
from tpi_dhis2.domain.measures import HIGHER, LOWER, MET, NO_DATA, NOT_MET, NOT_YET_DUE
from tpi_dhis2.domain.records import Measure, Record

TODAY = dt.date(2018, 9, 1)


def target(**values: object) -> Record:
    return record(
        "target", "2016-12-01", **{"measure": "HH_COMPL", "long_target": 60, "long_due": "2018-06-30", **values}
    )


# What a measure is


def test_every_core_measure_of_the_package_has_a_direction_and_no_other_has() -> None:
    assert set(measures.CORE_DIRECTIONS) == set(info("measure").options or {}) - {"OTHER"}


@pytest.mark.parametrize("code", sorted(measures.CORE_DIRECTIONS))
def test_the_factor_of_a_core_measure_is_the_one_in_its_label(code: str) -> None:
    label = (info("measure").options or {})[code]
    factor = 1 if "points" in label else 1000 if "per 1000" in label else 100
    assert measures.value(measured("2017-01-01", measure=code, numerator=1, denominator=1)) == factor


@pytest.mark.parametrize(
    "code", ["SSI_RATE", "HAI_PREV", "SHARPS", "INP_DEATH", "MAT_DEATH", "STILLB_FRESH", "NEO_DEATH"]
)
def test_harm_should_become_less(code: str) -> None:
    assert measures.CORE_DIRECTIONS[code] == LOWER


def test_records_are_comparable_only_when_they_name_the_same_measure() -> None:
    named = {"measure": "OTHER", "measure_other": " Sharps injuries "}
    assert record("target", **named).measure == Measure("OTHER", "Sharps injuries")
    assert record("target", measure_other="Sharps injuries").measure == Measure("OTHER", "Sharps injuries")
    assert record("target", measure="HH_COMPL", measure_other="said twice").measure == Measure("HH_COMPL")
    assert record("target", measure="OTHER").measure is None
    assert record("target").measure is None


def test_the_direction_is_the_recorded_one_else_that_of_the_core_measure_else_unknown() -> None:
    assert measures.direction(record("target", measure="SSI_RATE", direction=HIGHER)) == HIGHER
    assert measures.direction(record("target", measure="SSI_RATE")) == LOWER
    assert measures.direction(record("target", measure="OTHER")) is None


# Values


@pytest.mark.parametrize(
    ("values", "value"),
    [
        ({"value": 8.0, "numerator": 129, "denominator": 1604}, 8.0),
        ({"numerator": 129, "denominator": 1604}, pytest.approx(8.0424, abs=1e-4)),
        ({"value": 0}, 0.0),
        ({"numerator": 0, "denominator": 50}, 0.0),
        ({"numerator": 5, "denominator": 0}, None),
        ({"numerator": 5}, None),
        ({"denominator": 50}, None),
        ({"change_stated": -50}, None),
        ({}, None),
    ],
)
def test_a_value_is_the_recorded_one_else_follows_from_its_parts_else_is_none(
    values: dict[str, object], value: float | None
) -> None:
    assert measures.value(measured("2017-01-01", **values)) == value


@pytest.mark.parametrize(("denominator", "small"), [("29", True), ("30", False), ("0", True), ("", False)])
def test_a_small_sample_has_a_known_denominator_below_thirty(denominator: str, small: bool) -> None:
    assert measures.is_small(measured("2017-01-01", denominator=denominator)) is small


def test_a_series_is_in_order_of_time_with_an_undated_baseline_first_and_other_undated_ones_last() -> None:
    undated = {"on": "2016-08-01", "date_known": "NOT_STATED"}
    records = [
        measured(**undated, point="LATER", value=5),
        measured("2017-06-01", point="FOLLOW_UP", value=3),
        measured(**undated, point="FOLLOW_UP", value=4),
        measured("2017-01-01", point="FOLLOW_UP", value=2),
        measured(**undated, point="BASELINE", value=1),
        measured("2017-02-01", measure="SSI_RATE", value=9),
    ]
    found = measures.series(cycle(*records), Measure("HH_COMPL"))
    assert [measures.value(each) for each in found] == [1, 2, 3, 4, 5]


def test_the_latest_value_passes_over_measurements_without_one() -> None:
    records = [measured("2017-01-01", value=40), measured("2017-06-01", change_stated=10)]
    assert measures.latest(records) is records[0]
    assert measures.latest(records[1:]) is None


def test_the_baseline_is_the_one_of_the_target_else_the_measurement_marked_so_else_none() -> None:
    marked = [measured("2016-10-01", point="BASELINE", value=22)]
    assert measures.baseline(target(baseline=0), marked) == 0
    assert measures.baseline(target(), marked) == 22
    assert measures.baseline(target(), [measured("2017-01-01", value=50)]) is None


# Progress


@pytest.mark.parametrize(
    ("start", "now", "goal", "percent"),
    [
        (22, 22, 66, 0),
        (22, 44, 66, 50),
        (22, 66, 66, 100),
        (22, 88, 66, 150),
        (22, 11, 66, -25),
        (8.4, 6.7, 5, 50),
        (8.4, 5.0, 5, 100),
        (8.4, 10.1, 5, -50),
        (0, 0, 10, 0),
        (10, 5, 10, None),
        (None, 5, 10, None),
        (0, None, 10, None),
        (0, 5, None, None),
    ],
)
def test_progress_is_the_part_of_the_way_in_either_direction_and_is_not_capped(
    start: float | None, now: float | None, goal: float | None, percent: float | None
) -> None:
    assert measures.progress(start, now, goal) == (None if percent is None else pytest.approx(percent))


@pytest.mark.parametrize(
    ("now", "wanted", "reached"), [(60, HIGHER, True), (59.9, HIGHER, False), (60, LOWER, True), (60.1, LOWER, False)]
)
def test_a_target_is_reached_at_its_value_or_beyond_in_the_direction_wanted(
    now: float, wanted: str, reached: bool
) -> None:
    assert measures.reached(now, 60, wanted) is reached


# Results

BEFORE, AFTER = dt.date(2018, 6, 29), dt.date(2018, 7, 1)
RESULTS = {
    "at the target in time": ([("2018-06-01", 60)], AFTER, MET),
    "at the target before it is due": ([("2017-06-01", 61)], BEFORE, MET),
    "measured on the very day": ([("2018-06-30", 60)], AFTER, MET),
    "below, before it is due": ([("2018-06-01", 59)], BEFORE, NOT_YET_DUE),
    "below, on the day it is due": ([("2018-06-01", 59)], dt.date(2018, 6, 30), NOT_YET_DUE),
    "below, the day after": ([("2018-06-01", 59)], AFTER, NOT_MET),
    "nothing measured before it is due": ([], BEFORE, NOT_YET_DUE),
    "nothing measured and due": ([], AFTER, NO_DATA),
    "measured only after it was due, at the target": ([("2018-07-01", 90)], TODAY, NO_DATA),
    "measured only after it was due, below": ([("2018-07-01", 10)], TODAY, NO_DATA),
    "fallen back by the due date": ([("2017-06-01", 70), ("2018-06-01", 50)], AFTER, NOT_MET),
    "reached late, but in time": ([("2017-06-01", 50), ("2018-06-30", 60)], AFTER, MET),
}


@pytest.mark.parametrize(("points", "today", "result"), RESULTS.values(), ids=RESULTS)
def test_a_result_follows_from_the_newest_follow_up_by_the_due_date(
    points: list[tuple[str, int]], today: dt.date, result: str
) -> None:
    found = [measured(on, point="FOLLOW_UP", value=value) for on, value in points]
    assert measures.result(target(), "long", found, today) == result


def test_a_baseline_alone_is_no_data_and_never_a_failure() -> None:
    marked = measured("2016-10-01", point="BASELINE", value=22)
    unmarked = measured("2016-10-01", value=22)
    assert measures.result(target(), "long", [marked], AFTER) == NO_DATA
    assert measures.result(target(baseline_date="2016-10-01"), "long", [unmarked], AFTER) == NO_DATA


def test_a_due_target_of_unknown_direction_is_no_data_and_never_a_failure() -> None:
    unknown = target(measure="OTHER", measure_other="Sharps injuries")
    found = [measured("2018-01-01", measure="OTHER", measure_other="Sharps injuries", value=4)]
    assert measures.result(unknown, "long", found, AFTER) == NO_DATA


def test_a_measurement_of_no_stated_date_cannot_show_that_a_target_was_reached_by_its_date() -> None:
    undated = measured("2016-08-01", date_known="NOT_STATED", point="FOLLOW_UP", value=90)
    assert measures.result(target(), "long", [undated], AFTER) == NO_DATA


def test_a_measurement_of_no_stated_date_can_show_that_a_target_without_a_date_was_reached() -> None:
    # The stored day only stands in for the date that nobody stated; that it lies before the baseline means nothing.
    undated = measured("2016-08-01", date_known="NOT_STATED", point="FOLLOW_UP", value=90)
    without_due = target(long_due="", baseline_date="2016-10-01")
    assert measures.result(without_due, "long", [undated], AFTER) == MET


def test_a_target_without_due_date_is_met_or_not_yet_due_but_never_missed() -> None:
    found = [measured("2018-06-01", point="FOLLOW_UP", value=59)]
    assert measures.result(target(long_due=""), "long", found, AFTER) == NOT_YET_DUE


@pytest.mark.parametrize(("today", "result"), [(dt.date(2018, 6, 30), NOT_YET_DUE), (dt.date(2018, 7, 1), NOT_MET)])
def test_a_target_due_in_a_month_is_due_at_its_end(today: dt.date, result: str) -> None:
    found = [measured("2018-06-20", point="FOLLOW_UP", value=59)]
    assert measures.result(target(long_due="2018-06-01", date_known="MONTH"), "long", found, today) == result


def test_a_due_date_stays_known_when_it_is_not_stated_when_the_target_was_agreed() -> None:
    found = [measured("2018-06-01", point="FOLLOW_UP", value=59)]
    assert measures.result(target(date_known="NOT_STATED"), "long", found, AFTER) == NOT_MET


def test_a_term_without_a_target_has_no_result() -> None:
    assert measures.result(target(), "short", [], AFTER) is None


def test_a_target_of_less_is_met_from_above() -> None:
    less = target(measure="SSI_RATE", long_target=5)
    assert measures.result(less, "long", [measured("2018-06-01", value=4.9)], AFTER) == MET
    assert measures.result(less, "long", [measured("2018-06-01", value=5.1)], AFTER) == NOT_MET


def test_the_results_are_the_options_of_the_package() -> None:
    assert list(info("long_result").options or {}) == [MET, NOT_MET, NOT_YET_DUE, NO_DATA]
