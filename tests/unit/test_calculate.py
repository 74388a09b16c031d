"""Calculated fields: what follows from the records, and nothing where nothing follows."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.report_samples import answers, cycle, measured, partnership, record
from tpi_dhis2.domain import calculate
from tpi_dhis2.package.fields import package_fields

TODAY = dt.date(2018, 9, 1)
TARGET = {
    "measure": "HH_COMPL", "short_target": 45, "short_due": "2017-06-30", "long_target": 65, "long_due": "2018-12-31",
}  # fmt: skip


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [
        (None, 2, None),
        (0.0, 2, "0"),
        (-0.001, 2, "0"),
        (100.0, 2, "100"),
        (1200.0, 2, "1200"),
        (3.10, 2, "3.1"),
        (3.456, 2, "3.46"),
        (-25.0, 2, "-25"),
        (1e21, 2, "1000000000000000000000"),
        (0.5, 1, "0.5"),
        (100.0, 0, "100"),
        (0.0, 0, "0"),
    ],
)
def test_a_number_is_written_without_exponent_and_needless_zeros(
    number: float | None, decimals: int, text: str | None
) -> None:
    assert calculate.plain(number, decimals) == text


def test_every_calculated_field_of_the_package_is_calculated_and_no_other() -> None:
    found = cycle(record("target", **TARGET), answers("HOST"), record("priority"), record("plan"))
    keys = set(calculate.of_partnership(partnership(found)))
    for each in found.records:
        keys |= set(calculate.of_record(each, found, TODAY))
    assert keys == package_fields().calculated


def test_the_current_step_is_that_of_the_latest_cycle() -> None:
    old, new = cycle(record("impact"), began="2016-01-01"), cycle(record("needs"), began="2018-01-01")
    assert calculate.of_partnership(partnership(old, new)) == {"current_step": "2_NEEDS_ASSESSMENT"}
    assert calculate.of_partnership(partnership()) == {"current_step": None}


def test_a_target_gets_latest_value_and_results_from_the_measurements_of_its_measure() -> None:
    one = record("target", "2016-12-01", **TARGET)
    found = cycle(
        one,
        measured("2017-06-01", point="FOLLOW_UP", value=48),
        measured("2018-06-01", point="FOLLOW_UP", numerator=2, denominator=3),
        measured("2018-07-01", measure="SSI_RATE", value=9),
    )
    assert calculate.of_record(one, found, TODAY) == {
        "latest_value": "66.67", "latest_date": "2018-06-01", "short_result": "MET", "long_result": "MET",
    }  # fmt: skip


def test_a_target_without_measurements_has_no_latest_value_and_no_failure() -> None:
    one = record("target", "2016-12-01", **TARGET)
    assert calculate.of_record(one, cycle(one), TODAY) == {
        "latest_value": None, "latest_date": None, "short_result": "NO_DATA", "long_result": "NOT_YET_DUE",
    }  # fmt: skip


def test_a_target_that_names_no_measure_takes_nobody_elses_measurements() -> None:
    one = record("target", "2016-12-01", **{**TARGET, "measure": "OTHER"})
    found = cycle(one, measured("2017-06-01", measure="OTHER", value=48))
    assert calculate.of_record(one, found, TODAY)["latest_value"] is None


def test_the_date_of_the_latest_value_is_absent_when_it_is_not_stated() -> None:
    one = record("target", **TARGET)
    found = cycle(one, measured("2016-08-01", date_known="NOT_STATED", value=48))
    calculated = calculate.of_record(one, found, TODAY)
    assert (calculated["latest_value"], calculated["latest_date"]) == ("48", None)


def test_scores_follow_from_the_answers_of_the_arm_and_are_absent_below_the_quorum() -> None:
    full = answers("HOST", {"pf01": 1, "pf02": 2, "pf03": 2}, default=3)
    assert calculate.of_functioning(full) == {
        "pf_a": "1.67", **{f"pf_{letter}": "3" for letter in "bcdefgh"}, "pf_score": "2.83",
    }  # fmt: skip
    assert set(calculate.of_functioning(answers("HOST", {"pf01": 4}, default=None)).values()) == {None}


@pytest.mark.parametrize(
    ("values", "score", "gap"),
    [
        ({"impact": 5, "feasibility": 4}, "20", None),
        ({"impact": 5}, None, None),
        ({"feasibility": 4}, None, None),
        ({"measure": "HH_COMPL", "baseline": 22, "desired": 80}, None, "58"),
        ({"measure": "SSI_RATE", "baseline": 8.4, "desired": 4}, None, "4.4"),
        ({"measure": "SSI_RATE", "baseline": 3, "desired": 4}, None, "-1"),
        ({"measure": "HH_COMPL", "direction": "LOWER", "baseline": 22, "desired": 80}, None, "-58"),
        ({"measure": "HH_COMPL", "baseline": 0, "desired": 0}, None, "0"),
        ({"measure": "HH_COMPL", "baseline": 22}, None, None),
        ({"measure": "OTHER", "baseline": 22, "desired": 80}, None, None),
    ],
)
def test_a_priority_gets_impact_times_feasibility_and_a_gap_that_is_positive_while_the_standard_is_not_met(
    values: dict[str, object], score: str | None, gap: str | None
) -> None:
    calculated = calculate.of_record(record("priority", **values), cycle(), TODAY)
    assert calculated == {"priority_score": score, "gap": gap}


@pytest.mark.parametrize(
    ("values", "signed"),
    [
        ({"plan_host_signed": "2016-05-24", "plan_partner_signed": "2016-05-31"}, "2016-05-31"),
        ({"plan_host_signed": "2016-06-24", "plan_partner_signed": "2016-05-31"}, "2016-06-24"),
        ({"plan_host_signed": "2016-05-24"}, None),
        ({"plan_partner_signed": "2016-05-31"}, None),
        ({}, None),
    ],
)
def test_a_plan_is_joint_from_the_later_signature_on_and_never_with_one(
    values: dict[str, str], signed: str | None
) -> None:
    assert calculate.of_record(record("plan", **values), cycle(), TODAY) == {"plan_signed_on": signed}


@pytest.mark.parametrize("kind", ["agreement", "needs", "activity", "measurement", "contact", "spread", "impact"])
def test_kinds_without_calculated_fields_get_none(kind: str) -> None:
    assert calculate.of_record(record(kind), cycle(), TODAY) == {}
