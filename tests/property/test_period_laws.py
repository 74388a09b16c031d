"""Laws of periods: complete ones only, each day in one of them, and named as DHIS2 names them."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tpi_dhis2.domain.periods import MONTHS, ended

laws = settings(max_examples=250, deadline=None, derandomize=True, database=None, phases=(Phase.generate, Phase.shrink))
DAY = dt.timedelta(days=1)
kinds = st.sampled_from(sorted(MONTHS))
days = st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31))


@laws
@given(kinds, days, st.integers(0, 3000))
def test_only_what_has_ended_by_then_and_not_before(kind: str, since: dt.date, length: int) -> None:
    until = since + length * DAY
    found = list(ended(kind, since, until))
    assert all(since <= period.last <= until for period in found)
    assert all(after.first == before.last + DAY for before, after in pairwise(found))
    # The one after the last has not ended yet, the one before the first ended too early.
    nearest = {period.last for period in ended(kind, since - 800 * DAY, until + 800 * DAY)}
    assert {day for day in nearest if since <= day <= until} == {period.last for period in found}


@laws
@given(kinds, days)
def test_a_period_has_whole_months_and_a_day_lies_in_one(kind: str, day: dt.date) -> None:
    around = list(ended(kind, day - 800 * DAY, day + 800 * DAY))
    (mine,) = [period for period in around if period.holds(day, day)]
    assert mine.first.day == 1
    assert (mine.last + DAY).day == 1
    months = (mine.last.year - mine.first.year) * 12 + mine.last.month - mine.first.month + 1
    assert (months, (mine.first.month - 1) % months) == (MONTHS[kind], 0)
    assert len({period.id for period in around}) == len(around)


def test_periods_are_named_as_dhis2_names_them() -> None:
    year = dt.date(2024, 1, 1), dt.date(2024, 12, 31)
    monthly = [period.id for period in ended("Monthly", *year)]
    assert (monthly[0], monthly[-1], len(monthly)) == ("202401", "202412", 12)
    assert [period.id for period in ended("Quarterly", *year)] == ["2024Q1", "2024Q2", "2024Q3", "2024Q4"]
    assert [period.id for period in ended("SixMonthly", *year)] == ["2024S1", "2024S2"]
    assert [period.id for period in ended("Yearly", *year)] == ["2024"]
    assert [period.last.isoformat() for period in ended("Monthly", dt.date(2024, 2, 29), dt.date(2024, 3, 30))] == [
        "2024-02-29"
    ]
    assert [period.label for period in ended("SixMonthly", *year)] == ["2024 half 1", "2024 half 2"]
