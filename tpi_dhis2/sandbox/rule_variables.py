"""What program rules can name: the variables of a program, constants, and what a server tells of the object at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from tpi_dhis2.sandbox.expression import ExpressionError
from tpi_dhis2.sandbox.rule_case import DAY, Case, Past, Value, day_text
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json

NUMBER, BOOLEAN, DATE, TEXT = "NUMBER", "BOOLEAN", "DATE", "TEXT"
#: What a variable without a value stands for in a calculation.
DEFAULTS: dict[str, Any] = {NUMBER: 0.0, BOOLEAN: False, DATE: None, TEXT: ""}
TYPES = {
    **dict.fromkeys(("BOOLEAN", "TRUE_ONLY"), BOOLEAN),
    **dict.fromkeys(("DATE", "DATETIME", "AGE"), DATE),
    **dict.fromkeys(("NUMBER", "UNIT_INTERVAL", "PERCENTAGE", "INTEGER", "INTEGER_POSITIVE", "INTEGER_NEGATIVE",
                     "INTEGER_ZERO_OR_POSITIVE"), NUMBER),
}  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """A variable: the type of its value, its text in a case, and all of it."""

    type: str
    text: Callable[[Case], str | None]
    whole: Callable[[Case], Value]
    #: The data element whose value in the event at hand it is, for those that are just that.
    element: str | None = None
    #: Whether a rule of the program assigns to it.
    changes: bool = False


def _plain(kind: str, text: Callable[[Case], str | None], element: str | None = None) -> Variable:
    """Return a variable that has one value at most."""

    def whole(case: Case) -> Value:
        found = text(case)
        return Value() if found is None else Value(found, (found,), case.date() or case.today)

    return Variable(kind, text, whole, element)


def _newest(kind: str, pick: Callable[[Case], list[tuple[Past, str]]], named: Callable[[str], str]) -> Variable:
    """Return a variable that takes the newest of some events."""

    def whole(case: Case) -> Value:
        found = pick(case)
        return (
            Value(named(found[0][1]), tuple(value for _, value in found), found[0][0].date[:DAY]) if found else Value()
        )

    return Variable(kind, lambda case: whole(case).text, whole)


def _previous(kind: str, element: str, named: Callable[[str], str]) -> Variable:
    """Return a variable that takes the newest of the events before the one at hand."""

    def whole(case: Case) -> Value:
        found, event = case.past(element), case.event or {}
        here = (event.get("occurredAt") or event.get("scheduledAt") or "", event.get("createdAt") or "~")
        before = [each for each in found if (each[0].date, each[0].created) < here] if case.event else []
        if not before:
            return Value()
        return Value(named(before[0][1]), tuple(value for _, value in found), before[0][0].date[:DAY])

    return Variable(kind, lambda case: whole(case).text, whole)


def variables_of(state: State, program: str, assigned: set[str]) -> dict[str, Variable]:
    """Return all that a rule of the program can name: its variables, constants, and what a server always knows.

    To those that are ``assigned`` a rule gives a value.
    """
    rows = [row for row in state.table("programRuleVariables").values() if row["program"]["id"] == program]
    constants = {uid: _constant(row) for uid, row in state.table("constants").items()}
    found = {**ALWAYS, **{row["name"]: _variable(state, row) for row in rows}, **constants}
    changing = {name: replace(found[name], element=None, changes=True) for name in assigned if name in found}
    return {**found, **changing}


def _constant(row: Json) -> Variable:
    text = repr(float(row["value"]))
    return _plain(NUMBER, lambda _case: text)


def _variable(state: State, row: Json) -> Variable:
    source = row.get("programRuleVariableSourceType")
    if source == "CALCULATED_VALUE":
        return _plain(TYPES.get(row.get("valueType") or "", TEXT), lambda _case: None)
    plural, name = OWNERS["TEI_ATTRIBUTE" if source == "TEI_ATTRIBUTE" else "DATAELEMENT"]
    uid = (row.get(name) or {}).get("id", "")
    subject = state.get(plural, uid) or {}
    kind, named = TYPES.get(subject.get("valueType", "TEXT"), TEXT), _option_names(state, row, subject)
    if source == "TEI_ATTRIBUTE":
        return _plain(kind, lambda case: _named(case.attributes.get(uid), named))
    if source == "DATAELEMENT_CURRENT_EVENT":
        return _plain(kind, lambda case: _named(case.values.get(uid), named), None if named else uid)
    show = (lambda value: named.get(value, value)) if named else str
    if source == "DATAELEMENT_PREVIOUS_EVENT":
        return _previous(kind, uid, show)
    stage = (row.get("programStage") or {}).get("id")
    return _newest(kind, lambda case: case.past(uid, stage), show)


OWNERS = {
    "TEI_ATTRIBUTE": ("trackedEntityAttributes", "trackedEntityAttribute"),
    "DATAELEMENT": ("dataElements", "dataElement"),
}


def _named(value: str | None, names: dict[str, str]) -> str | None:
    return names.get(value, value) if names and value is not None else value


def _option_names(state: State, row: Json, subject: Json) -> dict[str, str]:
    """Return the names of options by code, for a variable that reads names; none for one that reads codes."""
    listing = state.get("optionSets", (subject.get("optionSet") or {}).get("id"))
    if row.get("useCodeForOptionSet") or listing is None:
        return {}
    options: Iterable[Json] = (state.get("options", ref["id"]) or {} for ref in listing.get("options") or [])
    return {option["code"]: option["name"] for option in options if option}


def _of_event(kind: str, read: Callable[[Case, Json], Any]) -> Variable:
    """Return what only an event tells."""
    return _plain(kind, lambda case: read(case, _known(case.event)))


def _of_enrollment(kind: str, read: Callable[[Case, Json], Any]) -> Variable:
    """Return what only an enrollment tells."""
    return _plain(kind, lambda case: read(case, _known(case.enrollment)))


def _known(row: Json | None) -> Json:
    if row is None:
        raise ExpressionError("Unknown variable: the object at hand has none of this name")
    return row


ALWAYS = {
    "current_date": _plain(DATE, lambda case: case.today),
    "environment": _plain(TEXT, lambda _case: "Server"),
    "event_count": _plain(NUMBER, lambda case: str(len(case.history()))),
    "org_unit": _plain(TEXT, lambda case: case.unit()),
    "orgunit_code": _plain(TEXT, lambda case: case.around.code("organisationUnits", case.unit())),
    "event_date": _of_event(DATE, lambda case, _event: case.date()),
    "due_date": _of_event(DATE, lambda _case, event: day_text(event.get("scheduledAt"))),
    "completed_date": _of_event(DATE, lambda _case, event: day_text(event.get("completedAt"))),
    "event_id": _of_event(TEXT, lambda case, _event: case.uid),
    "event_status": _of_event(TEXT, lambda _case, event: event.get("status") or "ACTIVE"),
    "program_stage_id": _of_event(TEXT, lambda _case, event: event["programStage"]),
    "program_stage_name": _of_event(TEXT, lambda case, event: case.around.name("programStages", event["programStage"])),
    "enrollment_id": _of_enrollment(TEXT, lambda _case, enrollment: enrollment["enrollment"]),
    "enrollment_count": _of_enrollment(NUMBER, lambda _case, _enrollment: "1"),
    "tei_count": _of_enrollment(NUMBER, lambda _case, _enrollment: "1"),
    "enrollment_date": _of_enrollment(DATE, lambda _case, enrollment: day_text(enrollment.get("enrolledAt"))),
    "incident_date": _of_enrollment(
        DATE, lambda _case, enrollment: day_text(enrollment.get("occurredAt") or enrollment.get("enrolledAt"))),
    "enrollment_status": _of_enrollment(TEXT, lambda _case, enrollment: enrollment.get("status") or "ACTIVE"),
    "program_name": _of_enrollment(TEXT, lambda case, enrollment: case.around.name("programs", enrollment["program"])),
}  # fmt: skip
