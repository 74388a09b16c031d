"""The parameters of tracker lists, by version: old names on 2.40, both on 2.41, new ones from 2.42 on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from tpi_dhis2.sandbox.accounts import Account, path_of
from tpi_dhis2.sandbox.ids import full_date, is_uid, timestamp
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, Request, bad_parameter, refuse

MODES = ("SELECTED", "CHILDREN", "DESCENDANTS", "ACCESSIBLE", "CAPTURE", "ALL")
MODES_WITHOUT_UNITS = ("ACCESSIBLE", "CAPTURE", "ALL")
DEFAULT_SIZE, MOST = 50, 50000
BAD_UID = "UID must be an alphanumeric string of 11 characters starting with a letter, but was: {}"
DURATION = re.compile(r"(\d+)([dhms])")
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def named(request: Request, state: State, new: str, old: str) -> str | None:
    """Return a parameter by the name of the version; 2.41 takes either, not both."""
    if state.minor >= 42:
        return request.one(new)
    if state.minor == 40:
        return request.one(old)
    if new != old and request.one(new) and request.one(old):
        raise bad_parameter(f"Only one parameter of '{old}' (deprecated) and '{new}' must be specified. Prefer '{new}'")
    return request.one(new) or request.one(old)


def uids(request: Request, state: State, new: str, old: str) -> list[str]:
    """Return a list of UIDs: split at ; under the old name, at , under the new."""
    text = named(request, state, new, old) or ""
    separator = "," if request.one(new) and (new != old or state.minor > 40) else ";"
    found = [each for each in text.split(separator) if each]
    for each in found:
        if not is_uid(each) and state.minor > 40:
            raise refuse(400, f"Value '{text}' is not valid for parameter {new}. {BAD_UID.format(each)}")
    return found


def choice(request: Request, name: str, values: tuple[str, ...], *, strict: bool) -> str | None:
    """Return a parameter that takes one of several values."""
    value = request.one(name)
    if value is not None and value not in values and strict:
        raise refuse(400, f"Value '{value}' is not valid for parameter {name}. Valid values are: [{', '.join(values)}]")
    return value


@dataclass
class Scope:
    """The org units that a list covers."""

    account: Account
    mode: str
    units: list[str] = field(default_factory=list)
    _known: dict[Any, bool] = field(default_factory=dict)

    def covers(self, unit: Any) -> bool:
        """Say whether an org unit is in the list, and in reach of the user."""
        if unit not in self._known:
            self._known[unit] = self._covers(unit)
        return self._known[unit]

    def _covers(self, unit: Any) -> bool:
        path = path_of(self.account.state, unit)
        if not self.account.in_search_scope(unit):
            return False
        if self.mode == "SELECTED":
            return unit in self.units
        if self.mode == "CHILDREN":
            return bool(set(path[-2:]) & set(self.units))
        if self.mode == "DESCENDANTS":
            return bool(set(path) & set(self.units))
        return self.mode != "CAPTURE" or self.account.superuser or self.account.in_scope(unit)


def scope_of(account: Account, request: Request, *, ids: bool, single: bool = False) -> Scope:
    """Return the org units that a request asks for, or refuse as the server does."""
    state = account.state
    units = uids(request, state, "orgUnit" if single else "orgUnits", "orgUnit")
    mode = named(request, state, "orgUnitMode", "ouMode")
    if mode is not None and mode not in MODES:
        text = f"Value '{mode}' is not valid for parameter orgUnitMode. Valid values are: [{', '.join(MODES)}]"
        raise refuse(400, text)
    if state.minor == 40 and not single and not units and not mode and not ids:
        raise refuse(409, "At least one organisation unit must be specified")
    mode = mode or ("SELECTED" if units else "ACCESSIBLE")
    _check_units(account, units, mode, ids=ids)
    return Scope(account, mode, units)


def _check_units(account: Account, units: list[str], mode: str, *, ids: bool) -> None:
    minor = account.state.minor
    for unit in units:
        if account.state.get("organisationUnits", unit) is None:
            raise bad_parameter(f"Organisation unit does not exist: {unit}")
        if not account.in_search_scope(unit):
            raise refuse(403, f"Organisation unit is not part of the search scope: {unit}", "E1006")
    if units and mode in MODES_WITHOUT_UNITS:
        text = f"orgUnitMode {mode} cannot be used with orgUnits. Please remove the orgUnit parameter and try again."
        raise bad_parameter(text)
    if not units and not ids and mode not in MODES_WITHOUT_UNITS:
        text = f"At least one org unit or tracked entity is required for orgUnitMode: {mode}. Please add one"
        raise refuse(409, text) if minor == 40 else bad_parameter(text)
    if mode == "ALL" and not account.has("F_TRACKED_ENTITY_INSTANCE_SEARCH_IN_ALL_ORGUNITS"):
        status, code = (400, "E1003") if minor == 41 else (403, "E1006")
        raise refuse(status, "User is not authorized to query across all organisation units", code)


def window(request: Request, state: State, prefix: str = "updated") -> tuple[str | None, str | None]:
    """Return the times after and before which something must have happened."""
    after, before = request.one(f"{prefix}After"), request.one(f"{prefix}Before")
    within = request.one(f"{prefix}Within")
    refused = bad_parameter if state.minor > 40 else partial(refuse, 409)
    if within and (after or before):
        raise refused("`updatedAfter` or `updatedBefore` and `updatedWithin` cannot be specified simultaneously")
    if within:
        match = DURATION.fullmatch(within)
        if match is None:
            raise refused(f"`{prefix}Within` is not valid: {within}")
        start = state.moment() - timedelta(**{UNITS[match[2]]: int(match[1])})
        return timestamp(start), None
    return _moment(after, f"{prefix}After"), _moment(before, f"{prefix}Before", late=True)


def _moment(text: str | None, name: str, *, late: bool = False) -> str | None:
    if text is None:
        return None
    found = full_date(text.replace(" ", "+"))
    if found is None:
        raise refuse(400, f"Value '{text}' is not valid for parameter {name}. It should contain a date")
    return found[:10] + "T23:59:59.999" if late and len(text) == len("2026-01-01") else found


def inside(value: str | None, limits: tuple[str | None, str | None]) -> bool:
    """Say whether a time is inside of a window; without a window every time is."""
    after, before = limits
    if after is None and before is None:
        return True
    return value is not None and (after is None or value >= after) and (before is None or value <= before)


def check_old_names(account: Account, kind: str, request: Request) -> None:
    """Refuse what 2.40 misses first in a list of enrollments, and searches by names that are gone or find nothing."""
    minor = account.state.minor
    if minor == 40 and kind == "enrollments":
        scope_of(account, request, ids=bool(request.one("enrollment")))
    if kind != "trackedEntities" or minor > 41:
        return
    if minor == 40 and request.one("query"):
        scope_of(account, request, ids=False)
        text = "A query parameter is used in the request but there aren't filterable attributes"
        raise refuse(400, text)
    for name in ("query", "attribute") if minor == 41 else ():
        if request.one(name):
            raise bad_parameter(f"`{name}` parameter was removed in v41. Use `filter` instead.")


def paging(request: Request, state: State) -> tuple[int, int] | None:
    """Return page and size, or None when all is wanted at once."""
    off = request.one("paging") == "false" and state.minor > 40
    if state.minor < 42 and request.flag("skipPaging"):
        off = True
    if off:
        if request.one("page") or request.one("pageSize") or request.flag("totalPages"):
            text = "Paging cannot be disabled with paging=false while also requesting a paginated response with page"
            raise bad_parameter(text)
        return None
    return _number(request, "page", 1, state), _number(request, "pageSize", DEFAULT_SIZE, state)


def _number(request: Request, name: str, default: int, state: State) -> int:
    text = request.one(name) or str(default)
    if not text.lstrip("-").isdigit():
        raise refuse(400, f"Value '{text}' is not valid for parameter {name}. It should be of type int")
    number = int(text)
    if number < 1 and state.minor > 40:
        raise bad_parameter(f"{name} must be greater than or equal to 1 if specified")
    return max(number, 1)


def check_size(size: int, minor: int) -> None:
    """Refuse a page of tracked entities above the system's limit."""
    if size > MOST and minor >= 42:
        text = f"Invalid page size: {size}. It must not exceed the system limit of KeyTrackedEntityMaxLimit {MOST}."
        raise bad_parameter(text)


def pager(found: int, part: int, page: tuple[int, int], request: Request, state: State, path: str) -> Json:
    """Return the pager of the version: flat, both, or nested with links."""
    number, size = page
    total = {"total": found, "pageCount": -(-found // size)} if request.flag("totalPages") else {}
    flat = {"page": number, "pageSize": size, **total}
    if state.minor == 40:
        return flat
    if state.minor == 41:
        return {"pager": flat, **flat}
    links = {}
    rest = "&".join(f"{key}={value}" for key, value in request.query if key != "page")
    address = f"{request.base_url}/api/tracker/{path}?{rest}{'&' if rest else ''}page="
    if number > 1:
        links["prevPage"] = f"{address}{number - 1}"
    if part == size and number * size < found:
        links["nextPage"] = f"{address}{number + 1}"
    return {"pager": {**flat, **links}}
