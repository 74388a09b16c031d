"""What each rule does, on DHIS2's own engine: when it acts, when it does not, and that a missing value is no fault."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.rules.engine import Case, assigned, names, run
from tests.unit.builders import demo_drafts
from tpi_dhis2.domain.functioning import DOMAINS, EFFECT_MODULES
from tpi_dhis2.package.rules import NAMED, RuleSource
from tpi_dhis2.package.sources import load

Values = dict[str, str]


def low_score(area: str) -> tuple[list[Values], list[Values]]:
    """The need of an area is hidden until its score is 0, 1 or 2."""
    score = f"score_{area}"
    return [{}, {score: "3"}, {score: "4"}], [{score: "0"}, {score: "2"}]


#: Of each rule: values with which it acts, values with which it does not. Keys with @ are attributes or the date.
#: A rule of several stages is tried in each of them.
CASES: dict[str, tuple[list[Values], list[Values]]] = {
    "priority_score": (
        [{"impact": "5", "feasibility": "4"}, {"impact": "1", "feasibility": "1"}], [{"measure": "HH_COMPL"}]),
    "gap_higher": (
        [{"direction": "HIGHER", "baseline": "0", "desired": "0"},
         {"measure": "PAT_EXP", "baseline": "22", "desired": "80"}],
        [{"direction": "LOWER", "baseline": "22", "desired": "80"},
         {"measure": "PAT_EXP", "direction": "LOWER", "baseline": "22", "desired": "80"},
         {"measure": "SSI_RATE", "baseline": "22", "desired": "80"},
         {"measure": "OTHER", "baseline": "22", "desired": "80"}]),
    "gap_lower": (
        [{"direction": "LOWER", "baseline": "8", "desired": "4"},
         {"measure": "NEO_DEATH", "baseline": "8.4", "desired": "4"}],
        [{"direction": "HIGHER", "baseline": "8", "desired": "4"},
         {"measure": "NEO_DEATH", "direction": "HIGHER", "baseline": "8", "desired": "4"},
         {"measure": "HH_COMPL", "baseline": "8", "desired": "4"}]),
    "plan_signed_host": (
        [{"plan_host_signed": "2016-05-31", "plan_partner_signed": "2016-05-24"},
         {"plan_host_signed": "2016-05-31", "plan_partner_signed": "2016-05-31"}],
        [{"plan_host_signed": "2016-05-23", "plan_partner_signed": "2016-05-24"}]),
    "plan_signed_partner": (
        [{"plan_host_signed": "2016-05-23", "plan_partner_signed": "2016-05-24"}],
        [{"plan_host_signed": "2016-05-31", "plan_partner_signed": "2016-05-31"}]),
    "deadline_new": ([{"new_deadline": "2016-05-31"}], [{"planned_end": "2016-05-31"}]),
    "deadline_first": (
        [{"planned_end": "2016-05-31"}], [{"planned_end": "2016-05-31", "new_deadline": "2016-06-30"}, {}]),
    "rate_percent": (
        [{"measure": "HH_COMPL", "numerator": "0", "denominator": "8"},
         {"measure": "SHARPS", "numerator": "1", "denominator": "8"}],
        [{"measure": "HH_COMPL", "numerator": "1", "denominator": "0"},
         {"measure": "HH_KNOW", "numerator": "1", "denominator": "8"},
         {"measure": "OTHER", "measure_unit": "%", "numerator": "1", "denominator": "8"}]),
    "rate_per_thousand": (
        [{"measure": "MAT_DEATH", "numerator": "1", "denominator": "8"}],
        [{"measure": "MAT_DEATH", "numerator": "1", "denominator": "0"},
         {"measure": "HH_COMPL", "numerator": "1", "denominator": "8"}]),
    "rate_points": (
        [{"measure": "HH_KNOW", "numerator": "250", "denominator": "20"}],
        [{"measure": "HH_KNOW", "numerator": "250", "denominator": "0"},
         {"measure": "HH_COMPL", "numerator": "1", "denominator": "8"}]),
    **{f"pf_{letter}": (
        [{first: "4", second: "1"}, {second: "1", third: "1"}, {first: "2", third: "3"}],
        [{first: "4"}, {}])
       for letter, (first, second, third) in DOMAINS.items()},
    "pf_score": (
        [{key: "3" for letter in "abdefh" for key in DOMAINS[letter][:2]}],
        [{key: "3" for letter in "abdef" for key in DOMAINS[letter]},
         {key: "4" for letter in "abcdefgh" for key in DOMAINS[letter][2:]}, {}]),
    "other_measure": ([{"measure": "HH_COMPL"}, {}], [{"measure": "OTHER"}]),
    "agreement_details": ([{"agreement_signed": "false"}, {}], [{"agreement_signed": "true"}]),
    "endorsement_note": ([{"endorsement": "NONE"}], [{"endorsement": "INFORMED"}, {}]),
    "funding_qualifier": ([{}], [{"funding_pledged": "0"}, {"funding_pledged": "5000.5"}]),
    "rank": ([{"decision": "LATER"}, {"decision": "NO_ACTION"}], [{"decision": "ACT_NOW"}, {}]),
    "new_deadline_reason": ([{}], [{"new_deadline": "2024-09-30"}]),
    "obstacle_note": ([{}], [{"obstacle": "FUNDS"}]),
    "trained_female": ([{}], [{"trained": "0"}, {"trained": "12"}]),
    "compared_with": ([{}], [{"change_stated": "-30"}]),
    "partner_unit": (
        [{"@geography": "NORTH_SOUTH"}, {"@geography": "SOUTH_SOUTH"}],
        [{"@geography": "SAME_COUNTRY"}, {"@geography": "OTHER"}, {}]),
    "core_direction": ([{"measure": "HH_COMPL"}], [{"measure": "OTHER"}, {}]),
    "step_calculated": ([{}], [{"@current_step": "5_ACTION"}]),
    "action_calculated": ([{}], [{"@last_action": "2024-01-01"}]),
    "score_calculated": (
        [{}, {"impact": "5", "baseline": "0"}, {"feasibility": "5", "desired": "5"}],
        [{"impact": "5", "feasibility": "4"}, {"baseline": "0", "desired": "4"}, {"priority_score": "20"},
         {"gap": "0"}]),
    "signed_calculated": (
        [{}, {"plan_host_signed": "2024-01-01"}, {"plan_partner_signed": "2024-01-01"}],
        [{"plan_host_signed": "2024-01-01", "plan_partner_signed": "2024-01-01"}, {"plan_signed_on": "2024-01-01"}]),
    "standing_calculated": ([{}], [{"latest_value": "0"}, {"long_result": "NO_DATA"}, {"gain_kept": "false"}]),
    "deadline_calculated": ([{}], [{"planned_end": "2024-01-01"}, {"new_deadline": "2024-01-01"}]),
    "rate_calculated": (
        [{}, {"measure": "HH_COMPL", "numerator": "1"}, {"measure": "HH_COMPL", "denominator": "1"},
         {"measure": "OTHER", "numerator": "1", "denominator": "8"}, {"numerator": "1", "denominator": "8"}],
        [{"measure": "HH_COMPL", "numerator": "0", "denominator": "8"}]),
    "relation_calculated": ([{}], [{"functioning_arms": "1"}, {"functioning_h": "2"}, {"functioning_gap": "0"}]),
    "functioning_calculated": (
        [{}, {"pf01": "4", "pf04": "4"}], [{"pf01": "4", "pf02": "4"}, {"pf_a": "2.5"}, {"pf_score": "3"}]),
    "intended_end_early": ([{"intended_end": "2024-05-31"}], [{"intended_end": "2024-06-01"}]),
    "ended_early": ([{"ended_on": "2023-06-01"}], [{"ended_on": "2025-06-01"}]),
    "needs_end_early": ([{"needs_end": "2024-05-31"}], [{"needs_end": "2024-06-01"}]),
    "needs_shared_early": ([{"needs_shared": "2024-05-31"}], [{"needs_shared": "2024-07-01"}]),
    "baseline_in_future": ([{"baseline_date": "2999-01-01"}], [{"baseline_date": "2024-01-01"}]),
    "plan_end_early": (
        [{"plan_start": "2024-01-02", "plan_end": "2024-01-01"}],
        [{"plan_start": "2024-01-01", "plan_end": "2024-01-01"}]),
    "long_due_early": (
        [{"short_due": "2025-01-01", "long_due": "2024-12-31"}],
        [{"short_due": "2025-01-01", "long_due": "2026-01-01"}]),
    "planned_end_early": (
        [{"planned_start": "2024-03-01", "planned_end": "2024-02-29"}],
        [{"planned_start": "2024-03-01", "planned_end": "2024-03-01"}]),
    "new_deadline_early": (
        [{"planned_start": "2024-03-01", "new_deadline": "2024-02-01"}],
        [{"planned_start": "2024-03-01", "new_deadline": "2024-08-01"}]),
    "actual_end_early": (
        [{"actual_start": "2024-03-01", "actual_end": "2024-02-01"}],
        [{"actual_start": "2024-03-01", "actual_end": "2024-03-01"}]),
    "shown_early": ([{"shown_on": "2024-05-01"}], [{"shown_on": "2024-06-01"}]),
    "contact_end_early": ([{"contact_end": "2024-05-31"}], [{"contact_end": "2024-06-03"}]),
    "follow_up_early": ([{"follow_up": "2024-05-31"}], [{"follow_up": "2024-06-30"}]),
    "period_to_early": (
        [{"period_from": "2024-01-01", "period_to": "2023-12-31"}],
        [{"period_from": "2024-01-01", "period_to": "2024-12-31"}]),
    **{f"{key}_in_future": ([{key: "2999-01-01"}], [{key: "2024-01-01"}])
       for key in ("agreement_host_signed", "agreement_partner_signed", "ended_on", "needs_end", "needs_shared",
                   "plan_host_signed", "plan_partner_signed", "actual_start", "actual_end", "shown_on", "contact_end",
                   "results_to_staff", "results_to_ministry")},
    **{f"{kind}_in_future": ([{"@date": "2999-01-01"}], [{}])
       for kind in ("measurement", "contact", "spread", "impact", "functioning")},
    **{f"agreement_{arm}_long_ago": (
        [{f"agreement_{arm}_signed": "2023-05-31"}], [{f"agreement_{arm}_signed": "2023-06-02"}])
       for arm in ("host", "partner")},
    "desired_is_baseline": (
        [{"desired": "40", "baseline": "40.0"}, {"desired": "0", "baseline": "0"}],
        [{"desired": "80", "baseline": "40"}, {"desired": "0", "baseline": "1"}]),
    "desired_wrong_way": (
        [{"direction": "HIGHER", "desired": "9", "baseline": "10"},
         {"direction": "LOWER", "desired": "10", "baseline": "9"},
         {"measure": "SSI_RATE", "desired": "10", "baseline": "9"}],
        [{"direction": "HIGHER", "desired": "10", "baseline": "9"},
         {"direction": "LOWER", "desired": "9", "baseline": "10"},
         {"measure": "SSI_RATE", "desired": "9", "baseline": "10"},
         {"measure": "OTHER", "desired": "9", "baseline": "10"},
         {"direction": "LOWER", "desired": "9", "baseline": "9"}]),
    "long_is_baseline": ([{"long_target": "12.5", "baseline": "12.5"}], [{"long_target": "12", "baseline": "12.5"}]),
    "short_is_baseline": ([{"short_target": "0", "baseline": "0"}], [{"short_target": "30", "baseline": "20"}]),
    "long_wrong_way": (
        [{"direction": "HIGHER", "long_target": "9", "baseline": "10"},
         {"direction": "LOWER", "long_target": "10", "baseline": "9"},
         {"measure": "HH_COMPL", "long_target": "9", "baseline": "10"}],
        [{"direction": "HIGHER", "long_target": "100", "baseline": "20"},
         {"direction": "LOWER", "long_target": "5", "baseline": "10"}]),
    "short_not_between": (
        [{"baseline": "20", "short_target": "10", "long_target": "80"},
         {"baseline": "20", "short_target": "90", "long_target": "80"},
         {"baseline": "10", "short_target": "4", "long_target": "5"},
         {"baseline": "10", "short_target": "11", "long_target": "5"}],
        [{"baseline": "20", "short_target": "50", "long_target": "80"},
         {"baseline": "20", "short_target": "80", "long_target": "80"},
         {"baseline": "20", "short_target": "20", "long_target": "80"},
         {"baseline": "10", "short_target": "7", "long_target": "5"}]),
    "target_without_number": ([{"objective": "Better"}, {}], [{"short_target": "0"}, {"long_target": "80"}]),
    "numerator_large": (
        [{"measure": "HH_COMPL", "numerator": "9", "denominator": "8"},
         {"measure": "HH_COMPL", "numerator": "100", "denominator": "20"}],
        [{"measure": "HH_COMPL", "numerator": "8", "denominator": "8"},
         {"measure": "HH_KNOW", "numerator": "250", "denominator": "20"},
         {"measure": "OTHER", "numerator": "250", "denominator": "20"}]),
    "denominator_small": (
        [{"measure": "HH_COMPL", "denominator": "29"}, {"measure": "OTHER", "denominator": "1"}],
        [{"measure": "HH_COMPL", "denominator": "30"}, {"measure": "HH_COMPL", "denominator": "0"},
         {"measure": "QI_MEET", "denominator": "1"}]),
    "percent_beyond": (
        [{"measure": "HH_COMPL", "value": "100.1"}, {"measure": "QI_MEET", "value": "-1"}],
        [{"measure": "HH_COMPL", "value": "100"}, {"measure": "SSI_RATE", "value": "0"},
         {"measure": "INP_DEATH", "value": "120"}, {"measure": "OTHER", "value": "120"}]),
    "knowledge_beyond": (
        [{"measure": "HH_KNOW", "value": "26"}, {"measure": "HH_KNOW", "value": "-1"}],
        [{"measure": "HH_KNOW", "value": "25"}, {"measure": "HH_COMPL", "value": "26"}]),
    "value_differs": (
        [{"measure": "HH_COMPL", "value": "27", "numerator": "1", "denominator": "4"},
         {"measure": "HH_COMPL", "value": "23", "numerator": "1", "denominator": "4"}],
        [{"measure": "HH_COMPL", "value": "26", "numerator": "1", "denominator": "4"},
         {"measure": "HH_COMPL", "value": "33", "numerator": "1", "denominator": "3"},
         {"measure": "HH_COMPL", "value": "24", "numerator": "1", "denominator": "0"},
         {"measure": "MAT_DEATH", "value": "250", "numerator": "1", "denominator": "4"}]),
    "trained_female_many": (
        [{"trained": "9", "trained_female": "10"}], [{"trained": "10", "trained_female": "9"}]),
    "adopted_many": (
        [{"facilities_adopted": "3", "facilities_reached": "2"}],
        [{"facilities_adopted": "2", "facilities_reached": "2"}]),
    "beds_many": ([{"host_beds": "5001"}], [{"host_beds": "5000"}]),
    "overspent": (
        [{"spent": "111", "activity_budget": "100"}, {"spent": "1", "activity_budget": "0"}],
        [{"spent": "109.9", "activity_budget": "100"}, {"spent": "0", "activity_budget": "0"}]),
    "shares_differ": (
        [{"budget_total": "100", "budget_host": "50", "budget_partner": "40", "budget_third": "8"},
         {"budget_total": "100", "budget_host": "50", "budget_partner": "40", "budget_third": "12"}],
        [{"budget_total": "100", "budget_host": "33.3", "budget_partner": "33.3", "budget_third": "33.3"}]),
    "shares_large": (
        [{"budget_total": "100", "budget_host": "60", "budget_partner": "50"}],
        [{"budget_total": "100", "budget_host": "60", "budget_partner": "40"},
         {"budget_total": "100", "budget_host": "60", "budget_partner": "50", "budget_third": "1"}]),
    **{f"{key}_negative": ([{key: "-0.5"}], [{key: "0"}])
       for key in ("funding_pledged", "budget_total", "activity_budget", "spent")},
    "goal_short": ([{"common_goal": "Clean hands"}], [{"common_goal": "Clean hands before every patient"}]),
    "ended_without_reason": (
        [{"@pstatus": "ENDED_EARLY", "ended_on": "2024-07-01"}],
        [{"@pstatus": "ENDED_EARLY", "ended_on": "2024-07-01", "end_reason": "FUNDING"},
         {"@pstatus": "COMPLETED", "ended_on": "2024-07-01"}]),
    "plan_long": (
        [{"plan_start": "2024-01-01", "plan_end": "2027-02-01"}],
        [{"plan_start": "2024-01-01", "plan_end": "2027-01-01"}]),
    "completed_without_end": (
        [{"activity_status": "COMPLETED"}],
        [{"activity_status": "COMPLETED", "actual_end": "2024-01-01"}, {"activity_status": "ON_TRACK"}]),
    # Fields of the whole domain page.
    "facilitator": ([{"facilitator_kind": "NONE"}], [{"facilitator_kind": "WHO"}, {}]),
    "agreement_renewed": ([{}, {"agreement_signed": "false"}], [{"agreement_signed": "true"}]),
    "needs_validated_by": ([{}, {"needs_validated": "false"}], [{"needs_validated": "true"}]),
    "need_leadership": low_score("leadership"),
    "need_ipc": low_score("ipc"),
    "need_wash": low_score("wash"),
    "need_waste": low_score("waste"),
    "need_surgery": low_score("surgery"),
    "need_medicines": low_score("medicines"),
    "need_mnch": low_score("mnch"),
    "need_emergency": low_score("emergency"),
    "need_laboratory": low_score("laboratory"),
    "need_workforce": low_score("workforce"),
    "need_worker_safety": low_score("worker_safety"),
    "need_information": low_score("information"),
    "need_community": low_score("community"),
    "need_resources": low_score("resources"),
    "need_referral": low_score("referral"),
    "tool_other_score": ([{}], [{"tool_other": "WISN"}]),
    "no_baseline": ([{"baseline": "0"}, {"baseline": "22.5"}], [{}]),
    "national_priority": ([{}, {"national_aligned": "false"}], [{"national_aligned": "true"}]),
    "plan_aligned": ([{}, {"plan_in_line": "false"}], [{"plan_in_line": "true"}]),
    "owner_partner": ([{"owner_partner_none": "true"}], [{}]),
    "owner_partner_none": ([{"owner_partner": "Ruth"}], [{}]),
    "body_involved": ([{}, {"ministry_involved": "false"}], [{"ministry_involved": "true"}]),
    "risk1_details": ([{}], [{"risk1": "Stock-outs"}]),
    "risk1_closed": ([{}, {"risk1_state": "OPEN"}], [{"risk1_state": "CLOSED"}]),
    "risk2": ([{}], [{"risk1": "Stock-outs"}]),
    "risk2_details": ([{}], [{"risk2": "Stock-outs"}]),
    "risk2_closed": ([{}, {"risk2_state": "OPEN"}], [{"risk2_state": "CLOSED"}]),
    "risk3": ([{}], [{"risk2": "Stock-outs"}]),
    "risk3_details": ([{}], [{"risk3": "Stock-outs"}]),
    "risk3_closed": ([{}, {"risk3_state": "OPEN"}], [{"risk3_state": "CLOSED"}]),
    "one_signature": (
        [{"agreement_signed": "true", "agreement_host_signed": "2024-05-01"},
         {"agreement_signed": "true", "agreement_partner_signed": "2024-05-01"}],
        [{"agreement_signed": "true", "agreement_host_signed": "2024-05-01",
          "agreement_partner_signed": "2024-05-02"}, {"agreement_signed": "true"},
         {"agreement_signed": "false", "agreement_host_signed": "2024-05-01"}]),
    "renewed_early": (
        [{"agreement_host_signed": "2024-05-02", "agreement_renewed": "2024-05-01"}],
        [{"agreement_host_signed": "2024-05-02", "agreement_renewed": "2025-05-01"}]),
    "shared_before_end": (
        [{"needs_end": "2024-06-05", "needs_shared": "2024-06-04"}],
        [{"needs_end": "2024-06-05", "needs_shared": "2024-06-05"}]),
    "short_due_late": ([{"short_due": "2025-10-01"}], [{"short_due": "2025-09-01"}]),
    "risk1_closed_early": (
        [{"risk1_raised": "2024-06-05", "risk1_closed": "2024-06-04"}],
        [{"risk1_raised": "2024-06-05", "risk1_closed": "2024-06-05"}]),
    "risk2_closed_early": (
        [{"risk2_raised": "2024-06-05", "risk2_closed": "2024-06-04"}],
        [{"risk2_raised": "2024-06-05", "risk2_closed": "2024-06-05"}]),
    "risk3_closed_early": (
        [{"risk3_raised": "2024-06-05", "risk3_closed": "2024-06-04"}],
        [{"risk3_raised": "2024-06-05", "risk3_closed": "2024-06-05"}]),
    "baseline_numerator_large": (
        [{"measure": "HH_COMPL", "baseline_numerator": "100", "baseline_denominator": "20"}],
        [{"measure": "HH_COMPL", "baseline_numerator": "20", "baseline_denominator": "20"},
         {"measure": "OTHER", "baseline_numerator": "100", "baseline_denominator": "20"}]),
    "baseline_denominator_zero": ([{"baseline_denominator": "0"}], [{"baseline_denominator": "1"}]),
    "rank_high": ([{"rank": "7"}], [{"rank": "6"}]),
    "shares_open_differ": (
        [{"budget_total": "100", "budget_host": "50", "budget_partner": "30", "budget_third": "10", "budget_open": "8"},
         {"budget_total": "100", "budget_host": "50", "budget_partner": "30", "budget_third": "10",
          "budget_open": "12"}],
        [{"budget_total": "100", "budget_host": "50", "budget_partner": "30", "budget_third": "10",
          "budget_open": "9.5"}]),
    "method_missing": ([{}, {"needs_round": "BASELINE"}], [{"method_visit": "true"}, {"method_note": "Themes"}]),
    "baseline_missing": ([{}], [{"baseline": "0"}, {"no_baseline": "NOT_RECORDED"}]),
    "direction_missing": ([{"measure": "OTHER"}], [{"measure": "OTHER", "direction": "LOWER"},
         {"measure": "HH_COMPL"}]),
    "done_not_completed": (
        [{"percent_done": "100", "activity_status": "DELAYED"}],
        [{"percent_done": "100", "activity_status": "COMPLETED"},
         {"percent_done": "99", "activity_status": "DELAYED"}]),
    "completed_not_done": (
        [{"percent_done": "99", "activity_status": "COMPLETED"}],
        [{"percent_done": "100", "activity_status": "COMPLETED"}, {"percent_done": "0", "activity_status": "DELAYED"}]),
    "due_missing_short": ([{"short_target": "0"}], [{"short_target": "0", "short_due": "2024-01-01"}, {}]),
    "due_missing_long": ([{"long_target": "0"}], [{"long_target": "0", "long_due": "2024-01-01"}, {}]),
    "nothing_measured": (
        [{"measure": "HH_COMPL", "numerator": "1"}, {"denominator": "1"}, {}],
        [{"value": "0"}, {"change_stated": "0"}, {"numerator": "0", "denominator": "1"}]),
    "rank_missing": ([{"decision": "ACT_NOW"}], [{"decision": "ACT_NOW", "rank": "1"}, {"decision": "LATER"}]),
    "weak_without_words": (
        [{"score_ipc": "2"}, {"score_referral": "0"}, {"score_ipc": "4", "score_leadership": "1"}],
        [{"score_ipc": "3", "score_waste": "4"}, {"score_ipc": "0", "needs_found": "No water"}, {}]),
    "contact_alone": (
        [{"participants_host": "0", "participants_partner": "0"}],
        [{"participants_host": "0", "participants_partner": "1"}]),
    "nobody_reached": (
        [{"facilities_reached": "0", "spread_kind": "TRAINING_GIVEN"}],
        [{"facilities_reached": "1", "spread_kind": "TRAINING_GIVEN"},
         *({"facilities_reached": "0", "spread_kind": kind}
           for kind in ("POLICY_INFLUENCED", "MEDIA", "PUBLICATION"))]),
    "partner_unnamed": (
        [{"@geography": "NORTH_SOUTH"}, {"@geography": "SOUTH_SOUTH"}],
        [{"@geography": "NORTH_SOUTH", "@partner_name": "Afar"}, {"@geography": "SAME_COUNTRY"}]),
    "denominator_zero": ([{"denominator": "0"}], [{"denominator": "1"}]),
    "hhsaf_beyond": ([{"hhsaf_total": "501"}], [{"hhsaf_total": "500"}, {"hhsaf_total": "0"}]),
    "ipcaf_beyond": ([{"ipcaf_total": "801"}], [{"ipcaf_total": "800"}, {"ipcaf_total": "0"}]),
    **{f"{key}_beyond": ([{key: "0.99"}, {key: "4.01"}], [{key: "1"}, {key: "4"}])
       for key in (*EFFECT_MODULES, "effect_overall")},
}  # fmt: skip

#: Values in the cases of a rule without which it acts all the same.
NOT_NEEDED: dict[str, set[str]] = {
    "nothing_measured": {"numerator", "denominator"},
    "weak_without_words": {"score_ipc"},
}

#: The true warnings of the demo's records.
DEMO_WARNINGS: set[str] = {
    f"partnership '{partnership}', cycle 1, priority {number}: There is no baseline. Say why."
    for partnership, numbers in (("tellewoyan-nagasaki", "12"), ("gondar-leicester", "1234"))
    for number in numbers
} | {
    f"partnership 'fictional-b-koubeta', cycle 1, measurement {number}: Fewer than 30 were counted: by chance alone "
    "the value can move far."
    for number in (12, 13, 14)
}

RULES = {rule.key: rule for rule in load().rules}
FILLED = {"measure_other": "Words", "measure_unit": "%", "agreement_host_signed": "2024-01-01", "rank": "1",
          "agreement_partner_signed": "2024-01-01", "agreement_document": "abcdefghijk", "trained_female": "3",
          "funding_qualifier": "ABOUT", "current_step": "5_ACTION", "priority_score": "9", "gap": "3",
          "plan_signed_on": "2024-01-01", "partner_unit": "abcdefghijk", "direction": "HIGHER", "rate": "12.5",
          "deadline": "2024-01-01", "last_action": "2024-01-01"}  # fmt: skip
FILLED |= {"agreement_renewed": "2024-01-01", "tool_other_score": "12.5", "owner_partner_none": "true"}
FILLED |= {f"risk{number}_{when}": "2024-01-01" for number in "123" for when in ("raised", "closed")}


def _case(kind: str, values: Values) -> Case:
    fields = {key: value for key, value in values.items() if not key.startswith("@")}
    attributes = {key[1:]: value for key, value in values.items() if key.startswith("@") and key != "@date"}
    return Case(kind, fields, attributes, values.get("@date", "2024-06-01"))


def _without(rule: RuleSource, case: Case) -> list[Case]:
    """The case with each value gone that the rule reads, one at a time, and without a date if it compares that."""
    named = {match[2] for match in NAMED.finditer(rule.expressions)} if rule.texts or rule.assign else set()
    named -= NOT_NEEDED.get(rule.key, set())
    cases = [replace(case, values=_less(case.values, key)) for key in case.values if key in named]
    cases += [replace(case, attributes=_less(case.attributes, key)) for key in case.attributes if key in named]
    return [*cases, replace(case, date=None)] if "V{event_date}" in rule.when else cases


def _less(values: Values, key: str) -> Values:
    return {other: value for other, value in values.items() if other != key}


def _with_target(rule: RuleSource, case: Case) -> list[Case]:
    """The case with each field filled that the rule would hide."""
    filled = [(key, FILLED.get(key, "Words")) for key in rule.hide]
    if not rule.stages:
        return [replace(case, attributes={**case.attributes, key: value}) for key, value in filled]
    return [replace(case, values={**case.values, key: value}) for key, value in filled]


def table() -> list[tuple[str, Case, bool]]:
    """Rule, case, and whether the rule acts."""
    found = []
    for key, (acts, silent) in CASES.items():
        rule = RULES[key]
        for kind in rule.stages or [""]:
            for values in acts:
                case = _case(kind, values)
                found += [(key, case, True), *((key, other, False) for other in _without(rule, case))]
                found += [(key, other, False) for other in _with_target(rule, case)]
            found += [(key, _case(kind, values), False) for values in silent]
    return found


TABLE = table()


@cache
def effects() -> list[list[dict[str, Any]]]:
    return run([case for _, case, _ in TABLE])


def test_every_rule_has_cases_in_which_it_acts_and_in_which_it_does_not() -> None:
    assert list(CASES) == list(RULES)
    assert {key for key, _, acts in TABLE if acts} == {key for key, _, acts in TABLE if not acts} == set(RULES)


@pytest.mark.parametrize("key", RULES)
def test_a_rule_acts_when_it_should_and_only_then(key: str) -> None:
    rule = RULES[key]
    of_key = {names_of(key, kind) for kind in rule.stages or [""]}
    for (other, case, acts), found in zip(TABLE, effects(), strict=True):
        if other != key:
            continue
        mine = [effect for effect in found if names()[effect["rule"]] in of_key]
        assert bool(mine) is acts, case
        if acts:
            assert len(mine) == len(rule.targets), case
            assert {effect["content"] for effect in mine} == set(rule.texts.values() or [""]), case
            assert {effect["target"] for effect in mine} == set(rule.targets) or rule.hide_section, case


def names_of(key: str, kind: str) -> str:
    """What the rule of a key is called in a stage."""
    several = f" ({kind})" if len(RULES[key].stages) > 1 else ""
    return f"TPI - {RULES[key].what}{several}"


def test_the_engine_can_evaluate_every_condition_in_every_case() -> None:
    broken = [(case, effect) for (_, case, _), found in zip(TABLE, effects(), strict=True) for effect in found
              if effect["type"] == "ERROR"]  # fmt: skip
    assert broken == []


def test_an_empty_form_of_any_stage_is_not_warned_of() -> None:
    kinds = [stage.kind for stage in load().stages]
    for kind, found in zip(kinds, run([Case(kind) for kind in kinds]), strict=True):
        assert {effect["type"] for effect in found} <= {"HIDEFIELD", "HIDESECTION", "WARNINGONCOMPLETE"}, kind


def test_no_field_is_filled_in_and_hidden_at_once() -> None:
    """Capture empties a hidden field after it was filled in, and then fills it in never."""
    sections = {(stage.kind, part.name): set(part.fields) for stage in load().stages for part in stage.sections}
    for (_, case, _), found in zip(TABLE, effects(), strict=True):
        hidden = {effect["target"] for effect in found if effect["type"] == "HIDEFIELD"}
        for effect in found:
            hidden |= sections[case.kind, effect["label"]] if effect["type"] == "HIDESECTION" else set()
        assert not hidden & assigned(found).keys(), case


def test_the_records_of_the_demo_are_refused_nowhere_and_warned_of_only_where_it_is_true() -> None:
    drafts = [draft for part in demo_drafts() for draft in part.drafts]
    profiles = {draft.uid: _plain(draft.patch) for draft in drafts if draft.type == "partnership"}
    records = [draft for draft in drafts if draft.type == "record" and draft.patch.get("@status") != "SCHEDULE"]
    assert len(records) > 100
    cases = [Case(d.kind, _plain(d.patch), profiles[d.partnership], d.patch["@date"], d.patch["@status"] or "ACTIVE")
             for d in records]  # fmt: skip
    warned = set()
    for draft, found in zip(records, run(cases), strict=True):
        said = [effect for effect in found if not effect["type"].startswith(("HIDE", "ASSIGN"))]
        assert {effect["type"] for effect in said} <= {"SHOWWARNING", "WARNINGONCOMPLETE"}, draft.place
        warned |= {f"{draft.place}: {effect['content']}" for effect in said}
        hidden = {effect["target"] for effect in found if effect["type"] == "HIDEFIELD"}
        assert not hidden & _plain(draft.patch).keys(), draft.place
    assert warned == DEMO_WARNINGS


def _plain(patch: dict[str, str | None]) -> Values:
    """The values of a draft, without what is not a field of the form."""
    return {key: value for key, value in patch.items() if value and key[0] not in "@#"}
