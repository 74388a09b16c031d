"""Undoing what a run did to an object, and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tpi_dhis2.provision.undo import differing, undo

STAGE = {
    "id": "Stage000001", "name": "Plan", "description": "Old", "repeatable": True, "lastUpdated": "2026-01-01",
    "programStageDataElements": [{"id": "Entry000001", "dataElement": {"id": "Element0001"}, "compulsory": False}],
    "translations": [{"locale": "fr", "property": "NAME", "value": "Plan d'action"}],
}  # fmt: skip


def stage(**given):
    return {**STAGE, **given}


def entry(number, **given):
    return {"id": f"Entry00000{number}", "dataElement": {"id": f"Element000{number}"}, "compulsory": False, **given}


def test_what_the_run_changed_goes_back_and_what_people_changed_stays():
    sent = stage(name="4 Action plan", style={"color": "#fff"})
    now = stage(name="4 Action plan", description="Ours", style={"color": "#fff"}, lastUpdated="2026-02-02")
    assert undo("programStages", STAGE, sent, now) == {
        **{key: value for key, value in STAGE.items() if key != "lastUpdated"}, "description": "Ours",
    }  # fmt: skip


def test_what_the_run_added_to_a_list_goes_and_what_people_added_stays():
    sent = stage(programStageDataElements=[entry(1), entry(2)])
    now = stage(programStageDataElements=[entry(1, compulsory=True), entry(2), entry(3)])
    after = undo("programStages", STAGE, sent, now)
    assert after["programStageDataElements"] == [entry(1, compulsory=True), entry(3)]


def test_what_the_run_took_out_of_a_list_returns_and_what_people_took_out_does_not():
    before = stage(programStageDataElements=[entry(1), entry(2), entry(4)])
    sent = stage(programStageDataElements=[entry(1), entry(2), entry(3)])
    now = stage(programStageDataElements=[entry(1), entry(3)])
    after = undo("programStages", before, sent, now)
    assert after["programStageDataElements"] == [entry(1), entry(4)]


def test_an_entry_that_records_need_stays():
    sent = stage(programStageDataElements=[entry(1), entry(2)])
    after = undo("programStages", STAGE, sent, sent, frozenset({"Element0002"}))
    assert [one["id"] for one in after["programStageDataElements"]] == ["Entry000001", "Entry000002"]


def test_a_translation_of_people_stays_beside_those_that_go():
    sent = stage(translations=[*STAGE["translations"], {"locale": "pt", "property": "NAME", "value": "Plano"}])
    own = {"locale": "sw", "property": "NAME", "value": "Mpango"}
    after = undo("programStages", STAGE, sent, stage(translations=[*sent["translations"], own]))
    assert after["translations"] == [*STAGE["translations"], own]


def test_what_the_site_owns_is_as_it_is_today():
    before = {"id": "Group000001", "name": "Old", "users": [], "sharing": {"public": "--------"}}
    sent = {**before, "name": "New"}
    now = {**sent, "users": [{"id": "Person00001"}], "sharing": {"public": "r-------"}}
    assert undo("userGroups", before, sent, now) == {**now, "name": "Old"}


def test_a_property_that_was_not_there_before_is_not_there_after():
    assert "style" not in undo("programStages", STAGE, stage(style={"icon": "x"}), stage(style={"icon": "x"}))


def test_what_the_run_made_goes_and_what_it_removed_returns():
    assert undo("maps", None, STAGE, STAGE) is None
    assert undo("maps", None, STAGE, None) is None
    assert undo("maps", None, STAGE, STAGE, frozenset({STAGE["id"]})) == STAGE
    assert undo("maps", STAGE, None, None)["name"] == "Plan"
    assert undo("maps", STAGE, None, stage(name="Made again")) == stage(name="Made again")
    assert undo("maps", STAGE, stage(name="x"), None)["name"] == "Plan"


def test_what_no_run_touched_stays():
    assert undo("maps", None, None, STAGE) == STAGE


_UIDS = st.lists(st.sampled_from("abcdefgh"), unique=True).map(
    lambda letters: [{"id": f"{x}0000000000"} for x in letters]
)
_OBJECTS = st.fixed_dictionaries(
    {"id": st.just("Group000001"), "name": st.sampled_from(["one", "two", "three"]), "dataElements": _UIDS},
    optional={"description": st.sampled_from(["", "some", "more"])},
)


@given(before=_OBJECTS, sent=_OBJECTS, now=_OBJECTS)
def test_undoing_twice_is_undoing_once(before, sent, now):
    once = undo("dataElementGroups", before, sent, now)
    again = undo("dataElementGroups", before, sent, once)
    assert not differing("dataElementGroups", again, once)


@given(before=_OBJECTS, sent=_OBJECTS)
def test_undone_at_once_it_is_as_before(before, sent):
    assert not differing("dataElementGroups", undo("dataElementGroups", before, sent, sent), before)


@given(before=_OBJECTS, now=_OBJECTS)
def test_a_run_that_changed_nothing_is_undone_by_nothing(before, now):
    assert not differing("dataElementGroups", undo("dataElementGroups", before, before, now), now)
