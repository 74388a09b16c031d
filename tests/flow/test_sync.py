"""Push and pull against a server of each version: nothing lost, nothing doubled, nothing overwritten in silence."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml

from tpi_dhis2.demo.run import FILES
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.errors import StoreProblem, UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import CONFLICT, DELETED
from tpi_dhis2.store.partnerships import partnerships
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.outcome import CREATED, UPDATED
from tpi_dhis2.sync.pull import Wanted, pull
from tpi_dhis2.sync.push import How, push
from tpi_dhis2.sync.resolve import resolve, resolve_all
from tpi_dhis2.sync.wire import Wire
from tpi_dhis2.sync.writers import Writers

FIELDS = package_fields()
TODAY = dt.date(2026, 11, 23)
RECORD = ("record", "p", "1", "activity", "1")


def record_file(tmp_path, *, name="records.yaml", **changes):
    """One partnership with one cycle: an agreement, a baseline, a target and an activity."""
    activity = {"date": "2026-02-01", "activity_no": 1, "activity_title": "Train", "activity_status": "ON_TRACK"}
    records = {
        "agreement": [{"date": "2026-01-10", "host_lead": "Ana", "common_goal": "Fewer infections"}],
        "target": [
            {
                "date": "2026-02-01",
                "target_no": 1,
                "measure": "HH_COMPL",
                "baseline": 20,
                "short_target": 50,
                "short_due": "2026-06-30",
            }
        ],
        "measurement": [{"date": "2026-06-01", "measure": "HH_COMPL", "numerator": 60, "denominator": 100}],
        "activity": [{**activity, **changes}],
    }
    attributes = {"name": "Pair (fictional)", "code": "PAIR"}
    cycle = {"key": "1", "began": "2026-01-10", "records": records}
    one = {"key": "p", "unit": "TPI_DEMO_NDARAVI_RH", "attributes": attributes, "cycles": [cycle]}
    path = tmp_path / name
    path.write_text(yaml.safe_dump({"as_of": TODAY, "partnerships": [one]}), encoding="utf-8")
    return path


def send(client, store, *paths):
    return push(client, store, FIELDS, paths, How(today=TODAY))


def written(done, *outcomes):
    """The kinds of what was created or updated, as often as they were."""
    wanted = outcomes or (CREATED, UPDATED)
    return sorted(kind for (outcome, kind), count in done.counts.items() for _ in range(count) if outcome in wanted)


def clashes(store):
    """The fields in conflict with both sides."""
    return [{key: [c.here, c.server] for key, c in item.conflicts.items()} for item in store.items(state=CONFLICT)]


def other_store(tmp_path, name):
    return Store.open(f"sqlite:///{tmp_path / name}.sqlite")


def on_server(client, uid=None):
    """The activity as the server has it now."""
    event = client.get(f"tracker/events/{uid or derive_uid(*RECORD)}", {"program": FIELDS.program})
    keys = {info.uid: key for key, info in FIELDS.elements.items()}
    return {keys[value["dataElement"]]: value["value"] for value in event["dataValues"]}


def edit_on_server(client, **values):
    """Somebody changes the activity in Capture."""
    uid = derive_uid(*RECORD)
    event = client.get(f"tracker/events/{uid}", {"program": FIELDS.program})
    given = [{"dataElement": FIELDS.elements[key].uid, "value": value} for key, value in values.items()]
    body = {"events": [{**event, "dataValues": given}]}
    client.ask("POST", "tracker", params={"async": "false", "importStrategy": "UPDATE"}, body=body)


def edit_demo(client, store):
    """Somebody changes the name of one of the demo's partnerships."""
    item = next(item for item in store.items() if item.type == "partnership")
    values = [{"attribute": FIELDS.attributes["name"].uid, "value": "Another name"}]
    entity = {"trackedEntity": item.uid, "trackedEntityType": FIELDS.tracked_entity_type, "orgUnit": item.doc["@unit"]}
    body = {"trackedEntities": [{**entity, "attributes": values}]}
    client.ask("POST", "tracker", params={"async": "false", "importStrategy": "UPDATE"}, body=body)


def test_a_second_push_writes_nothing(installed, store, writes):
    first = push(installed, store, FIELDS, FILES, How(today=TODAY))
    assert first.is_clean
    assert (first.number(CREATED), first.requests, writes()) == (len(store.items()), 1, 1)
    second = push(installed, store, FIELDS, FILES, How(today=TODAY))
    assert (written(second), second.requests) == ([], 0)
    assert writes() == 1


def test_a_push_from_a_lost_store_writes_nothing_either(installed, store, tmp_path, writes):
    send(installed, store, record_file(tmp_path))
    with other_store(tmp_path, "new") as new:
        again = send(installed, new, record_file(tmp_path))
        assert again.is_clean
        assert {item.state for item in new.items()} == {"synced"}
    assert writes() == 1


def test_what_comes_back_is_what_was_sent(installed, store, tmp_path):
    push(installed, store, FIELDS, FILES, How(today=TODAY))
    with other_store(tmp_path, "pulled") as pulled:
        done = pull(installed, pulled, FIELDS)
        assert done.seen == 17
        sent, back = store.items(), pulled.items()
        names = [p.name for p in partnerships(pulled)]
    plain = [(item.uid, {k: v for k, v in item.doc.items() if k not in ("@completed", "@incident")}) for item in sent]
    assert [(i.uid, {k: v for k, v in i.doc.items() if k not in ("@completed", "@incident")}) for i in back] == plain
    assert sum(name.endswith("(fictional)") for name in names) == 8


def test_a_pull_asks_only_for_what_changed(installed, store, tmp_path):
    push(installed, store, FIELDS, FILES, How(today=TODAY))
    assert pull(installed, store, FIELDS).seen == 17
    assert pull(installed, store, FIELDS).seen == 0
    edit_demo(installed, store)
    assert pull(installed, store, FIELDS).seen == 1
    again = pull(installed, store, FIELDS, Wanted(whole=True))
    assert (again.seen, again.taken) == (17, 0)


def test_only_the_changed_record_travels_and_it_travels_whole(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    done = send(installed, store, record_file(tmp_path, spent=100))
    assert written(done) == ["activity"]
    body = Wire(FIELDS).payload([store.by_uid([derive_uid(*RECORD)])[derive_uid(*RECORD)]])
    assert list(body) == ["events"]
    assert len(body["events"][0]["dataValues"]) == 4
    assert on_server(installed)["spent"] == "100"


def test_a_change_made_on_the_server_is_merged_with_one_made_here(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    edit_on_server(installed, obstacle="FUNDS")
    done = send(installed, store, record_file(tmp_path, spent=100))
    assert done.is_clean
    assert on_server(installed).items() >= {"obstacle": "FUNDS", "spent": "100"}.items()


@pytest.mark.parametrize(("take", "kept"), [("here", "100"), ("server", "70")])
def test_a_field_changed_on_both_sides_waits_for_a_person(installed, store, tmp_path, writes, take, kept):
    send(installed, store, record_file(tmp_path, spent=50))
    edit_on_server(installed, spent="70")
    before = writes()
    done = send(installed, store, record_file(tmp_path, spent=100))
    assert (done.conflicts, clashes(store)) == (1, [{"spent": ["100", "70"]}])
    assert writes() == before
    assert send(installed, store).conflicts
    resolve(store, derive_uid(*RECORD), take)
    assert send(installed, store).is_clean
    assert on_server(installed)["spent"] == kept


def complete_on_server(client):
    """Somebody completes the activity and the cycle in Capture."""
    event = client.get(f"tracker/events/{derive_uid(*RECORD)}", {"program": FIELDS.program})
    cycle = client.get(f"tracker/enrollments/{derive_uid('cycle', 'p', '1')}", {"program": FIELDS.program})
    body = {"enrollments": [{**cycle, "status": "COMPLETED"}], "events": [{**event, "status": "COMPLETED"}]}
    client.ask("POST", "tracker", params={"async": "false", "importStrategy": "UPDATE"}, body=body)


def statuses(store):
    return {item.kind or item.type: item.doc.get("@status") for item in store.items()}


def test_the_same_file_again_after_a_pull_changes_nothing_of_what_people_did(installed, store, tmp_path, writes):
    path = record_file(tmp_path, spent=50)
    send(installed, store, path)
    edit_on_server(installed, spent="70", obstacle="FUNDS")
    complete_on_server(installed)
    pull(installed, store, FIELDS)
    before = writes()
    done = send(installed, store, path)
    assert (done.is_clean, done.requests, writes()) == (True, 0, before)
    assert on_server(installed)["spent"] == "70"
    assert statuses(store).items() >= {"cycle": "COMPLETED", "activity": "COMPLETED"}.items()


def test_a_field_changed_in_the_file_and_on_the_server_is_a_conflict_after_a_pull_too(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path, spent=50))
    edit_on_server(installed, spent="70")
    pull(installed, store, FIELDS)
    done = send(installed, store, record_file(tmp_path, spent=100))
    assert (done.conflicts, clashes(store)) == (1, [{"spent": ["100", "70"]}])
    assert on_server(installed)["spent"] == "70"


def test_a_file_that_completes_a_record_is_no_conflict_with_its_own_beginning(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    done = send(installed, store, record_file(tmp_path, status="COMPLETED"))
    assert done.is_clean
    assert statuses(store)["activity"] == "COMPLETED"


def test_marks_of_a_partnership_stay_when_it_is_written(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    uid = derive_uid("partnership", "p")
    unit = store.by_uid([uid])[uid].doc["@unit"]
    marked = {"trackedEntity": uid, "trackedEntityType": FIELDS.tracked_entity_type, "orgUnit": unit}
    body = {"trackedEntities": [{**marked, "potentialDuplicate": True, "inactive": True}]}
    installed.ask("POST", "tracker", params={"async": "false", "importStrategy": "UPDATE"}, body=body)
    path = record_file(tmp_path)
    path.write_text(path.read_text().replace("Pair (fictional)", "Another pair (fictional)"))
    assert written(send(installed, store, path), UPDATED) == ["partnership"]
    asked = {"program": FIELDS.program, "fields": "potentialDuplicate,inactive"}
    assert installed.get(f"tracker/trackedEntities/{uid}", asked) == {"potentialDuplicate": True, "inactive": True}


def test_what_the_server_completed_is_not_sent_again_and_again(installed, store, tmp_path):
    path = record_file(tmp_path, status="COMPLETED", completed="2026-04-01")
    send(installed, store, path)
    pull(installed, store, FIELDS, Wanted(whole=True))
    assert send(installed, store, path).requests == 0


def test_a_file_with_one_new_record_moves_nothing_else(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    before = {item.uid: item.doc for item in store.items()}
    contact = {"date": "2026-06-01", "contact_type": "CALL"}
    one = {"key": "p", "unit": "TPI_DEMO_NDARAVI_RH", "cycles": [{"key": "1", "records": {"contact": [contact]}}]}
    path = tmp_path / "part.yaml"
    path.write_text(yaml.safe_dump({"partnerships": [one]}))
    with other_store(tmp_path, "fresh") as fresh:
        done = send(installed, fresh, path)
        assert done.is_clean
        assert written(done) == ["contact"]
    pull(installed, store, FIELDS)
    after = {item.uid: item.doc for item in store.items()}
    assert {uid: doc for uid, doc in before.items() if not doc.items() <= after[uid].items()} == {}


def test_what_was_deleted_and_removed_for_good_comes_back_only_when_a_person_says_so(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    entity = {"trackedEntities": [{"trackedEntity": derive_uid("partnership", "p")}]}
    installed.ask("POST", "tracker", params={"async": "false", "importStrategy": "DELETE"}, body=entity)
    flags = ["Relationship", "Event", "Enrollment", "TrackedEntity", "TrackedEntityInstance"]
    params = {f"softDeleted{flag}Removal": "true" for flag in flags}
    installed.ask("POST", "maintenance", params=params)
    assert send(installed, store, record_file(tmp_path)).conflicts == 6
    assert resolve_all(store, "here") == 6
    done = send(installed, store)
    assert done.number(CREATED) == 6
    assert on_server(installed)["activity_title"] == "Train"


def test_a_value_that_an_unknown_server_has_is_not_emptied_in_silence(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path, spent=50))
    with other_store(tmp_path, "fresh") as fresh:
        done = send(installed, fresh, record_file(tmp_path, spent=None))
        assert (done.conflicts, clashes(fresh)) == (1, [{"spent": [None, "50"]}])
        resolve(fresh, derive_uid(*RECORD), "here")
        assert send(installed, fresh).is_clean
    assert "spent" not in on_server(installed)


def test_what_is_entered_between_the_look_and_the_sending_is_not_overwritten(installed, store, tmp_path, monkeypatch):
    send(installed, store, record_file(tmp_path))
    first, edits = Writers.submit, ["FUNDS"]

    def meanwhile(writers, parcel, upload):
        if edits:
            edit_on_server(installed, obstacle=edits.pop())
        first(writers, parcel, upload)

    monkeypatch.setattr(Writers, "submit", meanwhile)
    send(installed, store, record_file(tmp_path, spent=100))
    assert on_server(installed).items() >= {"obstacle": "FUNDS", "spent": "100"}.items()


def test_what_was_entered_on_the_server_is_calculated_too(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    with other_store(tmp_path, "other") as other:
        content = yaml.safe_load(record_file(tmp_path).read_text())
        later = {"date": "2026-09-01", "measure": "HH_COMPL", "value": 66}
        content["partnerships"][0]["cycles"][0]["records"]["measurement"].append(later)
        body = tmp_path / "later.yaml"
        body.write_text(yaml.safe_dump(content))
        monday = push(installed, other, FIELDS, [body], How(today=TODAY))
        assert written(monday) == ["measurement", "partnership", "target"]  # the profile, for its last action
    pull(installed, store, FIELDS)
    after = push(installed, store, FIELDS, (), How(today=dt.date(2026, 11, 24)))
    assert after.requests == 0
    assert on_server(installed, derive_uid("record", "p", "1", "target", "1"))["latest_value"] == "66"


def test_a_value_taken_away_is_taken_away_on_the_server(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path, spent=50))
    send(installed, store, record_file(tmp_path, spent=None))
    assert "spent" not in on_server(installed)


def test_a_value_that_the_file_does_not_name_stays(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path, spent=50))
    done = send(installed, store, record_file(tmp_path))
    assert done.requests == 0
    assert on_server(installed)["spent"] == "50"


def test_a_bad_record_never_stops_the_rest(installed, store, tmp_path):
    path = record_file(tmp_path, planned_end="31 May")
    done = send(installed, store, path)
    [rejected] = done.rejected
    assert rejected.place == "records.yaml: partnership 'p', cycle 1, activity 1"
    assert rejected.reason == "planned_end: '31 May' is not a date; write it as 2016-08-30, 2016-08 or 2016"
    assert written(done, CREATED) == ["agreement", "cycle", "measurement", "partnership", "target"]


def test_what_the_server_refuses_is_named_and_the_rest_is_stored(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    content = yaml.safe_load(record_file(tmp_path).read_text())
    content["partnerships"][0]["cycles"].append({"key": "2", "began": "2026-05-01"})
    content["partnerships"][0]["attributes"]["model"] = "HOSPITAL_HOSPITAL"
    path = tmp_path / "second.yaml"
    path.write_text(yaml.safe_dump(content))
    done = send(installed, store, path)
    [problem] = done.refused.values()
    assert "already has an open cycle" in problem
    assert "E1015" in problem
    # Twice: what was calculated with the new cycle is put right once that is refused.
    assert written(done) == ["partnership", "partnership"]


def test_what_stands_below_a_refused_partnership_is_named_with_the_reason(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    content = yaml.safe_load(record_file(tmp_path).read_text())
    content["partnerships"][0]["key"] = "q"
    path = tmp_path / "second.yaml"
    path.write_text(yaml.safe_dump(content))
    done = send(installed, store, path)
    reasons = {item.kind or item.type: item.problem for item in store.by_uid(done.refused).values()}
    assert "must be unique" in reasons["partnership"]
    assert "was refused" in reasons["cycle"]
    assert all("was refused" in reasons[kind] for kind in ("agreement", "target", "measurement", "activity"))
    assert not written(done)


def test_a_refusal_is_no_sign_that_the_server_went_back(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    pull(installed, store, FIELDS)
    content = yaml.safe_load(record_file(tmp_path).read_text())
    content["partnerships"][0]["cycles"].append({"key": "2", "began": "2026-01-05"})
    path = tmp_path / "second.yaml"
    path.write_text(yaml.safe_dump(content))
    send(installed, store, path)
    pull(installed, store, FIELDS)
    before = store.expected()
    assert send(installed, store).refused
    assert store.expected() == before


def test_what_was_refused_can_be_given_up(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    content = yaml.safe_load(record_file(tmp_path).read_text())
    content["partnerships"][0]["key"] = "q"
    path = tmp_path / "second.yaml"
    path.write_text(yaml.safe_dump(content))
    refused = send(installed, store, path).refused
    assert len(refused) == 6
    uid = derive_uid("partnership", "q")
    assert resolve(store, uid, "server") == 6
    assert send(installed, store).requests == 0
    assert len(store.items()) == 6


def test_a_bad_attribute_is_set_aside_alone(installed, store, tmp_path):
    content = yaml.safe_load(record_file(tmp_path).read_text())
    content["partnerships"][0]["attributes"] |= {"model": "Hospitl", "next_review": "2027"}
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump(content))
    done = send(installed, store, path)
    assert [rejected.reason.split(":")[0] for rejected in done.rejected] == ["model", "next_review"]
    assert done.number(CREATED) == 6


def test_a_record_deleted_on_the_server_stays_deleted(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    body = {"events": [{"event": derive_uid(*RECORD)}]}
    installed.ask("POST", "tracker", params={"async": "false", "importStrategy": "DELETE"}, body=body)
    pull(installed, store, FIELDS)
    assert store.by_uid([derive_uid(*RECORD)])[derive_uid(*RECORD)].deleted
    assert all(not cycle.of("activity") for p in partnerships(store) for cycle in p)
    done = send(installed, store, record_file(tmp_path, spent=1))
    assert (done.conflicts, clashes(store)) == (1, [{DELETED: [None, "true"]}])
    assert store.by_uid([derive_uid(*RECORD)])[derive_uid(*RECORD)].deleted


def test_what_stands_in_a_cycle_deleted_on_the_server_is_deleted_here(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    body = {"enrollments": [{"enrollment": derive_uid("cycle", "p", "1")}]}
    installed.ask("POST", "tracker", params={"async": "false", "importStrategy": "DELETE"}, body=body)
    again = send(installed, store, record_file(tmp_path))
    assert again.is_clean
    assert {item.type for item in store.items() if not item.deleted} == {"partnership"}
    assert send(installed, store).requests == 0


def test_calculated_fields_are_written_and_only_when_they_change(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    target = on_server(installed, derive_uid("record", "p", "1", "target", "1"))
    assert target.items() >= {"latest_value": "60", "latest_date": "2026-06-01", "short_result": "MET"}.items()
    [found] = partnerships(store)
    assert found.text("current_step") == "5_ACTION"
    assert send(installed, store).requests == 0


def evaluation_file(tmp_path, *arms):
    """The record file with the review of a round, and the answers of these arms: all statements at 1, 2, ..."""
    content = yaml.safe_load(record_file(tmp_path).read_text())
    records = content["partnerships"][0]["cycles"][0]["records"]
    round_of = {"date": "2026-07-01", "evaluation_round": "MID_TERM"}
    records["impact"] = [{**round_of, "rating": "PARTLY", "next_decision": "CONTINUE"}]
    statements = [f"pf{number:02d}" for number in range(1, 25)]
    records["functioning"] = [
        {**round_of, "one_arm": arm, **dict.fromkeys(statements, place)} for place, arm in enumerate(arms, 1)
    ]
    path = tmp_path / "evaluation.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def impact_on_server(client):
    found = on_server(client, derive_uid("record", "p", "1", "impact", "MID_TERM"))
    return {key: value for key, value in found.items() if key.startswith("functioning_")}


def test_how_the_relation_works_is_written_once_both_arms_have_answered(installed, store, tmp_path):
    send(installed, store, evaluation_file(tmp_path, "HOST"))
    assert impact_on_server(installed) == {"functioning_arms": "1"}
    assert not send(installed, store, evaluation_file(tmp_path, "HOST", "PARTNER")).refused
    both = {"functioning_arms": "2", "functioning_score": "1.5", "functioning_gap": "1"}
    assert impact_on_server(installed) == {**both, **{f"functioning_{letter}": "1.5" for letter in "abcdefgh"}}
    assert send(installed, store).requests == 0


def test_scores_of_the_relation_stay_when_the_answers_are_out_of_sight(installed, store, tmp_path):
    send(installed, store, evaluation_file(tmp_path, "HOST", "PARTNER"))
    before = impact_on_server(installed)
    [pair] = partnerships(store)
    body = {"events": [{"event": record.uid} for record in pair.latest.of("functioning")]}
    installed.ask("POST", "tracker", params={"async": "false", "importStrategy": "DELETE"}, body=body)
    with other_store(tmp_path, "without") as without:
        pull(installed, without, FIELDS)
        [pair] = partnerships(without)
        assert pair.latest.of("functioning") == []
        assert send(installed, without).requests == 0
    assert impact_on_server(installed) == before != {}


def test_the_last_action_stands_in_the_profile(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    uid = derive_uid("partnership", "p")
    asked = {"program": FIELDS.program, "fields": "attributes[attribute,value]"}
    found = installed.get(f"tracker/trackedEntities/{uid}", asked)["attributes"]
    values = {each["attribute"]: each["value"] for each in found}
    assert values[FIELDS.attributes["last_action"].uid] == "2026-06-01"


def test_records_of_other_people_are_pulled_with_their_local_fields(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    with other_store(tmp_path, "other") as other:
        pull(installed, other, FIELDS)
        done = send(installed, other, record_file(tmp_path, learning="Much"))
        assert written(done) == ["activity"]
    pull(installed, store, FIELDS)
    [found] = partnerships(store)
    assert found.latest.of("activity")[0].text("learning") == "Much"
    assert found.host_name == "Ndaravi Regional Hospital"


def test_a_store_belongs_to_one_server(installed, store):
    pull(installed, store, FIELDS)
    store.set("server", "https://another.example.org")
    with pytest.raises(StoreProblem, match="another server"):
        pull(installed, store, FIELDS)


@pytest.mark.parametrize("content", ["- just a list", "partnerships: 3", "{", "a: [1", "as_of: x\npartnerships: []"])
def test_a_file_that_is_no_record_file_is_refused_before_anything_is_asked(installed, store, tmp_path, ready, content):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(UsageError):
        send(installed, store, path)
    assert not [path for method, path in ready.requests if "tracker" in path]
    assert store.items() == []
