"""The queries behind the tables for analysts: what the server last had, each value of its own type.

They show ``base`` and not ``doc``: an entry that waits here or was refused is nobody's fact yet, and so the store that
one works with and a warehouse that only pulls give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import FromClause, Select, Text, case, column, false, func, select, true

from tpi_dhis2.domain.dates import DAY, NOT_STATED
from tpi_dhis2.store import tables
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD
from tpi_dhis2.store.shown import UNIT, Column, Description, View
from tpi_dhis2.store.view_values import Sql, as_date, typed


def query(view: View, description: Description, dialect: str, first: Iterable[str] = ()) -> Select[Any]:
    """The query of a view for a kind of database (``dialect``); some columns may come ``first``."""
    return _Query(view, description, dialect).select(first)


def _facts(item: FromClause) -> tuple[Sql, Sql]:
    """What the server has: seen there, and not deleted since."""
    return item.c.deleted == false(), item.c.base.is_not(None)


def _value(item: FromClause, key: str) -> Sql:
    value: Sql = item.c.base[key].as_string()
    return value


class _Query:
    def __init__(self, view: View, description: Description, dialect: str) -> None:
        self._view = view
        self._options = description.options
        self._dialect = dialect
        self._item = tables.item.alias("i")
        self._source: FromClause = self._item
        self._value = self._values()
        heads = {PARTNERSHIP: self._placed, CYCLE: self._cycle, RECORD: self._record}
        self._heads = heads[view.type]()

    def select(self, first: Iterable[str]) -> Select[Any]:
        columns = {each.name: self._label(each) if each.label_of else self._column(each) for each in self._view.columns}
        order = dict.fromkeys([*(name for name in first if name in columns), *columns])
        chosen = select(*(columns[name].label(name) for name in order)).select_from(self._source)
        item = self._item.c
        return chosen.where(item.type == self._view.type, item.kind == self._view.kind, *_facts(self._item))

    def _values(self) -> Callable[[str], Sql]:
        """How the text of a field is had. PostgreSQL would read the whole doc again for each, so it does so once."""
        if self._dialect != "postgresql":
            return lambda key: _value(self._item, key)
        keys = dict.fromkeys(["@unit", "@date", "date_known", *(each.key for each in self._view.columns if each.key)])
        read = func.json_to_record(self._item.c.base).table_valued(*(column(key, Text()) for key in keys), name="v")
        doc = read.render_derived(with_types=True).lateral("v")
        self._source = self._source.join(doc, true())
        return lambda key: doc.c[key]

    # What all have, by name -----------------------------------------------------------------------------------

    def _placed(self) -> dict[str, Sql]:
        unit = tables.unit.alias("u")
        self._source = self._source.outerjoin(unit, unit.c.uid == self._value("@unit"))
        return {
            "uid": self._item.c.uid,
            "state": self._item.c.state,
            "unit_code": unit.c.code,
            "unit_name": unit.c.name,
            "unit_path": unit.c.path,
        }

    def _cycle(self) -> dict[str, Sql]:
        return self._below(self._item.c.uid)

    def _record(self) -> dict[str, Sql]:
        known = func.coalesce(self._value("date_known"), DAY)
        return {
            **self._below(self._item.c.cycle),
            "cycle": self._item.c.cycle,
            "date": case((known != NOT_STATED, as_date(self._value("@date"), self._dialect))),
            "date_known": known,
        }

    def _below(self, uid: Sql) -> dict[str, Sql]:
        """What tells of the partnership and of the cycle with this UID."""
        pair, cycle, of = tables.item.alias("p"), _cycles(self._dialect), self._item.c.partnership
        placed = self._placed()
        self._source = self._source.outerjoin(pair, pair.c.uid == of).outerjoin(cycle, cycle.c.uid == uid)
        return placed | {
            "partnership": of,
            "partnership_name": func.coalesce(_value(pair, "name"), _value(pair, "code"), of),
            "cycle_number": cycle.c.number,
            "cycle_began": case((cycle.c.known != NOT_STATED, cycle.c.day)),
            "cycle_began_known": cycle.c.known,
        }

    # Fields ---------------------------------------------------------------------------------------------------

    def _column(self, wanted: Column) -> Sql:
        if not wanted.key:
            return self._heads[wanted.name]
        return typed(self._value(wanted.key), wanted.type, self._dialect)

    def _label(self, label: Column) -> Sql:
        """The label of an option, the name of a unit; a code that the package does not know stands for itself."""
        of = next(each for each in self._view.columns if each.name == label.label_of)
        value = self._value(of.key) if of.key else self._heads[of.name]
        if of.type == UNIT:
            unit = tables.unit.alias(f"u_{of.name}")
            return select(unit.c.name).where(unit.c.uid == value).scalar_subquery()
        return case(dict(self._options[of.options]), value=value, else_=value)


def _cycles(dialect: str) -> FromClause:
    """The cycles with their numbers; how exactly the beginning is known stands in the newest agreement."""
    item, agreement = tables.item.alias("c"), tables.item.alias("a")
    began = _value(item, "@date")
    known = (
        select(_value(agreement, "date_known"))
        .where(agreement.c.partnership == item.c.partnership, agreement.c.cycle == item.c.uid)
        .where(agreement.c.kind == "agreement", *_facts(agreement))
        .order_by(_value(agreement, "@date").desc(), agreement.c.uid.desc())
        .limit(1)
        .scalar_subquery()
    )
    number = func.row_number().over(partition_by=item.c.partnership, order_by=(began, item.c.uid))
    chosen = select(
        item.c.uid,
        number.label("number"),
        as_date(began, dialect).label("day"),
        func.coalesce(known, DAY).label("known"),
    )
    return chosen.where(item.c.type == CYCLE, *_facts(item)).subquery("cy")
