"""The wire: docs to tracker JSON and back, losing nothing that the package does not know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.builders import OTHER_UNIT, UNIT, answer, demo_drafts, info, item_of
from tpi_dhis2.domain.merge import Doc
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, Item
from tpi_dhis2.sync.wire import Json, Remote, Wire

PAIR, ROUND, CALL = "aPair000001", "aCycle00001", "aEvent00001"
FIELDS = package_fields()
WIRE = Wire(FIELDS)


def pair(doc: Doc | None = None, base: Doc | None = None) -> Item:
    return Item(PAIR, PARTNERSHIP, "", PAIR, "", {"@unit": UNIT, "name": "Alpha", **(doc or {})}, base)


def cycle(doc: Doc | None = None) -> Item:
    return Item(
        ROUND, CYCLE, "", PAIR, ROUND, {"@unit": UNIT, "@date": "2016-08-01", "@status": "ACTIVE", **(doc or {})}
    )


def call(doc: Doc | None = None, base: Doc | None = None) -> Item:
    own = {"@unit": UNIT, "@date": "2017-01-10", "@status": "ACTIVE", "contact_type": "CALL"}
    return Item(CALL, RECORD, "contact", PAIR, ROUND, {**own, **(doc or {})}, base)


def back(*items: Item) -> dict[str, Remote]:
    return {remote.uid: remote for entity in answer(WIRE.payload(items)) for remote in WIRE.remotes(entity)}


def test_the_demo_comes_back_from_a_server_as_it_was_sent() -> None:
    for drafts in demo_drafts():
        items = [item_of(draft) for draft in drafts.drafts]
        found = back(*items)
        assert set(found) == {item.uid for item in items}
        for item in items:
            remote = found[item.uid]
            incident = {"@incident": item.doc["@date"]} if item.type == CYCLE else {}
            assert remote.doc == {**item.doc, **incident}
            assert (remote.type, remote.kind, remote.partnership) == (item.type, item.kind, item.partnership)
            assert not remote.deleted


def test_a_payload_is_flat_and_its_objects_name_what_they_belong_to() -> None:
    payload = WIRE.payload([pair(), cycle(), call()])
    assert list(payload) == ["trackedEntities", "enrollments", "events"]
    (entity,), (enrollment,), (event,) = payload.values()
    assert (entity["trackedEntityType"], enrollment["program"]) == (FIELDS.tracked_entity_type, FIELDS.program)
    assert (enrollment["trackedEntity"], event["enrollment"]) == (PAIR, ROUND)
    assert event["programStage"] == FIELDS.stages["contact"].uid
    assert event["dataValues"] == [{"dataElement": info("contact_type").uid, "value": "CALL"}]


def test_nothing_to_send_is_an_empty_payload() -> None:
    assert WIRE.payload([]) == {}


def test_a_value_that_was_taken_away_is_sent_as_null_and_one_never_there_is_not_sent() -> None:
    item = call(base={"decisions": "old", "contact_type": "CALL"})
    sent = {value["dataElement"]: value["value"] for value in WIRE.object(item)["dataValues"]}
    assert sent == {info("contact_type").uid: "CALL", info("decisions").uid: None}
    assert "decisions" not in back(pair(), cycle(), item)[CALL].doc


def test_a_field_of_the_site_travels_with_the_object_and_is_not_lost() -> None:
    entity = answer(WIRE.payload([pair(), cycle(), call()]))[0]
    entity["attributes"].append({"attribute": "siteAttr001", "value": "x"})
    entity["enrollments"][0]["events"][0]["dataValues"].append({"dataElement": "siteElem001", "value": "y"})
    found = {remote.uid: remote for remote in WIRE.remotes(entity)}
    assert found[PAIR].doc["#siteAttr001"] == "x"
    item = call(found[CALL].doc, found[CALL].doc)
    assert {"dataElement": "siteElem001", "value": "y"} in WIRE.object(item)["dataValues"]


def test_a_stage_or_a_program_of_the_site_is_not_ours() -> None:
    entity = answer(WIRE.payload([pair(), cycle(), call()]))[0]
    entity["enrollments"][0]["events"].append({"event": "aEvent00002", "programStage": "siteStage01"})
    entity["enrollments"].append({"enrollment": "aCycle00002", "program": "siteProgr01", "events": []})
    assert [remote.uid for remote in WIRE.remotes(entity)] == [PAIR, ROUND, CALL]


@pytest.mark.parametrize("above", ["entity", "enrollment", "event"])
def test_what_is_below_something_deleted_is_deleted(above: str) -> None:
    entity = answer(WIRE.payload([pair(), cycle(), call()]))[0]
    enrollment = entity["enrollments"][0]
    {"entity": entity, "enrollment": enrollment, "event": enrollment["events"][0]}[above]["deleted"] = True
    deleted = [remote.uid for remote in WIRE.remotes(entity) if remote.deleted]
    assert deleted == {"entity": [PAIR, ROUND, CALL], "enrollment": [ROUND, CALL], "event": [CALL]}[above]


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_value_of_the_server_is_absent(value: str | None) -> None:
    entity: Json = {
        "trackedEntity": PAIR,
        "orgUnit": UNIT,
        "attributes": [{"attribute": info("name").uid, "value": value}],
    }
    (remote,) = WIRE.remotes(entity)
    assert remote.doc == {"@unit": UNIT}


def test_zero_and_false_are_values() -> None:
    values = [
        {"dataElement": info("trained").uid, "value": 0},
        {"dataElement": info("needs_jointly").uid, "value": "false"},
    ]
    event = {"event": CALL, "programStage": FIELDS.stages["activity"].uid, "dataValues": values}
    entity: Json = {"trackedEntity": PAIR, "enrollments": [{"enrollment": ROUND, "events": [event]}]}
    assert list(WIRE.remotes(entity))[-1].doc == {"trained": "0", "needs_jointly": "false"}


def test_days_are_kept_as_days_whatever_time_the_server_adds() -> None:
    event = {
        "event": CALL,
        "programStage": FIELDS.stages["contact"].uid,
        "occurredAt": "2017-01-10T00:00:00.000",
        "scheduledAt": "2017-01-10T00:00:00.000",
        "completedAt": "2017-01-11T08:30:00.123",
    }
    entity: Json = {"trackedEntity": PAIR, "enrollments": [{"enrollment": ROUND, "events": [event]}]}
    assert list(WIRE.remotes(entity))[-1].doc == {
        "@date": "2017-01-10", "@scheduled": "2017-01-10", "@completed": "2017-01-11T08:30:00.123",
    }  # fmt: skip


PROPERTIES: dict[str, Doc] = {
    "a place": {"@geometry": '{"coordinates": [20.6, 8.1], "type": "Point"}'},
    "a mark": {"@followUp": "true"},
    "a person": {"@assigned": "focalpoint"},
    "a planned day": {"@scheduled": "2017-02-01"},
    "a unit of its own": {"@unit": OTHER_UNIT},
    "a completion": {"@status": "COMPLETED", "@completed": "2017-01-11T08:30:00.123"},
}


@pytest.mark.parametrize("properties", PROPERTIES.values(), ids=PROPERTIES)
def test_what_people_set_on_an_event_in_the_app_survives_an_update(properties: Doc) -> None:
    item = call(properties)
    assert back(pair(), cycle(), item)[CALL].doc == item.doc


@pytest.mark.parametrize(("mark", "key"), [("potentialDuplicate", "@duplicate"), ("inactive", "@inactive")])
def test_what_people_marked_a_partnership_with_survives_an_update(mark: str, key: str) -> None:
    assert mark not in WIRE.object(pair())
    sent = WIRE.object(pair({key: "true"}))
    assert sent[mark] is True
    assert next(WIRE.remotes(sent)).doc == {"@unit": UNIT, "name": "Alpha", key: "true"}


def test_both_spellings_of_the_mark_are_sent_and_either_is_read() -> None:
    sent = WIRE.object(call({"@followUp": "true"}))
    assert (sent["followUp"], sent["followup"]) == (True, True)
    for spelling in ("followUp", "followup"):
        entity: Json = {"trackedEntity": PAIR, spelling: True}
        assert next(WIRE.remotes(entity)).doc == {"@followUp": "true"}


def test_an_object_that_was_opened_again_is_sent_without_its_completion() -> None:
    assert "completedAt" not in WIRE.object(call({"@completed": "2017-01-11T08:30:00.123"}))
    assert "completedAt" not in WIRE.object(cycle({"@completed": "2017-01-11T08:30:00.123"}))


def test_a_planned_event_holds_its_day_and_no_values() -> None:
    planned = Item(
        CALL, RECORD, "contact", PAIR, ROUND, {"@unit": UNIT, "@status": "SCHEDULE", "@scheduled": "2017-02-01"}
    )
    sent = WIRE.object(planned)
    assert sent["scheduledAt"] == "2017-02-01"
    assert "occurredAt" not in sent
    assert not sent.get("dataValues")


def test_an_update_of_a_cycle_leaves_nothing_out_that_it_would_empty() -> None:
    doc = {"@incident": "2016-07-01", "@status": "COMPLETED", "@completed": "2018-01-01T00:00:00.000"}
    sent: dict[str, Any] = WIRE.object(cycle(doc))
    assert {name: sent[name] for name in ("orgUnit", "status", "enrolledAt", "occurredAt", "completedAt")} == {
        "orgUnit": UNIT, "status": "COMPLETED", "enrolledAt": "2016-08-01", "occurredAt": "2016-07-01",
        "completedAt": "2018-01-01T00:00:00.000",
    }  # fmt: skip
