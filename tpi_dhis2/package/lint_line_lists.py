"""Checks of line lists: a column that no form has makes the whole list fail when somebody opens it."""

from __future__ import annotations

from collections.abc import Iterator

from tpi_dhis2.package.lint_boards import PERIODS, Item, Kinds, of_any, of_units
from tpi_dhis2.package.lint_fields import Forms

_PLAIN_COLUMNS = {"ou", "eventDate", "enrollmentDate"}


def lint_line_lists(kinds: Kinds) -> list[str]:
    """All findings on line lists, one plain line each."""
    forms = Forms(kinds)
    programs = {item["id"] for item in kinds.get("programs", [])}
    return [
        f"eventVisualizations '{item.get('name')}': {text}"
        for item in kinds.get("eventVisualizations", [])
        for text in (*of_any(item), *of_units(item), *_of_list(item, programs), *_of_columns(item, forms))
    ]


def _of_list(item: Item, programs: set[str]) -> Iterator[str]:
    if (item.get("program") or {}).get("id") not in programs:
        yield "is of no program of the bundle"
    dates = {entry["dimension"]: entry["values"] for entry in item.get("simpleDimensions", [])}
    wanted = "eventDate" if item.get("programStage") else "enrollmentDate"
    if not dates.get(wanted) or wanted not in item.get("columnDimensions", []):
        yield f"needs {wanted} among its columns, with periods"
    elif not set(dates[wanted]) <= PERIODS:
        yield f"needs relative periods of every version, and has {', '.join(dates[wanted])}"


def _of_columns(item: Item, forms: Forms) -> Iterator[str]:
    columns = item.get("columnDimensions") or []
    entries = [*item.get("dataElementDimensions", []), *item.get("attributeDimensions", [])]
    named = [(entry.get("dataElement") or entry.get("attribute"))["id"] for entry in entries]
    if sorted(named) != sorted(set(columns) - _PLAIN_COLUMNS):
        yield "its columns are not just the fields and attributes that it describes"
    known = forms.of_stage((item.get("programStage") or {}).get("id")) | forms.attributes
    yield from (f"shows {uid}, which its form does not have" for uid in named if uid not in known)
    for uid, entry in zip(named, entries, strict=True):
        if entry.get("filter"):
            yield from forms.unknown_codes(uid, entry["filter"].removeprefix("IN:").split(";"))
    for sorting in item.get("sorting", []):
        if sorting["dimension"].split(".")[-1] not in columns:
            yield f"is sorted by {sorting['dimension']}, which is no column"
