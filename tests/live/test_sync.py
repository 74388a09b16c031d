"""The story of the sync on a server: two sides that change, delete and see different things, and lose nothing.

Runs on a sandbox of each version, and with TPI_LIVE=1 on the server that the environment names (docs/live.md). Each
step demands what its name says, of the server and of the store, not only of what the tool tells.
"""

from __future__ import annotations

import csv
import os
import time

from tests.live.exchanges import EXCHANGES
from tests.live.life import FIELDS
from tests.live.partners import (
    activity,
    add_member,
    asked_since,
    delete,
    demo_file,
    docs,
    edit,
    held,
    install,
    is_there,
    many_file,
    on_server,
    pair,
    pair_file,
    spent,
    store_at,
    values,
    write,
)
from tests.live.server import ASKED
from tests.live.site import client_of
from tpi_dhis2.domain.uids import derive_uid, next_generation
from tpi_dhis2.store.items import CONFLICT, DELETED, ERROR, PARTNERSHIP, SYNCED, WARNING
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.pull import pull

#: Events in the large push: a server takes some minutes for them.
MANY = int(os.environ.get("TPI_LIVE_EVENTS") or (5_000 if ASKED else 300))
BEGUN = {f"a{number}": {"spent": 50} for number in range(1, 8)}


def test_two_sides_work_on_partnerships_and_nothing_is_lost(life):
    life.tell(
        is_installed_for_two_facilities,
        every_kind_of_record_is_stored,
        the_same_again_writes_nothing,
        a_second_store_gets_the_same,
        an_unchanged_pull_is_one_request,
        both_sides_change_a_record_and_both_changes_stay,
        a_field_changed_on_both_sides_waits_and_is_decided_in_three_ways,
        what_a_file_deletes_is_deleted_once,
        what_was_deleted_there_is_entered_anew_when_a_person_says_so,
        jobs_of_the_server_end_like_any_other_request,
        a_record_that_the_server_refuses_stands_alone,
        a_rehearsal_keeps_nothing,
        who_has_one_unit_sends_and_sees_that_alone,
        who_may_not_read_the_answers_neither_loses_nor_calculates,
        many_records_go_in_few_requests,
        tables_hold_what_the_server_has,
    )


def push(life, *words, **more):
    """A push that leaves nothing for a person to see to."""
    told = life.told("sync", "push", *words, "--exit-code", **more)
    assert (told["refused"], told["set_aside"], told["conflicts"]) == ([], [], 0)
    return told


# Sending and fetching -----------------------------------------------------------------------------------------------


def is_installed_for_two_facilities(life):
    """The package is there, assigned to the two facilities."""
    install(life)


def every_kind_of_record_is_stored(life):
    """A push of the demo's partnerships, with every kind of record, is stored whole."""
    told = push(life, demo_file(life))
    assert told["created"].keys() == {"partnership", "cycle", *FIELDS.stages}
    assert (told["created"]["partnership"], told["waiting"]) == (8, 0)
    items = held(life)
    assert sum(told["created"].values()) == len(items)
    assert {item.uid for item in items.values() if item.type == PARTNERSHIP} == on_server(life).keys()
    assert {item.state for item in items.values()} <= {SYNCED, WARNING}


def the_same_again_writes_nothing(life):
    """The same file again asks nothing of the tracker that writes."""
    before, mark = on_server(life), len(EXCHANGES.asked)
    assert push(life, demo_file(life))["requests"] == 0
    assert asked_since(mark, "POST") == []
    assert on_server(life) == before


def a_second_store_gets_the_same(life):
    """A pull into an empty store brings all that was sent, and what the server filled in."""
    sent = docs(held(life).values())
    told = life.told("sync", "pull", "--store", store_at(life, "second"))
    assert (told["seen"], told["conflicts"], told["lost"]) == (8, 0, 0)
    back = docs(held(life, "second").values())
    assert back.keys() == sent.keys()
    # A server may have filled in more, by the rules of the program.
    differing = {of: (doc, back[of]) for of, doc in sent.items() if not doc.items() <= back[of].items()}
    assert differing == {}
    life.run("sync", "pull")
    assert docs(held(life).values()) == back
    assert push(life)["requests"] == 0


def an_unchanged_pull_is_one_request(life):
    """When nothing has changed a pull is one request."""
    client = client_of(life.client.account)
    with Store.open(store_at(life)) as store:
        pull(client, store, FIELDS)
        before, mark = client.requests, len(EXCHANGES.asked)
        assert pull(client, store, FIELDS).seen == 0
    assert (client.requests - before, len(asked_since(mark))) == (1, 1)


# Two sides ----------------------------------------------------------------------------------------------------------


def both_sides_change_a_record_and_both_changes_stay(life):
    """Different fields of a record, changed here and there, are merged."""
    assert push(life, pair_file(life, **BEGUN))["created"]["activity"] == len(BEGUN)
    edit(life, activity(1), obstacle="FUNDS")
    told = push(life, pair_file(life, **BEGUN | {"a1": {"spent": 60}}))
    assert told["updated"]["activity"] == 1
    assert values(life, activity(1)).items() >= {"obstacle": "FUNDS", "spent": "60"}.items()
    assert held(life)[activity(1)].doc.items() >= {"obstacle": "FUNDS", "spent": "60"}.items()


def a_field_changed_on_both_sides_waits_and_is_decided_in_three_ways(life):
    """A field changed on both sides waits, with both values, who and when; nothing is sent for it. It is decided for
    here, for the server, and by a third value.
    """
    waiting = (2, 3, 4)
    for number in waiting:
        edit(life, activity(number), spent="70")
    mark = len(EXCHANGES.asked)
    again = {f"a{number}": {"spent": 100} for number in waiting}
    path = pair_file(life, **again)
    told = life.told("sync", "push", path, "--exit-code", code=3)
    assert (told["conflicts"], told["requests"], asked_since(mark, "POST")) == (3, 0, [])
    assert spent(life, *waiting) == ["70", "70", "70"]
    both_sides_are_named(life, path.name, {activity(number) for number in waiting})
    two, three, four = map(activity, waiting)
    life.run("sync", "resolve", two, "--take", "mine")
    life.run("sync", "resolve", three, "spent", "--take", "theirs")
    life.run("sync", "resolve", four, "spent", "--value", "85")
    assert push(life)["updated"]["activity"] == 2
    assert spent(life, *waiting) == ["100", "70", "85"]
    assert life.told("sync", "conflicts", "--exit-code") == []
    assert push(life, path)["requests"] == 0


def both_sides_are_named(life, file, uids):
    """``sync conflicts`` tells both values, and who and when."""
    me = life.client.get_object("me", {"fields": "username"})["username"]
    today = life.client.get_object("system/info")["serverDate"][:10]
    rows = life.told("sync", "conflicts", "--exit-code", code=3)
    assert {row["uid"] for row in rows} == uids
    assert {(row["field"], row["here"], row["server"]) for row in rows} == {("spent", "100", "70")}
    assert {(row["here_by"], row["server_at"][:10]) for row in rows} == {(file, today)}
    # 2.40 and 2.41 do not name the author of every value, as recorded.
    assert {row["server_by"] for row in rows} <= {me, *([""] if life.client.version.minor <= 41 else [])}


def what_a_file_deletes_is_deleted_once(life):
    """What a file deletes goes, and is not asked for again."""
    path = pair_file(life, a5={"deleted": True})
    assert push(life, path)["deleted"] == {"activity": 1}
    assert not is_there(life, activity(5))
    mark = len(EXCHANGES.asked)
    assert push(life, path)["requests"] == 0
    assert asked_since(mark, "POST") == []


def what_was_deleted_there_is_entered_anew_when_a_person_says_so(life):
    """What was deleted on the server waits; it is let go, or entered anew under its next UID."""
    delete(life, activity(6))
    delete(life, activity(7))
    path = pair_file(life, a6={"spent": 66}, a7={"spent": 77})
    assert life.told("sync", "push", path)["conflicts"] == 2
    rows = life.told("sync", "conflicts")
    assert {(row["uid"], row["field"], row["server"]) for row in rows} == {
        (activity(number), DELETED, "true") for number in (6, 7)
    }
    life.run("sync", "resolve", activity(6), "--take", "here")
    life.run("sync", "resolve", activity(7), "--take", "server")
    assert push(life)["created"] == {"activity": 1}
    assert values(life, next_generation(activity(6)))["spent"] == "66"
    assert not is_there(life, activity(6))
    assert not is_there(life, next_generation(activity(7)))
    mark = len(EXCHANGES.asked)
    assert push(life, path)["requests"] == 0
    assert asked_since(mark, "POST") == []


# How it is sent -----------------------------------------------------------------------------------------------------


def jobs_of_the_server_end_like_any_other_request(life):
    """With --async the server imports by jobs, and their reports are read (2.40: without jobs)."""
    mark = len(EXCHANGES.asked)
    told = push(life, write(life, "jobs", [pair(life, "zz-live-jobs", a1={"spent": 5})]), "--async")
    assert (told["created"]["activity"], told["waiting"]) == (1, 0)
    sent = asked_since(mark, "POST")
    assert sent
    in_jobs = life.client.version.minor > 40  # a 2.40 hides an account's own reports from it
    assert all(f"async={str(in_jobs).lower()}" in asked for asked in sent), sent
    assert any("/api/tracker/jobs/" in asked for asked in asked_since(mark, "GET")) == in_jobs
    assert values(life, activity(1, "zz-live-jobs"))["spent"] == "5"
    assert life.told("sync", "status")["under_way"] == []


def a_record_that_the_server_refuses_stands_alone(life):
    """A bad value and a code that is taken are refused and named with their codes; all else of the push is stored."""
    bad, good = activity(2), activity(3)
    with Store.open(store_at(life)) as store:
        items = store.by_uid([bad, good])
        items[bad].doc["spent"], items[good].doc["spent"] = "much", "33"
        for item in items.values():
            item.settle()
        store.save(items.values())
    taken = write(life, "taken", [pair(life, "zz-live-taken", a1={}) | {"attributes": of_another(life)}])
    told = life.told("sync", "push", taken, "--exit-code", code=3)
    codes = {each["uid"]: set(each["codes"]) for each in told["refused"]}
    second = derive_uid("partnership", "zz-live-taken")
    assert codes[bad] & {"E1302", "E1084"}
    assert "E1064" in codes[second]
    assert {each["type"] for each in told["refused"] if each["uid"] not in (bad, second)} == {"cycle", "record"}
    assert told["updated"].get("activity") == 1
    assert spent(life, 2, 3) == ["100", "33"]
    assert refused_by_status(life) == codes.keys()
    assert held(life)[bad].state == ERROR
    life.run("sync", "resolve", bad, "--take", "server")
    life.run("sync", "resolve", second, "--take", "server")
    assert push(life)["requests"] == 0
    assert refused_by_status(life) == set()


def refused_by_status(life):
    """What ``sync status`` tells as refused; what a server warned of when it took a record is told there, too."""
    items = held(life)
    return {each["uid"] for each in life.told("sync", "status")["problems"] if items[each["uid"]].state == ERROR}


def of_another(life):
    """A name, with the code of a partnership that is there: only the server knows that codes are unique."""
    return pair(life)["attributes"] | {"name": "ZZ live of another's code"}


def a_rehearsal_keeps_nothing(life):
    """A dry run tells what it would do and changes neither store nor server."""
    before, there = held(life), on_server(life)
    path = pair_file(life, a1={"spent": 61}, a9={"spent": 9})
    told = life.told("sync", "push", path, "--dry-run")
    assert (told["updated"].get("activity"), told["created"]) == (1, {"activity": 1})
    assert held(life) == before
    assert on_server(life) == there
    assert not is_there(life, activity(9))


# Accounts that see less ---------------------------------------------------------------------------------------------


def who_has_one_unit_sends_and_sees_that_alone(life):
    """A person without any authority, for one facility, sends and fetches its partnerships and sees no other."""
    here = life.units[0]
    account = add_member(life, "one", "capture functioning", [here])
    own = ("--store", store_at(life, "one"))
    told = push(life, write(life, "own", [pair(life, "zz-live-own", a1={"spent": 7})]), *own, account=account)
    assert told["created"] == {"partnership": 1, "cycle": 1, "agreement": 1, "activity": 1}
    assert values(life, activity(1, "zz-live-own"))["spent"] == "7"
    life.run("sync", "pull", *own, account=account)
    life.run("sync", "pull")
    seen = {item.uid for item in held(life, "one").values() if item.type == PARTNERSHIP}
    of_here = {item.uid for item in held(life).values() if item.type == PARTNERSHIP and item.doc["@unit"] == here}
    assert seen == of_here
    assert on_server(life).keys() - seen, "there are others"
    foreign = write(life, "foreign", [pair(life, "zz-live-foreign", 1, a1={})])
    told = life.told("sync", "push", foreign, *own, "--exit-code", account=account, code=3)
    assert told["refused"] or told["set_aside"]
    assert derive_uid("partnership", "zz-live-foreign") not in on_server(life)


def who_may_not_read_the_answers_neither_loses_nor_calculates(life):
    """A person outside the group for the answers on the relation loses none of them, and calculates nothing from what
    it does not see.
    """
    account = add_member(life, "capturer", "capture", life.units)
    push(life, answered(life))
    answers, steps = answers_of(life), where_they_stand(life)
    assert steps[derive_uid("partnership", ANSWERED)] == "6_EVALUATION_REVIEW", "which only the answers tell"
    edit(life, activity(1, ANSWERED), obstacle="FUNDS")
    life.run("sync", "pull", account=account)
    assert held(life)[activity(1, ANSWERED)].doc["obstacle"] == "FUNDS"
    assert push(life, answered(life, spent=62), account=account)["updated"] == {"activity": 1}
    assert answers_of(life) == answers
    own = ("--store", store_at(life, "capturer"))
    life.run("sync", "pull", *own, account=account)
    assert not [item for item in held(life, "capturer").values() if item.kind == "functioning"]
    assert push(life, *own, account=account)["requests"] == 0
    life.run("sync", "pull", "--whole")
    assert (answers_of(life), where_they_stand(life)) == (answers, steps)
    assert all(is_there(life, of) for of in answers)


ANSWERED = "zz-live-answered"


def answered(life, **given):
    """A file of a partnership of which nothing but answers on the relation tells that it is evaluated."""
    made = pair(life, ANSWERED, a1=given)
    answer = {"date": "2026-07-01", "evaluation_round": "MID_TERM", "one_arm": "HOST", "pf01": 1}
    made["cycles"][0]["records"]["functioning"] = [answer]
    return write(life, "answered", [made])


def answers_of(life):
    """The answers on relations that the store has and that nothing is to be decided about."""
    found = {of: item for of, item in held(life).items() if item.kind == "functioning"}
    return {of: item.doc for of, item in found.items() if not item.deleted and item.state != CONFLICT}


def where_they_stand(life):
    """The step of each partnership, as the store has it."""
    return {of: item.doc.get("current_step") for of, item in held(life).items() if item.type == PARTNERSHIP}


# Much of it ---------------------------------------------------------------------------------------------------------


def many_records_go_in_few_requests(life):
    """A large push (5,000 events on a server) goes in few requests, and again writes nothing."""
    path = many_file(life, MANY)
    mark, began = len(EXCHANGES.asked), time.monotonic()
    told = push(life, path)
    seconds, asked = time.monotonic() - began, len(asked_since(mark))
    assert told["created"]["contact"] == MANY
    objects = sum(told["created"].values())
    assert told["requests"] <= 2 * (objects // 450 + 1)
    life.story.measured["large push"] = (
        f"{MANY} events in {seconds:.1f} s: {asked / seconds:.1f} tracker requests a second"
    )
    mark = len(EXCHANGES.asked)
    assert push(life, path)["requests"] == 0
    assert asked_since(mark, "POST") == []


def tables_hold_what_the_server_has(life):
    """The export to CSV has what the server has."""
    life.run("sync", "pull")
    tables = life.folder / "tables"
    life.run("sync", "export", tables, "--format", "csv")
    assert len(rows(tables, "tpi_partnership")) == len(on_server(life))
    living = [item for item in held(life).values() if item.kind == "activity" and not item.deleted]
    amounts = sorted(float(row["spent"]) for row in rows(tables, "tpi_activity") if row["spent"])
    assert amounts == sorted(float(item.doc["spent"]) for item in living if "spent" in item.doc)
    assert 66 in amounts


def rows(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
