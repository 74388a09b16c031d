"""The demo's files: taken whole, the published cases with nothing added, the fictional ones said to be so."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import pytest
import yaml

from tests.unit.builders import DEMO_FILES, DEMO_UNITS, demo_drafts, partnerships_of
from tpi_dhis2.demo.units import FOLDER, levels, units
from tpi_dhis2.domain import functioning, measures, work
from tpi_dhis2.domain.records import Cycle, Measure, Partnership, Record
from tpi_dhis2.domain.steps import STEPS, current_step
from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sync import files
from tpi_dhis2.sync.drafts import Drafts

TODAY = dt.date(2026, 11, 23)


@cache
def _drafts() -> tuple[Drafts, Drafts]:
    published, fictional = demo_drafts()
    return published, fictional


def published() -> dict[str, Partnership]:
    return {each.text("code") or "": each for each in partnerships_of(_drafts()[0])}


def fictional(letter: str) -> Partnership:
    return {each.text("code"): each for each in partnerships_of(_drafts()[1])}[f"DEMO_{letter}"]


def latest(letter: str) -> Cycle:
    cycle = fictional(letter).latest
    assert cycle is not None
    return cycle


def records(pair: Partnership) -> list[Record]:
    return [record for cycle in pair for record in cycle.records]


def _raw(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    return content


# Both files


@pytest.mark.parametrize("number", [0, 1], ids=[path.name for path in DEMO_FILES])
def test_every_entry_of_the_demo_is_taken(number: int) -> None:
    assert _drafts()[number].rejected == []
    assert files.read(DEMO_FILES[number]).rejected == []


@pytest.mark.parametrize("number", [0, 1], ids=[path.name for path in DEMO_FILES])
def test_every_value_that_stands_in_a_file_stands_in_its_draft_and_none_besides(number: int) -> None:
    by_place = {draft.place: draft for draft in _drafts()[number].drafts}
    for partnership in files.read(DEMO_FILES[number]).partnerships:
        for cycle in partnership.cycles:
            for record in cycle.records:
                given = {key for key, value in record.fields.items() if value not in (None, "")}
                stored = {key for key, value in by_place[record.place].patch.items() if value and key[0] != "@"}
                assert stored - given <= {"date_known"}, record.place
                assert given <= stored, record.place


def test_what_is_complete_has_its_mandatory_fields() -> None:
    fields = package_fields()
    for drafts in _drafts():
        for draft in drafts.drafts:
            doc = {key: value for key, value in draft.patch.items() if value is not None}
            lacking = [] if draft.type == "cycle" else fields.missing(draft.kind, doc)
            assert [info.key for info in lacking] == [], draft.place


def test_the_uids_of_the_demo_are_well_formed_and_no_two_objects_share_one() -> None:
    uids = [draft.uid for drafts in _drafts() for draft in drafts.drafts] + [unit["id"] for unit in units()]
    assert all(is_uid(uid) for uid in uids)
    assert len(set(uids)) == len(uids)


def test_activities_and_targets_quote_priorities_that_the_cycle_has() -> None:
    for drafts in _drafts():
        for pair in partnerships_of(drafts):
            for cycle in pair:
                numbers = {each.text("priority_no") for each in cycle.of("priority")}
                quoted = {each.text("priority_no") for kind in ("activity", "target") for each in cycle.of(kind)}
                assert quoted - {None} <= numbers, pair.name


def test_no_partnership_has_two_open_cycles() -> None:
    for drafts in _drafts():
        for pair in partnerships_of(drafts):
            assert [cycle.status for cycle in pair].count("ACTIVE") <= 1, pair.name


# Units


def test_units_come_after_their_parents_and_their_codes_are_stable_keys() -> None:
    seen: set[str] = set()
    for unit in units():
        assert unit.get("parent", {"id": None})["id"] in {None, *seen}, unit["code"]
        seen.add(unit["id"])
    assert len({unit["code"] for unit in units()}) == len(units()) == len(seen)
    assert DEMO_UNITS["TPI_DEMO_NDARAVI_RH"] in seen


def test_units_fit_into_dhis2_and_levels_have_names() -> None:
    assert all(len(unit["shortName"]) <= 50 and len(unit["code"]) <= 50 for unit in units())
    assert [(level["level"], level["name"]) for level in levels()] == [
        (1, "Country"), (2, "Region"), (3, "District"), (4, "Facility"),
    ]  # fmt: skip


def test_no_record_is_older_than_its_unit() -> None:
    opened = min(unit["openingDate"] for unit in units())
    dates = [draft.patch.get("@date") for drafts in _drafts() for draft in drafts.drafts]
    assert min(date for date in dates if date) >= opened


# The published cases


def test_the_published_cases_are_the_nine_of_the_sources() -> None:
    assert len(published()) == 9
    assert all(code.startswith("CASE_") for code in published())


def test_the_published_cases_hold_nothing_calculated() -> None:
    calculated = package_fields().calculated
    for pair in published().values():
        assert not calculated & set(pair.values), pair.name
        assert not any(calculated & set(record.values) for record in records(pair)), pair.name


def test_every_published_case_names_its_source() -> None:
    for pair in published().values():
        assert any(record.text("record_source") for record in records(pair)), pair.name


def test_no_people_were_added_to_the_published_cases() -> None:
    people = (
        "host_lead",
        "partner_lead",
        "owner_host",
        "owner_partner",
        "plan_host_signatory",
        "plan_partner_signatory",
    )
    for pair in published().values():
        assert not [key for record in records(pair) for key in people if record.text(key)], pair.name
        assert pair.text("pstatus") is None


def test_what_a_source_does_not_state_is_absent_and_not_empty_or_zero() -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)
        else:
            assert value not in (None, "", 0), value

    walk(_raw("published.yaml"))
    drafts = _drafts()[0].drafts
    patches = [{key: value for key, value in draft.patch.items() if key != "date_known"} for draft in drafts]
    assert all(value not in (None, "") for patch in patches for value in patch.values())


def test_the_published_facts_of_tellewoyan_and_nagasaki() -> None:
    pair = published()["CASE_TELLEWOYAN"]
    (cycle,) = pair
    agreement = cycle.one("agreement")
    assert agreement is not None
    assert (str(cycle.started), agreement.text("host_beds")) == ("2016-08", "135")
    assert {each.text("area") for each in cycle.of("priority")} == {"IPC_HAND_HYGIENE", "WASTE_MANAGEMENT"}
    assert [str(each.date) for each in cycle.of("needs")] == ["2016-10"]
    assert not cycle.of("measurement")
    assert not any(key.startswith("score_") for each in cycle.of("needs") for key in each.values)


def test_a_case_whose_dates_are_not_published_shows_none() -> None:
    pair = published()["CASE_NCDC"]
    (cycle,) = pair
    assert cycle.started is None
    assert all(record.date is None for record in cycle.records)


def test_the_published_scores_of_the_nigerian_evaluation_are_kept_and_no_own_score_is_made_of_them() -> None:
    (cycle,) = published()["CASE_NCDC"]
    (found,) = functioning.rounds(cycle)
    assert found.host is not None
    assert found.partner is not None
    assert (found.host.number("effect_overall"), found.partner.number("effect_overall")) == (2.69, 2.50)
    assert (found.score, functioning.arm_score(found.host), found.gap("a")) == (None, None, None)


def test_the_published_hand_hygiene_of_faranah_and_bouake() -> None:
    values = {
        code: [measures.value(each) for each in measures.series(next(iter(published()[code])), Measure("HH_COMPL"))]
        for code in ("CASE_FARANAH", "CASE_BOUAKE")
    }
    assert values["CASE_FARANAH"] == [23.7, 71.5]
    assert values["CASE_BOUAKE"] == [12.7, 36.8, 36.4]


# The fictional partnerships


def test_every_fictional_partnership_and_partner_says_so() -> None:
    pairs = partnerships_of(_drafts()[1])
    assert sorted(each.text("code") or "" for each in pairs) == [f"DEMO_{letter}" for letter in "ABCDEFGH"]
    for pair in pairs:
        assert "(fictional)" in pair.name
        assert "(fictional)" in (pair.text("partner_name") or "(fictional)")
        assert (pair.unit or "") in {DEMO_UNITS[code] for code in DEMO_UNITS if code.startswith("TPI_DEMO_")}


@pytest.mark.parametrize(
    ("letter", "step"), [("A", 6), ("B", 5), ("C", 5), ("D", 4), ("E", 3), ("F", 2), ("G", 1), ("H", 6)]
)
def test_the_fictional_partnerships_stand_at_every_step(letter: str, step: int) -> None:
    cycles = list(fictional(letter))
    assert max(list(STEPS).index(current_step(cycle)) + 1 for cycle in cycles) == step


def test_a_case_that_got_worse_is_among_them() -> None:
    cycle = next(iter(fictional("A")))
    (target,) = [each for each in cycle.of("target") if each.text("measure") == "WATER_DAYS"]
    found = measures.series(cycle, Measure("WATER_DAYS"))
    last = measures.latest(measures.follow_ups(target, found))
    assert last is not None
    change = measures.progress(target.number("baseline"), measures.value(last), target.number("long_target"))
    assert change is not None
    assert change < 0
    assert measures.result(target, "long", found, TODAY) == "NOT_MET"


def test_a_due_target_without_data_is_among_them() -> None:
    cycle = latest("C")
    results = {
        measures.result(target, "short", measures.series(cycle, measure), TODAY)
        for target in cycle.of("target")
        if (measure := target.measure)
    }
    assert "NO_DATA" in results


def test_fourteen_activities_of_which_two_are_overdue_and_one_costs_nothing_are_among_them() -> None:
    activities = latest("B").of("activity")
    summary = work.summarise(activities, TODAY)
    assert (len(activities), summary.overdue) == (14, 2)
    assert [each.text("activity_no") for each in activities if each.number("activity_budget") == 0] == ["9"]


def test_a_cancelled_activity_is_among_them() -> None:
    activities = next(iter(fictional("A"))).of("activity")
    assert [each.text("activity_no") for each in activities if each.text("activity_status") == "CANCELLED"] == ["9"]


def test_a_plan_that_only_one_arm_signed_is_among_them() -> None:
    plan = latest("D").one("plan")
    assert plan is not None
    assert [bool(plan.text(f"plan_{arm}_signed")) for arm in ("host", "partner")].count(True) == 1


def test_an_evaluation_that_one_arm_has_not_answered_is_among_them_and_has_no_score() -> None:
    open_rounds = [each for cycle in fictional("H") for each in functioning.rounds(cycle) if not each.both]
    assert open_rounds
    assert all(each.score is None for each in open_rounds)
