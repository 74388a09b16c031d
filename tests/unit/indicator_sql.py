"""Program indicators worked out as DHIS2's SQL does, over records in memory.

The three ways in which servers treat empty fields (read in the source of 2.40.12, 2.41.9.1, 2.42.4.1 and 2.43.1) are
``KEPT`` (2.40 and 2.41, and the events of 2.43), ``REPLACED`` (2.42) and ``JOINED`` (cycles on 2.43).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.package.expression_terms import kind_of_type
from tpi_dhis2.package.expressions import Node
from tpi_dhis2.package.expressions import parse as _parse
from tpi_dhis2.package.fields import FieldInfo, package_fields
from tpi_dhis2.package.release import bundle

Json = dict[str, Any]
Value = float | str | bool | dt.date | None
KEPT, REPLACED, JOINED = "kept", "replaced", "joined"
EMPTY: dict[str, Value] = {"number": 0.0, "text": "", "date": None}
REALLY = {"ACTIVE", "COMPLETED"}
Binary = Callable[[Any, Any], Any]
OPERATORS: dict[str, Binary] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
}


parse = cache(_parse)


@cache
def objects(kind: str) -> dict[str, Json]:
    """The objects of a type by UID."""
    return {item["id"]: item for item in bundle()[kind]}


@cache
def coded(kind: str) -> dict[str, Json]:
    """The objects of a type by code."""
    return {item["code"]: item for item in objects(kind).values()}


@cache
def fields() -> dict[str, FieldInfo]:
    """The fields and attributes of the package by UID."""
    known = package_fields()
    return {info.uid: info for info in (*known.elements.values(), *known.attributes.values())}


@cache
def kinds() -> dict[str, str]:
    """The kinds of record by the UID of their stage."""
    return {stage.uid: kind for kind, stage in package_fields().stages.items()}


@dataclass(frozen=True)
class Row:
    """A row of an analytics table: a cycle, and for events one of its records."""

    partnership: Partnership
    cycle: Cycle
    event: Record | None = None


@dataclass(frozen=True)
class Query:
    """Data, the day of asking, the units asked for (all when empty), and how empty fields are treated."""

    partnerships: list[Partnership]
    today: dt.date
    unit: str = ""
    empty: str = KEPT

    def program_indicator(self, code: str, year: int) -> float | None:
        """The number of a program indicator for a year; None when there is no row."""
        item = coded("programIndicators")[code]
        event = item["analyticsType"] == "EVENT"
        rows = [row for row in self._rows(event) if _within(item, row, year)]
        condition, expression = parse(item.get("filter", "true")), parse(item["expression"])
        empty = KEPT if event and self.empty == JOINED else self.empty
        kept = [row for row in rows if _Reader(row, self.today, empty).value(condition) is True]
        # Outside of filters every version reads an empty number as 0.
        nulls = JOINED if empty == JOINED else REPLACED
        values = [_Reader(row, self.today, nulls).value(expression) for row in kept]
        return _aggregate(item, [value for value in values if value is not None])

    def indicator(self, code: str, year: int) -> float | None:
        """The number of an indicator; None when its denominator is nothing."""
        item = coded("indicators")[code]
        factor: int = objects("indicatorTypes")[item["indicatorType"]["id"]]["factor"]
        above, below = (self._ratio_part(parse(item[part]), year) for part in ("numerator", "denominator"))
        return factor * above / below if below else None

    def _ratio_part(self, node: Node, year: int) -> float:
        if node.sort == "item" and node.mark == "I":
            return self.program_indicator(objects("programIndicators")[node.name]["code"], year) or 0
        if node.text == "[days]":
            return (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days
        if node.sort == "number":
            return float(node.text)
        found: float = OPERATORS[node.text](*(self._ratio_part(part, year) for part in node.parts))
        return found

    def _rows(self, event: bool) -> Iterator[Row]:
        for partnership in self.partnerships:
            for cycle in partnership:
                if self.unit in ("", partnership.unit):
                    yield from (
                        (Row(partnership, cycle, one) for one in cycle.records) if event else [Row(partnership, cycle)]
                    )


def _within(item: Json, row: Row, year: int) -> bool:
    """Whether a row lies within the boundaries; a record that is only planned has no date."""
    for one in item["analyticsPeriodBoundaries"]:
        target, _, stage = one["boundaryTarget"].partition(":")
        if target == "EVENT_DATE":
            days = [row.event.occurred] if row.event and row.event.status in REALLY else []
        elif target == "ENROLLMENT_DATE":
            days = [row.cycle.began]
        else:
            days = [record.occurred for record in _of_stage(row.cycle, stage)]
        if one["analyticsPeriodBoundaryType"] == "AFTER_START_OF_REPORTING_PERIOD":
            met = any(day is not None and day >= dt.date(year, 1, 1) for day in days)
        else:
            met = any(day is not None and day < dt.date(year + 1, 1, 1) for day in days)
        if not met:
            return False
    return True


def _of_stage(cycle: Cycle, uid: str) -> list[Record]:
    return [record for record in cycle.of(kinds()[uid]) if record.status in REALLY]


def _aggregate(item: Json, values: list[Any]) -> float | None:
    if item["expression"] == "V{org_unit_count}":
        return len(set(values)) or None
    if not values:
        return None
    how = item["aggregationType"]
    return len(values) if how == "COUNT" else sum(values) / (len(values) if how == "AVERAGE" else 1)


def _typed(text: str | None, kind: str) -> Value:
    if not text:
        return None
    if kind == "number":
        return {"true": 1.0, "false": 0.0}[text] if text in ("true", "false") else float(text)
    return dt.date.fromisoformat(text) if kind == "date" else text


def _months(start: dt.date, end: dt.date) -> int:
    """The whole months between two days, as the database counts them, towards zero."""
    if end < start:
        return -_months(end, start)
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


class _Reader:
    """Works out the parts of an expression on a row."""

    def __init__(self, row: Row, today: dt.date, empty: str) -> None:
        self.row, self.today, self.empty = row, today, empty

    def value(self, node: Node) -> Value:
        """What a part comes to; None is SQL's null."""
        if node.sort == "item":
            return self.item(node, self.empty)
        if node.sort == "call":
            return self.call(node)
        if node.sort == "unary":
            inner = self.value(node.parts[0])
            return None if inner is None else not inner
        if node.sort == "binary":
            return self.binary(node)
        readings: dict[str, Value] = {"boolean": node.text == "true", "text": node.text}
        return readings[node.sort] if node.sort in readings else float(node.text)

    def binary(self, node: Node) -> Value:
        """An operator with SQL's three values: null and false is false, null or true is true."""
        left, right = (self.value(part) for part in node.parts)
        if node.text in ("&&", "||"):
            strong = node.text == "||"
            if strong in (left, right):
                return strong
            return None if None in (left, right) else not strong
        return None if left is None or right is None else OPERATORS[node.text](left, right)

    def item(self, node: Node, empty: str) -> Value:
        """A field, attribute, constant or variable."""
        if node.mark == "C":
            return float(objects("constants")[node.name]["value"])
        if node.mark == "V":
            return self.variable(node.name)
        if node.mark == "A":
            info = fields()[node.name]
            kind = kind_of_type(info.value_type)
            found = _typed(self.row.partnership.text(info.key), kind)
            return EMPTY[kind] if found is None and empty == REPLACED else found
        info = fields()[node.name.partition(".")[2]]
        kind = kind_of_type(info.value_type)
        values = self.values(node)
        found = _typed(values[-1], kind) if values else None
        return EMPTY[kind] if found is None and empty != KEPT else found

    def values(self, node: Node) -> list[str]:
        """The values of a field: of the event if it is of that stage, else of the cycle's records, newest last."""
        stage, _, uid = node.name.partition(".")
        key = fields()[uid].key
        if self.row.event:
            records = [self.row.event] if self.row.event.kind == kinds()[stage] else []
        else:
            records = _of_stage(self.row.cycle, stage)
        return [value for record in records if (value := record.text(key)) is not None]

    def variable(self, name: str) -> Value:
        """What DHIS2 knows of the row."""
        row = self.row
        if name == "event_count":
            return 1.0 if row.event and row.event.status in REALLY else None
        known: Mapping[str, Value] = {
            "enrollment_count": 1.0,
            "org_unit_count": row.partnership.unit,
            "enrollment_status": row.cycle.status,
            "enrollment_date": row.cycle.began,
            "current_date": self.today,
            "program_stage_id": package_fields().stages[row.event.kind].uid if row.event else "",
        }
        return known[name]

    def call(self, node: Node) -> Value:
        """A function."""
        first, *others = node.parts
        if node.text == "d2:hasValue":
            return self.item(first, JOINED if self.empty == JOINED and first.mark == "#" else KEPT) is not None
        if node.text == "d2:count":
            return float(len(self.values(first)))
        if node.text == "d2:countIfCondition":
            test = parse(f"1 {others[0].text}")
            return float(sum(OPERATORS[test.text](float(v), float(test.parts[1].text)) for v in self.values(first)))
        start, end = (
            self.item(part, KEPT) if part.sort == "item" and part.mark in "#A" else self.value(part)
            for part in node.parts
        )
        if not isinstance(start, dt.date) or not isinstance(end, dt.date):
            return None
        return float((end - start).days if node.text == "d2:daysBetween" else _months(start, end))
