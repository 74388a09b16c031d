"""What the model of the sync (tests/property) found, each once and small: conflicts hold, and removals spare them."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml

from tests.flow.test_sync import FIELDS, RECORD, clashes, edit_on_server, on_server, other_store, record_file, send
from tpi_dhis2.dhis2.tracker import Tracker
from tpi_dhis2.domain.uids import derive_uid, next_generation
from tpi_dhis2.store.items import DELETED
from tpi_dhis2.sync.pull import ALL, Wanted, pull
from tpi_dhis2.sync.resolve import resolve
from tpi_dhis2.sync.wire import Wire

PARTNERSHIP = derive_uid("partnership", "p")
ACTIVITY, CYCLE = derive_uid(*RECORD), derive_uid("cycle", "p", "1")


@pytest.fixture
def version():
    """What is shown here does not depend on the version."""
    return "2.42"


def cycle_deleted(tmp_path):
    """A file that deletes the cycle, and still lists its records."""
    content = yaml.safe_load(record_file(tmp_path).read_text())
    content["partnerships"][0]["cycles"][0]["deleted"] = True
    path = tmp_path / "deleted.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_field_in_conflict_stays_on_the_server_when_another_of_the_record_is_sent(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path, spent=50))
    edit_on_server(installed, spent="70")
    send(installed, store, record_file(tmp_path, spent=100, learning="Much"))
    assert clashes(store) == [{"spent": ["100", "70"]}]
    assert on_server(installed).items() >= {"spent": "70", "learning": "Much"}.items()


def test_what_is_calculated_follows_from_what_the_server_keeps_of_a_conflict(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path, new_deadline=dt.date(2026, 12, 1)))
    edit_on_server(installed, new_deadline="2026-12-10")
    send(installed, store, record_file(tmp_path, new_deadline=dt.date(2026, 12, 24)))
    assert clashes(store) == [{"new_deadline": ["2026-12-24", "2026-12-10"]}]
    assert on_server(installed)["deadline"] == "2026-12-10"


def test_a_file_that_deletes_a_cycle_deletes_the_records_it_still_lists(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    done = send(installed, store, cycle_deleted(tmp_path))
    assert done.is_clean
    assert {item.type for item in store.items() if not item.deleted} == {"partnership"}


def deleting(installed, store, tmp_path, meanwhile):
    """A file deletes the cycle; before that is sent, somebody does something in it."""
    send(installed, store, record_file(tmp_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tpi_dhis2.sync.push.Pusher.send", lambda pusher: pusher.result)
        send(installed, store, cycle_deleted(tmp_path))
    meanwhile()
    pull(installed, store, FIELDS)
    send(installed, store)


def test_a_cycle_is_not_deleted_with_a_record_that_was_changed_meanwhile(installed, store, tmp_path):
    deleting(installed, store, tmp_path, lambda: edit_on_server(installed, spent="70"))
    assert clashes(store) == [{DELETED: ["true", None]}]
    assert on_server(installed)["spent"] == "70"
    resolve(store, ACTIVITY, "server")
    assert send(installed, store).is_clean
    assert not store.by_uid([CYCLE])[CYCLE].removed
    assert on_server(installed)["spent"] == "70"


@pytest.mark.parametrize(("take", "left"), [("here", {"partnership"}), ("server", {"partnership", "cycle", "contact"})])
def test_a_cycle_is_not_deleted_with_a_record_that_was_entered_meanwhile(installed, store, tmp_path, take, left):
    def enter():
        item = next(item for item in store.items() if item.kind == "activity")
        new = derive_uid("somebody's")
        body = Wire(FIELDS).payload([item])["events"][0]
        body |= {"event": new, "programStage": FIELDS.stages["contact"].uid, "dataValues": []}
        installed.ask("POST", "tracker", params={"async": "false"}, body={"events": [body]})

    deleting(installed, store, tmp_path, enter)
    assert clashes(store) == [{DELETED: ["true", None]}]
    resolve(store, CYCLE, take)
    assert send(installed, store).is_clean
    assert {item.kind or item.type for item in store.items() if not item.deleted} == left
    assert send(installed, store).requests == 0


def test_what_was_deleted_with_a_partnership_comes_back_with_it_also_where_it_was_only_pulled(
    installed, store, tmp_path
):
    send(installed, store, record_file(tmp_path))
    with other_store(tmp_path, "other") as other:
        pull(installed, other, FIELDS)
        body = {"trackedEntities": [{"trackedEntity": PARTNERSHIP}]}
        installed.ask("POST", "tracker", params={"async": "false", "importStrategy": "DELETE"}, body=body)
        [item] = other.by_uid([PARTNERSHIP]).values()
        item.doc["partner_name"] = "South"
        item.settle()
        other.save([item])
        assert send(installed, other).conflicts
        assert resolve(other, PARTNERSHIP, "here") == 6
        assert send(installed, other).is_clean
    assert on_server(installed, next_generation(ACTIVITY))["activity_title"] == "Train"


@pytest.mark.parametrize(("take", "status"), [("here", "CANCELLED"), ("server", "COMPLETED")])
def test_a_cycle_that_is_completed_no_more_takes_its_completion_along(installed, store, tmp_path, take, status):
    send(installed, store, record_file(tmp_path))
    enrollment = installed.get(f"tracker/enrollments/{CYCLE}", {"fields": "enrollment,program,orgUnit,enrolledAt"})
    own = {"trackedEntity": PARTNERSHIP, "occurredAt": enrollment["enrolledAt"], "status": "COMPLETED"}
    body = {"enrollments": [{**enrollment, **own}]}
    installed.ask("POST", "tracker", params={"async": "false", "importStrategy": "UPDATE"}, body=body)
    content = yaml.safe_load(record_file(tmp_path).read_text())
    content["partnerships"][0]["cycles"][0]["status"] = "CANCELLED"
    path = tmp_path / "cancelled.yaml"
    path.write_text(yaml.safe_dump(content))
    send(installed, store, path)
    assert clashes(store) == [{"@status": ["CANCELLED", "COMPLETED"]}]
    resolve(store, CYCLE, take)
    assert send(installed, store).is_clean
    [held] = store.by_uid([CYCLE]).values()
    [there] = [each for each in remotes(installed) if each.uid == CYCLE]
    assert held.base == held.doc == there.doc
    assert (there.doc["@status"], "@completed" in there.doc) == (status, status == "COMPLETED")


def test_a_partnership_without_a_cycle_is_not_thought_to_be_gone(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    assert send(installed, store, cycle_deleted(tmp_path)).is_clean
    flags = ("Event", "Enrollment", "TrackedEntity")
    installed.ask("POST", "maintenance", params={f"softDeleted{flag}Removal": "true" for flag in flags})
    for wanted in (ALL, ALL, Wanted(whole=True), Wanted(partnerships=(PARTNERSHIP,))):
        pull(installed, store, FIELDS, wanted)
        assert clashes(store) == []
    content = yaml.safe_load(cycle_deleted(tmp_path).read_text())
    content["partnerships"][0]["attributes"]["name"] = "Another name"
    path = tmp_path / "named.yaml"
    path.write_text(yaml.safe_dump(content))
    assert send(installed, store, path).is_clean
    fields = {"fields": "attributes[attribute,value]"}
    held = installed.get(f"tracker/trackedEntities/{PARTNERSHIP}", fields)["attributes"]
    assert "Another name" in [each["value"] for each in held]


@pytest.mark.parametrize(("take", "there"), [("here", True), ("server", False)])
def test_what_is_new_below_something_deleted_waits_and_comes_with_it_or_not_at_all(
    installed, store, tmp_path, take, there
):
    send(installed, store, record_file(tmp_path))
    assert send(installed, store, cycle_deleted(tmp_path)).is_clean
    content = yaml.safe_load(record_file(tmp_path).read_text())
    records = content["partnerships"][0]["cycles"][0]["records"]
    records["contact"] = [{"key": "new", "date": "2026-03-01", "contact_type": "CALL"}]
    path = tmp_path / "more.yaml"
    path.write_text(yaml.safe_dump(content))
    done = send(installed, store, path)
    new = derive_uid("record", "p", "1", "contact", "new")
    assert (done.requests, DELETED in store.by_uid([new])[new].conflicts) == (0, True)
    assert not any(each.kind == "contact" for each in remotes(installed))
    resolve(store, CYCLE, take)
    assert send(installed, store).is_clean
    assert any(each.kind == "contact" and not each.deleted for each in remotes(installed)) == there
    assert {item.state for item in store.items()} == {"synced"}


def remotes(installed):
    """What the server has of the partnership."""
    pages = Tracker(installed, FIELDS.program).whole([PARTNERSHIP])
    return [each for page in pages for entity in page for each in Wire(FIELDS).remotes(entity)]
