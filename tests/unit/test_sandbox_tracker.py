"""The sandbox as a partner of the sync: what a request touches, who wrote what when, and faults of time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fault.servers import admin
from tests.flow.accounts import add_account, client_of
from tpi_dhis2.sandbox.server import Sandbox, serve
from tpi_dhis2.sandbox.state import State

VERSIONS = ("2.40", "2.41", "2.42", "2.43")
UNIT, KIND, NAME, PROGRAM, STAGE, VALUE, OTHER = (
    "ouUnit00001", "tetPartner1", "teaName0001", "prProgram01", "psStage0001", "deValue0001", "deOther0001",
)  # fmt: skip
ENTITY, CYCLE, RECORD = "tePartner01", "enCycle0001", "evRecord001"
BURNT = {"E1114", "E1113", "E1082"}
HOUR = timedelta(hours=1)


def named(uid: str, **more: Any) -> dict[str, Any]:
    return {"id": uid, "name": uid, "shortName": uid, **more}


def element(uid: str) -> dict[str, Any]:
    return named(uid, domainType="TRACKER", valueType="TEXT", aggregationType="NONE")


PACKAGE = {
    "organisationUnits": [named(UNIT, openingDate="2020-01-01")],
    "trackedEntityAttributes": [named(NAME, valueType="TEXT", aggregationType="NONE", unique=True)],
    "trackedEntityTypes": [named(KIND, trackedEntityTypeAttributes=[{"trackedEntityAttribute": {"id": NAME}}])],
    "dataElements": [element(VALUE), element(OTHER)],
    "programs": [
        named(
            PROGRAM,
            programType="WITH_REGISTRATION",
            trackedEntityType={"id": KIND},
            organisationUnits=[{"id": UNIT}],
            programStages=[{"id": STAGE}],
            programTrackedEntityAttributes=[{"trackedEntityAttribute": {"id": NAME}}],
        )
    ],
    "programStages": [
        named(
            STAGE,
            program={"id": PROGRAM},
            repeatable=True,
            programStageDataElements=[{"dataElement": {"id": each}} for each in (VALUE, OTHER)],
        )
    ],
}


def entity(uid: str = ENTITY, name: str = "Twin") -> dict[str, Any]:
    values = [{"attribute": NAME, "value": name}]
    return {"trackedEntity": uid, "trackedEntityType": KIND, "orgUnit": UNIT, "attributes": values}


def cycle(uid: str = CYCLE, of: str = ENTITY) -> dict[str, Any]:
    dates = {"enrolledAt": "2024-01-05", "occurredAt": "2024-01-05"}
    return {"enrollment": uid, "trackedEntity": of, "program": PROGRAM, "orgUnit": UNIT, **dates}


def record(uid: str = RECORD, of: str = CYCLE, **values: str) -> dict[str, Any]:
    sent = [{"dataElement": each, "value": value} for each, value in values.items()]
    return {"event": uid, "enrollment": of, "program": PROGRAM, "programStage": STAGE, "orgUnit": UNIT,
            "occurredAt": "2024-03-05", "dataValues": sent}  # fmt: skip


ALL = {"trackedEntities": [entity()], "enrollments": [cycle()], "events": [record(**{VALUE: "one"})]}


class Server:
    """A sandbox with a small program, and a client for it."""

    def __init__(self, version: str, sandbox: Sandbox, url: str) -> None:
        self.version, self.sandbox, self.state, self.client = version, sandbox, sandbox.state, admin(url)
        answer = self.client.ask("POST", "metadata", params={}, body=PACKAGE, expect=(409,))
        assert answer.status == 200, answer.body

    def send(self, payload: dict[str, Any], **params: str) -> dict[str, Any]:
        wanted = {"async": "false", "importStrategy": "CREATE_AND_UPDATE", "atomicMode": "OBJECT", **params}
        return self.client.ask("POST", "tracker", params=wanted, body=payload, expect=(409,)).body

    def codes(self, payload: dict[str, Any], **params: str) -> set[str]:
        return {each["errorCode"] for each in self.send(payload, **params)["validationReport"]["errorReports"]}

    def listed(self, **params: str) -> list[dict[str, Any]]:
        old = self.version == "2.40"
        mode = {"ouMode" if old else "orgUnitMode": "ACCESSIBLE"}
        body = self.client.get("tracker/trackedEntities", {"program": PROGRAM, **mode, **params})
        return list(body["instances" if old else "trackedEntities"])

    def whole(self) -> dict[str, Any]:
        return dict(self.client.get(f"tracker/trackedEntities/{ENTITY}", {"program": PROGRAM, "fields": "*"}))

    def event(self) -> dict[str, Any]:
        return dict(self.client.get(f"tracker/events/{RECORD}", {"fields": "*"}))

    def value(self, uid: str = VALUE) -> dict[str, Any]:
        return next(dict(each) for each in self.event()["dataValues"] if each["dataElement"] == uid)

    def time(self) -> datetime:
        return datetime.fromisoformat(self.client.get("system/info")["serverDate"])


@contextmanager
def running(version: str) -> Iterator[Server]:
    sandbox = Sandbox(version)
    with serve(sandbox) as url:
        yield Server(version, sandbox, url)


@pytest.fixture(params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as found:
        yield found


class Unwalked(dict):
    """A table that may be looked into, but not walked."""

    def walk(self, *_: Any) -> Any:
        raise AssertionError("the whole table was walked")

    __iter__ = values = items = keys = walk  # type: ignore[assignment]


def many(first: int, number: int) -> dict[str, Any]:
    places = range(first, first + number)
    return {
        "trackedEntities": [entity(f"te{each:09}", f"Twin {each}") for each in places],
        "enrollments": [cycle(f"en{each:09}", f"te{each:09}") for each in places],
        "events": [record(f"ev{each:09}", f"en{each:09}", **{VALUE: str(each)}) for each in places],
    }


def test_an_import_and_a_read_by_uid_or_time_touch_only_what_they_are_about(server: Server) -> None:
    tables = ("trackedEntities", "enrollments", "events", "relationships")
    assert not server.codes(many(0, 20))
    begun = server.state.now()
    server.listed(fields="*", updatedAfter=begun)
    for table in tables:
        server.state.tables[table] = Unwalked(server.state.tables.get(table, {}))
    assert not server.codes(many(10, 20))
    ids = "te000000001,te000000029,te999999999"
    ids = ids.replace(",", ";") if server.version == "2.40" else ids
    found = server.listed(**{"trackedEntity" if server.version == "2.40" else "trackedEntities": ids, "fields": "*"})
    assert [each["trackedEntity"] for each in found] in (["te000000029", "te000000001"], ["te000000001", "te000000029"])
    assert all(each["enrollments"][0]["events"][0]["dataValues"] for each in found)
    assert len(server.listed(updatedAfter=begun, pageSize="100")) == 30
    assert server.codes({"trackedEntities": [entity("teAnother01", "Twin 3")]}) == {"E1064"}


def test_only_the_wanted_fields_are_given(server: Server) -> None:
    server.send(ALL)
    assert server.listed(fields="trackedEntity,deleted") == [{"trackedEntity": ENTITY, "deleted": False}]
    nested = server.listed(fields="enrollments[enrollment,events[event,dataValues[value]]],updatedBy[username]")
    assert nested == [
        {
            "enrollments": [{"enrollment": CYCLE, "events": [{"event": RECORD, "dataValues": [{"value": "one"}]}]}],
            "updatedBy": {"username": "admin"},
        }
    ]
    most = server.listed(fields="*,!enrollments,!attributes")[0]
    assert {"trackedEntity", "updatedAt", "programOwners"} <= most.keys()
    assert not {"enrollments", "attributes"} & most.keys()


def test_objects_tell_who_wrote_them(server: Server) -> None:
    server.send(ALL)
    whole = server.whole()
    for each in (whole, whole["enrollments"][0], whole["enrollments"][0]["events"][0]):
        assert each["createdBy"]["username"] == each["updatedBy"]["username"] == "admin"
        assert each["updatedBy"]["uid"]
        assert each["createdAt"] <= each["updatedAt"]
    newest = server.version == "2.43"
    assert [each.get("storedBy") for each in whole["enrollments"]] == ["admin" if newest else None]
    assert server.event().get("storedBy") == ("admin" if newest else None)


def test_values_tell_who_wrote_them_as_far_as_their_version_does(server: Server) -> None:
    server.send(ALL)
    server.send({"events": [record(**{OTHER: "later"})]})
    users = {"createdBy", "updatedBy"}
    plain = {"dataElement", "value", "createdAt", "updatedAt", "providedElsewhere"}
    always, joined = {"2.40": (set(), users), "2.41": (set(), set())}.get(server.version, (users | {"storedBy"},) * 2)
    assert server.value().keys() == plain | always
    assert server.value(OTHER).keys() == plain | joined
    name = server.whole()["attributes"][0]
    assert {"createdAt", "updatedAt"} <= name.keys()
    assert name.get("storedBy") == ("admin" if server.version == "2.43" else None)


def test_only_a_real_change_moves_the_time_of_a_value(server: Server) -> None:
    server.send(ALL)
    first, name = server.value(), server.whole()["attributes"][0]
    server.send(ALL)
    again, later = server.value(), server.event()
    assert again == first
    assert server.whole()["attributes"][0] == name
    assert later["updatedAt"] > later["createdAt"]
    server.send({"events": [record(**{VALUE: "two"})]})
    changed = server.value()
    assert changed["createdAt"] == first["createdAt"]
    assert changed["updatedAt"] > later["updatedAt"]


def test_a_value_keeps_its_creator_when_another_changes_it() -> None:
    with running("2.42") as server:
        server.send(ALL)
        add_account(server.client, "other", units=[UNIT], authorities=["ALL"])
        body = {"events": [record(**{VALUE: "two"})]}
        client_of(server.client, "other").ask("POST", "tracker", params={"async": "false"}, body=body)
        value, event = server.value(), server.event()
    assert [value["createdBy"]["username"], value["updatedBy"]["username"]] == ["admin", "other"]
    assert [event["createdBy"]["username"], event["updatedBy"]["username"]] == ["admin", "other"]


def test_the_clock_follows_its_shift_also_backwards(server: Server) -> None:
    server.send(ALL)
    written, before = server.event()["updatedAt"], server.time()
    server.state.shift = -HOUR
    assert timedelta(minutes=59) < before - server.time() <= HOUR
    server.send({"events": [record(**{VALUE: "two"})]})
    assert server.event()["updatedAt"] < written
    assert server.value()["updatedAt"] < server.value()["createdAt"]
    assert not server.listed(updatedAfter=written)
    server.state.shift = HOUR
    server.send({"events": [record(**{VALUE: "three"})]})
    assert server.event()["updatedAt"] > written
    assert [each["trackedEntity"] for each in server.listed(updatedAfter=written)] == [ENTITY]
    assert server.listed(updatedWithin="1m")
    server.state.shift = 2 * HOUR
    assert not server.listed(updatedWithin="1m")


@pytest.mark.parametrize("shift", [timedelta(), -HOUR, HOUR])
def test_no_two_requests_have_the_same_time_while_the_clock_stays_as_it_is(shift: timedelta) -> None:
    state = Sandbox("2.42").state
    state.shift = shift
    times = []
    for _ in range(200):
        with state.transaction():
            times.append(state.now())
    assert times == sorted(set(times))


def test_a_job_waits_until_it_was_looked_at_so_often(server: Server) -> None:
    server.state.looks_before_jobs = 2
    job, path = server.send(ALL, **{"async": "true"})["response"]["id"], "tracker/jobs/"
    for _ in range(2):
        assert server.client.get(path + job) == []
        assert report(server, job) == 404
        assert not server.state.table("events")
    begun = server.client.get(path + job)
    assert [each["completed"] for each in begun] == [False]
    assert report(server, job) == 404
    ended = server.client.get(path + job)
    assert ended[0]["completed"] is True
    assert ended[1:][-1:] == begun
    assert server.client.get(path + job) == ended
    assert server.client.get(f"{path}{job}/report")["stats"]["created"] == 3
    assert server.state.get("events", RECORD)


def report(server: Server, job: str) -> int:
    return server.client.ask("GET", f"tracker/jobs/{job}/report", expect=(404,)).status


def test_a_job_sees_the_server_as_it_is_when_it_runs(server: Server) -> None:
    server.state.looks_before_jobs = 1
    job = server.send(ALL, **{"async": "true"})["response"]["id"]
    server.send(ALL)
    for _ in range(3):
        server.client.get(f"tracker/jobs/{job}")
    stats = server.client.get(f"tracker/jobs/{job}/report")["stats"]
    assert (stats["created"], stats["updated"]) == (0, 3)


def test_a_restart_loses_the_jobs_that_wait(server: Server) -> None:
    server.state.looks_before_jobs = 1
    job = server.send(ALL, **{"async": "true"})["response"]["id"]
    server.state.waiting.clear()
    assert [server.client.get(f"tracker/jobs/{job}") for _ in range(3)] == [[], [], []]
    assert report(server, job) == 404
    assert not server.state.table("events")


def test_a_backup_brings_everything_back_as_often_as_wanted(server: Server) -> None:
    server.send(ALL)
    backup, before = server.sandbox.snapshot(), server.whole()
    for _ in range(2):
        server.send({**ALL, "events": [record(**{VALUE: "changed"}), record("evRecord002")]})
        server.send({"trackedEntities": [{"trackedEntity": ENTITY}]}, importStrategy="DELETE")
        later = server.time()
        server.sandbox.restore(backup)
        assert server.whole() == before
        assert [each["trackedEntity"] for each in server.listed()] == [ENTITY]
        assert server.time() > later, "the clock goes on"


def test_a_backup_stays_what_it_was_and_no_job_outlives_its_return(server: Server) -> None:
    backup = server.sandbox.snapshot()
    server.state.looks_before_jobs = 1
    job = server.send(ALL, **{"async": "true"})["response"]["id"]
    server.sandbox.restore(backup)
    assert [server.client.get(f"tracker/jobs/{job}") for _ in range(3)] == [[], [], []]
    assert server.sandbox.snapshot().get("events", {}) == backup.get("events", {}) == {}


def test_the_same_delivery_twice_updates_what_the_first_has_made(server: Server) -> None:
    first, second = server.send(ALL), server.send(ALL)
    assert (first["stats"]["created"], second["stats"]["created"]) == (3, 0)
    assert (second["stats"]["updated"], second["stats"]["ignored"]) == (3, 0)
    assert [len(server.state.table(each)) for each in ("trackedEntities", "enrollments", "events")] == [1, 1, 1]


def test_a_deleted_uid_is_burnt_until_maintenance_frees_it(server: Server) -> None:
    server.send(ALL)
    assert not server.codes({"trackedEntities": [{"trackedEntity": ENTITY}]}, importStrategy="DELETE")
    assert server.codes(ALL) == BURNT
    assert server.codes({"events": [{"event": RECORD}]}, importStrategy="DELETE") == {"E1082"}
    assert [each["deleted"] for each in server.listed(includeDeleted="true")] == [True]
    assert not server.codes({"trackedEntities": [entity("teAnother01")]}), "a unique value of what is deleted is free"
    server.send({"trackedEntities": [{"trackedEntity": "teAnother01"}]}, importStrategy="DELETE")
    old = ("ProgramStageInstance", "ProgramInstance", "TrackedEntityInstance")
    for name in old if server.version == "2.40" else ("Event", "Enrollment", "TrackedEntity"):
        server.client.ask("POST", f"maintenance/softDeleted{name}Removal")
    assert server.listed(includeDeleted="true") == []
    assert server.send(ALL)["stats"]["created"] == 3


def test_a_sandbox_in_memory_writes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def save(*_: Any) -> None:
        raise AssertionError("written to a file")

    monkeypatch.setattr(State, "save", save)
    with running("2.42") as server:
        server.send(ALL)
        server.sandbox.restore(server.sandbox.snapshot())
        server.sandbox.reset()


def test_values_of_a_file_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    with running("2.42") as server:
        server.send(ALL)
        before = server.whole()
        server.state.save(file)
    content = json.loads(file.read_text(encoding="utf-8"))
    for table, name in (("trackedEntities", "attributes"), ("events", "dataValues")):
        for row in content["tables"][table].values():
            row[name] = {uid: {**stamp, "value": text} for uid, (text, stamp) in row[name].items()}
    file.write_text(json.dumps(content), encoding="utf-8")
    again = Sandbox("2.42", file)
    with serve(again) as url:
        found = admin(url).get(f"tracker/trackedEntities/{ENTITY}", {"program": PROGRAM, "fields": "*"})
    assert found == before
