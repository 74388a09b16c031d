"""Dates: as exact as they were known, never more."""

from __future__ import annotations

import datetime as dt

import pytest

from tpi_dhis2.domain.dates import DAY, MONTH, NOT_STATED, YEAR, KnownDate, iso_date


@pytest.mark.parametrize(
    ("text", "first", "known"),
    [
        ("2016", dt.date(2016, 1, 1), YEAR),
        ("2016-08", dt.date(2016, 8, 1), MONTH),
        ("2016-08-30", dt.date(2016, 8, 30), DAY),
        ("  2016-08 \n", dt.date(2016, 8, 1), MONTH),
        ("2024-02-29", dt.date(2024, 2, 29), DAY),
        ("0001", dt.date(1, 1, 1), YEAR),
    ],
)
def test_a_date_is_read_to_the_day_the_month_or_the_year(text: str, first: dt.date, known: str) -> None:
    assert KnownDate.parse(text) == KnownDate(first, known)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "16",
        "2016-8",
        "2016-",
        "2016-08-",
        "30/08/2016",
        "2016-08-30T10:00",
        "2016-08-30 x",
        "-2016",
        "20160830",
    ],
)
def test_what_is_no_date_is_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="2016-08-30"):
        KnownDate.parse(text)


@pytest.mark.parametrize("text", ["2016-02-30", "2023-02-29", "2016-13", "2016-00", "2016-01-00", "0000"])
def test_a_day_that_the_calendar_lacks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a day of the calendar"):
        KnownDate.parse(text)


@pytest.mark.parametrize(
    ("known", "shown"), [(DAY, "2016-08-30"), (MONTH, "2016-08"), (YEAR, "2016"), (NOT_STATED, ""), ("nonsense", "")]
)
def test_a_date_shows_no_more_than_is_known(known: str, shown: str) -> None:
    assert str(KnownDate(dt.date(2016, 8, 30), known)) == shown


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2016", dt.date(2016, 12, 31)),
        ("2016-02", dt.date(2016, 2, 29)),
        ("2017-02", dt.date(2017, 2, 28)),
        ("2016-12", dt.date(2016, 12, 31)),
        ("2016-08-30", dt.date(2016, 8, 30)),
        ("9999", dt.date(9999, 12, 31)),
    ],
)
def test_the_last_day_that_a_date_can_mean_is_that_of_its_year_or_month(text: str, last: dt.date) -> None:
    assert KnownDate.parse(text).last == last


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2016-08-30", dt.date(2016, 8, 30)),
        ("2016-08-30T00:00:00.000", dt.date(2016, 8, 30)),
        ("2016-08-30T23:59:59.999+0200", dt.date(2016, 8, 30)),
        ("", None),
        (None, None),
        ("soon", None),
        ("2016-02-30", None),
    ],
)
def test_the_day_of_a_server_timestamp_is_read_or_is_none(text: str | None, day: dt.date | None) -> None:
    assert iso_date(text) == day
