"""Every indicator gives the number worked out by hand on six partnerships, however servers treat empty fields."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.builders import OTHER_UNIT, UNIT, UNITS, partnerships_of
from tests.unit.indicator_sql import JOINED, KEPT, REPLACED, Query, coded
from tpi_dhis2.domain.calculate import of_partnership, of_record
from tpi_dhis2.domain.records import Partnership, Values
from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sync import files
from tpi_dhis2.sync.drafts import Drafter

LIVE = Path(__file__).parents[1] / "live"
TODAY = dt.date(2026, 11, 25)
PLACES = {"": "", "HOSPITAL": UNIT, "CLINIC": OTHER_UNIT}
Told = dict[str, Any]


@cache
def told() -> dict[str, Told]:
    content: dict[str, Told] = yaml.safe_load((LIVE / "indicator_numbers.yaml").read_text("utf-8"))
    return content


def expected(key: str) -> dict[tuple[int, str], float]:
    """The numbers of an indicator by year and unit; a year that is not named has none."""
    given = {str(place): value for place, value in told()["numbers"].get(key, {}).items() if place != "why"}
    found = {(int(place.split()[0]), "".join(place.split()[1:])): float(value) for place, value in given.items()}
    return {(2025, ""): 0.0, (2026, ""): 0.0, **found}


def _with(values: Values, made: Told, by_hand: Told) -> Values:
    """The values with what the tool works out; by hand it came to the same."""
    known = {key: value for key, value in made.items() if value is not None}
    for key, value in by_hand.items():
        assert known.get(key) == value, (key, known)
    return {**values, **known, **by_hand}


def _made(partnership: Partnership, today: dt.date) -> dict[str, Told]:
    """What the tool works out, by UID."""
    of_records = {record.uid: of_record(record, cycle, today) for cycle in partnership for record in cycle.records}
    return {partnership.uid: of_partnership(partnership, today), **of_records}


def _calculated(partnership: Partnership, today: dt.date) -> Partnership:
    made, by_hand = _made(partnership, today), told()["calculated"][partnership.values["code"]]
    count: dict[str, int] = {}
    cycles = []
    for cycle in partnership:
        records = []
        for record in sorted(cycle.records, key=lambda one: one.occurred or dt.date.max):
            count[record.kind] = count.get(record.kind, 0) + 1
            place = by_hand.get(f"{record.kind} {count[record.kind]}", {})
            records.append(replace(record, values=_with(record.values, made.get(record.uid, {}), place)))
        cycles.append(replace(cycle, records=tuple(records)))
    values = _with(partnership.values, made[partnership.uid], by_hand["profile"])
    return replace(partnership, values=values, cycles=tuple(cycles))


@cache
def data(today: dt.date = TODAY) -> list[Partnership]:
    drafts = Drafter(package_fields(), UNITS).drafts(files.read(LIVE / "indicators.yaml"))
    assert not drafts.rejected
    return [_calculated(partnership, today) for partnership in partnerships_of(drafts)]


def keys(kind: str) -> list[str]:
    return [code.removeprefix("TPI_").lower() for code in coded(kind)]


def test_the_numbers_by_hand_are_of_indicators_that_there_are_and_say_why() -> None:
    assert set(told()["numbers"]) <= {*keys("programIndicators"), *keys("indicators")}
    assert all(len(entry["why"]) > 2 for entry in told()["numbers"].values())


@pytest.mark.parametrize("empty", [KEPT, REPLACED, JOINED])
@pytest.mark.parametrize("key", keys("programIndicators"))
def test_a_program_indicator_gives_the_number_worked_out_by_hand(key: str, empty: str) -> None:
    for (year, place), number in expected(key).items():
        found = Query(data(), TODAY, PLACES[place], empty).program_indicator(code_of(key), year)
        assert (found or 0) == pytest.approx(number), (key, year, place)


@pytest.mark.parametrize("key", keys("indicators"))
def test_an_indicator_gives_the_number_worked_out_by_hand(key: str) -> None:
    for (year, place), number in expected(key).items():
        found = Query(data(), TODAY, PLACES[place]).indicator(code_of(key), year)
        assert round(found or 0, 1) == number, (key, year, place)


def test_a_number_that_is_nothing_is_no_zero() -> None:
    query = Query(data(), TODAY)
    assert query.program_indicator("TPI_TP11_SCORE_WASH", 2026) == 0
    assert query.program_indicator("TPI_TP26_SCORE", 2025) is None
    assert query.program_indicator("TPI_TP22_SSI_RATE", 2026) is None
    assert query.indicator("TPI_TP33", 2025) is None


def test_the_numbers_do_not_depend_on_the_day_of_asking() -> None:
    later = dt.date(2035, 1, 1)
    for key in keys("programIndicators"):
        for year in (2025, 2026):
            now, then = (Query(data(), day).program_indicator(code_of(key), year) for day in (TODAY, later))
            assert now == then, key


@pytest.mark.parametrize(
    ("code", "today", "number"),
    [
        ("TPI_TP08_COHORT", dt.date(2026, 7, 14), None),  # Cedar began on 15 January
        ("TPI_TP08_COHORT", dt.date(2026, 7, 15), 1),
        ("TPI_TP06_OLDER", dt.date(2026, 4, 14), 1),
        ("TPI_TP06_OLDER", dt.date(2026, 4, 15), 2),
        ("TPI_TP09_STALLED", dt.date(2026, 6, 30), None),  # 90 days after Elder's second cycle began
        ("TPI_TP09_STALLED", dt.date(2026, 7, 1), 1),
        ("TPI_TP09_STALLED", dt.date(2026, 7, 30), 1),  # 90 days after Alder's measurement of 1 May
        ("TPI_TP09_STALLED", dt.date(2026, 7, 31), 2),
        ("TPI_TP15_OVERDUE", dt.date(2026, 7, 1), 1),  # the day of a deadline is not late
        ("TPI_TP15_OVERDUE", dt.date(2026, 7, 2), 2),
    ],
)
def test_what_depends_on_today_turns_on_its_day(code: str, today: dt.date, number: float | None) -> None:
    young = [replace(p, cycles=tuple(c for c in p.cycles if c.began <= today)) for p in data()]
    assert Query(young, today).program_indicator(code, 2026) == number


def test_no_data_is_neither_met_nor_missed() -> None:
    assert Query(data(), TODAY).indicator("TPI_TP19", 2026) == 100
    alder = data()[0]
    assert [record.text("short_result") for record in alder.cycles[0].of("target")] == ["MET", "NO_DATA"]
