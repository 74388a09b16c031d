"""Drafts: a record keeps its UID, dates claim no more than is known, and one bad record stops no other."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import (
    OTHER_UNIT,
    UNIT,
    draft,
    item_of,
    one,
    only_cycle,
    only_record,
    partnership_entry,
    patched,
    read,
)
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.domain.work import is_overdue
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.partnerships import assemble
from tpi_dhis2.sync.drafts import Draft, Drafts, unit_names

CALL = ("contact", {"date": "2017-01-10", "contact_type": "CALL"})
WORKSHOP = ("contact", {"date": "2017-02-20", "contact_type": "WORKSHOP"})


def records(found: Drafts) -> list[Draft]:
    return [each for each in found.drafts if each.type == "record"]


def reasons(found: Drafts) -> list[str]:
    return [each.reason for each in found.rejected]


# Who is who


def test_parents_come_first_and_everything_knows_what_it_belongs_to(tmp_path: Path) -> None:
    found = draft(tmp_path, one(CALL))
    assert [each.type for each in found.drafts] == ["partnership", "cycle", "record"]
    pair, cycle, call = found.drafts
    assert (pair.partnership, cycle.partnership, call.partnership) == (pair.uid,) * 3
    assert (pair.cycle, cycle.cycle, call.cycle) == ("", cycle.uid, cycle.uid)


def test_the_same_file_gives_the_same_drafts_and_uids_from_its_keys(tmp_path: Path) -> None:
    content = one(CALL, ("target", {"target_no": 2, "measure": "HH_COMPL"}))
    first, second = draft(tmp_path, content), draft(tmp_path, content)
    assert first == second
    assert [each.uid for each in first.drafts] == [
        derive_uid("partnership", "pair"),
        derive_uid("cycle", "pair", "1"),
        derive_uid("record", "pair", "1", "contact", "2017-01-10|CALL|"),
        derive_uid("record", "pair", "1", "target", "2"),
    ]


def test_a_record_keeps_its_uid_when_fields_that_are_not_its_key_change(tmp_path: Path) -> None:
    before, after = (
        records(draft(tmp_path, one(("activity", {"activity_no": 3, "activity_title": title, "date": date}))))
        for title, date in (("Old", "2017-01-01"), ("New", "2017-06"))
    )
    assert before[0].uid == after[0].uid


def test_a_key_of_its_own_and_a_uid_of_its_own_go_before_the_natural_key(tmp_path: Path) -> None:
    keyed, owned = records(
        draft(tmp_path, one(("contact", {**CALL[1], "key": "k"}), ("contact", {**CALL[1], "uid": OTHER_UNIT})))
    )
    assert keyed.uid == derive_uid("record", "pair", "1", "contact", "k")
    assert owned.uid == OTHER_UNIT


def test_what_was_made_on_the_server_is_known_by_its_uid(tmp_path: Path) -> None:
    content = one(CALL, uid=OTHER_UNIT)
    content["partnerships"][0]["uid"] = UNIT
    pair, cycle, _ = draft(tmp_path, content).drafts
    assert (pair.uid, cycle.uid) == (UNIT, OTHER_UNIT)


@pytest.mark.parametrize("uid", ["tooshort", "ImspTQPwCq!", 12345678901])
def test_what_is_no_uid_is_refused_as_one(tmp_path: Path, uid: Any) -> None:
    found = draft(tmp_path, one(("contact", {**CALL[1], "uid": uid}), WORKSHOP))
    assert reasons(found) == [f"'{uid}' is not a UID"]
    assert len(records(found)) == 1


def test_two_records_with_one_key_are_one_record_and_one_set_aside(tmp_path: Path) -> None:
    found = draft(tmp_path, one(CALL, CALL, WORKSHOP))
    assert len(records(found)) == 2
    assert [each.place for each in found.rejected] == ["partnership 'pair', cycle 1, contact 2"]
    assert "give it a 'key' of its own" in found.rejected[0].reason


def test_two_cycles_with_one_key_are_one_cycle_and_one_set_aside(tmp_path: Path) -> None:
    cycles = [{"key": "1", "began": began, "records": {}} for began in ("2016-08-01", "2019-01-01")]
    found = draft(tmp_path, {"partnerships": [partnership_entry("pair", *cycles)]})
    assert [each.patch["@date"] for each in found.drafts if each.type == "cycle"] == ["2016-08-01"]
    assert [each.place for each in found.rejected] == ["partnership 'pair', cycle 2"]


def test_two_partnerships_with_one_uid_are_one_and_one_set_aside(tmp_path: Path) -> None:
    content = {"partnerships": [{**partnership_entry(key), "uid": UNIT} for key in ("first", "second")]}
    found = draft(tmp_path, content)
    assert [each.patch["name"] for each in found.drafts] == ["Pair first"]
    assert [each.place for each in found.rejected] == ["partnership 'second'"]


def test_a_record_without_what_tells_it_apart_is_set_aside(tmp_path: Path) -> None:
    found = draft(tmp_path, one(("activity", {"activity_title": "No number"}), CALL))
    assert reasons(found) == ["'activity_no' is missing: it tells this record from the others"]
    assert len(records(found)) == 1


# Units


def test_a_record_stands_in_its_own_unit_else_in_that_of_the_partnership(tmp_path: Path) -> None:
    found = records(draft(tmp_path, one(CALL, ("contact", {**WORKSHOP[1], "unit": "CLINIC"}))))
    assert [each.patch["@unit"] for each in found] == [UNIT, OTHER_UNIT]


def test_a_unit_that_the_server_lacks_sets_aside_what_stands_in_it(tmp_path: Path) -> None:
    content = one(("contact", {**CALL[1], "unit": "NOWHERE"}), WORKSHOP)
    content["partnerships"].append({"key": "other", "unit": "NOWHERE"})
    found = draft(tmp_path, content)
    assert [(each.place, "no unit 'NOWHERE'" in each.reason) for each in found.rejected] == [
        ("partnership 'pair', cycle 1, contact 1", True),
        ("partnership 'other'", True),
    ]
    assert len(found.drafts) == 3


def test_every_unit_that_a_file_names_is_asked_of_the_server(tmp_path: Path) -> None:
    reached = {"date": "2017-01-10", "spread_level": "LOCAL", "spread_what": "Handrub", "spread_unit": "CLINIC"}
    content = one(("spread", reached), ("contact", {**CALL[1], "unit": "WARD"}))
    content["partnerships"][0]["attributes"]["partner_unit"] = "PARTNER"
    assert unit_names(package_fields(), read(tmp_path, content)) == {"HOSPITAL", "PARTNER", "WARD", "CLINIC"}


def test_the_partners_unit_is_stored_by_its_uid_whichever_way_it_is_written(tmp_path: Path) -> None:
    for written in ("CLINIC", OTHER_UNIT):
        content = {"partnerships": [partnership_entry("pair", partner_unit=written)]}
        assert draft(tmp_path, content).drafts[0].patch["partner_unit"] == OTHER_UNIT


# Values


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"conact_type": "CALL"}, "'conact_type' is no field of this form"),
        ({"contact_type": "CHAT"}, "contact_type: 'CHAT' is not one of"),
        ({"contact_type": "CALL", "contact_count": 0}, "contact_count: '0' is not a whole number from 1 up"),
        ({"contact_type": "CALL", "decisions": ["one"]}, "decisions: a list stands where one value is expected"),
        ({"contact_type": "CALL", "status": "DONE"}, "status 'DONE' is not one of ACTIVE, COMPLETED"),
        ({"contact_type": "CALL", "date": "soon"}, "'soon' is not a date"),
        ({"contact_type": "CALL", "date": "2016-02-30"}, "'2016-02-30' is not a day of the calendar"),
    ],
)
def test_a_bad_record_is_set_aside_with_its_place_and_the_good_ones_go_on(
    tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    found = draft(tmp_path, one(("contact", {"date": "2017-01-10", **fields}), WORKSHOP))
    assert [each.place for each in found.rejected] == ["partnership 'pair', cycle 1, contact 1"]
    assert reason in found.rejected[0].reason
    assert [each.patch["contact_type"] for each in records(found)] == ["WORKSHOP"]


def test_an_unknown_kind_of_record_is_set_aside(tmp_path: Path) -> None:
    found = draft(tmp_path, one(("meeting", {"date": "2017-01-10"}), CALL))
    assert reasons(found)[0].startswith("'meeting' is no kind of record; known are agreement, needs, ")
    assert len(records(found)) == 1


@pytest.mark.parametrize("fields", [{"latest_value": 5}, {"short_result": "MET"}, {"long_result": None}])
def test_what_the_tool_calculates_cannot_be_given(tmp_path: Path, fields: dict[str, Any]) -> None:
    found = draft(tmp_path, one(("target", {"target_no": 1, **fields})))
    assert reasons(found) == [f"'{next(iter(fields))}' is calculated and cannot be given"]


def test_a_bad_attribute_is_set_aside_alone_and_stops_nothing_below_it(tmp_path: Path) -> None:
    content = one(CALL)
    content["partnerships"][0]["attributes"]["model"] = "FRIENDS"
    found = draft(tmp_path, content)
    assert [each.type for each in found.drafts] == ["partnership", "cycle", "record"]
    assert "model" not in found.drafts[0].patch
    assert [each.startswith("model: 'FRIENDS' is not one of HOSPITAL_HOSPITAL, ") for each in reasons(found)] == [True]


def test_an_attribute_may_be_as_long_as_the_server_takes(tmp_path: Path) -> None:
    for length, taken in ((1200, True), (1201, False)):
        content = {"partnerships": [partnership_entry("pair", partner_name="x" * length)]}
        assert ("partner_name" in draft(tmp_path, content).drafts[0].patch) == taken


@pytest.mark.parametrize("empty", [None, "", "  ", "\n"])
def test_an_empty_value_empties_the_field_and_is_never_stored(tmp_path: Path, empty: str | None) -> None:
    found = records(draft(tmp_path, one(("contact", {**CALL[1], "decisions": empty}))))
    assert found[0].patch["decisions"] is None
    assert "decisions" not in patched({"decisions": "old"}, found[0].patch)


def test_a_field_that_is_not_named_stays_as_it_is(tmp_path: Path) -> None:
    found = records(draft(tmp_path, one(CALL)))
    assert "decisions" not in found[0].patch
    doc = patched({"decisions": "old", "#localField1": "site"}, found[0].patch)
    assert (doc["decisions"], doc["#localField1"]) == ("old", "site")


# Dates


@pytest.mark.parametrize(
    ("date", "stored", "shown"),
    [("2017-03-15", "2017-03-15", "2017-03-15"), ("2017-03", "2017-03-01", "2017-03"), (2017, "2017-01-01", "2017")],
)
def test_a_date_is_kept_as_exactly_as_it_is_known(tmp_path: Path, date: Any, stored: str, shown: str) -> None:
    found = only_record(draft(tmp_path, one(("needs", {"needs_round": "BASELINE", "date": date}))))
    assert found.occurred == dt.date.fromisoformat(stored)
    assert str(found.date) == shown


def test_a_date_that_nobody_stated_is_stored_as_the_beginning_of_the_cycle_and_never_shown(tmp_path: Path) -> None:
    found = only_record(draft(tmp_path, one(("needs", {"needs_round": "BASELINE"}))))
    assert (found.occurred, found.date) == (dt.date(2016, 8, 1), None)


def test_a_date_is_no_more_exact_than_a_person_says(tmp_path: Path) -> None:
    fields = {"needs_round": "BASELINE", "date": "2017-03-15", "date_known": "YEAR"}
    assert str(only_record(draft(tmp_path, one(("needs", fields)))).date) == "2017"


def test_an_agreement_without_date_has_that_of_the_cycle_as_exactly_as_it_is_known(tmp_path: Path) -> None:
    found = only_cycle(draft(tmp_path, one(("agreement", {"host_lead": "A"}), began="2016-08")))
    assert str(found.started) == str(found.records[0].date) == "2016-08"


def test_other_dates_of_a_record_are_never_shown_more_exactly_than_they_were_written(tmp_path: Path) -> None:
    fields = {"target_no": 1, "date": "2016-12-15", "baseline_date": "2016-10"}
    found = draft(tmp_path, one(("target", fields)))
    shown = [str(only_record(found).known_day("baseline_date"))] if records(found) else []
    assert "2016-10-01" not in shown


def test_a_deadline_stays_known_when_it_is_not_stated_when_the_activity_was_agreed(tmp_path: Path) -> None:
    fields = {"activity_no": 1, "planned_end": "2017-03-15"}
    found = only_record(draft(tmp_path, one(("activity", fields))))
    assert found.date is None
    assert str(found.known_day("planned_end")) == "2017-03-15"
    assert is_overdue(found, dt.date(2018, 1, 1))


def test_a_cycle_that_began_in_a_month_did_not_begin_on_its_first_day(tmp_path: Path) -> None:
    found = only_cycle(draft(tmp_path, one(("agreement", {"date": "2016-08-30"}), began="2016-08")))
    assert str(found.started) != "2016-08-01"


def test_a_cycle_whose_beginning_nobody_stated_has_no_known_beginning(tmp_path: Path) -> None:
    assert only_cycle(draft(tmp_path, one(began=None))).started is None


def test_a_date_that_becomes_known_to_the_day_is_shown_to_the_day(tmp_path: Path) -> None:
    items: dict[str, Any] = {}
    for date in ("2017-03", "2017-03-15"):
        found = draft(tmp_path, one(("needs", {"needs_round": "BASELINE", "date": date})))
        items = {each.uid: item_of(each, items.get(each.uid)) for each in found.drafts}
    (partnership,) = assemble(items.values(), {})
    assert str(partnership.cycles[0].records[0].date) == "2017-03-15"


@pytest.mark.parametrize(
    ("contacts", "began"),
    [([CALL, WORKSHOP], "2017-01-10"), ([("contact", {"contact_type": "CALL"})], "2026-11-23"), ([], "2026-11-23")],
)
def test_a_cycle_without_beginning_stands_at_its_first_stated_date_else_at_that_of_the_file(
    tmp_path: Path, contacts: list[tuple[str, dict[str, Any]]], began: str
) -> None:
    cycle = draft(tmp_path, one(*contacts, began=None)).drafts[1]
    assert cycle.patch["@date"] == began


def test_a_bad_date_of_one_record_does_not_take_a_cycle_without_beginning_along(tmp_path: Path) -> None:
    bad = ("contact", {"date": "soon", "contact_type": "CALL"})
    found = draft(tmp_path, one(bad, WORKSHOP, began=None))
    contacts = [each for each in records(found) if each.kind == "contact"]
    assert [each.patch["contact_type"] for each in contacts] == ["WORKSHOP"]
    assert [each.place for each in found.rejected] == ["partnership 'pair', cycle 1, contact 1"]


@pytest.mark.parametrize(
    ("cycle", "reason"),
    [
        ({"began": "soon"}, "'soon' is not a date"),
        ({"status": "DONE"}, "status 'DONE' is not one of"),
        ({"uid": "x"}, "'x' is not a UID"),
    ],
)
def test_a_bad_cycle_is_set_aside_with_its_records_but_its_partnership_stays(
    tmp_path: Path, cycle: dict[str, str], reason: str
) -> None:
    found = draft(tmp_path, one(CALL, **cycle))
    assert [each.type for each in found.drafts] == ["partnership"]
    assert [each.place for each in found.rejected] == ["partnership 'pair', cycle 1"]
    assert reason in reasons(found)[0]


# Planned records


def test_a_planned_record_has_its_day_and_no_values(tmp_path: Path) -> None:
    planned = ("contact", {"key": "next", "status": "SCHEDULE", "scheduled": "2017-06-01"})
    (found,) = records(draft(tmp_path, one(planned)))
    assert found.patch == {"@unit": UNIT, "@status": "SCHEDULE", "@scheduled": "2017-06-01"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "a planned record needs 'scheduled', the day it is planned for"),
        ({"scheduled": "soon"}, "'soon' is not a date"),
        (
            {"scheduled": "2017-06-01", "contact_type": "CALL"},
            "a planned record can hold no values yet, but has 'contact_type'",
        ),
    ],
)
def test_a_planned_record_that_the_server_would_refuse_is_set_aside(
    tmp_path: Path, fields: dict[str, str], reason: str
) -> None:
    found = draft(tmp_path, one(("contact", {"key": "next", "status": "SCHEDULE", **fields})))
    assert [reason in each for each in reasons(found)] == [True]


@pytest.mark.parametrize("where", ["record", "cycle"])
def test_a_stated_day_of_completion_is_taken_or_refused_but_never_dropped(tmp_path: Path, where: str) -> None:
    done = {"status": "COMPLETED", "completed": "2018-05-05"}
    found = draft(tmp_path, one(("contact", {**CALL[1], **done})) if where == "record" else one(CALL, **done))
    kept = [each.patch.get("@completed") for each in found.drafts if each.type == where]
    assert found.rejected or kept == ["2018-05-05"]


def test_an_undated_record_keeps_its_uid_when_another_record_states_an_earlier_date(tmp_path: Path) -> None:
    undated = ("measurement", {"measure": "HH_COMPL", "point": "BASELINE", "value": 20})
    before = draft(tmp_path, one(undated, CALL, began=None))
    earlier = ("contact", {"date": "2016-01-01", "contact_type": "WORKSHOP"})
    after = draft(tmp_path, one(undated, CALL, earlier, began=None))
    uids = [{each.uid for each in found.drafts if each.kind == "measurement"} for found in (before, after)]
    assert uids[0] == uids[1]


def test_the_key_of_a_month_is_the_month_and_not_its_first_day(tmp_path: Path) -> None:
    dates = [("contact", {"date": date, "contact_type": "CALL"}) for date in ("2017-03", "2017-03-01")]
    assert len({each.uid for each in records(draft(tmp_path, one(*dates)))}) == 2
