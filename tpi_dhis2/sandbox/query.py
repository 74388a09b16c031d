"""Filters, order and pages of metadata lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tpi_dhis2.sandbox.ids import parse_date
from tpi_dhis2.sandbox.thing import Thing, knows
from tpi_dhis2.sandbox.web import Json, Request, bad_parameter, refuse

DATE_PROPERTIES = ("created", "lastUpdated")
IDENTIFIERS = ("id", "code", "name")
BEYOND = object()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _both(test: Callable[[str, str], bool], *, fold: bool = False) -> Callable[[Any, str], bool]:
    def run(value: Any, wanted: str) -> bool:
        text = _text(value)
        return value is not None and (test(text.lower(), wanted.lower()) if fold else test(text, wanted))

    return run


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, str], bool]:
    def run(value: Any, wanted: str) -> bool:
        if value is None:
            return False
        try:
            return test(float(value), float(wanted))
        except (TypeError, ValueError):
            moment, limit = parse_date(_text(value)), parse_date(wanted)
            return test(moment, limit) if moment and limit else test(_text(value), wanted)

    return run


def _among(value: Any, wanted: str) -> bool:
    return _text(value) in wanted.strip("[]").split(",")


def _token(value: Any, wanted: str) -> bool:
    words = re.split(r"\W+", _text(value).lower())
    return all(any(word.startswith(each) for word in words) for each in wanted.lower().split())


OPERATORS: dict[str, Callable[[Any, str], bool]] = {
    "eq": lambda value, wanted: _text(value) == wanted,
    "ieq": _both(str.__eq__, fold=True),
    "like": _both(str.__contains__),
    "ilike": _both(str.__contains__, fold=True),
    "$like": _both(str.startswith),
    "$ilike": _both(str.startswith, fold=True),
    "like$": _both(str.endswith),
    "ilike$": _both(str.endswith, fold=True),
    "in": _among,
    "token": _token,
    "gt": _compare(lambda a, b: a > b),
    "ge": _compare(lambda a, b: a >= b),
    "gte": _compare(lambda a, b: a >= b),
    "lt": _compare(lambda a, b: a < b),
    "le": _compare(lambda a, b: a <= b),
    "lte": _compare(lambda a, b: a <= b),
    "null": lambda value, _wanted: value is None,
    "empty": lambda value, _wanted: not value,
}
ALIASES = {"ne": "!eq", "neq": "!eq", "startsWith": "$like", "endsWith": "like$", "notNull": "!null"}


class Filter:
    """One `property:operator:value`."""

    def __init__(self, plural: str, text: str):
        self.path, operator, self.wanted = ([*text.split(":", 2), "", ""])[:3]
        if not operator:
            raise bad_parameter(f"Invalid filter => {text}")
        known = ALIASES.get(operator, operator)
        self.negated = known.startswith("!")
        if known.lstrip("!") not in OPERATORS:
            raise bad_parameter(f"`{operator}` is not a valid operator.")
        self.test = OPERATORS[known.lstrip("!")]
        first = self.path.split(".")[0]
        if first != "identifiable" and not knows(plural, first):
            raise bad_parameter(f"Unknown path property: {self.path}")
        if first in DATE_PROPERTIES and self.wanted and parse_date(self.wanted) is None:
            raise bad_parameter(f"Unable to parse `{self.wanted}` as `Date`.")

    def fits(self, thing: Thing) -> bool:
        """Say whether an object passes."""
        if self.path == "identifiable":
            return any(self.test(thing.value(name), self.wanted) for name in IDENTIFIERS)
        values = values_at(thing, self.path.split("."))
        whole = values[0] if len(values) == 1 else (values or None)
        if self.test in (OPERATORS["null"], OPERATORS["empty"]):
            return self.test(whole, self.wanted) is not self.negated
        return any(self.test(value, self.wanted) for value in values or [None]) is not self.negated


def values_at(thing: Thing, path: list[str]) -> list[Any]:
    """Return the values at the end of a path; a list on the way gives several."""
    value = thing.value(path[0])
    found: list[Any] = []
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Thing):
            found += values_at(each, path[1:]) if path[1:] else [each.stored.get("id")]
        elif isinstance(each, dict) and path[1:]:
            found.append(each.get(path[1]))
        else:
            found.append(each)
    return found


def filtered(plural: str, things: list[Thing], request: Request, prefix: str = "") -> list[Thing]:
    """Return the things that pass the filters of a request."""
    filters = [Filter(plural, text) for text in request.many(prefix + "filter")]
    joined = any if request.one("rootJunction", "AND") == "OR" and filters else all
    found = [thing for thing in things if joined(each.fits(thing) for each in filters)]
    query = request.one("query")
    if query:
        test = OPERATORS["ilike"]
        found = [thing for thing in found if any(test(thing.value(name), query) for name in IDENTIFIERS)]
    return found


def ordered(plural: str, things: list[Thing], request: Request, default: str) -> list[Thing]:
    """Return the things in the wanted order; a property that does not exist does not order (2.43: 400)."""
    found = sorted(things, key=lambda thing: _key(thing.value(default)))
    for text in reversed(",".join(request.many("order")).split(",")):
        name, _, direction = text.partition(":")
        if not name:
            continue
        if not knows(plural, name):
            if things and things[0].state.minor >= 43:
                raise refuse(400, f"Property `{name}` does not exist in {plural}")
            continue
        found = sorted(found, key=lambda thing: _key(thing.value(name)), reverse="desc" in direction)
    return found


def _key(value: Any) -> tuple[bool, Any]:
    number = isinstance(value, int | float)
    return (value is None, (0, value, "") if number else (1, 0, _text(value)))


def paged(things: list[Thing], request: Request, minor: int, plural: str) -> tuple[Json | None, list[Thing]]:
    """Return the pager (None without paging) and the things of the page."""
    if request.one("paging", "true") == "false":
        return None, things
    page, size = max(_number(request, "page", 1, minor), 1), max(_number(request, "pageSize", 50, minor), 0)
    part = things[(page - 1) * size : page * size]
    length = max(size, 1)
    count = -(-len(things) // length)
    shown = min(page, max(count, 1))
    pager: Json = {"page": shown, "total": len(things), "pageSize": length}
    if shown < count:
        pager["nextPage"] = _link(request, plural, shown + 1)
    if shown > 1:
        pager["prevPage"] = _link(request, plural, shown - 1)
    return {**pager, "pageCount": count}, part


def _number(request: Request, name: str, default: int, minor: int) -> int:
    text = request.one(name) or str(default)
    try:
        return int(text)
    except ValueError:
        if minor >= 42:
            text = f"Value '{text}' is not valid for parameter {name}. It should be of type int"
            raise refuse(400, text) from None
        return default


def _link(request: Request, plural: str, page: int) -> str:
    rest = [(key, value) for key, value in request.query if key != "page"]
    return f"{request.base_url}/api/{plural}?" + urlencode([("page", str(page)), *rest])
