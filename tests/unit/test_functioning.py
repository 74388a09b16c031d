"""Functioning: scores with a quorum, and never one side's view for both."""

from __future__ import annotations

import pytest

from tests.unit.builders import info
from tests.unit.report_samples import answers, cycle, record
from tpi_dhis2.domain import functioning
from tpi_dhis2.domain.functioning import Functioning
from tpi_dhis2.package.fields import package_fields

ITEMS = [f"pf{number:02d}" for number in range(1, 25)]


def test_eight_domains_hold_three_statements_each_as_the_form_does() -> None:
    sections = {section.id: section for section in package_fields().stages["functioning"].source.sections}
    assert sum(functioning.DOMAINS.values(), ()) == tuple(ITEMS)
    assert {letter: tuple(sections[letter].fields) for letter in functioning.DOMAINS} == functioning.DOMAINS


def test_every_statement_is_answered_from_one_to_four() -> None:
    assert all(list(info(key).options or {}) == ["1", "2", "3", "4"] for key in ITEMS)


def test_the_rounds_and_the_modules_of_the_published_tool_are_those_of_the_form() -> None:
    assert tuple(info("evaluation_round").options or {}) == functioning.ROUNDS
    assert set(functioning.EFFECT_MODULES) <= set(package_fields().stages["functioning"].fields)


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ({"pf01": 1, "pf02": 2, "pf03": 3}, 2),
        ({"pf01": 1, "pf03": 4}, 2.5),
        ({"pf02": 4}, None),
        ({}, None),
    ],
)
def test_a_domain_has_a_score_when_two_of_three_statements_are_answered(
    values: dict[str, int], score: float | None
) -> None:
    assert functioning.domain_score(record("functioning", **values), "a") == score


@pytest.mark.parametrize(("domains", "score"), [(8, 3), (6, 3), (5, None), (0, None)])
def test_an_arm_has_a_score_when_six_of_eight_domains_have_one(domains: int, score: float | None) -> None:
    assert functioning.arm_score(record("functioning", **dict.fromkeys(ITEMS[: domains * 3], 3))) == score


def test_the_score_of_an_arm_is_the_mean_of_domains_and_not_of_statements() -> None:
    values = dict.fromkeys(ITEMS[:18], 4) | {"pf01": 1, "pf02": 1}
    del values["pf03"]
    assert functioning.arm_score(record("functioning", **values)) == pytest.approx((1 + 5 * 4) / 6)


@pytest.mark.parametrize("arms", [("HOST",), ("PARTNER",)])
def test_one_arms_answers_are_never_the_partnerships(arms: tuple[str, ...]) -> None:
    (found,) = functioning.rounds(cycle(*(answers(arm) for arm in arms)))
    assert (found.both, found.score, found.gap("a")) == (False, None, None)


def test_an_arm_that_answered_too_little_leaves_the_partnership_without_a_score() -> None:
    (found,) = functioning.rounds(cycle(answers("HOST"), answers("PARTNER", default=None, pf01=2)))
    assert found.both
    assert (found.score, found.gap("a")) == (None, None)


def test_the_score_is_the_mean_of_both_arms_and_the_gap_is_host_minus_partner() -> None:
    (found,) = functioning.rounds(cycle(answers("HOST", default=3), answers("PARTNER", default=2)))
    assert (found.score, found.gap("a"), found.gap("h")) == (2.5, 1, 1)


@pytest.mark.parametrize(("score", "percent"), [(1, 0), (2.5, 50), (4, 100)])
def test_the_lowest_score_is_no_percent_and_the_highest_all(score: float, percent: float) -> None:
    assert functioning.as_percent(score) == percent


def test_rounds_come_in_their_order_and_an_unstated_one_first() -> None:
    rounds = ["TWELVE_MONTHS_AFTER", "MID_TERM", "", "END_OF_CYCLE"]
    found = functioning.rounds(
        cycle(*(record("functioning", one_arm="HOST", evaluation_round=name) for name in rounds))
    )
    assert [each.round for each in found] == ["", "MID_TERM", "END_OF_CYCLE", "TWELVE_MONTHS_AFTER"]


def test_answers_of_no_stated_arm_belong_to_neither() -> None:
    assert functioning.rounds(cycle(answers("BOTH"), answers(""))) == []


def test_of_two_answers_of_one_arm_in_a_round_the_newer_counts() -> None:
    older = record("functioning", "2018-01-01", one_arm="HOST", evaluation_round="MID_TERM", pf01=1)
    newer = record("functioning", "2018-02-01", one_arm="HOST", evaluation_round="MID_TERM", pf01=2)
    assert functioning.rounds(cycle(newer, older)) == [Functioning("MID_TERM", host=newer)]
