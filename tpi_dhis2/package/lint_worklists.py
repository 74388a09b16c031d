"""Checks of working lists: what a server stores and the Capture app drops in silence, so that a list shows all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tpi_dhis2.package.lint_boards import of_any
from tpi_dhis2.package.lint_fields import Forms

Item = dict[str, Any]

_DESCRIPTION_LIMIT = 255
_KINDS = {
    "trackedEntityInstanceFilters": "entityQueryCriteria",
    "programStageWorkingLists": "programStageQueryCriteria",
}
_NUMBERS = {"NUMBER", "PERCENTAGE", "INTEGER", "INTEGER_POSITIVE", "INTEGER_ZERO_OR_POSITIVE"}
#: What Capture reads, by what the field is.
_CONDITIONS = {"date": {"dateFilter"}, "number": {"ge", "le"}, "choice": {"in"}}
_PLAIN_COLUMNS = {"createdAt", "status", "scheduledAt"}
#: What 2.40 keeps of a list of partnerships and Capture reads of it.
_OF_PARTNERSHIPS = {"enrollmentStatus", "displayColumnOrder", "order", "attributeValueFilters"}


def lint_worklists(kinds: dict[str, list[Item]]) -> list[str]:
    """All findings on working lists, one plain line each."""
    forms = Forms(kinds)
    programs = {item["id"] for item in kinds.get("programs", [])}
    return [
        f"{kind} '{item.get('name')}': {text}"
        for kind, criteria in _KINDS.items()
        for item in kinds.get(kind, [])
        for text in (*of_any(item), *_of_list(item, item.get(criteria) or {}, forms, programs))
    ]


def _of_list(item: Item, criteria: Item, forms: Forms, programs: set[str]) -> Iterator[str]:
    if len(item.get("description") or "") > _DESCRIPTION_LIMIT:
        yield f"description is longer than {_DESCRIPTION_LIMIT} characters"
    if (item.get("program") or {}).get("id") not in programs:
        yield "is of no program of the bundle"
    stage = (item.get("programStage") or {}).get("id")
    if stage and not forms.of_stage(stage):
        yield "is of no stage of the bundle"
    if not stage:
        yield from (
            f"asks for {prop}, which Capture does not read" for prop in sorted(criteria.keys() - _OF_PARTNERSHIPS)
        )
    if criteria.get("organisationUnit") or criteria.get("orgUnit"):
        yield "names a unit, which is not one of another server"
    yield from _of_names(criteria, forms, stage)
    yield from _of_conditions(criteria, forms)


def _of_names(criteria: Item, forms: Forms, stage: str | None) -> Iterator[str]:
    fields = forms.of_stage(stage)
    asked = [entry.get("attribute") for entry in criteria.get("attributeValueFilters", [])]
    yield from (f"asks for {uid}, which is no attribute of the program" for uid in asked if uid not in forms.attributes)
    asked = [entry.get("dataItem") for entry in criteria.get("dataFilters", [])]
    yield from (f"asks for {uid}, which is no field of its stage" for uid in asked if uid not in fields)
    shown = [*criteria.get("displayColumnOrder", []), (criteria.get("order") or "createdAt:desc").split(":")[0]]
    known = fields | forms.attributes | _PLAIN_COLUMNS
    yield from (f"shows or sorts by {uid}, which it does not have" for uid in shown if uid not in known)


def _of_conditions(criteria: Item, forms: Forms) -> Iterator[str]:
    if criteria.get("eventScheduledAt"):
        yield from _of_days(criteria["eventScheduledAt"])
    for entry in (*criteria.get("attributeValueFilters", []), *criteria.get("dataFilters", [])):
        uid = entry.get("attribute") or entry.get("dataItem") or ""
        asked = entry.keys() - {"attribute", "dataItem"}
        if uid in forms.fields and (not asked or not asked <= _CONDITIONS.get(_what(uid, forms), set())):
            yield f"asks {uid} for {', '.join(sorted(asked)) or 'nothing'}, which some version or Capture drops"
        yield from forms.unknown_codes(uid, entry.get("in", []))
        if "dateFilter" in entry:
            yield from _of_days(entry["dateFilter"])


def _what(uid: str, forms: Forms) -> str:
    kind = forms.value_type(uid)
    if forms.has_options(uid) or kind == "BOOLEAN":
        return "choice"
    return "date" if kind == "DATE" else "number" if kind in _NUMBERS else kind


def _of_days(days: Item) -> Iterator[str]:
    if days.get("type") != "RELATIVE":
        yield "asks for a date that does not move with today"
    elif not days.get("startBuffer", 1) <= 0 <= days.get("endBuffer", -1):
        yield "asks for days wholly before or after today, which Capture drops"
