"""Validation of enrollments and events: how they fit together, cardinality, status, dates, geometry."""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import account_named
from tpi_dhis2.sandbox.tracker_bundle import ENROLLMENT, EVENT, TRACKED_ENTITY, Tracked
from tpi_dhis2.sandbox.tracker_checks import Bundle
from tpi_dhis2.sandbox.web import Json

GEOMETRIES = {"POINT": "Point", "POLYGON": "Polygon", "MULTI_POLYGON": "MultiPolygon"}
WITHOUT_DATE = ("SCHEDULE", "OVERDUE", "SKIPPED")


def check_enrollment_relations(bundle: Bundle, item: Tracked) -> None:
    """Check that program, org unit and tracked entity of an enrollment go together."""
    program, unit = bundle.meta("programs", item.sent["program"]), item.sent["orgUnit"]
    entity = bundle.look(TRACKED_ENTITY, item.sent["trackedEntity"]) or {}
    if program.get("programType") == "WITHOUT_REGISTRATION":
        item.fail("E1014", f"Provided Program: `{program['id']}` is a Program without registration.", program["id"])
        return
    if unit not in bundle.units_of(program):
        text = f"Enrollment OrganisationUnit: `{unit}` and Program: `{program['id']}` don't match."
        item.fail("E1041", text, unit, program["id"])
    kind = (program.get("trackedEntityType") or {}).get("id")
    if kind and entity.get("trackedEntityType") != kind:
        uid = item.sent["trackedEntity"]
        text = f"TrackedEntity: `{uid}` must have same TrackedEntityType as Program `{program['id']}`."
        item.fail("E1022", text, uid, program["id"])


def check_enrollment_state(bundle: Bundle, item: Tracked) -> None:
    """Check dates, status, geometry and how often a tracked entity is enrolled."""
    program, sent = bundle.meta("programs", item.sent["program"]), item.sent
    now = bundle.state.now()
    if not sent.get("enrolledAt"):
        item.fail("E1025", "Property enrolledAt is null.")
    elif sent["enrolledAt"] > now and not program.get("selectEnrollmentDatesInFuture"):
        item.fail("E1020", f"Enrollment date: `{sent['enrolledAt']}` cannot be a future date.", sent["enrolledAt"])
    if program.get("displayIncidentDate"):
        if not sent.get("occurredAt"):
            item.fail("E1023", "DisplayIncidentDate is true but occurredAt is null.")
        elif sent["occurredAt"] > now and not program.get("selectIncidentDatesInFuture"):
            item.fail("E1021", f"Incident date: `{sent['occurredAt']}` cannot be a future date.", sent["occurredAt"])
    if sent.get("completedAt") and sent.get("status") != "COMPLETED" and bundle.state.minor >= 42:
        item.fail("E1052", f"Enrollment: `{item.uid}` completedAt must be null when status is {sent.get('status')}.")
    _check_geometry(item, program)
    _check_cardinality(bundle, item, program)
    check_notes(bundle, item)


def _check_cardinality(bundle: Bundle, item: Tracked, program: Json) -> None:
    entity = item.sent["trackedEntity"]
    others = [
        row for row in _enrollments(bundle, entity) if row["program"] == program["id"] and row["enrollment"] != item.uid
    ]
    if program.get("onlyEnrollOnce") and others and item.existing is None:
        text = f"TrackedEntity: `{entity}` already has an Enrollment in Program `{program['id']}`."
        item.fail("E1016", text, entity, program["id"])
    elif item.sent.get("status", "ACTIVE") == "ACTIVE" and any(row["status"] == "ACTIVE" for row in others):
        text = f"TrackedEntity: `{entity}` already has an active Enrollment in Program `{program['id']}`."
        item.fail("E1015", text, entity, program["id"])


def _enrollments(bundle: Bundle, entity: str) -> list[Json]:
    """Return the enrollments of a tracked entity as they will be."""
    rows = bundle.stored(ENROLLMENT, "trackedEntity", entity)
    found = [row for row in rows if (ENROLLMENT, row["enrollment"]) not in bundle.by_uid]
    sent = bundle.below(ENROLLMENT, "trackedEntity", entity)
    return found + [{"status": "ACTIVE", "program": None, **item.sent, "enrollment": item.uid} for item in sent]


def fill_program(bundle: Bundle, item: Tracked) -> None:
    """Take the program of an event from its stage when the payload has none."""
    stage = bundle.meta("programStages", item.sent.get("programStage"))
    if not item.sent.get("program") and stage:
        item.sent["program"] = stage["program"]["id"]


def check_event_relations(bundle: Bundle, item: Tracked) -> None:
    """Check that stage, program, enrollment and org unit of an event go together."""
    sent = item.sent
    stage, program = bundle.meta("programStages", sent["programStage"]), bundle.meta("programs", sent["program"])
    registered = program.get("programType") != "WITHOUT_REGISTRATION"
    enrollment = bundle.look(ENROLLMENT, sent.get("enrollment"))
    if (stage.get("program") or {}).get("id") != program["id"]:
        where = f"Program Stage `{stage['id']}` that does not belong to Program `{program['id']}`"
        text = f"Event: `{item.uid}`, references a {where}."
        item.fail("E1089", text, item.uid, stage["id"], program["id"])
    if registered and not sent.get("enrollment"):
        _no_enrollment(bundle, item)
    elif registered and (enrollment is None or enrollment.get("program") != program["id"]):
        if enrollment is None:
            item.fail("E1313", f"Event `{item.uid}` of an Enrollment does not point to an existing tracked entity.")
        text = f"Event: `{item.uid}`, program: `{program['id']}` is different from program defined in Enrollment."
        item.fail("E1079", text, item.uid, program["id"])
    if sent["orgUnit"] not in bundle.units_of(program):
        text = f"Event OrganisationUnit: `{sent['orgUnit']}` and Program: `{program['id']}` don't match."
        item.fail("E1029", text, sent["orgUnit"], program["id"])


def _no_enrollment(bundle: Bundle, item: Tracked) -> None:
    if bundle.state.minor >= 43:
        item.fail("E1123", "Missing required event property: `enrollment`.", "enrollment")
        return
    item.fail("E1033", f"Event: `{item.uid}` Enrollment value is null.", item.uid)
    if bundle.state.minor < 42:
        item.fail("E1313", f"Event `{item.uid}` of an Enrollment does not point to an existing tracked entity.")


def check_event_state(bundle: Bundle, item: Tracked) -> None:
    """Check status, dates, geometry, repeatability, assigned user and notes."""
    sent, status = item.sent, item.sent.get("status", "ACTIVE")
    stage, program = bundle.meta("programStages", sent["programStage"]), bundle.meta("programs", sent["program"])
    registered = program.get("programType") != "WITHOUT_REGISTRATION"
    _check_event_dates(bundle, item, status, registered=registered)
    if sent.get("completedAt") and status != "COMPLETED" and bundle.state.minor >= 42:
        item.fail("E1051", f"Event: `{item.uid}` completedAt must be null when status is {status}.", item.uid)
    before = (item.existing or {}).get("status")
    if status == "SCHEDULE" and before in ("ACTIVE", "COMPLETED", "VISITED"):
        item.fail("E1316", f"Event cannot transition from status `{before}` to status `{status}`.", before, status)
    _check_geometry(item, stage)
    _check_repeatable(bundle, item, stage, registered=registered)
    _check_assigned(bundle, item, stage)
    check_notes(bundle, item)


def _check_event_dates(bundle: Bundle, item: Tracked, status: str, *, registered: bool) -> None:
    if not registered and status in WITHOUT_DATE and bundle.state.minor >= 43:
        item.fail("E1318", f"Event `{item.uid}` of a single event program cannot have status `{status}`.", status)
    elif not item.sent.get("occurredAt") and (status not in WITHOUT_DATE or not registered):
        item.fail("E1031", "Event occurredAt date is missing.")
    if status == "SCHEDULE" and registered and not item.sent.get("scheduledAt"):
        item.fail("E1050", "Event ScheduledAt date is missing.")


def _check_geometry(item: Tracked, owner: Json) -> None:
    geometry, feature = item.sent.get("geometry"), owner.get("featureType") or "NONE"
    if geometry is not None and geometry.get("type") != GEOMETRIES.get(feature):
        item.fail("E1012", f"Geometry does not conform to FeatureType: `{feature}`.", feature)


def _check_repeatable(bundle: Bundle, item: Tracked, stage: Json, *, registered: bool) -> None:
    if stage.get("repeatable") or not registered or item.existing is not None:
        return
    enrollment = item.sent.get("enrollment")
    rows = bundle.stored(EVENT, "enrollment", enrollment)
    before = [other for other in bundle.below(EVENT, "enrollment", enrollment) if other.place < item.place]
    rows += [other.sent | {"event": other.uid} for other in before]
    for row in rows:
        if row.get("programStage") == stage["id"] and row.get("event") != item.uid:
            text = f"ProgramStage: `{stage['id']}` is not repeatable and an Event already exists."
            item.fail("E1039", text, stage["id"])
            return


def _check_assigned(bundle: Bundle, item: Tracked, stage: Json) -> None:
    sent = item.sent.get("assignedUser")
    if not sent:
        return
    if assigned_user(bundle, sent) is None:
        item.fail("E1118", f"Assigned User `{sent}` is not a valid User.", str(sent))
    elif not stage.get("enableUserAssignment"):
        item.warn("E1120", f"ProgramStage `{stage['id']}` does not allow user assignment.", stage["id"])


def assigned_user(bundle: Bundle, sent: Json) -> Json | None:
    """Return the user whom an event is assigned to."""
    if sent.get("uid"):
        user: Json | None = bundle.state.get("users", sent["uid"])
        return user
    account = account_named(bundle.state, str(sent.get("username")))
    return account.user if account else None


def check_notes(bundle: Bundle, item: Tracked) -> None:
    """Warn of notes that exist already."""
    for note in item.sent.get("notes") or []:
        if note.get("note") and bundle.state.get("notes", note["note"]) is not None:
            item.warn("E1119", f"A Tracker Note with UID `{note['note']}` already exists.", note["note"])
