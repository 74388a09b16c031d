"""Texts as DHIS2 stores them, as SQL values of a type; what is none of its type is NULL.

So one odd value fails no query: it is looked at before it is cast.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Double,
    Numeric,
    and_,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    true,
)
from sqlalchemy.types import TypeEngine

from tpi_dhis2.store.shown import BOOLEAN, DATE, INTEGER, NUMBER

Sql = ColumnElement[Any]

#: As DHIS2 writes numbers; longer ones than any that was meant would be too big for a column.
_NUMBER, _INTEGER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$", r"^-?(0|[1-9][0-9]*)$"
_NUMBER_LENGTH, _INTEGER_LENGTH = 40, 18
#: The days of the calendar, with and without the leap day.
_DAY = (
    "^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))$"
)
_LEAP_DAY = "^([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29$"


def typed(value: Sql, kind: str, dialect: str) -> Sql:
    """A text as a value of a type of ``shown``, for a kind of database."""
    if kind == BOOLEAN:
        return case((value == "true", true()), (value == "false", false()))
    if kind == DATE:
        return as_date(value, dialect)
    if kind in (NUMBER, INTEGER):
        return _as_number(value, kind, dialect)
    return value


def _as_number(value: Sql, kind: str, dialect: str) -> Sql:
    """Integers, numbers: exact on PostgreSQL, elsewhere such that dividing two gives no whole number."""
    whole = kind == INTEGER
    fits = func.length(value) <= (_INTEGER_LENGTH if whole else _NUMBER_LENGTH)
    if dialect == "sqlite":
        # Patterns are no part of SQLite. What has only these signs and is JSON is a number.
        signs = "*[^0-9-]*" if whole else "*[^0-9.eE+-]*"
        shape = and_(
            value.op("NOT GLOB")(signs), value.op("NOT GLOB")("*[eE]*[0-9][0-9][0-9]"), func.json_valid(value) == 1
        )
    else:
        shape = value.regexp_match(_INTEGER if whole else _NUMBER)
    number: TypeEngine[Any] = Numeric() if dialect == "postgresql" else Double()
    return case((and_(fits, shape), cast(value, BigInteger() if whole else number)))


def as_date(value: Sql, dialect: str) -> Sql:
    """A day; a text in ISO form on SQLite, which has no dates."""
    day = func.substr(value, 1, 10)
    if dialect == "sqlite":
        # Moved by nothing: only a day that is moved is looked up in the calendar.
        return case((and_(func.date(day, "+0 days") == day, not_(day.like("0000%"))), day))
    real = and_(or_(day.regexp_match(_DAY), day.regexp_match(_LEAP_DAY)), not_(day.like("0000%")))
    return case((real, cast(day, Date())))
