"""Reading request bodies: JSON, gzip, and the errors that come before any validation."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tpi_dhis2.sandbox.ids import full_date
from tpi_dhis2.sandbox.schema import DATES, NUMBERS, REFERENCES, enum_values
from tpi_dhis2.sandbox.web import Json, RefusalError, Request, refuse

GZIP_MAGIC = b"\x1f\x8b"
SINGLE = frozenset({"categoryCombo", "optionSet", "program", "programStage", "trackedEntityType", "indicatorType"})
TYPES_OF_JSON = ("application/json", "application/json-patch+json")


def check_content_type(request: Request, *, patch: bool = False) -> None:
    """Refuse a body that does not say it is JSON."""
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip()
    wanted = "application/json-patch+json" if patch else "application/json"
    if kind != wanted:
        raise refuse(415, f"Content-Type '{kind}' is not supported")


def read_json(request: Request, status: int, prefix: str = "") -> Any:
    """Return the JSON of a body; None when it is empty."""
    if not request.body.strip():
        return None
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise refuse(status, f"{prefix}{error}") from None


def read_metadata(request: Request, minor: int) -> Json:
    """Return a metadata payload; gzip is recognised by its bytes."""
    check_content_type(request)
    if request.body.startswith(GZIP_MAGIC):
        request.body = gzip.decompress(request.body)
    body = read_json(request, 409)
    found = {key: value for key, value in body.items() if isinstance(value, list)} if isinstance(body, dict) else {}
    for plural, rows in found.items():
        for row in rows:
            check_shape(plural, row, minor)
    return found


def check_shape(plural: str, row: Any, minor: int) -> None:
    """Refuse what the server's JSON reader cannot make an object of: wrong enum, type or date."""
    if not isinstance(row, dict):
        raise _unreadable(minor, f"Cannot construct instance of `{plural}` from {row!r}")
    for name, value in row.items():
        if value is None:
            continue
        values = enum_values(name, minor)
        if values is not None and isinstance(value, str) and value not in values:
            kind = f"org.hisp.dhis.{name[0].upper()}{name[1:]}"
            text = f'Cannot deserialize value of type `{kind}` from String "{value}": not one of the values accepted'
            raise _unreadable(minor, text)
        _check_value(plural, name, value, minor)


def _check_value(plural: str, name: str, value: Any, minor: int) -> None:
    if name in DATES and isinstance(value, str) and plural == "organisationUnits" and full_date(value) is None:
        raise refuse(400, f"Invalid date format '{value}', only ISO format or UNIX Epoch timestamp is supported.")
    if name in NUMBERS.get(plural, ()) and not _is_number(value):
        text = f'Cannot deserialize value of type `double` from String "{value}": not a valid `double` value'
        raise _unreadable(minor, text)
    if name in SINGLE and name in REFERENCES and plural != "eventFilters" and not isinstance(value, dict):
        raise _unreadable(minor, f"Cannot construct instance of `{name}`: no String-argument constructor")
    if name == "geometry" and not _is_geometry(value):
        raise _unreadable(minor, "Cannot deserialize the geometry")


def _is_geometry(value: Any) -> bool:
    shaped = isinstance(value, dict) and isinstance(value.get("type"), str)
    return shaped and isinstance(value.get("coordinates"), list) and _all_numbers(value["coordinates"])


def _all_numbers(values: list[Any]) -> bool:
    return all(_all_numbers(each) if isinstance(each, list) else isinstance(each, int | float) for each in values)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _unreadable(minor: int, text: str) -> RefusalError:
    return refuse(409 if minor >= 43 else 500, text)
