"""Validation of values: attributes of tracked entities and enrollments, data values of events."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.indexes import attribute_value
from tpi_dhis2.sandbox.tracker_bundle import ENROLLMENT, TRACKED_ENTITY, Tracked
from tpi_dhis2.sandbox.tracker_checks import Bundle
from tpi_dhis2.sandbox.tracker_values import as_text, fits_options, fits_type, option_codes
from tpi_dhis2.sandbox.web import Json

LONGEST_ATTRIBUTE = 1200
CLOSED = ("SCHEDULE", "SKIPPED", "OVERDUE")


def _owned(bundle: Bundle, owner: Json, children: str, name: str, must: str) -> dict[str, bool]:
    """Return the attributes or data elements of a program, type or stage, and whether each is mandatory."""
    rows = owner.get(children) or []
    key = ("owned", owner.get("id"), children)
    return bundle.once(key, lambda: {row[name]["id"]: bool(row.get(must)) for row in rows})


def _attributes_of(bundle: Bundle, owner: Json, children: str) -> dict[str, bool]:
    return _owned(bundle, owner, children, "trackedEntityAttribute", "mandatory")


def fits_option_set(bundle: Bundle, subject: Json, value: str) -> bool:
    """Say whether a value is a code of the option set of an attribute or data element, if there is one."""
    uid = (subject.get("optionSet") or {}).get("id")
    if uid is None:
        return True
    codes = bundle.once(("codes", uid), lambda: option_codes(bundle.state, uid))
    return fits_options(bundle.state.minor, subject.get("valueType", "TEXT"), codes, value)


def sent_values(item: Tracked) -> dict[Any, Any]:
    """Return the attribute values of a payload."""
    return {each.get("attribute"): each.get("value") for each in item.sent.get("attributes") or []}


def check_entity_values(bundle: Bundle, item: Tracked) -> None:
    """Check the attributes of a tracked entity."""
    kind = bundle.meta("trackedEntityTypes", item.sent["trackedEntityType"])
    mandatory = [uid for uid, must in _attributes_of(bundle, kind, "trackedEntityTypeAttributes").items() if must]
    values, stored = sent_values(item), (item.existing or {}).get("attributes", {})
    for uid in mandatory:
        if uid in values and as_text(values[uid]) is None:
            item.fail("E1076", f"`TrackedEntityAttribute` `{uid}` is mandatory and cannot be null.", uid)
        elif uid not in values and uid not in stored and item.existing is None:
            item.fail("E1090", f"Attribute: `{uid}` is mandatory in TrackedEntityType `{kind['id']}`.", uid)
    for uid, value in values.items():
        check_attribute(bundle, item, uid, value, item.uid)


def check_enrollment_values(bundle: Bundle, item: Tracked) -> None:
    """Check the attributes of an enrollment against its program."""
    program = bundle.meta("programs", item.sent["program"])
    owned, values = _attributes_of(bundle, program, "programTrackedEntityAttributes"), sent_values(item)
    entity_uid = item.sent["trackedEntity"]
    for uid, value in values.items():
        check_attribute(bundle, item, uid, value, entity_uid)
        if bundle.meta("trackedEntityAttributes", uid) and uid not in owned:
            item.fail("E1019", f"Only ProgramAttributes are allowed for Enrollment, invalid Attribute: `{uid}`.", uid)
    present = _values_of_entity(bundle, entity_uid)
    present |= {uid for uid, value in values.items() if as_text(value) is not None}
    for uid in [uid for uid, must in owned.items() if must]:
        if uid in values and as_text(values[uid]) is None:
            item.fail("E1076", f"`TrackedEntityAttribute` `{uid}` is mandatory and cannot be null.", uid)
        elif uid not in present:
            item.fail("E1018", f"Attribute: `{uid}` is mandatory in Program `{program['id']}`.", uid)


def _values_of_entity(bundle: Bundle, uid: str) -> set[Any]:
    """Return the attributes that a tracked entity will have a value of."""
    stored = set((bundle.state.get("trackedEntities", uid) or {}).get("attributes", {}))
    item = bundle.by_uid.get((TRACKED_ENTITY, uid))
    for attribute, value in (sent_values(item) if item else {}).items():
        stored = stored | {attribute} if as_text(value) is not None else stored - {attribute}
    return stored


def check_attribute(bundle: Bundle, item: Tracked, uid: Any, sent: Any, entity: str) -> None:
    """Check a value of an attribute, as it was sent or as a program rule gives it."""
    subject, value = bundle.meta("trackedEntityAttributes", uid), as_text(sent)
    if not subject:
        text = "null" if uid is None else uid
        item.fail("E1006", f"Attribute: `{text}` does not exist.", text)
    elif value is not None:
        _check_attribute_value(bundle, item, subject, value, entity)


def _check_attribute_value(bundle: Bundle, item: Tracked, subject: Json, value: str, entity: str) -> None:
    uid, kind = subject["id"], subject.get("valueType", "TEXT")
    if len(value) > LONGEST_ATTRIBUTE:
        item.fail("E1077", f"Attribute: `{uid}` text value exceed the maximum allowed length: `1200`.", uid)
        return
    if not fits_type(bundle.state, kind, value):
        if bundle.state.minor < 43:
            item.fail("E1085", f"Attribute: `{uid}`, value does not match value type: `{kind}`.", uid, kind)
        if bundle.state.minor >= 43 or kind in ("DATE", "DATETIME", "AGE"):
            item.fail("E1007", f"Error validating attribute value type: `{kind}`; Error: `{value}`.", kind, value)
    if not fits_option_set(bundle, subject, value):
        options = subject["optionSet"]["id"]
        item.fail("E1125", f"Value `{value}` is not a valid option code in OptionSet `{options}`.", value, options)
    if subject.get("unique") and _taken(bundle, uid, value, entity):
        item.fail("E1064", f"Non-unique attribute value `{value}` for attribute `{uid}`.", value, uid)


def _taken(bundle: Bundle, uid: str, value: str, entity: str) -> bool:
    """Say whether another tracked entity has the value, on the server or in the payload."""
    rows = bundle.state.found("trackedEntities", attribute_value(uid), value)
    if any(row["trackedEntity"] != entity and not row["deleted"] for row in rows):
        return True
    senders = bundle.once(("senders",), lambda: _senders(bundle)).get((uid, value), set())
    return bool(senders - {entity})


def _senders(bundle: Bundle) -> dict[tuple[Any, Any], set[Any]]:
    """Return which tracked entities of a payload have each value of an attribute."""
    found: dict[tuple[Any, Any], set[Any]] = {}
    for item in bundle.items:
        owner = item.uid if item.kind == TRACKED_ENTITY else item.sent.get("trackedEntity")
        if item.kind in (TRACKED_ENTITY, ENROLLMENT):
            for uid, value in sent_values(item).items():
                found.setdefault((uid, as_text(value)), set()).add(owner)
    return found


def elements_of(bundle: Bundle, stage: Json) -> dict[str, bool]:
    """Return the data elements of a stage, and whether each is compulsory."""
    return _owned(bundle, stage, "programStageDataElements", "dataElement", "compulsory")


def check_data_values(bundle: Bundle, item: Tracked) -> None:
    """Check the data values of an event against its stage."""
    stage = bundle.meta("programStages", item.sent["programStage"])
    owned = elements_of(bundle, stage)
    values = {each.get("dataElement"): each.get("value") for each in item.sent.get("dataValues") or []}
    for uid, sent in values.items():
        subject, value = bundle.meta("dataElements", uid), as_text(sent)
        if not subject:
            item.fail("E1304", f"DataElement `{uid}` is not a valid DataElement.", uid)
        if uid not in owned:
            item.fail("E1305", f"DataElement `{uid}` is not part of ProgramStage `{stage['id']}`.", uid)
        elif value is not None:
            check_data_value(bundle, item, subject, value)
    if values and item.sent.get("status") == "SCHEDULE":
        item.fail("E1315", "Status `SCHEDULE` does not allow creating data values.", "SCHEDULE")
    elif demands_values(bundle, item, stage):
        _check_mandatory(item, owned, values)


def demands_values(bundle: Bundle, item: Tracked, stage: Json) -> bool:
    """Say whether compulsory values must be there and rules run: on every write or on completion, as the stage says."""
    status = item.sent.get("status", "ACTIVE")
    if stage.get("validationStrategy") != "ON_UPDATE_AND_INSERT":
        return bool(status == "COMPLETED")
    return status not in (CLOSED[:2] if bundle.state.minor == 40 else CLOSED)


def _check_mandatory(item: Tracked, owned: dict[str, bool], values: dict[Any, Any]) -> None:
    stored = (item.existing or {}).get("dataValues", {})
    for uid in [uid for uid, must in owned.items() if must]:
        if uid in values and as_text(values[uid]) is None and not isinstance(values[uid], list):
            item.fail("E1076", f"`DataElement` `{uid}` is mandatory and cannot be null.", uid)
        elif as_text(values.get(uid)) is None and uid not in stored:
            item.fail("E1303", f"Mandatory DataElement `{uid}` is not present.", uid)


def check_data_value(bundle: Bundle, item: Tracked, subject: Json, value: str) -> None:
    """Check a value of a data element, as it was sent or as a program rule gives it."""
    uid, kind, old = subject["id"], subject.get("valueType", "TEXT"), bundle.state.minor < 43
    if kind in ("FILE_RESOURCE", "IMAGE") and bundle.state.get("files", value) is None:
        code = "E1084" if old else "E1302"
        item.fail(code, f"File resource: `{value}`, reference could not be found.", value)
    elif not fits_type(bundle.state, kind, value):
        if old and kind == "ORGANISATION_UNIT":
            item.fail("E1007", f"Error validating attribute value type: `{value}`.", value)
        elif not (old and kind == "USERNAME"):
            item.fail("E1302", f"DataElement `{uid}` is not valid: `value_not_{kind.lower()}`.", uid, kind)
    elif not fits_option_set(bundle, subject, value):
        options = subject["optionSet"]["id"]
        item.fail("E1125", f"Value `{value}` is not a valid option code in OptionSet `{options}`.", value, options)
