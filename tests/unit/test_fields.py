"""Fields: what the tool knows of the package's forms, and how values are said."""

from __future__ import annotations

import pytest

from tests.unit.builders import info
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle


def test_fields_have_the_uids_of_the_bundle() -> None:
    fields, built = package_fields(), bundle()
    assert fields.program == built["programs"][0]["id"]
    assert fields.tracked_entity_type == built["trackedEntityTypes"][0]["id"]
    assert [each.uid for each in fields.attributes.values()] == [
        item["id"] for item in built["trackedEntityAttributes"]
    ]
    assert [each.uid for each in fields.elements.values()] == [item["id"] for item in built["dataElements"]]
    assert [each.uid for each in fields.stages.values()] == [item["id"] for item in built["programStages"]]


def test_what_the_tool_thinks_mandatory_is_what_the_server_is_told() -> None:
    for item, stage in zip(bundle()["programStages"], package_fields().stages.values(), strict=True):
        told = {entry["dataElement"]["id"] for entry in item["programStageDataElements"] if entry["compulsory"]}
        assert {stage.fields[key].uid for key in stage.must} == told


def test_no_key_is_both_an_attribute_and_a_field_of_a_form() -> None:
    assert not set(package_fields().attributes) & set(package_fields().elements)


def test_nothing_calculated_is_mandatory() -> None:
    fields = package_fields()
    must = {key for stage in fields.stages.values() for key in stage.must}
    assert fields.calculated
    assert not fields.calculated & must


def test_a_calculated_field_says_so_to_those_who_see_it_in_a_form() -> None:
    fields = package_fields()
    said = {key for key, each in (fields.elements | fields.attributes).items() if "calculated" in each.label}
    assert said == fields.calculated


@pytest.mark.parametrize(
    ("kind", "doc", "missing"),
    [
        ("", {}, ["name"]),
        ("", {"name": ""}, ["name"]),
        ("", {"name": "Alpha"}, []),
        ("contact", {"@status": "ACTIVE"}, []),
        ("contact", {"@status": "SCHEDULE"}, []),
        ("contact", {}, []),
        ("contact", {"@status": "COMPLETED"}, ["contact_type", "visit_direction", "initiated_by"]),
        ("contact", {"@status": "COMPLETED", "visit_direction": "REMOTE", "initiated_by": "HOST"}, ["contact_type"]),
        ("spread", {"@status": "COMPLETED", "spread_what": "w", "spread_kind": "MEDIA"}, ["spread_level"]),
        ("measurement", {"@status": "COMPLETED"}, ["measure", "data_source"]),
    ],
)
def test_a_completed_record_lacks_what_is_mandatory_and_half_a_form_lacks_nothing(
    kind: str, doc: dict[str, str], missing: list[str]
) -> None:
    assert [each.key for each in package_fields().missing(kind, doc)] == missing


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("measure", "HH_COMPL", "Hand hygiene compliance (%)"),
        ("measure", "RENAMED_SINCE", "RENAMED_SINCE"),
        ("score_ipc", "0", "0 Not present"),
        ("partner_country", "LR", "Liberia"),
        ("agreement_signed", "true", "Yes"),
        ("agreement_signed", "false", "No"),
        ("principles", "true", "Yes"),
        ("host_lead", "Dr A", "Dr A"),
        ("host_beds", "0", "0"),
        ("measure", None, None),
        ("no_such_field", "x", "x"),
    ],
)
def test_a_value_is_shown_as_people_read_it_and_absence_stays_absence(
    key: str, value: str | None, shown: str | None
) -> None:
    assert package_fields().show(key, value) == shown


def test_a_field_is_called_by_its_label_and_an_unknown_one_by_its_key() -> None:
    assert package_fields().label("host_lead") == info("host_lead").label == "Lead at the host arm"
    assert package_fields().label("name") == "Partnership"
    assert package_fields().label("no_such_field") == "no_such_field"
