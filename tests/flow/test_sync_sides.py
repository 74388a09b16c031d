"""Both sides change, delete and choose: what waits for a person, what is sent, and what stays as it is."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import yaml

from tests.fault.servers import tpi
from tests.flow.accounts import PASSWORD, add_account, client_of
from tests.flow.test_sync import (
    FIELDS,
    RECORD,
    TODAY,
    edit_on_server,
    on_server,
    other_store,
    record_file,
    send,
    written,
)
from tpi_dhis2.demo.run import FILES
from tpi_dhis2.demo.units import units
from tpi_dhis2.domain.uids import derive_uid, next_generation
from tpi_dhis2.errors import NotFound
from tpi_dhis2.store.items import CONFLICT, DELETED, SYNCED, WARNING
from tpi_dhis2.store.partnerships import partnerships
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.outcome import CREATED, REMOVED
from tpi_dhis2.sync.pull import Wanted, pull
from tpi_dhis2.sync.push import How, push, rehearse
from tpi_dhis2.sync.resolve import resolve

ACTIVITY = derive_uid(*RECORD)
PAIR = derive_uid("partnership", "p")
CYCLE = derive_uid("cycle", "p", "1")
ACCOUNT = {"username": "admin", "password": "district"}
NDARAVI = next(unit for unit in units() if unit["code"] == "TPI_DEMO_NDARAVI_RH")


def delete_on_server(client, **objects):
    """Somebody deletes in Capture."""
    body = {
        name: [{name.removesuffix("s") if name != "trackedEntities" else "trackedEntity": uid}]
        for name, uid in objects.items()
    }
    client.ask("POST", "tracker", params={"async": "false", "importStrategy": "DELETE"}, body=body)


def is_there(client, uid):
    try:
        client.get(f"tracker/events/{uid}", {"program": FIELDS.program})
    except NotFound:
        return False
    return True


def changed(tmp_path, change, **more):
    """The record file with something changed in its one partnership."""
    path = record_file(tmp_path, **more)
    content = yaml.safe_load(path.read_text())
    change(content["partnerships"][0])
    path.write_text(yaml.safe_dump(content))
    return path


def without_activity(partnership):
    [activity] = partnership["cycles"][0]["records"]["activity"]
    activity["deleted"] = True


# Deleting -------------------------------------------------------------------------------------------------------


def test_a_record_that_a_file_calls_deleted_is_deleted_on_the_server_and_once(installed, store, tmp_path, writes):
    send(installed, store, record_file(tmp_path))
    done = send(installed, store, changed(tmp_path, without_activity))
    assert written(done, REMOVED) == ["activity"]
    assert not is_there(installed, ACTIVITY)
    before = writes()
    assert send(installed, store, changed(tmp_path, without_activity)).is_clean
    assert writes() == before


def test_a_partnership_that_a_file_calls_deleted_goes_with_all_below_it(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    done = send(installed, store, changed(tmp_path, lambda pair: pair.update(deleted=True)))
    assert (done.number(REMOVED), done.is_clean) == (6, True)
    assert partnerships(store) == []
    with other_store(tmp_path, "fresh") as fresh:
        pull(installed, fresh, FIELDS)
        assert partnerships(fresh) == []


def test_a_record_deleted_here_and_changed_there_waits(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    edit_on_server(installed, spent="70")
    done = send(installed, store, changed(tmp_path, without_activity))
    assert (done.conflicts, is_there(installed, ACTIVITY)) == (1, True)
    resolve(store, ACTIVITY, "here")
    assert send(installed, store).is_clean
    assert not is_there(installed, ACTIVITY)


def test_what_was_deleted_there_is_entered_anew_when_a_person_says_so(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    delete_on_server(installed, events=ACTIVITY)
    assert send(installed, store, record_file(tmp_path, spent=1)).conflicts == 1
    resolve(store, ACTIVITY, "here")
    assert written(send(installed, store), CREATED) == ["activity"]
    assert on_server(installed, next_generation(ACTIVITY))["spent"] == "1"
    assert send(installed, store, record_file(tmp_path, spent=2)).is_clean
    assert on_server(installed, next_generation(ACTIVITY))["spent"] == "2"
    with other_store(tmp_path, "fresh") as fresh:  # which knows nothing of it but what the server shows
        assert send(installed, fresh, record_file(tmp_path, spent=2)).requests == 0


def test_a_partnership_deleted_there_is_entered_anew_with_all_that_went_with_it(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    delete_on_server(installed, trackedEntities=PAIR)
    path = changed(tmp_path, lambda pair: pair["attributes"].update(name="Another name"))
    assert send(installed, store, path).conflicts == 1
    assert resolve(store, PAIR, "here") == 6
    done = send(installed, store)
    assert (done.number(CREATED), done.is_clean) == (6, True)
    [pair] = partnerships(store)
    assert (pair.uid, pair.name, len(pair.latest.records)) == (next_generation(PAIR), "Another name", 4)
    with other_store(tmp_path, "fresh") as fresh:
        assert send(installed, fresh, path).requests == 0


def test_what_is_no_longer_there_and_was_not_seen_deleted_waits_for_a_person(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    pull(installed, store, FIELDS)
    delete_on_server(installed, events=ACTIVITY)
    flags = ["Relationship", "Event", "Enrollment", "TrackedEntity", "TrackedEntityInstance"]
    installed.ask("POST", "maintenance", params={f"softDeleted{flag}Removal": "true" for flag in flags})
    assert pull(installed, store, FIELDS).conflicts == 1
    assert send(installed, store, record_file(tmp_path, spent=3)).conflicts == 1
    resolve(store, ACTIVITY, "here")
    send(installed, store)
    assert on_server(installed)["spent"] == "3"


# Fields in conflict ---------------------------------------------------------------------------------------------


def test_a_field_that_waits_holds_nothing_else_back_and_both_sides_are_named(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path, spent=50))
    edit_on_server(installed, spent="70")
    done = send(installed, store, record_file(tmp_path, spent=100, obstacle="FUNDS"))
    assert (done.conflicts, written(done)) == (1, ["activity"])
    assert on_server(installed).items() >= {"spent": "70", "obstacle": "FUNDS"}.items()
    [item] = store.items(state=CONFLICT)
    [clash] = item.conflicts.values()
    assert (clash.here, clash.server, item.changed_by) == ("100", "70", "records.yaml")
    # 2.40 and 2.41 do not name the author of every value, as recorded.
    assert clash.at[:4].isdigit()
    assert clash.by == "admin" or installed.version.minor <= 41
    assert send(installed, store, record_file(tmp_path, spent=100, obstacle="FUNDS")).requests == 0


# Parts of a sync ------------------------------------------------------------------------------------------------


def test_a_push_of_one_partnership_leaves_the_others_waiting(installed, store):
    with store.rehearsal():
        pass
    rehearse(installed, store, FIELDS, FILES, How(today=TODAY))
    assert store.items() == []
    pusher_done = push(installed, store, FIELDS, FILES, How(within=frozenset(), today=TODAY))
    assert pusher_done.requests == 0
    one = store.partnerships()[0]
    done = push(installed, store, FIELDS, (), How(within=frozenset([one]), today=TODAY))
    assert done.is_clean
    assert {item.partnership for item in store.items() if item.state in (SYNCED, WARNING)} == {one}


def test_a_rehearsal_tells_what_the_server_would_refuse_and_keeps_nothing(installed, store, tmp_path, writes):
    send(installed, store, record_file(tmp_path))
    path = changed(tmp_path, lambda pair: pair["cycles"].append({"key": "2", "began": "2026-05-01"}), spent=9)
    before = {item.uid: item for item in store.items()}
    done = rehearse(installed, store, FIELDS, [path], How(today=TODAY))
    assert ["E1015" in problem for problem in done.refused.values()] == [True]
    assert "activity" in written(done)
    assert {item.uid: item for item in store.items()} == before
    assert "spent" not in on_server(installed)


def test_units_have_cursors_of_their_own(installed, store, tmp_path):
    push(installed, store, FIELDS, FILES, How(today=TODAY))
    with other_store(tmp_path, "part") as part:
        unit = Wanted(units=(NDARAVI["id"],))
        first = pull(installed, part, FIELDS, unit)
        assert 0 < first.seen < 17
        assert pull(installed, part, FIELDS, unit).seen == 0
        assert part.cursor() is None
        assert {item.doc["@unit"] for item in part.of_type("partnership")} == {NDARAVI["id"]}
        rest = pull(installed, part, FIELDS)
        assert first.seen + rest.seen == 17


def test_one_partnership_is_pulled_by_its_name(installed, store, tmp_path):
    push(installed, store, FIELDS, FILES, How(today=TODAY))
    file = f"sqlite:///{tmp_path / 'named.sqlite'}"
    given = {"url": installed.base, "store": file, **ACCOUNT}
    uid = store.partnerships()[0]
    assert json.loads(tpi("sync", "pull", "--partnership", uid, "--json", **given).out)["seen"] == 1
    wrong = tpi("sync", "push", "--partnership", "Nobody", **given)
    assert (wrong.code, "No partnerships are called 'Nobody'" in wrong.err) == (1, True)


def test_a_pull_since_a_day_does_not_move_the_cursor(installed, store, tmp_path):
    send(installed, store, record_file(tmp_path))
    later = (dt.datetime.now() + dt.timedelta(days=2)).isoformat(timespec="milliseconds")  # noqa: DTZ005 - a server's
    with other_store(tmp_path, "since") as since:
        assert pull(installed, since, FIELDS, Wanted(since=later)).seen == 0
        assert since.cursor() is None
        assert pull(installed, since, FIELDS).seen == 1


@pytest.mark.parametrize("looks", [0, 3])
def test_a_push_in_jobs_of_the_server_ends_like_any_other(installed, ready, store, looks, tmp_path):
    ready.state.looks_before_jobs = looks
    done = push(installed, store, FIELDS, [record_file(tmp_path)], How(today=TODAY, as_jobs=True))
    assert (done.number(CREATED), done.is_clean, store.uploads()) == (6, True, {})
    assert on_server(installed)["activity_title"] == "Train"


# Accounts that see less -----------------------------------------------------------------------------------------


def test_who_may_not_read_a_form_neither_loses_its_records_nor_calculates_without_them(installed, store, tmp_path):
    def answers(pair):
        one = {"date": "2026-07-01", "evaluation_round": "MID_TERM", "one_arm": "HOST", "pf01": 1}
        pair["cycles"][0]["records"]["functioning"] = [one]

    send(installed, store, changed(tmp_path, answers))
    pull(installed, store, FIELDS)
    [before] = partnerships(store)
    top = installed.get("organisationUnits", {"filter": "level:eq:1", "fields": "id", "paging": "false"})
    every = [unit["id"] for unit in top["organisationUnits"]]
    add_account(installed, "capturer", ["TPI_DATA_CAPTURE"], every)
    other = client_of(installed, "capturer")
    store.set("server", other.identify())
    done = push(other, store, FIELDS, [changed(tmp_path, answers, spent=5)], How(today=TODAY))
    assert (done.is_clean, written(done)) == (True, ["activity"])
    [after] = partnerships(store)
    assert len(after.latest.of("functioning")) == 1
    assert after.text("current_step") == before.text("current_step") == "6_EVALUATION_REVIEW"
    with other_store(tmp_path, "seen") as seen:
        pull(other, seen, FIELDS)
        assert push(other, seen, FIELDS, (), How(today=TODAY + dt.timedelta(days=1))).requests == 0
        [found] = partnerships(seen)
        assert (found.latest.of("functioning"), found.text("current_step")) == ([], "6_EVALUATION_REVIEW")


def test_a_whole_pull_brings_what_an_account_may_read_since_lately(installed, store, tmp_path):
    def answers(pair):
        one = {"date": "2026-07-01", "evaluation_round": "MID_TERM", "one_arm": "HOST", "pf01": 1}
        pair["cycles"][0]["records"]["functioning"] = [one]

    def answered():
        return [item.kind for item in seen.items() if item.kind == "functioning"]

    send(installed, store, changed(tmp_path, answers))
    top = installed.get("organisationUnits", {"filter": "level:eq:1", "fields": "id", "paging": "false"})
    every = [unit["id"] for unit in top["organisationUnits"]]
    with other_store(tmp_path, "seen") as seen:
        add_account(installed, "newcomer", ["TPI_DATA_CAPTURE"], every)
        pull(client_of(installed, "newcomer"), seen, FIELDS)
        assert answered() == []
        add_account(installed, "newcomer", ["TPI_FUNCTIONING"], every)
        pull(client_of(installed, "newcomer"), seen, FIELDS)
        assert answered() == []
        pull(client_of(installed, "newcomer"), seen, FIELDS, Wanted(whole=True))
        assert answered() == ["functioning"]


# The command line -----------------------------------------------------------------------------------------------


def test_a_whole_run_tells_counts_and_codes_and_nothing_that_people_entered(installed, tmp_path):
    file = f"sqlite:///{tmp_path / 'run.sqlite'}"
    given = {"url": installed.base, "store": file, **ACCOUNT}
    with Store.open(file) as store:
        send(installed, store, record_file(tmp_path, activity_title="Zanele Mbeki writes this"))
        edit_on_server(installed, activity_title="Kofi wrote that")
        path = record_file(tmp_path, activity_title="Zanele Mbeki wrote this")
        push(installed, store, FIELDS, [path], How(within=frozenset(), today=TODAY))
    ran = tpi("sync", "run", "--exit-code", **given)
    assert ran.code == 3, ran
    assert "event=pulled" in ran.err
    assert f"event=conflict level=warning uid={ACTIVITY}" in ran.err or "1 object in conflict" in ran.out
    assert not [word for word in ("Zanele", "Kofi", "Ana", "Pair") if word in ran.out + ran.err]
    assert [tpi("sync", "pull", *flag, **given).code for flag in ([], ["--exit-code"])] == [0, 3]
    shown = tpi("sync", "conflicts", **given)
    assert "Zanele Mbeki wrote this" in shown.out
    assert "Kofi wrote that" in shown.out
    assert tpi("sync", "resolve", ACTIVITY, "activity_title", "--value", "Both", store=file).code == 0
    again = tpi("sync", "run", "--exit-code", "--json", **given)
    assert (again.code, json.loads(again.out)["pushed"]["updated"]) == (0, {"activity": 1})
    assert on_server(installed)["activity_title"] == "Both"
    assert tpi("sync", "pull", "--exit-code", **given).code == 0
    assert PASSWORD not in ran.out + ran.err


def test_deletions_are_told_once_at_the_top(installed, tmp_path):
    file = f"sqlite:///{tmp_path / 'top.sqlite'}"
    with Store.open(file) as store:
        send(installed, store, record_file(tmp_path))
        delete_on_server(installed, trackedEntities=PAIR)
        path = changed(tmp_path, lambda pair: pair["attributes"].update(name="New"), spent=1)
        assert send(installed, store, path).conflicts == 2
    rows = json.loads(tpi("sync", "conflicts", "--json", store=file).out)
    assert [(row["uid"], row["field"], row["server"]) for row in rows] == [(PAIR, DELETED, "true")]
