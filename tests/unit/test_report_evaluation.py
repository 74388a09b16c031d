"""The evaluation: no data kept apart from not met, gains that faded, and one arm never taken for both."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.report_samples import TODAY, answers, cycle, labels, measured, partnership, record, rich
from tpi_dhis2.domain.records import Record
from tpi_dhis2.report.documents import Evaluation, evaluation, render

TARGET = {"target_no": 1, "measure": "HH_COMPL", "baseline": 20, "baseline_date": "2016-10-01", "long_target": 60}


def told(*records: Record, today: dt.date = TODAY, **values: object) -> Evaluation:
    return evaluation(partnership(cycle(*records), **values), labels(), today)


def groups(shown: Evaluation) -> dict[str, tuple[str, ...]]:
    return {line.code: line.items for line in shown.in_short}


@pytest.mark.parametrize(
    ("measurements", "due", "result"),
    [
        ([("2017-06-01", 65)], "2018-01-01", "MET"),
        ([("2017-06-01", 40)], "2018-01-01", "NOT_MET"),
        ([("2017-06-01", 40)], "2019-01-01", "NOT_YET_DUE"),
        ([], "2018-01-01", "NO_DATA"),
        ([("2018-06-01", 65)], "2018-01-01", "NO_DATA"),
    ],
)
def test_results_are_kept_apart(measurements: list[tuple[str, float]], due: str, result: str) -> None:
    follow_ups = [measured(on, value=value, point="FOLLOW_UP") for on, value in measurements]
    shown = told(record("target", **TARGET, long_due=due), *follow_ups)
    term = shown.targets[0].terms[1]
    assert term.result == result
    page = render(shown, "html")
    assert f">{(term.result_words or '').upper()}</span>" in page


def test_a_term_without_a_target_has_no_result() -> None:
    short = told(record("target", **TARGET)).targets[0].terms[0]
    assert (short.goal, short.result, short.progress) == (None, None, "no target value recorded")


def test_no_measurement_is_no_data_and_never_a_zero() -> None:
    target = told(record("target", **TARGET)).targets[0]
    assert target.latest is None
    assert target.terms[1].progress == "no data"
    assert groups(told(record("target", **TARGET)))["NO_DATA"] == (
        "Hand hygiene compliance (%): no measurement is recorded",
    )


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (40, "50\u202f% of the way"),
        (20, "0\u202f% of the way"),
        (59.9, "99\u202f% of the way"),
        (60, "at the target"),
        (70, "beyond the target"),
        (10, "worse than at the start"),
    ],
)
def test_progress_in_words(now: float, said: str) -> None:
    assert told(record("target", **TARGET), measured("2017-06-01", value=now)).targets[0].terms[1].progress == said


def test_a_gain_that_faded_and_a_value_below_the_baseline_are_said() -> None:
    later = [measured("2017-06-01", value=50), measured("2018-06-01", value=15)]
    notes = told(record("target", **TARGET), *later).targets[0].notes
    assert notes == (
        "The gain has faded: 50\u202f% (1 June 2017), then 15\u202f% (1 June 2018).",
        "Worse than the baseline: 15\u202f% now, 20\u202f% at the start.",
    )


def test_a_lower_is_better_measure_fades_upwards() -> None:
    target = record("target", target_no=1, measure="SSI_RATE", baseline=8, long_target=4)
    values = [
        measured("2017-06-01", measure="SSI_RATE", value=3.8),
        measured("2018-06-01", measure="SSI_RATE", value=3.9),
    ]
    shown = told(target, *values)
    assert shown.targets[0].notes == (
        "A little worse than an earlier follow-up: 3.8\u202f% (1 June 2017), then 3.9\u202f% (1 June 2018).",
    )
    assert "but worse than an earlier 3.8\u202f%" in groups(shown)["IMPROVED"][0]
    worse_still = told(target, measured("2017-01-01", measure="SSI_RATE", value=6), *values)
    assert worse_still.targets[0].notes == shown.targets[0].notes
    steady = told(target, values[0], measured("2018-06-01", measure="SSI_RATE", value=3.8))
    assert steady.targets[0].notes == ()


@pytest.mark.parametrize(("now", "said"), [(57.1, "A little worse"), (56, "The gain has faded"), (60, None)])
def test_a_gain_is_called_faded_from_a_tenth_on(now: float, said: str | None) -> None:
    later = [measured("2017-06-01", value=60), measured("2018-06-01", value=now)]
    notes = told(record("target", **TARGET), *later).targets[0].notes
    assert [note.startswith(said or "") for note in notes] == [True] * (said is not None)


def test_long_units_stay_out_of_the_chart_and_in_its_title() -> None:
    other = {"measure": "OTHER", "measure_other": "Score", "measure_unit": "points out of 100", "direction": "HIGHER"}
    shown = told(measured("2017-01-01", value=40, **other), measured("2018-01-01", value=60, **other))
    chart = shown.series[0].chart
    assert chart is not None
    assert [point.text for point in chart.points] == ["40", "60"]
    assert chart.title == "Score (points out of 100)"
    assert shown.series[0].rows[0].value == "40\u202fpoints out of 100"


def test_a_baseline_stated_by_the_target_is_a_point_of_the_chart_in_its_place_in_time() -> None:
    early, late = measured("2016-05-01", value=18), measured("2017-06-01", value=50)
    chart = told(record("target", **TARGET), late, early).series[0].chart
    assert chart is not None
    assert [(point.value, point.baseline) for point in chart.points] == [(18, False), (20, True), (50, False)]
    assert told(record("target", target_no=1, measure="HH_COMPL", long_target=60), late).series[0].chart is None


def test_a_fall_from_a_worse_start_is_no_faded_gain() -> None:
    later = [measured("2017-06-01", value=18), measured("2018-06-01", value=15)]
    assert told(record("target", **TARGET), *later).targets[0].notes[0].startswith("Worse than an earlier follow-up")


def test_undated_measurements_explain_why_there_is_no_result() -> None:
    undated = measured(None, value=65, point="FOLLOW_UP")
    target = told(record("target", **TARGET, long_due="2018-01-01"), undated).targets[0]
    assert (target.latest, target.latest_date, target.terms[1].result) == ("65\u202f%", "not stated", "NO_DATA")
    assert "cannot be told whether" in target.notes[0]


def test_a_measure_known_only_as_a_change() -> None:
    shown = told(measured("2017-01-01", measure="SHARPS", change_stated=-50, compared_with="2015"))
    assert groups(shown)["IMPROVED"] == (
        "Sharps injuries per 100 staff: \N{MINUS SIGN}50\u202f%, compared with: 2015 (only the change is known)",
    )
    assert shown.series[0].chart is None
    alone = told(measured("2017-01-01", measure="SHARPS", change_stated=-50))
    assert "compared with: not recorded" in groups(alone)["IMPROVED"][0]


def test_one_undated_value_is_shown_but_not_judged() -> None:
    shown = told(measured(None, value=40))
    assert groups(shown)["UNKNOWN"] == (
        "Hand hygiene compliance (%): 40\u202f%, but no baseline is recorded to compare it with",
    )
    assert shown.series[0].rows[0].when == "not stated"
    assert shown.results_line == "No target with a value is recorded."


def test_small_samples_and_approximate_values_are_marked() -> None:
    shown = told(
        record("target", **TARGET),
        measured("2017-06-01", numerator=17, denominator=25),
        measured("2018-06-01", value=70, value_qualifier="AT_LEAST"),
    )
    first, second = shown.series[0].rows
    assert (first.value, first.parts, first.small) == ("68\u202f%", "17 of 25", True)
    assert (second.value, second.small) == ("at least 70\u202f%", False)


def test_results_line_counts_target_values() -> None:
    line = evaluation(rich(), labels(), TODAY).results_line
    assert line == "Of 9 target values: 2 met, 1 not met, 2 not yet due and 4 without data."


def test_work_counts_and_money() -> None:
    work = evaluation(rich(), labels(), TODAY).work
    assert work is not None
    assert (work.planned, work.completed, work.overdue, work.cancelled, work.without_status) == (4, 1, 2, 1, 1)
    assert (work.spent, work.spent_from) == ("USD\u202f17\u202f800", "recorded for 2 of 5 activities")
    assert work.trained == "47 (said in 2 of 5 records)"


def test_a_paused_partnership_has_nothing_counted_as_overdue() -> None:
    activity = record("activity", activity_no=1, planned_end="2017-01-01", activity_status="ON_TRACK")
    late, paused = told(activity).work, told(activity, pstatus="PAUSED").work
    assert late is not None
    assert paused is not None
    assert (late.overdue, paused.overdue) == (1, None)
    assert late.spent is None


def test_contacts_by_direction_with_counts_and_plans_apart() -> None:
    contacts = evaluation(rich(), labels(), TODAY).contacts
    assert contacts is not None
    assert (contacts.total, contacts.planned) == ("4 records of contacts", 1)
    assert {count.name: count.count for count in contacts.directions} == {
        "Partner visits host": 1,
        "Host visits partner": 1,
        "At a distance": 1,
        "not recorded": 1,
    }
    assert [(each.name, each.text) for each in contacts.noted] == [
        ("12 January 2017; Call; At a distance", "Count recorded: 22.")
    ]


def test_contacts_without_a_note_or_a_count_are_contacts_and_one_side_shows_the_other() -> None:
    plain = record("contact", "2017-01-01", contact_type="EXCHANGE_VISIT", visit_direction="PARTNER_TO_HOST")
    contacts = told(plain).contacts
    assert contacts is not None
    assert (contacts.total, contacts.noted) == ("1 contact recorded", ())
    assert [(count.name, count.count) for count in contacts.directions] == [
        ("Partner visits host", 1),
        ("Host visits partner", 0),
    ]
    remote = told(record("contact", "2017-01-01", visit_direction="REMOTE")).contacts
    assert remote is not None
    assert [(count.name, count.count) for count in remote.directions] == [("At a distance", 1)]


@pytest.mark.parametrize("form", ["html", "md"])
def test_what_is_recorded_of_a_contact_is_listed_and_a_count_each_is_no_total(form: str) -> None:
    each = record("contact", contact_type="COACHING_VISIT", contact_count=2, decisions="Each institution: two of three")
    day = record(
        "contact",
        "2016-11-30",
        contact_type="WORKSHOP",
        contact_place="Geneva",
        contact_end="2016-12-02",
        follow_up="2017-01-15",
    )
    page = render(told(each, day), form)
    assert "2 records of contacts" in page
    assert "30 November 2016 to 2 December 2016; Workshop; Geneva" in page
    assert "Next step due 15 January 2017." in page
    assert "Count recorded: 2. Each institution: two of three." in page
    assert "3 contacts" not in page


def test_spread_keeps_reached_and_adopted_apart() -> None:
    local, national = evaluation(rich(), labels(), TODAY).spread
    assert (local.reached, local.adopted) == ("6 (said in 1 of 2 records)", "2 (said in 1 of 2 records)")
    assert (national.reached, national.adopted, national.workers) == (None, None, None)


def test_both_arms_give_a_score_and_flags() -> None:
    relation = told(answers("HOST", {"pf13": 2, "pf14": 1, "pf15": 2}), answers("PARTNER")).relations[0]
    shared = {domain.name: domain for domain in relation.domains}["E Shared decisions and money"]
    assert (shared.low, shared.wide) == (True, True)
    assert relation.domains[0].gap == 0
    assert not relation.domains[0].low
    assert relation.score is not None


@pytest.mark.parametrize(("arm", "missing"), [("HOST", "partner"), ("PARTNER", "host")])
def test_one_arm_is_never_the_partnership(arm: str, missing: str) -> None:
    shown = told(answers(arm))
    relation = shown.relations[0]
    assert relation.one_side
    assert relation.score is None
    assert relation.score_percent is None
    assert f"recorded, none of the {missing} arm" in shown.relation_line
    assert all(domain.gap is None for domain in relation.domains)
    for form in ("html", "md"):
        page = render(shown, form)
        assert "One side only" in page
        assert "Partnership score" not in page


def test_effect_scores_are_shown_as_published_and_not_worked_out() -> None:
    published = answers("HOST", default=None, effect_1=2.56, effect_2a=1.25, effect_overall=2.99)
    relation = told(published, answers("PARTNER", default=None, effect_1=3.23)).relations[0]
    overall = relation.published[-1]
    assert (overall.host, overall.partner) == ("2.99", None)  # neither replaced by a mean nor made up
    assert relation.domains == ()
    assert relation.score is None
    assert not relation.one_side


@pytest.mark.parametrize("form", ["html", "md"])
def test_effect_scores_are_named_in_short_and_keep_their_trailing_zero(form: str) -> None:
    pair = (
        answers("HOST", default=None, effect_2b="2.87", effect_overall="2.69"),
        answers("PARTNER", default=None, effect_2b="2.70", effect_overall="2.50"),
    )
    shown = told(*pair)
    assert shown.relation_line.startswith(
        "EFFECt scores are recorded as published (overall: host arm 2.69, partner arm 2.50)."
    )
    page = render(shown, form)
    assert page.count("overall: host arm 2.69, partner arm 2.50") == 2
    assert "2.70" in page
    assert "no answers recorded" not in page  # nobody said that the arms did not answer


def test_a_published_value_is_shown_as_written_and_one_worked_out_is_short() -> None:
    shown = told(
        measured("2017-01-01", measure="SSI_RATE", value="8.0", numerator=129, denominator=1604, point="BASELINE"),
        measured("2018-01-01", measure="SSI_RATE", numerator=70, denominator=1827),
    )
    assert [row.value for row in shown.series[0].rows] == ["8.0\u202f%", "3.8\u202f%"]
    assert shown.series[0].finding == "from 8.0\u202f% to 3.8\u202f%"
    chart = shown.series[0].chart
    assert chart is not None
    assert (chart.baseline_text, chart.points[0].text) == ("8.0\u202f%", "8.0\u202f%")


def test_a_value_from_after_the_due_date_is_called_latest_value_since() -> None:
    goals = {"short_target": 30, "short_due": "2017-01-01", "long_due": "2018-12-31"}
    short, long = told(record("target", **TARGET, **goals), measured("2018-06-01", value=40)).targets[0].terms
    assert short.progress == "latest value since, 1 June 2018: beyond the target"
    assert long.progress == "50\u202f% of the way"


def test_an_undated_measurement_is_named_by_its_point_in_a_remark() -> None:
    faded = measured(None, value=13, point="LATER", point_note="10 months later", record_source="The gain faded.")
    assert [(each.text, each.records) for each in told(faded).origins.remarks] == [
        ("The gain faded.", "Measurement of Hand hygiene compliance (%), 10 months later")
    ]


@pytest.mark.parametrize("form", ["html", "md"])
def test_in_short_leaves_out_empty_groups_and_says_once_when_all_are_empty(form: str) -> None:
    line = "No measure with a target or a measurement is recorded."
    some = render(told(record("target", **TARGET), measured("2018-06-01", value=40)), form)
    short = some.partition("In short")[2].partition("Targets and results")[0]
    assert "Improved" in short
    assert not [name for name in ("Did not improve", "Cannot be told", "No data", "no measure", line) if name in short]
    assert render(told(), form).count(line) == 1


@pytest.mark.parametrize("form", ["html", "md"])
def test_what_is_not_recorded_is_never_said_not_to_have_been_done(form: str) -> None:
    page = render(told(), form)
    for said in (
        "No measurement is recorded",
        "No review of the technical work is recorded",
        "No answers about how the relation works are recorded",
    ):
        assert said in page
    for fact in (
        "was measured",
        "not been reviewed",
        "either arm",
        "Neither arm",
        "not signed",
        "Draft",
        "not answered",
    ):
        assert fact not in page


@pytest.mark.parametrize("form", ["html", "md"])
def test_how_the_needs_were_found_is_on_the_page(form: str) -> None:
    needs = record(
        "needs",
        "2016-10-01",
        needs_end="2016-10-05",
        needs_jointly="true",
        method_desk="true",
        method_visit="true",
        method_note="Two days of walking round",
        staff_heard=64,
        needs_validated_by="Regional quality officer",
    )
    shown = told(needs).needs[0]
    assert shown.methods == "desk review, facility visit. Two days of walking round"
    assert {fact.label: fact.value for fact in shown.facts} == {
        "Staff heard": "64",
        "Checked on site by someone from outside": "Regional quality officer",
    }
    page = render(told(needs), form)
    for said in ("1 October 2016 to 5 October 2016", "desk review, facility visit", "Regional quality officer", "64"):
        assert said in page
    assert told(record("needs", "2016-10-01")).needs[0].methods is None


def test_single_answers_never_appear() -> None:
    statement = labels().label("pf10")
    for form in ("html", "md"):
        page = render(evaluation(rich(), labels(), TODAY), form)
        assert statement not in page
        assert "D Trust and respect" in page
        assert "pf10" not in page


def test_areas_not_looked_at_are_not_zero() -> None:
    needs = told(record("needs", "2016-10-01", score_waste=0)).needs[0]
    assert [(score.name, score.value) for score in needs.scores] == [("Waste management", 0.0)]
    assert len(needs.unscored) == 14


def test_a_baseline_that_is_only_about_known_is_called_so_wherever_it_is_shown() -> None:
    first = record("measurement", measure="HH_COMPL", point="BASELINE", value=40, value_qualifier="ABOUT")
    later = record("measurement", "2017-03-01", measure="HH_COMPL", value=70, value_qualifier="AT_LEAST")
    text = render(told(first, later), "html").replace("\u202f", " ")
    assert "from about 40 %" in text
    assert "Baseline about 40 %" in text
    target = record("target", target_no=1, measure="HH_COMPL", long_target=80)
    assert told(target, first, later).targets[0].baseline == "about 40\u202f%"
