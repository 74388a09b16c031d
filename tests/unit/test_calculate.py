"""Calculated fields: what follows from the records, and nothing where nothing follows."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.report_samples import answers, cycle, measured, partnership, record
from tpi_dhis2.domain import calculate
from tpi_dhis2.domain.functioning import DOMAINS
from tpi_dhis2.domain.numbers import difference, plain
from tpi_dhis2.domain.records import Record
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
        (2.675, 2, "2.68"),
        (-2.675, 2, "-2.68"),
        (1.005, 2, "1.01"),
        (0.125, 2, "0.13"),
        (0.5, 0, "1"),
        (12345678.905, 2, "12345678.91"),
        (1.7e308, 2, "17" + 307 * "0"),
    ],
)
def test_a_number_is_written_without_exponent_and_needless_zeros(
    number: float | None, decimals: int, text: str | None
) -> None:
    assert plain(number, decimals) == text


@pytest.mark.parametrize(
    ("one", "other", "left"), [(10.105, 0.1, 10.005), (0.3, 0.1, 0.2), (4, 8.4, -4.4), (1e21, 1, 1e21)]
)
def test_a_difference_is_that_of_the_decimals_that_people_wrote(one: float, other: float, left: float) -> None:
    assert difference(one, other) == left


def test_every_calculated_field_of_the_package_is_calculated_and_no_other() -> None:
    impact = record("impact", evaluation_round="END_OF_CYCLE")
    alone = [record(kind) for kind in ("priority", "plan", "activity", "measurement")]
    found = cycle(record("target", **TARGET), answers("HOST"), impact, *alone)
    keys = set(calculate.of_partnership(partnership(found), TODAY))
    for each in found.records:
        keys |= set(calculate.of_record(each, found, TODAY))
    assert keys == package_fields().calculated


def test_the_current_step_is_that_of_the_latest_cycle() -> None:
    old, new = cycle(record("impact"), began="2016-01-01"), cycle(record("needs"), began="2018-01-01")
    found = calculate.of_partnership(partnership(old, new), TODAY)
    assert found == {"current_step": "2_NEEDS_ASSESSMENT", "last_action": None}
    assert calculate.of_partnership(partnership(), TODAY) == {"current_step": None, "last_action": None}


@pytest.mark.parametrize(
    ("records", "day"),
    [
        ([record("contact", "2018-03-01"), record("contact", "2018-02-01")], "2018-03-01"),
        ([record("contact", "2018-03-01", contact_end="2018-03-04")], "2018-03-04"),
        ([measured("2018-04-01", point="BASELINE", value=1)], "2018-04-01"),
        ([record("activity", "2018-03-01", activity_status="ON_TRACK", actual_start="2018-05-02")], "2018-05-02"),
        ([record("activity", "2018-03-01", actual_end="2018-08-02")], "2018-08-02"),
        ([record("activity", "2018-03-01", planned_end="2018-08-02", activity_status="DELAYED")], "2018-03-01"),
        ([record("activity", "2018-03-01", activity_status="NOT_STARTED")], None),
        ([record("contact", "2018-03-01", status="SCHEDULE")], None),
        ([record("contact", "2018-09-02"), record("contact", "2018-09-01")], "2018-09-01"),
        ([record("contact", "2018-03-01", date_known="NOT_STATED")], None),
        ([record("spread", "2018-03-01"), record("impact", "2018-03-01")], None),
    ],
)
def test_the_last_action_is_the_newest_contact_activity_or_measurement_that_took_place(
    records: list[Record], day: str | None
) -> None:
    assert calculate.of_partnership(partnership(cycle(*records)), TODAY)["last_action"] == day


def test_what_was_done_in_an_older_cycle_is_no_action_of_this_one() -> None:
    old, new = cycle(record("contact", "2018-03-01"), began="2016-01-01"), cycle(began="2018-01-01")
    assert calculate.of_partnership(partnership(old, new), TODAY)["last_action"] is None


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
        "change": None, "improvement": None, "gain_kept": None,
    }  # fmt: skip


def test_a_target_without_measurements_has_no_latest_value_and_no_failure() -> None:
    one = record("target", "2016-12-01", **TARGET)
    assert calculate.of_record(one, cycle(one), TODAY) == {
        "latest_value": None, "latest_date": None, "short_result": "NO_DATA", "long_result": "NOT_YET_DUE",
        "change": None, "improvement": None, "gain_kept": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "measured_values", "change", "improvement"),
    [
        ({"baseline": 22}, [{"value": 66}], "44", "44"),
        ({"measure": "SSI_RATE", "baseline": 8.4}, [{"value": 4.1}], "-4.3", "4.3"),
        ({"measure": "SSI_RATE", "baseline": 8}, [{"value": 9.5}], "1.5", "-1.5"),
        ({"direction": "LOWER", "baseline": 22}, [{"value": 66}], "44", "-44"),
        ({}, [{"value": 20, "point": "BASELINE"}, {"value": 60}], "40", "40"),
        ({"baseline": 30}, [{"value": 20, "point": "BASELINE"}, {"value": 60}], "30", "30"),
        ({"baseline": 0.1}, [{"value": 10.105}], "10.01", "10.01"),
        ({"baseline": 0}, [{"value": 0}], "0", "0"),
        ({}, [{"value": 60}], None, None),
        ({"baseline": 30}, [], None, None),
        ({"measure": "OTHER", "measure_other": "Beds", "baseline": 3}, [{"value": 5}], "2", None),
    ],
)
def test_a_change_is_counted_from_the_baseline_and_an_improvement_in_the_direction_wanted(
    target: dict[str, object], measured_values: list[dict[str, object]], change: str | None, improvement: str | None
) -> None:
    one = record("target", **{"measure": "HH_COMPL", **target})
    named = {key: value for key, value in target.items() if key.startswith("measure")}
    days = ["2017-06-01", "2018-06-01"]
    found = [measured(day, **{**named, **values}) for day, values in zip(days, measured_values, strict=False)]
    calculated = calculate.of_record(one, cycle(one, *found), TODAY)
    assert (calculated["change"], calculated["improvement"]) == (change, improvement)


@pytest.mark.parametrize(
    ("later", "kept"),
    [
        ([{"value": 36}], "true"),
        ([{"value": 22}], "false"),
        ([{"value": 14}], "false"),
        ([{"value": 60}, {"value": 20}], "false"),
        ([{"value": 20}, {"value": 60}], "true"),
        ([{"value": 60}, {"point_note": "Not measured"}], "true"),
        ([], None),
    ],
)
def test_a_gain_is_kept_when_the_newest_later_value_is_better_than_the_baseline(
    later: list[dict[str, object]], kept: str | None
) -> None:
    one = record("target", measure="HH_COMPL", baseline=22)
    found = [measured(f"2018-0{number}-01", point="LATER", **values) for number, values in enumerate(later, 1)]
    follow_up = measured("2018-08-01", point="FOLLOW_UP", value=90)
    assert calculate.of_record(one, cycle(one, *found, follow_up), TODAY)["gain_kept"] == kept


def test_whether_a_gain_was_kept_is_unknown_without_a_baseline_or_a_direction() -> None:
    later = measured("2018-01-01", point="LATER", value=36)
    start = measured("2016-01-01", point="BASELINE", value=12)
    one = record("target", measure="HH_COMPL")
    assert calculate.of_record(one, cycle(one, later), TODAY)["gain_kept"] is None
    assert calculate.of_record(one, cycle(one, later, start), TODAY)["gain_kept"] == "true"
    other = {"measure": "OTHER", "measure_other": "Beds"}
    one, later = record("target", baseline=1, **other), measured("2018-01-01", point="LATER", value=36, **other)
    assert calculate.of_record(one, cycle(one, later), TODAY)["gain_kept"] is None


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


@pytest.mark.parametrize(
    ("values", "deadline"),
    [
        ({"planned_end": "2018-08-31"}, "2018-08-31"),
        ({"planned_end": "2018-08-31", "new_deadline": "2018-12-31"}, "2018-12-31"),
        ({"planned_end": "2018-08-31", "new_deadline": "2018-06-30"}, "2018-06-30"),
        ({"planned_end": "2018-01-01", "date_known": "YEAR"}, "2018-01-01"),
        ({"actual_end": "2018-08-31"}, None),
    ],
)
def test_the_deadline_of_an_activity_is_the_new_one_once_it_was_moved(
    values: dict[str, str], deadline: str | None
) -> None:
    assert calculate.of_record(record("activity", **values), cycle(), TODAY) == {"deadline": deadline}


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        ({"numerator": 129, "denominator": 1604, "measure": "SSI_RATE"}, "8.04"),
        ({"numerator": 2, "denominator": 3}, "66.67"),
        ({"numerator": 0, "denominator": 40}, "0"),
        ({"numerator": 1, "denominator": 8, "measure": "SHARPS"}, "12.5"),
        ({"numerator": 7, "denominator": 800, "measure": "MAT_DEATH"}, "8.75"),
        ({"numerator": 380, "denominator": 20, "measure": "HH_KNOW"}, "19"),
        ({"numerator": 2, "denominator": 3, "value": 70}, "66.67"),
        ({"numerator": 2, "denominator": 0}, None),
        ({"numerator": 2}, None),
        ({"denominator": 3}, None),
        ({"value": 70}, None),
        ({"numerator": 2, "denominator": 3, "measure": "OTHER", "measure_other": "Beds", "measure_unit": "%"}, None),
    ],
)
def test_the_value_of_a_core_measure_follows_from_numerator_and_denominator_beside_what_a_person_wrote(
    values: dict[str, object], rate: str | None
) -> None:
    assert calculate.of_record(measured("2018-06-01", **values), cycle(), TODAY) == {"rate": rate}


def _impact(*found: Record, of: str = "END_OF_CYCLE") -> calculate.Calculated:
    impact = record("impact", evaluation_round=of)
    return calculate.of_record(impact, cycle(impact, *found), TODAY)


def test_how_the_relation_works_follows_from_both_arms_by_hand() -> None:
    host = answers("HOST", {"pf01": 1, "pf02": 1, "pf03": 1}, default=3)
    partner = answers("PARTNER", {"pf01": 4, "pf02": 4, "pf03": 4, "pf22": 1, "pf23": 1, "pf24": 1}, default=3)
    # Host: 1 and seven times 3, mean 2.75. Partner: 4, six times 3, and 1, mean 2.875. Both: 2.8125.
    # Differences: 3 in domain A, 2 in domain H, none in six: 5 / 8 = 0.625.
    assert _impact(host, partner) == {
        "functioning_arms": "2", "functioning_score": "2.81", "functioning_gap": "0.63",
        "functioning_a": "2.5", **{f"functioning_{letter}": "3" for letter in "bcdefg"}, "functioning_h": "2",
    }  # fmt: skip


@pytest.mark.parametrize("arm", ["HOST", "PARTNER"])
def test_one_arms_answers_are_never_told_as_those_of_the_partnership(arm: str) -> None:
    found = _impact(answers(arm))
    assert found.pop("functioning_arms") == "1"
    assert found == dict.fromkeys(
        ["functioning_score", "functioning_gap", *(f"functioning_{letter}" for letter in DOMAINS)]
    )


def test_a_domain_that_one_arm_left_out_has_no_score_and_no_difference() -> None:
    partner = answers("PARTNER", default=3)
    host = answers("HOST", dict.fromkeys(DOMAINS["b"], 1), default=None)
    found = _impact(host, partner)
    assert (found["functioning_arms"], found["functioning_score"]) == ("2", None)
    assert (found["functioning_a"], found["functioning_b"], found["functioning_gap"]) == (None, "2", "2")


def test_the_answers_of_another_round_are_not_those_of_this_one() -> None:
    assert _impact(answers("HOST"), answers("PARTNER"), of="MID_TERM") == {}


def test_who_may_not_read_the_answers_leaves_what_others_calculated() -> None:
    assert _impact() == {}
    assert _impact(answers("HOST", default=None)) == {}
    unnamed = record("impact")
    assert calculate.of_record(unnamed, cycle(unnamed, record("functioning", one_arm="HOST", pf01=3)), TODAY) == {}


def test_who_answered_with_the_published_tool_has_answered() -> None:
    found = _impact(answers("HOST", default=None, effect_1=3.23), answers("PARTNER", default=None, effect_1=2.56))
    assert (found["functioning_arms"], found["functioning_score"]) == ("2", None)


@pytest.mark.parametrize("kind", ["agreement", "needs", "contact", "spread"])
def test_kinds_without_calculated_fields_get_none(kind: str) -> None:
    assert calculate.of_record(record(kind), cycle(), TODAY) == {}
