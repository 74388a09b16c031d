"""Validation that every metadata object goes through: identifiers, required, lengths, references, uniqueness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tpi_dhis2.sandbox import rights
from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.ids import is_uid
from tpi_dhis2.sandbox.reports import Item, Problem
from tpi_dhis2.sandbox.schema import CHILDREN, REFERENCES, TYPES, required_by
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.thing import user_reference

UID_LENGTH = 11
NAME_RANGE = (2, 160)
# The other side of these references is the owner: they may name what the bundle brings or be left out.
BACK_REFERENCES = {("programStageSections", "programStage"), ("programs", "programStages")}
#: Whom sharing names, and what the server calls that (ReferencesCheck.checkSharing).
SHARED_WITH = {"userGroups": "userGroupAccesses", "users": "userAccesses"}
CHILD_LISTS = {name for names in CHILDREN.values() for name in names}


class Bundle:
    """The items of one import, and what they bring along for each other."""

    def __init__(self, account: Account, items: list[Item]):
        self.account, self.items = account, items
        self.state: State = account.state
        self.brought = {(item.type.plural, item.uid): item for item in items}

    def has(self, plural: str, uid: object) -> bool:
        """Say whether an object is on the server or in the bundle."""
        return (plural, uid) in self.brought or self.state.get(plural, uid) is not None

    def look(self, plural: str, uid: object) -> dict[str, Any]:
        """Return an object as it will be, from the bundle or the server."""
        item = self.brought.get((plural, str(uid)))
        return item.sent if item else (self.state.get(plural, uid) or {})


def check_strategy(item: Item, strategy: str) -> None:
    """Compare what exists with what the strategy expects."""
    args = ["UID", item.label]
    if strategy == "CREATE" and item.existing is not None:
        found = f"Identifier was UID, and object was {item.label}."
        text = f"Found matching object for reference, but import mode is CREATE. {found}"
        item.problems.append(Problem("E5000", text, "strategy", args, None, item.uid))
    if strategy in ("UPDATE", "DELETE") and item.existing is None:
        name = "id" if strategy == "UPDATE" else None
        text = f"No matching object for reference. Identifier was UID, and object was {item.label}."
        item.problems.append(Problem("E5001", text, "strategy", args, name, item.uid))


def check_security(account: Account, item: Item) -> None:
    """Refuse what the user may not create or change."""
    user = user_reference(account.user) or {}
    who = f"{user['name']} [{account.uid}] (User)"
    if account.superuser:
        return
    plural = item.type.plural
    if item.existing is None and not rights.may_create(account, plural):
        text = f"User `{who}` is not allowed to create objects of type {item.label}"
        item.problems.append(Problem("E3000", text, "strategy", [who, item.label]))
    elif item.existing is not None and not rights.may_change(account, plural, item.existing, "UPDATE"):
        text = f"User `{who}` is not allowed to update object `{item.label}`"
        item.problems.append(Problem("E3001", text, "strategy", [who, item.label]))
    elif not rights.may_share(account, plural, item.sent):
        text = f"User `{who}` is not allowed to make public objects of type `class {item.type.klass}`"
        item.problems.append(Problem("E3008", text, "strategy", [who, f"class {item.type.klass}"]))


def check_schema(item: Item, minor: int) -> None:
    """Check required properties, lengths and the UID."""
    for name in required_by(item.type, minor):
        if item.sent.get(name) in (None, ""):
            text = f"Missing required property `{name}`"
            kind = "java.lang.String"
            item.problems.append(Problem("E4000", text, "schema", [name], name, None, kind))
    for name, limit in {"code": 50, **item.type.lengths}.items():
        value = item.sent.get(name)
        if isinstance(value, str) and len(value) > limit:
            text = f"Maximum length of property `{name}`is {limit}, but given length was {len(value)}"
            item.problems.append(Problem("E4001", text, "schema", [name, limit, len(value)], name))
    _check_ranges(item, minor)
    if not is_uid(item.uid):
        text = f"Invalid UID `{item.uid}` for property `{item.type.simple}`"
        item.problems.append(Problem("E4014", text, "uid", [item.uid, item.type.simple]))


def _check_ranges(item: Item, minor: int) -> None:
    ranges = {"id": (UID_LENGTH, UID_LENGTH)}
    if item.type.plural == "users" and minor in (41, 42):
        ranges |= {"firstName": NAME_RANGE, "surname": NAME_RANGE}
    for name, (least, most) in ranges.items():
        value = item.uid if name == "id" else item.sent.get(name)
        if isinstance(value, str) and not least <= len(value) <= most:
            given = f"but given length was {len(value)}"
            text = f"Allowed length range for property `{name}` is [{least} to {most}], {given}"
            item.problems.append(Problem("E4002", text, "schema", [name, float(least), float(most), len(value)], name))


def references(item: Item, minor: int) -> Iterator[tuple[str, str, str]]:
    """Yield the references of an object and of its children: association, type, UID."""
    yield from _references_of(item.sent, item.type.plural)
    for name in CHILDREN.get(item.type.plural, ()):
        if name == "mapViews" or (name == "dashboardItems" and minor == 40):
            continue
        for child in item.sent.get(name) or []:
            if isinstance(child, dict):
                yield from _references_of(child, name)


def _references_of(row: dict[str, Any], owner: str) -> Iterator[tuple[str, str, str]]:
    for name, value in row.items():
        plural = REFERENCES.get(name)
        if plural is None or (owner, name) in BACK_REFERENCES or name == "attribute":
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and isinstance(each.get("id"), str):
                yield name, plural, each["id"]


def check_references(bundle: Bundle, item: Item) -> None:
    """Find references to what is neither on the server nor in the bundle."""
    for name, plural, uid in references(item, bundle.state.minor):
        if not bundle.has(plural, uid):
            target = f"[{uid}] ({TYPES[plural].simple})"
            text = f"Invalid reference {target} on object {item.label} for association `{name}`"
            item.problems.append(Problem("E5002", text, "reference", [target, item.label, name], name, item.uid))
    for plural, name in SHARED_WITH.items():
        for uid in (item.sent.get("sharing") or {}).get(plural) or {}:
            if not bundle.has(plural, uid):
                target = f"[{uid}] ({TYPES[plural].simple})"
                text = f"Invalid reference {target} on object {item.label} for association `{name}`"
                item.problems.append(Problem("E5002", text, "reference", [target, item.label, name]))


def check_unique(bundle: Bundle) -> None:
    """Find values that must be unique and are not, on the server or in the bundle; and identifiers sent twice."""
    seen: dict[tuple[str, str, Any], str] = {}
    ids: set[tuple[str, str]] = set()
    for item in bundle.items:
        key = (item.type.plural, item.uid)
        if key in ids:
            what = f"Id `{item.uid}` for type `class {item.type.klass}`"
            text = f"{what} exists on more than 1 object in the payload, removing all but the first found."
            item.problems.append(Problem("E5004", text, "unique", [item.uid, item.type.klass], "id", item.uid))
            continue
        ids.add(key)
        for name in _unique_properties(item, bundle.state.minor):
            _check_unique_value(bundle, item, name, seen)


def _unique_properties(item: Item, minor: int) -> list[str]:
    names = [name for name in item.type.unique if not (item.type.plural == "users" and name == "username")]
    if item.type.plural == "trackedEntityTypes" and minor < 42:
        names.remove("shortName")
    return names


def _check_unique_value(bundle: Bundle, item: Item, name: str, seen: dict[tuple[str, str, Any], str]) -> None:
    value = item.sent.get(name)
    if value in (None, ""):
        return
    plural = item.type.plural
    rows = bundle.state.table(plural).values()
    holders = [row["id"] for row in rows if row.get(name) == value and row["id"] != item.uid]
    holders = [uid for uid in holders if bundle.look(plural, uid).get(name) == value]
    other = (holders or [seen.get((plural, name, value))])[0]
    seen.setdefault((plural, name, value), item.uid)
    if other and other != item.uid:
        text = f"Property `{name}` with value `{value}` on object {item.label} already exists on object {other}."
        item.problems.append(Problem("E5003", text, "unique", [name, value, item.label, other], name, other))


def check_translations(item: Item) -> None:
    """Find translations given twice, and ones without a value."""
    seen = set()
    for each in item.sent.get("translations") or []:
        key = (each.get("property"), each.get("locale"))
        kind = item.type.simple
        if key in seen:
            where = f"property `{key[0]}` and locale `{key[1]}` on {kind} `{item.uid}`"
            text = f"There are duplicate translation records for {where}"
            args = [*key, kind, item.uid]
            item.problems.append(Problem("E1106", text, "translation", args, error_klass=item.type.klass))
        seen.add(key)
        for name in ("locale", "property", "value"):
            if each.get(name) is None:
                text = f"Missing required property `{name}`"
                item.problems.append(Problem("E4000", text, "translation", [name], error_klass=item.type.klass))
