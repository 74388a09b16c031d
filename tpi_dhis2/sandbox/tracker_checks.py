"""Validation of a tracker bundle: existence, required properties, references, and what deletes may do."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.ids import is_uid
from tpi_dhis2.sandbox.indexes import ends as by_ends
from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.tracker_bundle import ENROLLMENT, EVENT, KINDS, RELATIONSHIP, TRACKED_ENTITY, Tracked
from tpi_dhis2.sandbox.web import Json

Made = TypeVar("Made")
EXISTS = {TRACKED_ENTITY: "E1002", ENROLLMENT: "E1080", EVENT: "E1030", RELATIONSHIP: "E4015"}
MISSING = {TRACKED_ENTITY: "E1063", ENROLLMENT: "E1081", EVENT: "E1032", RELATIONSHIP: "E4016"}
DELETED = {TRACKED_ENTITY: "E1114", ENROLLMENT: "E1113", EVENT: "E1082", RELATIONSHIP: "E4017"}
REQUIRED = {
    TRACKED_ENTITY: ("E1121", ("trackedEntityType", "orgUnit")),
    ENROLLMENT: ("E1122", ("orgUnit", "program", "trackedEntity")),
    EVENT: ("E1123", ("orgUnit", "programStage", "program")),
    RELATIONSHIP: ("E1124", ("relationshipType", "from", "to")),
}
META = {
    TRACKED_ENTITY: (("trackedEntityType", "trackedEntityTypes", "E1005"), ("orgUnit", "organisationUnits", "E1049")),
    ENROLLMENT: (("orgUnit", "organisationUnits", "E1070"), ("program", "programs", "E1069")),
    EVENT: (("program", "programs", "E1010"), ("programStage", "programStages", "E1013"),
            ("orgUnit", "organisationUnits", "E1011"), ("attributeOptionCombo", "categoryOptionCombos", "E1115")),
    RELATIONSHIP: (("relationshipType", "relationshipTypes", "E4006"),),
}  # fmt: skip
FIXED = {
    TRACKED_ENTITY: ("E1126", ("trackedEntityType",)),
    ENROLLMENT: ("E1127", ("program", "trackedEntity")),
    EVENT: ("E1128", ("programStage", "enrollment", "program")),
}
#: What is deleted with an object, how it names it, and the error and the authority when that may not be.
CASCADES = {
    TRACKED_ENTITY: (ENROLLMENT, "trackedEntity", "E1100", "F_TEI_CASCADE_DELETE"),
    ENROLLMENT: (EVENT, "enrollment", "E1103", "F_ENROLLMENT_CASCADE_DELETE"),
}


class Bundle:
    """All objects of an import, with what is on the server."""

    def __init__(self, account: Account, items: list[Tracked], strategy: str):
        self.account, self.items, self.strategy = account, items, strategy
        self.state = account.state
        self.by_uid = {(item.kind, item.uid): item for item in items}
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what many objects of the import ask for, made when the first asks."""
        if key not in self._made:
            self._made[key] = make()
        found: Made = self._made[key]
        return found

    def units_of(self, program: Json) -> set[str]:
        """Return the org units of a program."""
        key = ("units", program["id"])
        return self.once(key, lambda: {ref["id"] for ref in program.get("organisationUnits") or []})

    def below(self, kind: str, parent: str, uid: Any) -> list[Tracked]:
        """Return the objects of a kind that the payload puts under a parent."""
        return self.once(("below", kind), lambda: _by_parent(self.items, kind, parent)).get(uid, [])

    def stored(self, kind: str, parent: str, uid: Any) -> list[Json]:
        """Return the stored objects of a kind under a parent that are not deleted."""
        rows = self.state.found(KINDS[kind][0], value_of(parent), uid)
        return [row for row in rows if not row["deleted"]]

    def meta(self, plural: str, uid: Any) -> Json:
        """Return a metadata object; an empty one when it does not exist."""
        return self.state.get(plural, uid) or {}

    def look(self, kind: str, uid: Any) -> Json | None:
        """Return a tracker object as it will be: what the bundle brings over what is stored."""
        stored: Json | None = self.state.get(KINDS[kind][0], uid)
        item = self.by_uid.get((kind, uid))
        if item is None:
            return stored
        return {**(stored or {}), **{name: value for name, value in item.sent.items() if name != "attributes"}}


def _by_parent(items: list[Tracked], kind: str, parent: str) -> dict[Any, list[Tracked]]:
    found: dict[Any, list[Tracked]] = {}
    for item in items:
        if item.kind == kind:
            found.setdefault(item.sent.get(parent), []).append(item)
    return found


def check_existence(bundle: Bundle, item: Tracked) -> None:
    """Compare what exists with what the strategy expects; a deleted object stays deleted."""
    name = {TRACKED_ENTITY: "TrackedEntity", ENROLLMENT: "Enrollment", EVENT: "Event"}.get(item.kind, "Relationship")
    if bundle.state.minor < 42 and not is_uid(item.uid):
        item.fail("E1048", f"Object: `{item.uid}`, uid: `{item.uid}`, has an invalid uid format.", item.uid)
    elif item.existing is not None and item.existing["deleted"]:
        item.fail(DELETED[item.kind], f"{name}: `{item.uid}`, is already deleted and cannot be modified.", item.uid)
    elif item.existing is not None and bundle.strategy == "CREATE":
        item.fail(EXISTS[item.kind], f"{name}: `{item.uid}`, already exists.", item.uid)
        _check_repeated(bundle, item)
    elif item.existing is None and bundle.strategy in ("UPDATE", "DELETE"):
        item.fail(MISSING[item.kind], f"{name}: `{item.uid}`, does not exist.", item.uid)


def _check_repeated(bundle: Bundle, item: Tracked) -> None:
    """Miss the right to a second event, as 2.40 and 2.41 do beside what is wrong already: the first one is stored."""
    stage = bundle.meta("programStages", item.sent.get("programStage"))
    if item.kind == EVENT and bundle.state.minor < 42 and stage and not stage.get("repeatable"):
        item.fail("E1039", f"ProgramStage: `{stage['id']}` is not repeatable and an Event already exists.", stage["id"])


def check_required(_bundle: Bundle, item: Tracked) -> None:
    """Find required properties that are missing."""
    code, names = REQUIRED[item.kind]
    label = KINDS[item.kind][1]
    for name in names:
        if item.sent.get(name) in (None, ""):
            item.fail(code, f"Missing required {label} property: `{name}`.", name)


def check_meta(bundle: Bundle, item: Tracked) -> None:
    """Find references to metadata that do not exist."""
    for name, plural, code in META[item.kind]:
        uid = item.sent.get(name)
        if uid is not None and bundle.state.get(plural, uid) is None:
            item.fail(code, f"Could not find {name[0].upper()}{name[1:]}: `{uid}`, linked to {item.kind}.", uid)
    parent = item.sent.get("trackedEntity")
    if item.kind == ENROLLMENT and not item.errors and bundle.look(TRACKED_ENTITY, parent) is None:
        item.fail("E1068", f"Could not find TrackedEntity: `{parent}` linked to Enrollment.", parent)


def check_fixed(_bundle: Bundle, item: Tracked) -> None:
    """Find changes to what may not change."""
    code, names = FIXED.get(item.kind, ("", ()))
    for name in names:
        before, now = (item.existing or {}).get(name), item.sent.get(name)
        if item.existing and before and now and before != now:
            item.fail(code, f"Not allowed to update {KINDS[item.kind][1]} property: {name}.", name)
            return


def check_delete(bundle: Bundle, item: Tracked) -> None:
    """Check that the user may delete what hangs below."""
    kind, back, code, authority = CASCADES.get(item.kind, ("", "", "", ""))
    if kind and bundle.stored(kind, back, item.uid) and not bundle.account.has(authority):
        who = bundle.account.uid
        item.fail(
            code, f"User: `{who}` lacks {authority} authority to delete {item.kind}: `{item.uid}`.", who, item.uid
        )


def check_relationship(bundle: Bundle, item: Tracked) -> None:
    """Check both ends of a relationship."""
    kind = bundle.meta("relationshipTypes", item.sent["relationshipType"])
    ends = [_end(item, side) for side in ("from", "to")]
    for side, (entity, uid) in zip(("from", "to"), ends, strict=True):
        wanted = (kind.get(f"{side}Constraint") or {}).get("relationshipEntity")
        if entity is None:
            item.fail("E4001", f"RelationshipItem `{side}` for Relationship `{item.uid}` is invalid.", side, item.uid)
        elif wanted != ENTITIES[entity]:
            item.fail("E4010", f"RelationshipType `{side}` constraint requires a {wanted} but a {entity} was found.")
        elif bundle.look(entity, uid) is None:
            item.fail("E4012", f"Could not find `{KINDS[entity][1]}`: `{uid}`, linked to relationship.", uid)
    if item.errors:
        return
    if ends[0] == ends[1]:
        item.fail("E4000", f"Relationship: `{item.uid}` cannot link to itself.", item.uid)
    elif _duplicate(bundle, item, kind, ends):
        item.fail("E4018", f"Relationship: `{item.uid}` linking {ends[0]} to {ends[1]} already exists.", item.uid)


ENTITIES = {TRACKED_ENTITY: "TRACKED_ENTITY_INSTANCE", ENROLLMENT: "PROGRAM_INSTANCE", EVENT: "PROGRAM_STAGE_INSTANCE"}


def _end(item: Tracked, side: str) -> tuple[str | None, Any]:
    for kind, (_plural, singular) in KINDS.items():
        found = (item.sent.get(side) or {}).get(singular)
        if found:
            return kind, found.get(singular) if isinstance(found, dict) else found
    return None, None


def _duplicate(bundle: Bundle, item: Tracked, kind: Json, ends: list[tuple[str | None, Any]]) -> bool:
    """Say whether the same two ends are linked already; a bidirectional type counts both ways."""
    ways = [ends, ends[::-1]] if kind.get("bidirectional") else [ends]
    for row in bundle.state.found("relationships", by_ends, ends[0][1]):
        other = Tracked(RELATIONSHIP, row, row["relationship"], row, 0)
        same = row["relationshipType"] == item.sent["relationshipType"] and not row["deleted"]
        if same and other.uid != item.uid and [_end(other, "from"), _end(other, "to")] in ways:
            return True
    return False


Check = Callable[[Bundle, Tracked], None]
