"""Work: what is overdue, what came in time, what it cost."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.report_samples import record
from tpi_dhis2.domain import work

TODAY = dt.date(2018, 9, 1)
PAST, FUTURE = "2018-08-31", "2018-09-30"


@pytest.mark.parametrize(
    ("values", "overdue"),
    [
        ({"planned_end": PAST}, True),
        ({"planned_end": PAST, "activity_status": "ON_TRACK"}, True),
        ({"planned_end": PAST, "activity_status": "NOT_STARTED"}, True),
        ({"planned_end": PAST, "activity_status": "COMPLETED"}, False),
        ({"planned_end": PAST, "activity_status": "CANCELLED"}, False),
        ({"planned_end": "2018-09-01"}, False),
        ({"planned_end": "2018-09-01", "date_known": "MONTH"}, False),
        ({"planned_end": "2018-08-01", "date_known": "MONTH"}, True),
        ({"planned_end": "2018-01-01", "date_known": "YEAR"}, False),
        ({"planned_end": "2017-01-01", "date_known": "YEAR"}, True),
        ({"planned_end": FUTURE}, False),
        ({"planned_end": PAST, "new_deadline": FUTURE}, False),
        ({"planned_end": FUTURE, "new_deadline": PAST}, True),
        ({}, False),
    ],
)
def test_work_is_overdue_when_its_deadline_of_now_has_passed_and_it_goes_on(
    values: dict[str, str], overdue: bool
) -> None:
    assert work.is_overdue(record("activity", **values), TODAY) is overdue


@pytest.mark.parametrize(
    ("values", "on_time"),
    [
        ({"actual_end": PAST, "planned_end": PAST}, True),
        ({"actual_end": FUTURE, "planned_end": PAST}, False),
        ({"actual_end": FUTURE, "planned_end": PAST, "new_deadline": FUTURE}, False),
        ({"actual_end": "2018-09-01", "planned_end": "2018-09-01", "date_known": "MONTH"}, True),
        ({"actual_end": PAST}, None),
        ({"planned_end": PAST}, None),
        ({"actual_end": PAST, "planned_end": PAST, "activity_status": "ON_TRACK"}, None),
    ],
)
def test_in_time_means_by_the_first_deadline_and_can_be_unknown(values: dict[str, str], on_time: bool | None) -> None:
    assert work.on_time(record("activity", **{"activity_status": "COMPLETED", **values})) is on_time


def test_a_sum_of_nothing_is_none_and_a_sum_of_zeros_is_zero() -> None:
    assert work.total([record("activity"), record("activity")], "spent") is None
    assert work.total([record("activity"), record("activity", spent=0)], "spent") == 0
    assert work.total([record("activity", spent=1.5), record("activity", spent=2)], "spent") == 3.5


def test_the_summary_leaves_cancelled_work_out_of_plan_and_budget_but_not_out_of_what_was_spent() -> None:
    activities = [
        record("activity", activity_status="COMPLETED", activity_budget=100, spent=120, trained=30),
        record("activity", activity_status="CANCELLED", activity_budget=1000, spent=5, planned_end=PAST),
        record("activity", activity_status="DELAYED", planned_end=PAST, activity_budget=0),
        record("activity", planned_end=FUTURE),
    ]
    assert work.summarise(activities, TODAY) == work.WorkSummary(
        planned=3, completed=1, overdue=1, cancelled=1, without_status=1, budget=100, spent=125, trained=30
    )


def test_of_no_work_nothing_is_known() -> None:
    summary = work.summarise([], TODAY)
    assert (summary.planned, summary.budget, summary.spent, summary.trained) == (0, None, None, None)
