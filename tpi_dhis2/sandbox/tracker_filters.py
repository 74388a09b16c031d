"""Filters on attributes and data values, and the order of tracker lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.query import OPERATORS
from tpi_dhis2.sandbox.values import text_of, texts
from tpi_dhis2.sandbox.web import Json, Request, bad_parameter, refuse

NAMES = {
    "eq": "eq", "ieq": "ieq", "ne": "!eq", "neq": "!eq", "gt": "gt", "ge": "ge", "lt": "lt", "le": "le",
    "like": "ilike", "ilike": "ilike", "nlike": "!ilike", "sw": "$ilike", "ew": "ilike$", "in": "in",
    "null": "null", "nnull": "!null", "!null": "!null",
}  # fmt: skip
OLD_ORDER = {"eventDate": "occurredAt", "dueDate": "scheduledAt"}
ORDERABLE = {
    "trackedEntities": {"trackedEntity", "createdAt", "createdAtClient", "updatedAt", "updatedAtClient", "enrolledAt",
                        "inactive"},
    "enrollments": {"enrolledAt", "createdAt", "createdAtClient", "updatedAt", "updatedAtClient", "completedAt"},
    "events": {"assignedUser", "attributeOptionCombo", "completedAt", "createdAt", "createdAtClient", "deleted",
               "enrolledAt", "enrollment", "enrollmentStatus", "event", "followUp", "occurredAt", "orgUnit", "program",
               "programStage", "scheduledAt", "status", "storedBy", "trackedEntity", "updatedAt", "updatedAtClient",
               "updatedBy"},
    "relationships": {"createdAt"},
}  # fmt: skip
AMBIGUOUS = 'ERROR: column reference "{}" is ambiguous'
Test = Callable[[Json], bool]
Condition = tuple[str, list[Callable[[Any], bool]]]


def _conditions(account: Account, text: str, plural: str, label: str) -> Condition:
    """Return what a filter text is about, and its tests."""
    parts = [part.replace("/:", ":").replace("/,", ",") for part in re.split(r"(?<!/):", text)]
    uid, rest = parts[0], parts[1:]
    if account.state.get(plural, uid) is None:
        raise bad_parameter(f"filter is invalid. {label} '{uid}' does not exist.")
    tests = []
    while rest:
        name = rest.pop(0).lower()
        if name not in NAMES:
            raise bad_parameter(f"'{name}' is not a valid operator.")
        empty = name in ("null", "nnull", "!null")
        if empty and account.state.minor < 42:
            raise bad_parameter(f"'{name}' is not a valid operator.")
        if not empty and not rest:
            raise bad_parameter("Query item or filter is invalid")
        tests.append(_test(NAMES[name], "" if empty else rest.pop(0)))
    return uid, tests


def _test(operator: str, wanted: str) -> Callable[[Any], bool]:
    run, negated = OPERATORS[operator.lstrip("!")], operator.startswith("!")
    value_for_in = wanted.replace(";", ",") if operator == "in" else wanted
    return lambda value: run(value, value_for_in) is not negated


def _tests(account: Account, texts: list[str], plural: str, label: str) -> list[Condition]:
    parts = [each for text in texts for each in re.split(r"(?<!/),", text)]
    return [_conditions(account, each, plural, label) for each in parts]


def attribute_filters(account: Account, request: Request, name: str = "filter") -> Test:
    """Return the test of a tracked entity's attributes."""
    wanted = _tests(account, request.many(name), "trackedEntityAttributes", "Tracked entity attribute")

    def fits(row: Json) -> bool:
        values = texts(row.get("attributes") or {}) if wanted else {}
        return all(test(values.get(uid)) for uid, tests in wanted for test in tests)

    return fits


def data_filters(account: Account, request: Request) -> Test:
    """Return the test of an event's data values, and of its tracked entity's attributes."""
    wanted = _tests(account, request.many("filter"), "dataElements", "Data element")
    of_entity = attribute_filters(account, request, "filterAttributes")

    def fits(row: Json) -> bool:
        values = texts(row["dataValues"]) if wanted else {}
        entity = account.state.get("trackedEntities", row.get("trackedEntity")) or {}
        return of_entity(entity) and all(test(values.get(uid)) for uid, tests in wanted for test in tests)

    return fits


def wanted_order(account: Account, kind: str, request: Request) -> list[tuple[str, bool]]:
    """Return the wanted order: property or UID, and whether it goes down."""
    found: list[tuple[str, bool]] = []
    known = account.state.table("dataElements").keys() | account.state.table("trackedEntityAttributes").keys()
    for text in [each for each in ",".join(request.many("order")).split(",") if each]:
        name, _, direction = text.partition(":")
        name = OLD_ORDER.get(name, name) if account.state.minor == 40 else name
        if direction not in ("", "asc", "desc"):
            reason = f"'{direction}' is not a valid sort direction."
            raise refuse(400, f"Value '{text}' is not valid for parameter order. {reason}")
        if name not in ORDERABLE[kind] and name not in known:
            if account.state.minor == 40 and kind == "events":
                continue
            raise bad_parameter(f"order parameter is invalid. Cannot order by '{name}'.")
        if name in [each for each, _down in found]:
            raise bad_parameter(f"order parameter is invalid. '{name}' are repeated.")
        found.append((name, direction == "desc"))
    _known_failures(account.state.minor, kind, [name for name, _down in found])
    return found


def _known_failures(minor: int, kind: str, names: list[str]) -> None:
    """Fail where the recorded servers fail."""
    if minor == 42 and kind == "enrollments" and "updatedAt" in names:
        raise refuse(409, AMBIGUOUS.format("lastupdated"))
    if minor == 43 and kind == "trackedEntities" and "trackedEntity" in names:
        raise refuse(409, AMBIGUOUS.format("uid"), "E7145")


def in_order(
    account: Account, kind: str, rows: list[Json], order: list[tuple[str, bool]], program: str | None, *, below: bool
) -> list[Json]:
    """Return rows in the wanted order; newest first by default, on 2.40 oldest first.

    On 2.40 a change moves a row: events to the beginning where no order is wanted, enrollments to the end where those
    of all units below one are wanted.
    """
    old, moved = account.state.minor == 40, kind == "enrollments" and below
    found = sorted(rows, key=lambda row: row["number"], reverse=not old or kind == "events")
    if old and (moved or (kind == "events" and not order)):
        found = sorted(found, key=lambda row: str(row["updatedAt"]), reverse=kind == "events")
    for name, down in reversed(order):
        found = sorted(found, key=lambda row: _key(account, kind, row, name, program), reverse=down)
    return found


def _key(account: Account, kind: str, row: Json, name: str, program: str | None) -> tuple[bool, Any]:
    value: Any = row.get(name)
    if name in row.get("dataValues", {}):
        value = text_of(row["dataValues"][name])
    elif name in row.get("attributes", {}):
        value = text_of(row["attributes"][name])
    elif name == "enrolledAt" and kind == "trackedEntities":
        rows = account.state.found("enrollments", value_of("trackedEntity"), row["trackedEntity"])
        value = max((each["enrolledAt"] for each in rows if program in (None, each["program"])), default=None)
    return (value is None, "" if value is None else str(value))
