"""What the rules do when a real server imports completed records: what it fills in, refuses and warns of.

One partnership is created and deleted again; it stays among the server's soft-deleted rows until its maintenance.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.server import client, needs_server, uid_of, units
from tpi_dhis2.domain.uids import derive_uid
from tpi_dhis2.package.fields import FieldInfo, package_fields

pytestmark = needs_server

Json = dict[str, Any]
FIELDS = package_fields()
ENTITY, ENROLLMENT = derive_uid("live rules", "entity"), derive_uid("live rules", "enrollment")
EXAMPLES = {
    "TEXT": "A text", "LONG_TEXT": "A text of several words, long enough", "NUMBER": "5", "DATE": "2026-02-01",
    "BOOLEAN": "true", "TRUE_ONLY": "true", "INTEGER_POSITIVE": "1", "INTEGER_ZERO_OR_POSITIVE": "1",
    "PERCENTAGE": "50",
}  # fmt: skip
_numbers = itertools.count()


def example(info: FieldInfo) -> str:
    """A value that the field takes."""
    return next(iter(info.options)) if info.options else EXAMPLES[info.value_type]


def event(kind: str, status: str = "COMPLETED", **values: str) -> Json:
    """An event of a kind of record with what is mandatory, and these values over it."""
    stage = FIELDS.stages[kind]
    filled = {key: example(stage.fields[key]) for key in stage.must} | values
    return {
        "event": derive_uid("live rules", "event", str(next(_numbers))),
        "program": FIELDS.program,
        "programStage": stage.uid,
        "enrollment": ENROLLMENT,
        "orgUnit": uid_of(units()[0]),
        "occurredAt": "2026-03-01",
        "status": status,
        "dataValues": [{"dataElement": stage.fields[key].uid, "value": value} for key, value in filled.items()],
    }


def send(body: Json, strategy: str = "CREATE_AND_UPDATE") -> Json:
    params = {"async": "false", "importStrategy": strategy, "atomicMode": "OBJECT", "reportMode": "FULL"}
    answer: Json = client().ask("POST", "tracker", params=params, body=body, expect=(409,)).body
    return answer


def codes(report: Json) -> tuple[set[str], set[str]]:
    """The codes of errors and of warnings."""
    found = report["validationReport"]
    errors = {item["errorCode"] for item in found["errorReports"]}
    return errors, {item["warningCode"] for item in found["warningReports"]}


def stored(sent: Json, kind: str, key: str) -> str | None:
    """What the server holds in a field of an event."""
    body = client().get_object(f"tracker/events/{sent['event']}", {"fields": "dataValues[dataElement,value]"})
    values = {item["dataElement"]: item["value"] for item in body["dataValues"]}
    return values.get(FIELDS.stages[kind].fields[key].uid)


@pytest.fixture(scope="module", autouse=True)
def _partnership() -> Iterator[None]:
    unit = uid_of(units()[0])
    name = {"attribute": FIELDS.attributes["name"].uid, "value": "Live test of the rules"}
    enrollment = {
        "enrollment": ENROLLMENT, "program": FIELDS.program, "orgUnit": unit, "status": "ACTIVE",
        "enrolledAt": "2026-01-01", "occurredAt": "2026-01-01", "attributes": [name],
    }  # fmt: skip
    entity = {"trackedEntity": ENTITY, "trackedEntityType": FIELDS.tracked_entity_type, "orgUnit": unit}
    report = send({"trackedEntities": [{**entity, "enrollments": [enrollment]}]})
    assert codes(report)[0] == set(), report["validationReport"]
    yield
    send({"trackedEntities": [{"trackedEntity": ENTITY}]}, "DELETE")


#: Kind, values, and what the server fills in.
FILLED: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("priority", {"impact": "4", "feasibility": "3", "measure": "SSI_RATE", "baseline": "8", "desired": "5.5"},
     {"priority_score": "12", "gap": "2.5"}),
    ("measurement", {"measure": "HH_COMPL", "numerator": "2", "denominator": "3"}, {"rate": "66.67"}),
    ("measurement", {"measure": "INP_DEATH", "numerator": "3", "denominator": "400"}, {"rate": "7.5"}),
    ("plan", {"plan_host_signed": "2026-02-01", "plan_partner_signed": "2026-02-09"}, {"plan_signed_on": "2026-02-09"}),
    ("activity", {"planned_end": "2026-05-01"}, {"deadline": "2026-05-01"}),
    ("activity", {"planned_end": "2026-05-01", "new_deadline": "2026-07-01"}, {"deadline": "2026-07-01"}),
    ("functioning", {"pf01": "4", "pf02": "3", "pf04": "2"}, {"pf_a": "3.5"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "filled"), FILLED)
def test_the_server_fills_in_what_follows_from_a_completed_record(
    kind: str, values: dict[str, str], filled: dict[str, str]
) -> None:
    sent = event(kind, **values)
    errors, warnings = codes(send({"events": [sent]}))
    assert errors == set()
    assert "E1308" in warnings
    for key, value in filled.items():
        assert (
            float(stored(sent, kind, key) or "nan") == float(value)
            if _is_number(value)
            else stored(sent, kind, key) == value
        )


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


@pytest.mark.parametrize(("kind", "values", "filled"), FILLED)
def test_the_same_value_sent_along_is_taken(kind: str, values: dict[str, str], filled: dict[str, str]) -> None:
    errors, _ = codes(send({"events": [event(kind, **values, **filled)]}))
    assert errors == set()


def test_another_value_than_the_rule_gives_is_refused() -> None:
    errors, _ = codes(send({"events": [event("priority", impact="4", feasibility="3", priority_score="11")]}))
    assert errors == {"E1307"}


def test_an_active_record_is_filled_in_by_nobody_and_refused_by_nothing() -> None:
    sent = event("measurement", status="ACTIVE", measure="HH_COMPL", numerator="3", denominator="0")
    assert codes(send({"events": [sent]}))[0] == set()
    assert stored(sent, "measurement", "rate") is None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("measurement", {"measure": "HH_COMPL", "numerator": "3", "denominator": "0"}),
        ("needs", {"hhsaf_total": "501"}),
        ("needs", {"ipcaf_total": "801"}),
        ("functioning", {"effect_overall": "4.1"}),
    ],
)
def test_a_completed_record_that_means_nothing_is_refused(kind: str, values: dict[str, str]) -> None:
    assert codes(send({"events": [event(kind, **values)]}))[0] == {"E1300"}


def test_what_is_hardly_so_is_taken_with_a_warning() -> None:
    errors, warnings = codes(
        send({"events": [event("measurement", measure="HH_COMPL", numerator="9", denominator="8")]})
    )
    assert errors == set()
    assert "E1300" in warnings
