"""Steps: the last one that has a record which shows it."""

from __future__ import annotations

import pytest

from tests.unit.builders import info
from tests.unit.report_samples import cycle, record
from tpi_dhis2.domain.records import KINDS
from tpi_dhis2.domain.steps import STEPS, current_step
from tpi_dhis2.package.fields import package_fields

FIRST = "1_PARTNERSHIP_DEVELOPMENT"


def test_the_steps_are_the_options_of_the_package_in_order() -> None:
    assert list(info("current_step").options or {}) == list(STEPS)


def test_every_kind_shows_the_step_of_its_stage_but_contacts_and_spread_show_none() -> None:
    shown = {kind: number for number, kinds in enumerate(STEPS.values(), 1) for kind in kinds}
    assert set(KINDS) - set(shown) == {"contact", "spread"}
    stages = package_fields().stages
    assert shown == {kind: stages[kind].source.step for kind in shown}


@pytest.mark.parametrize(
    ("kinds", "step"),
    [
        ((), FIRST),
        (("agreement",), FIRST),
        (("agreement", "needs"), "2_NEEDS_ASSESSMENT"),
        (("needs", "priority"), "3_GAP_ANALYSIS"),
        (("plan",), "4_ACTION_PLANNING"),
        (("target",), "4_ACTION_PLANNING"),
        (("activity",), "5_ACTION"),
        (("measurement",), "5_ACTION"),
        (("impact",), "6_EVALUATION_REVIEW"),
        (("functioning", "agreement"), "6_EVALUATION_REVIEW"),
        (("contact", "spread"), FIRST),
        (("needs", "contact", "spread"), "2_NEEDS_ASSESSMENT"),
    ],
)
def test_the_current_step_is_the_last_with_a_record(kinds: tuple[str, ...], step: str) -> None:
    assert current_step(cycle(*(record(kind, "2017-01-01") for kind in kinds))) == step


@pytest.mark.parametrize(
    "planned",
    [
        record("impact", status="SCHEDULE"),
        record("impact", status="OVERDUE"),
        record("impact", status="SKIPPED"),
        record("activity", activity_status="NOT_STARTED"),
        record("activity", activity_status="CANCELLED"),
        record("measurement", point="BASELINE"),
    ],
    ids=lambda each: f"{each.kind} {each.status} {dict(each.values)}",
)
def test_what_is_only_planned_or_a_baseline_does_not_move_the_step(planned: object) -> None:
    assert current_step(cycle(record("needs"), planned)) == "2_NEEDS_ASSESSMENT"  # type: ignore[arg-type]
