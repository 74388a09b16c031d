"""Absorb: what the server has is merged with what was changed here, never laid over it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from tests.unit.builders import OTHER_UNIT, UNIT
from tpi_dhis2.domain.merge import Doc
from tpi_dhis2.domain.uids import next_generation
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import CONFLICT, DELETED, ERROR, RECORD, SYNCED, TO_DELETE, TO_POST, TO_UPDATE, Clash, Item
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.absorb import GONE, YES, absorb, miss
from tpi_dhis2.sync.resolve import resolve, resolve_all, resolve_value
from tpi_dhis2.sync.stamps import BACK, FORWARD, MAYBE_BACK, direction
from tpi_dhis2.sync.wire import Remote

UID = "aEvent00001"
BASE = {"@status": "ACTIVE", "goal": "old", "lead": "A"}


def item(doc: Doc | None = None, base: Doc | None = None, uid: str = UID) -> Item:
    made = Item(uid, RECORD, "agreement", UNIT, OTHER_UNIT, dict(doc or BASE), None if base is None else dict(base))
    made.settle()
    return made


def remote(doc: Doc | None = None, *, deleted: bool = False, uid: str = UID) -> Remote:
    return Remote(uid, RECORD, "agreement", UNIT, OTHER_UNIT, dict(doc or BASE), deleted)


def test_what_is_new_there_is_taken_as_it_is() -> None:
    known: dict[str, Item] = {}
    (new,) = absorb(known, [remote()])
    assert known == {UID: new}
    assert (new.doc, new.base, new.state) == (BASE, BASE, SYNCED)


def test_what_was_deleted_there_and_never_known_here_is_known_to_be_deleted() -> None:
    known: dict[str, Item] = {}
    (new,) = absorb(known, [remote(deleted=True)])
    assert (new.deleted, new.state, new.differs) == (True, SYNCED, False)


def test_what_did_not_change_on_either_side_is_not_touched() -> None:
    assert absorb({UID: item(BASE, BASE)}, [remote()]) == []


def test_a_look_that_finds_nothing_new_leaves_what_is_to_be_sent_as_it_is() -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    assert absorb({UID: ours}, [remote()]) == []
    assert (ours.doc["goal"], ours.state) == ("ours", TO_UPDATE)


def test_a_change_there_is_taken_and_nothing_is_to_be_sent() -> None:
    ours = item(BASE, BASE)
    assert absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})]) == [ours]
    assert (ours.doc["goal"], ours.state, ours.differs) == ("theirs", SYNCED, False)


def test_changes_of_different_fields_are_merged_and_ours_is_still_to_be_sent() -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    absorb({UID: ours}, [remote({**BASE, "lead": "B"})])
    assert ours.doc == {**BASE, "goal": "ours", "lead": "B"}
    assert (ours.state, ours.conflicts) == (TO_UPDATE, {})


def test_a_field_emptied_there_is_emptied_here() -> None:
    ours = item(BASE, BASE)
    absorb({UID: ours}, [remote({"@status": "ACTIVE", "goal": "old"})])
    assert "lead" not in ours.doc
    assert ours.state == SYNCED


def test_a_field_of_the_site_is_kept_with_the_rest() -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    absorb({UID: ours}, [remote({**BASE, "#siteField01": "theirs"})])
    assert ours.doc["#siteField01"] == "theirs"


@pytest.mark.parametrize("base", [BASE, None], ids=["shared a state", "never shared one"])
def test_a_field_changed_on_both_sides_waits_for_a_person_and_keeps_our_value(base: Doc | None) -> None:
    ours = item({**BASE, "goal": "ours"}, base)
    absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})])
    assert ours.conflicts == {"goal": Clash("ours", "theirs")}
    assert (ours.doc["goal"], ours.state) == ("ours", CONFLICT)


@pytest.mark.parametrize("state", [TO_UPDATE, ERROR])
def test_a_conflict_is_one_whatever_became_of_the_last_try_to_send(state: str) -> None:
    # A refused object is sent again by the next push: as an error it would silently win over the change there.
    ours = item({**BASE, "goal": "ours"}, BASE)
    ours.state, ours.problem = state, "refused before"
    absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})])
    assert ours.conflicts == {"goal": Clash("ours", "theirs")}
    assert ours.state == CONFLICT


def test_what_was_refused_stays_so_until_something_changes() -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    ours.state, ours.problem = ERROR, "refused before"
    absorb({UID: ours}, [remote({**BASE, "lead": "B"})])
    assert (ours.state, ours.problem) == (ERROR, "refused before")
    absorb({UID: ours}, [remote({**BASE, "lead": "B", "goal": "ours"})])
    assert (ours.state, ours.problem) == (SYNCED, "")


def conflicting() -> Item:
    ours = item({**BASE, "goal": "ours"}, BASE)
    absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})])
    return ours


def test_a_conflict_that_nobody_resolved_stays_when_the_same_is_seen_again() -> None:
    ours = conflicting()
    before = deepcopy(ours)
    assert absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})]) == []
    assert ours == before


def test_a_conflict_follows_the_newest_value_there() -> None:
    ours = conflicting()
    absorb({UID: ours}, [remote({**BASE, "goal": "newer"})])
    assert ours.conflicts == {"goal": Clash("ours", "newer")}


@pytest.mark.parametrize("later", [{**BASE, "goal": "ours"}, {**BASE, "goal": "ours", "lead": "B"}])
def test_a_conflict_ends_when_the_other_side_comes_to_our_value(later: Doc) -> None:
    ours = conflicting()
    absorb({UID: ours}, [remote(later)])
    assert (ours.conflicts, ours.doc, ours.state) == ({}, later, SYNCED)


def test_a_conflict_of_one_field_does_not_hide_a_later_one_of_another() -> None:
    ours = conflicting()
    ours.doc["lead"] = "our lead"
    absorb({UID: ours}, [remote({**BASE, "goal": "theirs", "lead": "their lead"})])
    assert ours.conflicts == {"goal": Clash("ours", "theirs"), "lead": Clash("our lead", "their lead")}


def test_calculated_fields_are_never_in_conflict() -> None:
    ours = item({**BASE, "current_step": "5_ACTION"}, {**BASE, "current_step": "3_GAP_ANALYSIS"})
    absorb({UID: ours}, [remote({**BASE, "current_step": "4_ACTION_PLANNING"})], frozenset({"current_step"}))
    assert (ours.conflicts, ours.doc["current_step"]) == ({}, "4_ACTION_PLANNING")


def test_what_was_deleted_there_is_deleted_here() -> None:
    ours = item(BASE, BASE)
    assert absorb({UID: ours}, [remote(deleted=True)]) == [ours]
    assert (ours.deleted, ours.state, ours.differs) == (True, SYNCED, False)
    assert absorb({UID: ours}, [remote(deleted=True)]) == []


def test_what_was_changed_here_and_deleted_there_is_said_and_not_sent() -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    absorb({UID: ours}, [remote(deleted=True)])
    assert (ours.state, ours.conflicts, ours.differs) == (CONFLICT, {DELETED: Clash(None, YES)}, False)
    assert ours.doc["goal"] == "ours"


def test_what_came_back_there_is_alive_here() -> None:
    ours = item(BASE, BASE)
    absorb({UID: ours}, [remote(deleted=True)])
    assert absorb({UID: ours}, [remote()]) == [ours]
    assert (ours.deleted, ours.state) == (False, SYNCED)


def test_an_object_that_a_page_shows_twice_is_named_once() -> None:
    known: dict[str, Item] = {}
    touched = absorb(known, [remote(), remote({**BASE, "goal": "newer"})])
    assert [each.uid for each in touched] == [UID]
    assert known[UID].doc["goal"] == "newer"


def test_objects_are_told_apart_by_uid() -> None:
    one, other = item(BASE, BASE), item(BASE, BASE, uid="aEvent00002")
    touched = absorb({each.uid: each for each in (one, other)}, [remote({**BASE, "goal": "x"}, uid=other.uid)])
    assert touched == [other]
    assert one.doc == BASE


def test_the_fields_in_no_conflict_are_sent_and_the_one_in_conflict_is_not() -> None:
    ours = item({**BASE, "goal": "ours", "lead": "ours"}, BASE)
    absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})])
    assert ours.outgoing == {**BASE, "goal": "theirs", "lead": "ours"}
    assert (ours.state, ours.differs) == (CONFLICT, True)


def test_what_is_to_be_deleted_here_and_was_changed_there_waits() -> None:
    ours = item(BASE, BASE)
    ours.removed = True
    ours.settle()
    assert (ours.state, ours.differs) == (TO_DELETE, True)
    absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})])
    assert (ours.state, ours.conflicts, ours.differs) == (CONFLICT, {DELETED: Clash(YES, None)}, False)


def test_what_both_sides_delete_is_deleted() -> None:
    ours = item(BASE, BASE)
    ours.removed = True
    absorb({UID: ours}, [remote(deleted=True)])
    assert (ours.deleted, ours.removed, ours.state) == (True, False, SYNCED)


def test_a_calculated_field_alone_is_no_change_that_a_deletion_would_lose() -> None:
    ours = item({**BASE, "current_step": "5_ACTION"}, BASE)
    absorb({UID: ours}, [remote(deleted=True)], frozenset({"current_step"}))
    assert (ours.deleted, ours.state) == (True, SYNCED)


def test_what_a_restored_server_lacks_is_to_be_posted_again() -> None:
    ours = item(BASE, BASE)
    assert miss(ours, frozenset(), restored=True)
    assert (ours.base, ours.state) == (None, TO_POST)


def test_what_a_server_lacks_and_was_not_deleted_in_sight_waits_for_a_person() -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    assert miss(ours, frozenset(), restored=False)
    assert (ours.state, ours.conflicts, ours.differs) == (CONFLICT, {DELETED: Clash(None, GONE)}, False)
    assert not miss(ours, frozenset(), restored=False)


def test_what_was_missed_and_is_there_again_is_in_no_conflict() -> None:
    ours = item(BASE, BASE)
    miss(ours, frozenset(), restored=False)
    absorb({UID: ours}, [remote()])
    assert (ours.state, ours.conflicts) == (SYNCED, {})


@pytest.mark.parametrize("unsent", [{}, {"lead": "ours"}], ids=["synced", "changed here, too"])
def test_a_value_that_a_server_has_surely_gone_back_on_is_sent_again(unsent: Doc) -> None:
    ours = item({**BASE, "goal": "sent", **unsent}, {**BASE, "goal": "sent"})
    absorb({UID: ours}, [remote(BASE)], went=BACK)
    assert (ours.doc, ours.base, ours.state) == ({**BASE, "goal": "sent", **unsent}, BASE, TO_UPDATE)


def test_a_value_that_a_server_may_have_gone_back_on_waits() -> None:
    ours = item({**BASE, "goal": "sent"}, {**BASE, "goal": "sent"})
    absorb({UID: ours}, [remote(BASE)], went=MAYBE_BACK)
    assert (ours.conflicts, ours.differs) == ({"goal": Clash("sent", "old")}, False)


@pytest.mark.parametrize(
    ("stamp", "there", "went"),
    [
        ("", "2026-01-02", FORWARD), ("2026-01-02", "2026-01-02", FORWARD), ("2026-01-02", "2026-01-03", FORWARD),
        ("2026-01-02", "2026-01-01", MAYBE_BACK), ("~2026-01-02", "2026-01-03", FORWARD),
        ("~2026-01-02", "2026-01-02", BACK), ("~2026-01-02", "2026-01-01", MAYBE_BACK),
    ],
)  # fmt: skip
def test_what_a_time_says_of_the_server(stamp: str, there: str, went: str) -> None:
    assert direction(stamp, there) == went


# Resolving, in a real store


@pytest.mark.parametrize(("take", "goal", "state"), [("here", "ours", TO_UPDATE), ("server", "theirs", SYNCED)])
def test_a_resolved_conflict_keeps_the_side_that_was_taken(tmp_path: Path, take: str, goal: str, state: str) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save([conflicting()])
        assert resolve(store, UID, take) == 1
        (after,) = store.items()
    assert (after.doc["goal"], after.state, after.conflicts) == (goal, state, {})


def test_a_field_that_the_server_emptied_is_emptied_when_its_side_is_taken(tmp_path: Path) -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    absorb({UID: ours}, [remote({"@status": "ACTIVE", "lead": "A"})])
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save([ours])
        resolve(store, UID, "server")
        (after,) = store.items()
    assert "goal" not in after.doc
    assert after.state == SYNCED


@pytest.mark.parametrize("uid", [UID, "aEvent00099"])
def test_what_is_in_no_conflict_cannot_be_resolved(tmp_path: Path, uid: str) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save([item(BASE, BASE)])
        with pytest.raises(UsageError, match="nothing to decide"):
            resolve(store, uid, "here")


def resolved(tmp_path: Path, ours: Item, take: str) -> list[Item]:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save([ours])
        resolve(store, ours.uid, take)
        return store.items()


def test_what_was_deleted_there_and_is_kept_here_is_entered_anew(tmp_path: Path) -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    absorb({UID: ours}, [remote(deleted=True)])
    after = {each.uid: each for each in resolved(tmp_path, ours, "here")}
    old, new = after[UID], after[next_generation(UID)]
    assert (old.deleted, old.state) == (True, SYNCED)
    assert (new.doc["goal"], new.base, new.state) == ("ours", None, TO_POST)


def test_what_was_deleted_there_stays_so_when_the_servers_side_is_taken(tmp_path: Path) -> None:
    ours = item({**BASE, "goal": "ours"}, BASE)
    absorb({UID: ours}, [remote(deleted=True)])
    (after,) = resolved(tmp_path, ours, "server")
    assert (after.deleted, after.state, after.doc) == (True, SYNCED, BASE)


@pytest.mark.parametrize(("take", "state", "deleted"), [("here", TO_POST, False), ("server", SYNCED, True)])
def test_what_is_gone_is_sent_again_or_given_up(tmp_path: Path, take: str, state: str, deleted: bool) -> None:
    ours = item(BASE, BASE)
    miss(ours, frozenset(), restored=False)
    (after,) = resolved(tmp_path, ours, take)
    assert (after.state, after.deleted) == (state, deleted)


@pytest.mark.parametrize(("take", "state"), [("here", TO_DELETE), ("server", SYNCED)])
def test_what_was_to_be_deleted_and_changed_there(tmp_path: Path, take: str, state: str) -> None:
    ours = item(BASE, BASE)
    ours.removed = True
    absorb({UID: ours}, [remote({**BASE, "goal": "theirs"})])
    (after,) = resolved(tmp_path, ours, take)
    assert (after.state, after.doc["goal"]) == (state, "theirs")


def two_conflicts() -> Item:
    ours = item({**BASE, "common_goal": "ours", "host_lead": "our lead"}, {**BASE})
    absorb({UID: ours}, [remote({**BASE, "common_goal": "theirs", "host_lead": "their lead"})])
    return ours


def test_one_field_is_decided_and_the_other_still_waits(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save([two_conflicts()])
        resolve(store, UID, "server", "common_goal")
        (after,) = store.items()
        assert (list(after.conflicts), after.doc["common_goal"]) == (["host_lead"], "theirs")
        resolve_value(store, package_fields(), UID, "host_lead", " a third ")
        (after,) = store.items()
    assert (after.conflicts, after.doc["host_lead"], after.state) == ({}, "a third", TO_UPDATE)


@pytest.mark.parametrize(("key", "value"), [("host_email", "x"), ("host_lead_email", "no address")])
def test_a_value_for_no_conflict_or_of_no_use_is_refused(tmp_path: Path, key: str, value: str) -> None:
    ours = item({**BASE, "host_lead_email": "a@b.org"}, BASE)
    absorb({UID: ours}, [remote({**BASE, "host_lead_email": "c@d.org"})])
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save([ours])
        with pytest.raises(UsageError):
            resolve_value(store, package_fields(), UID, key, value)
        assert store.items() == [ours]


@pytest.mark.parametrize(("take", "goal"), [("here", "ours"), ("server", "theirs")])
def test_all_conflicts_are_decided_at_once(tmp_path: Path, take: str, goal: str) -> None:
    other = item({**BASE, "goal": "ours"}, BASE, uid="aEvent00002")
    absorb({other.uid: other}, [remote({**BASE, "goal": "theirs"}, uid=other.uid)])
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        store.save([conflicting(), other])
        assert resolve_all(store, take) == 2
        assert [(each.conflicts, each.doc["goal"]) for each in store.items()] == [({}, goal)] * 2
