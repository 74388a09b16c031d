"""The action plan: what was agreed, what is absent, and what does not add up."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from tests.unit.report_samples import TODAY, cycle, labels, measured, partnership, record, rich
from tpi_dhis2.domain.records import Record
from tpi_dhis2.report.documents import ActionPlan, View, action_plan, evaluation, render


def plan_of(*records: Record, **values: object) -> ActionPlan:
    return action_plan(partnership(cycle(*records), **values), labels(), TODAY)


def test_names_come_by_label_and_dates_as_known() -> None:
    plan = action_plan(rich(), labels(), TODAY)
    assert plan.heading.model == "Hospital and hospital"
    assert plan.heading.partner_country == "United Kingdom"
    assert plan.heading.began == "August 2016"
    assert plan.heading.cycle == "Cycle 1 of 1"
    assert plan.priorities[0].area == "Infection prevention and hand hygiene"
    assert plan.review == "Every quarter"


@pytest.mark.parametrize(
    ("signed", "state", "said"),
    [
        ({}, "UNSIGNED", "No signatures are recorded"),
        (
            {"plan_host_signed": "2016-12-02"},
            "ONE_ARM",
            "Signed by the host arm; no signature of the partner arm is recorded",
        ),
        (
            {"plan_partner_signed": "2016-12-02"},
            "ONE_ARM",
            "Signed by the partner arm; no signature of the host arm is recorded",
        ),
        (
            {"plan_host_signed": "2016-12-09", "plan_partner_signed": "2016-12-02"},
            "JOINT",
            "Jointly signed, 9 December 2016",
        ),
        (
            {"plan_host_signed": "2016-12-01", "plan_partner_signed": "2016-11-01", "date_known": "MONTH"},
            "JOINT",
            "Jointly signed, December 2016",
        ),
        (
            {"plan_host_signed": "2016-12-02", "plan_partner_signed": "2016-12-09"},
            "JOINT",
            "Jointly signed, 9 December 2016",
        ),
        ({"plan_host_signatory": "Dr Kato"}, "UNSIGNED", "No signatures are recorded"),
    ],
)
def test_signing(signed: dict[str, str], state: str, said: str) -> None:
    plan = plan_of(record("plan", "2016-12-02", **signed))
    assert (plan.state, plan.state_words) == (state, said)


def test_without_a_plan_the_document_says_so() -> None:
    plan = plan_of()
    assert not plan.recorded
    assert plan.state_words == "No plan is recorded"
    assert not plan.budget.recorded
    assert [signature.signed for signature in plan.signatures] == [None, None]


def test_a_partnership_without_a_cycle_has_no_invented_dates() -> None:
    plan = action_plan(partnership(), labels(), TODAY)
    assert plan.heading.began is None
    assert plan.heading.cycle == "no cycle recorded"


def test_another_cycle_can_be_asked_for() -> None:
    old, new = (
        cycle(record("agreement", common_goal="old")),
        cycle(record("agreement", common_goal="new"), began="2018-01-01"),
    )
    pair = partnership(new, old)
    assert action_plan(pair, labels(), TODAY).goal == "new"
    asked = action_plan(pair, labels(), TODAY, cycle=old)
    assert (asked.goal, asked.heading.cycle) == ("old", "Cycle 1 of 2")


def test_zero_budget_is_zero_and_an_absent_one_is_absent() -> None:
    zero = plan_of(record("plan", budget_total=0, budget_host=0, currency="USD")).budget
    assert (zero.recorded, zero.total, zero.shares[0].amount) == (True, "USD\u202f0", "USD\u202f0")
    assert zero.shares[0].percent is None
    absent = plan_of(record("plan", currency="USD")).budget
    assert (absent.recorded, absent.total, absent.activities) == (False, None, None)


def test_shares_and_the_sum_of_activities() -> None:
    budget = action_plan(rich(), labels(), TODAY).budget
    assert budget.currency == "US dollar (USD)"
    assert [share.percent for share in budget.shares] == ["12.5\u202f%", "62.5\u202f%", "25\u202f%"]
    assert budget.activities == "USD\u202f24\u202f500"  # the cancelled repair is not in it
    assert budget.activities_note == "a budget is recorded for 3 of 4 activities not cancelled"
    assert budget.notes == ("The activities add up to USD\u202f24\u202f500, USD\u202f23\u202f500 less than the total.",)


def test_budgets_that_agree_have_no_note_and_shares_that_do_not_have_one() -> None:
    activity = record("activity", activity_no=1, activity_budget=1000)
    shares = {"budget_host": 400, "budget_partner": 600, "budget_third": 0}
    assert plan_of(record("plan", budget_total=1001, **shares), activity).budget.notes == ()
    notes = plan_of(record("plan", budget_total=900, currency="EUR", **shares), activity).budget.notes
    assert notes == (
        "The activities add up to EUR\u202f1\u202f000, EUR\u202f100 more than the total.",
        "The shares add up to EUR\u202f1\u202f000, EUR\u202f100 more than the total.",
    )


def test_a_moved_deadline_shows_both_and_counts_for_overdue() -> None:
    activity = record("activity", activity_no=1, planned_end="2018-01-31", new_deadline="2018-10-31")
    shown = plan_of(activity).activities[0]
    assert (shown.deadline, shown.moved_to, shown.overdue) == ("31 January 2018", "31 October 2018", False)
    late = dataclasses.replace(activity, values={**activity.values, "new_deadline": "2018-08-31"})
    assert plan_of(late).activities[0].overdue
    assert not plan_of(late, pstatus="PAUSED").activities[0].overdue


def test_month_only_dates_of_activities() -> None:
    shown = plan_of(record("activity", planned_end="2018-11-01", date_known="MONTH")).activities[0]
    assert shown.deadline == "November 2018"


def test_the_score_of_a_priority_needs_both_parts() -> None:
    whole, half, none = plan_of(
        record("priority", priority_no=1, impact=5, feasibility=4),
        record("priority", priority_no=2, impact=4),
        record("priority", priority_no=3, gap_statement="Unweighed"),
    ).priorities
    times = "\N{MULTIPLICATION SIGN}"
    assert (whole.weighed, whole.score) == (f"5 {times} 4", "20")
    assert (half.weighed, half.score) == (f"4 {times} not recorded", None)
    assert (none.weighed, none.score) == (None, None)


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_priority_that_nobody_weighed_is_called_not_recorded_once(form: str) -> None:
    page = render(plan_of(record("priority", priority_no=1)), form)
    assert "not recorded</span> \N{MULTIPLICATION SIGN}" not in page
    assert "not recorded \N{MULTIPLICATION SIGN}" not in page


@pytest.mark.parametrize("form", ["html", "md"])
def test_the_likely_cause_and_the_part_done_are_on_the_page(form: str) -> None:
    cause = record("priority", priority_no=1, root_cause="No handrub within reach.")
    activity = record("activity", activity_no=1, activity_status="ON_TRACK", percent_done=60, activity_type="TRAINING")
    page = render(plan_of(cause, activity), form)
    for said in ("Likely cause: No handrub within reach.", "60\u202f% done", "Kind: Training"):
        assert said in page


def test_a_target_takes_its_baseline_from_the_measurement_when_it_states_none() -> None:
    target = record("target", target_no=1, measure="HH_COMPL", long_target=75)
    shown = plan_of(target, measured("2016-10-01", value=23.7, point="BASELINE", date_known="MONTH")).targets[0]
    assert (shown.baseline, shown.baseline_date) == ("23.7\u202f%", "October 2016")
    assert (shown.short, shown.short_due, shown.direction) == (None, None, "Higher is better")


def test_sources_are_those_of_the_agreement_and_the_rest_are_remarks_with_their_records() -> None:
    plan = plan_of(
        record("agreement", record_source="Report, page 2; letter"),
        record("plan", record_source="letter"),
        record("priority", priority_no=1, record_source="One of four."),
        record("priority", priority_no=2, record_source="One of four."),
    )
    sources, remarks = (
        [(each.text, each.records) for each in found] for found in (plan.origins.sources, plan.origins.remarks)
    )
    assert sources == [("Report, page 2; letter", "agreement and plan")]
    assert remarks == [("One of four.", "Priority 1 and priority 2")]


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_remark_never_stands_under_the_sources(form: str) -> None:
    remark = "The date is the month in which the work began."
    page = render(plan_of(record("activity", activity_no=1, record_source=remark)), form)
    before, _, after = page.partition("Remarks of single records")
    assert remark not in before
    assert remark in after
    assert "No source is recorded with the agreement." in before
    assert "Remarks of single records" not in render(plan_of(record("agreement", record_source="Report")), form)


def test_only_what_is_recorded_of_the_agreement_is_listed() -> None:
    agreement = record(
        "agreement",
        "2016-08-01",
        agreement_signed="false",
        endorsement="INFORMED",
        endorsement_note="County authorities",
        funding_pledged=1000000,
        funding_qualifier="ABOUT",
        currency="USD",
        contact_channel="VIDEO",
        host_beds=0,
        intended_end="2018-12-01",
        host_gain="A team.",
        end_reason="FUNDING",
        date_known="MONTH",
    )
    found = {fact.label: fact.value for fact in plan_of(agreement).agreement}
    assert found == {
        "Written agreement in place": "no",
        "Backing by ministry or district": "Informed; County authorities",
        "Funding pledged": "about USD\u202f1\u202f000\u202f000",
        "Agreed contact": "Video call",
        "Intended end of the cycle": "December 2018",
        "Beds at the host arm": "0",
        "Reason for ending early": "Funding",
        "What the host arm expects to gain": "A team.",
    }
    assert [fact.label for fact in plan_of(agreement).agreement if fact.long] == ["What the host arm expects to gain"]


@pytest.mark.parametrize("form", ["html", "md"])
@pytest.mark.parametrize("make", [action_plan, evaluation])
def test_both_documents_show_the_agreement_or_one_honest_line(make: Callable[..., View], form: str) -> None:
    full, bare = (
        render(make(partnership(cycle(record("agreement", "2016-08-01", **more))), labels(), TODAY), form)
        for more in ({"facilitator": "Ministry of Health"}, {})
    )
    assert "Ministry of Health" in full
    assert "No details of the agreement are recorded." not in full
    assert bare.count("No details of the agreement are recorded.") == 1


@pytest.mark.parametrize(
    ("status", "ended", "said"),
    [
        ("ACTIVE", {}, ("not closed in DHIS2", None)),
        ("COMPLETED", {}, ("completed", None)),
        ("CANCELLED", {"ended_on": "2018-02-01", "date_known": "MONTH"}, ("cancelled", "February 2018")),
        ("COMPLETED", {"ended_on": "2018-02-01", "date_known": "YEAR"}, ("completed", "2018")),
    ],
)
def test_the_heading_says_how_the_cycle_stands_and_when_it_ended(
    status: str, ended: dict[str, str], said: tuple[str, str | None]
) -> None:
    one = dataclasses.replace(cycle(record("agreement", "2016-08-01", **ended)), status=status)
    view = action_plan(partnership(one, geography="SAME_COUNTRY"), labels(), TODAY)
    assert (view.heading.cycle_state, view.heading.ended) == said
    assert view.heading.reach == "Same country"
    page = render(view, "html")
    assert ("Cycle ended" in page) == (status != "ACTIVE")
    assert said[0] in page


def test_recorded_values_are_shown_as_written_and_worked_out_ones_short() -> None:
    target = record("target", target_no=1, measure="HH_COMPL", baseline="8.0", long_target="2.70")
    shown = plan_of(target).targets[0]
    assert (shown.baseline, shown.long) == ("8.0\u202f%", "2.70\u202f%")


def test_what_nobody_bears_yet_stands_beside_the_shares_and_counts_to_the_total() -> None:
    shares = {"budget_host": 400, "budget_partner": 300, "budget_third": 0}
    budget = plan_of(record("plan", budget_total=1000, budget_open=300, **shares)).budget
    assert [share.who for share in budget.shares][-1] == "Not yet covered"
    assert budget.notes == ()
    assert "Not yet covered" not in [share.who for share in plan_of(record("plan", **shares)).budget.shares]
    [note] = plan_of(record("plan", budget_total=1000, budget_open=100, currency="EUR", **shares)).budget.notes
    assert note == "The shares add up to EUR\u202f800, EUR\u202f200 less than the total."


def test_a_partner_that_is_not_needed_and_a_baseline_that_is_not_there_are_said() -> None:
    plan = plan_of(
        record("activity", activity_no=1, owner_partner_none="true"),
        record("activity", activity_no=2, owner_partner="Ann"),
        record("activity", activity_no=3),
        record("priority", priority_no=1, no_baseline="NOT_RECORDED"),
        record("priority", priority_no=2, baseline=4, no_baseline="NOT_RECORDED"),
        record("priority", priority_no=3),
    )
    assert [activity.partner for activity in plan.activities] == ["none needed", "Ann", None]
    reason = labels().show("no_baseline", "NOT_RECORDED") or ""
    assert [priority.baseline for priority in plan.priorities] == [f"none: {reason[0].lower()}{reason[1:]}", "4", None]


def test_risks_stand_in_their_order_and_places_without_one_are_left_out() -> None:
    plan = plan_of(
        record(
            "plan", risk1="Stock-outs", risk1_kind="SUPPLIES", risk1_likelihood="HIGH", risk1_effect="LOW",
            risk1_raised="2026-01-05", risk1_by="HOST", risk1_answer="Three months in stock",
            risk1_state="CLOSED", risk1_closed="2026-03-01", risk3_kind="FUNDS",
        )
    )  # fmt: skip
    first, third = plan.risks
    assert (first.text, first.kind, first.answer) == ("Stock-outs", "Supplies", "Three months in stock")
    assert first.weight == "likelihood high, effect low"
    assert (first.raised, first.state) == ("5 January 2026, Host arm", "Closed, 1 March 2026")
    assert (third.text, third.kind, third.weight, third.state) == (None, "Funds", None, None)
    assert plan_of(record("plan")).risks == ()
