"""Words: dates no more exact than known, money with its currency, nothing absent turned into zero."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.report_samples import record
from tpi_dhis2.domain.dates import DAY, MONTH, NOT_STATED, YEAR, KnownDate
from tpi_dhis2.report import words

FIRST = dt.date(2016, 8, 1)


@pytest.mark.parametrize(
    ("known", "said", "short"),
    [
        (KnownDate(FIRST, DAY), "1 August 2016", "1 Aug 2016"),
        (KnownDate(FIRST, MONTH), "August 2016", "Aug 2016"),
        (KnownDate(FIRST, YEAR), "2016", "2016"),
        (KnownDate(FIRST, NOT_STATED), "not stated", "not stated"),
        (None, "not stated", "not stated"),
    ],
)
def test_a_date_is_shown_as_exactly_as_it_is_known(known: KnownDate | None, said: str, short: str) -> None:
    assert words.date(known) == said
    assert words.short_date(known) == short


def test_a_date_field_is_shown_as_exactly_as_the_dates_of_its_record_are_known() -> None:
    assert words.field_date(record("plan"), "plan_start") is None
    assert words.field_date(record("plan", plan_start="2016-08-01", date_known="MONTH"), "plan_start") == "August 2016"
    # A field that is given although the record's own date is not stated is known.
    assert words.field_date(record("plan", plan_start="2016-08-01", date_known="NOT_STATED"), "plan_start") == (
        "1 August 2016"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, None),
        (0, "0"),
        (-0.001, "0"),
        (1_000_000, "1\u202f000\u202f000"),
        (-4.5, "\N{MINUS SIGN}4.5"),
        (71.25, "71.25"),
    ],
)
def test_numbers(value: float | None, said: str | None) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("value", "currency", "qualifier", "said"),
    [
        (0, "USD", None, "USD\u202f0"),
        (None, "USD", "ABOUT", None),
        (1_000_000, "EUR", "ABOUT", "about EUR\u202f1\u202f000\u202f000"),
        (5, None, None, "5 (currency not recorded)"),
        (5, "LOCAL", "AT_LEAST", "at least 5 (local currency)"),
    ],
)
def test_money(value: float | None, currency: str | None, qualifier: str | None, said: str | None) -> None:
    assert words.money(value, currency, qualifier) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, None),
        ("2.70", "2.70"),
        ("-0.5", "\N{MINUS SIGN}0.5"),
        ("1234.50", "1\u202f234.50"),
        ("60", "60"),
        ("66.666666666", "66.67"),
        ("1e3", "1\u202f000"),
        ("many", "many"),
    ],
)
def test_numbers_as_written(text: str | None, said: str | None) -> None:
    assert words.as_written(text) == said


def test_signed_differences() -> None:
    assert [words.signed(value) for value in (0.5, -0.5, 0, 0.001)] == ["+0.5", "\N{MINUS SIGN}0.5", "0", "0"]


def test_lists_and_counts() -> None:
    assert [words.sentence(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [words.counted(count, "visit", "visits") for count in (0, 1, 2)] == ["0 visits", "1 visit", "2 visits"]
