"""The local store: a mirror of the partnerships of one server, and the outbox of what is still to be sent there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, exists, func, insert, null, or_, select, text, update

from tpi_dhis2.errors import StoreProblem
from tpi_dhis2.store import tables
from tpi_dhis2.store.connect import connected
from tpi_dhis2.store.items import CONFLICT, CYCLE, Item
from tpi_dhis2.store.rows import (
    CALCULATED,
    ROWS,
    as_item,
    batches,
    change,
    note_mirror,
    note_outcomes,
    put,
    replace_rows,
)

_ITEM = tables.item.c
_OF_INTEREST = or_(_ITEM.deleted.is_(False), _ITEM.state == CONFLICT)


class Store:
    """Reads and writes the store. Each call that writes is one transaction: it is there whole or not at all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rehearsal: Connection | None = None

    @classmethod
    @contextmanager
    def open(cls, url: str | None = None, *, reading: bool = False) -> Iterator[Store]:
        """The store at a database address; StoreBusy or StoreProblem if it cannot be had.

        One process at a time may write. Those who only read do not wait for it, and see the store as it was at one
        moment; StoreNotReady when there is nothing to read yet.
        """
        with connected(url, reading=reading) as engine:
            store = cls(engine)
            with store.rehearsal() if reading else nullcontext():
                yield store

    @property
    def engine(self) -> Engine:
        """The database, for the other modules of the store."""
        return self._engine

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Forget in the end whatever is written inside: for a look at what would be done. One may stand in another."""
        if self._rehearsal is not None:
            yield
            return
        with self._engine.connect() as connection:
            self._rehearsal = connection
            try:
                yield
            finally:
                self._rehearsal = None
                connection.rollback()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        if self._rehearsal is not None:
            yield self._rehearsal
        else:
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._rehearsal is not None:
            yield self._rehearsal
        else:
            with self._engine.begin() as connection:
                yield connection

    # Settings and cursors -------------------------------------------------------------------------------------

    def setting(self, name: str) -> str | None:
        """A setting of the store; None when it is not set."""
        return self._value(select(tables.setting.c.value).where(tables.setting.c.name == name))

    def set(self, name: str, value: str) -> None:
        """Write a setting."""
        with self._writing() as connection:
            replace_rows(connection, tables.setting, "name", [{"name": name, "value": value}])

    def cursor(self, scope: str = "") -> str | None:
        """Up to when, by the server's clock, its changes in a unit and below it are known here; "" is all units."""
        return self._value(select(tables.cursor.c.time).where(tables.cursor.c.scope == scope))

    def _value(self, query: Select[Any]) -> str | None:
        with self._reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def bind(self, server: str) -> None:
        """Tie the store to a server; StoreProblem when it mirrors another one."""
        known = self.setting("server")
        if known is None:
            self.set("server", server)
        elif known != server:
            raise StoreProblem(
                "This store mirrors another server.",
                "Name another store with --store or TPI_DHIS2_STORE; each server has its own.",
                f"{known} is not {server}",
            )

    # Objects --------------------------------------------------------------------------------------------------

    def items(self, partnership: str | None = None, state: str | None = None) -> list[Item]:
        """The objects of a partnership or of all, in a state or in any."""
        query = select(tables.item).order_by(_ITEM.partnership, _ITEM.type, _ITEM.uid)
        if partnership is not None:
            query = query.where(_ITEM.partnership == partnership)
        if state is not None:
            query = query.where(_ITEM.state == state)
        return self._items(query)

    def of(self, partnerships: Iterable[str]) -> dict[str, list[Item]]:
        """All objects of some partnerships, by partnership; one that has none is left out."""
        found: dict[str, list[Item]] = {}
        for some in batches(partnerships):
            for item in self._items(select(tables.item).where(_ITEM.partnership.in_(some)).order_by(_ITEM.uid)):
                found.setdefault(item.partnership, []).append(item)
        return found

    def by_uid(self, uids: Iterable[str]) -> dict[str, Item]:
        """The objects with these UIDs, by UID."""
        found = (self._items(select(tables.item).where(_ITEM.uid.in_(some))) for some in batches(uids))
        return {item.uid: item for some in found for item in some}

    def of_type(self, type_: str) -> Iterator[Item]:
        """The objects of a type one by one, so that memory does not grow with them."""
        query = select(tables.item).where(_ITEM.type == type_).order_by(_ITEM.uid)
        with self._reading() as connection:
            for row in connection.execution_options(yield_per=ROWS).execute(query):
                yield as_item(row)

    def partnerships(self, states: Iterable[str] | None = None) -> list[str]:
        """The UIDs of the partnerships that have an object in one of these states; of all when None."""
        query = select(_ITEM.partnership).distinct().order_by(_ITEM.partnership)
        if states is not None:
            query = query.where(_ITEM.state.in_(list(states)))
        with self._reading() as connection:
            return [str(row[0]) for row in connection.execute(query)]

    def in_units(self, units: Iterable[str]) -> frozenset[str]:
        """The partnerships whose unit is one of these or below one of them."""
        wanted = set(units)
        with self._reading() as connection:
            rows = connection.execute(select(tables.unit.c.uid, tables.unit.c.path))
            inside = {row.uid for row in rows if wanted & {row.uid, *row.path.split("/")}}
            query = select(_ITEM.uid, _ITEM.doc["@unit"].as_string()).where(_ITEM.type == "partnership")
            return frozenset(str(uid) for uid, unit in connection.execute(query) if unit in inside)

    def _items(self, query: Select[Any]) -> list[Item]:
        with self._reading() as connection:
            return [as_item(row) for row in connection.execute(query)]

    def states(self) -> dict[str, int]:
        """How many objects are in each state; what was deleted on the server counts only while it is in conflict."""
        query = select(_ITEM.state, func.count()).where(_OF_INTEREST).group_by(_ITEM.state)
        with self._reading() as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}

    def number(self, states: Iterable[str], partnerships: Iterable[str] | None = None) -> int:
        """How many objects are in one of these states, of some partnerships or of all."""
        query = select(func.count()).where(_ITEM.state.in_(list(states)))
        some = [None] if partnerships is None else batches(partnerships)
        queries = [query if each is None else query.where(_ITEM.partnership.in_(each)) for each in some]
        with self._reading() as connection:
            return sum(connection.execute(each).scalar_one() for each in queries)

    def kinds(self) -> dict[tuple[str, str], int]:
        """How many objects of each kind (or type) are in each state, by both."""
        query = select(_ITEM.type, _ITEM.kind, _ITEM.state, func.count()).where(_OF_INTEREST)
        with self._reading() as connection:
            rows = connection.execute(query.group_by(_ITEM.type, _ITEM.kind, _ITEM.state))
            return {(str(kind or type_), str(state)): int(count) for type_, kind, state, count in rows}

    def save(
        self,
        items: Iterable[Item],
        *,
        stamps: Mapping[str, str] | None = None,
        cursors: Mapping[str, str] | None = None,
    ) -> None:
        """Write objects in one transaction, with what must not be written without them.

        ``stamps`` tells when the server last changed partnerships. Those of which an object is written count as not
        calculated any more.
        """
        kept = list(items)
        with self._writing() as connection:
            put(connection, kept)
            note_mirror(connection, stamps or {}, {item.partnership: "" for item in kept})
            replace_rows(
                connection, tables.cursor, "scope", [{"scope": k, "time": v} for k, v in (cursors or {}).items()]
            )

    def save_calculated(self, items: Iterable[Item], partnerships: Iterable[str], day: str) -> None:
        """Write what was calculated of objects, and that partnerships are calculated for a day."""
        with self._writing() as connection:
            change(connection, items, CALCULATED)
            note_mirror(connection, {}, dict.fromkeys(partnerships, day))

    def forget(self, uids: Iterable[str]) -> int:
        """Take objects out of the store, in one transaction; the number."""
        wanted = list(uids)
        with self._writing() as connection:
            for some in batches(wanted):
                connection.execute(delete(tables.item).where(_ITEM.uid.in_(some)))
        return len(wanted)

    # The mirror -----------------------------------------------------------------------------------------------

    def stamps(self, partnerships: Iterable[str] | None = None) -> dict[str, str]:
        """When the server last changed partnerships, as of the last look; "" when that is not known."""
        mirror = tables.mirror.c
        query = select(mirror.uid, mirror.stamp)
        queries = [query] if partnerships is None else [query.where(mirror.uid.in_(s)) for s in batches(partnerships)]
        with self._reading() as connection:
            return {str(uid): str(stamp) for each in queries for uid, stamp in connection.execute(each)}

    def expected(self, partnerships: Iterable[str] | None = None) -> dict[str, str]:
        """The partnerships that the server should show, of some or of all, with the time of its last change.

        One without a cycle is in no program, and no list of the program shows it.
        """
        mirror, cycle = tables.mirror.c, tables.item.alias().c
        query = select(mirror.uid, mirror.stamp).join(tables.item, _ITEM.uid == mirror.uid)
        query = query.where(_ITEM.base.is_not(null()), _ITEM.deleted.is_(False))
        is_in = (
            cycle.partnership == mirror.uid,
            cycle.type == CYCLE,
            cycle.base.is_not(null()),
            cycle.deleted.is_(False),
        )
        query = query.where(exists().where(*is_in))
        queries = [query] if partnerships is None else [query.where(mirror.uid.in_(s)) for s in batches(partnerships)]
        with self._reading() as connection:
            return {str(uid): str(stamp) for each in queries for uid, stamp in connection.execute(each)}

    def not_calculated(self, day: str) -> list[str]:
        """The partnerships whose fields are not calculated for a day."""
        mirror = tables.mirror.c
        with self._reading() as connection:
            rows = connection.execute(select(mirror.uid).where(mirror.calculated != day).order_by(mirror.uid))
            return [str(row[0]) for row in rows]

    # Uploads --------------------------------------------------------------------------------------------------

    def begin_upload(self, items: Iterable[Item], state: str) -> int:
        """Note that objects are under way, before they are; the number of the request."""
        sent = list(items)
        with self._writing() as connection:
            now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            made = connection.execute(insert(tables.upload).values(begun=now, job="")).inserted_primary_key
            number = int(made[0]) if made else 0
            for item in sent:
                item.upload, item.state = number, state
            for some in batches(item.uid for item in sent):
                connection.execute(update(tables.item).where(_ITEM.uid.in_(some)).values(upload=number, state=state))
        return number

    def name_job(self, upload: int, job: str) -> None:
        """Note which job of the server a request has become."""
        with self._writing() as connection:
            connection.execute(update(tables.upload).where(tables.upload.c.id == upload).values(job=job))

    def end_upload(
        self, upload: int, items: Iterable[Item], stamps: Mapping[str, str], stale: Iterable[str] = ()
    ) -> None:
        """Write what became of the objects of a request, and that it has ended.

        The fields of the partnerships in ``stale`` are to be calculated again.
        """
        with self._writing() as connection:
            note_outcomes(connection, items)
            note_mirror(connection, stamps, dict.fromkeys(stale, ""))
            connection.execute(delete(tables.upload).where(tables.upload.c.id == upload))

    def uploads(self) -> dict[int, str]:
        """The requests whose end is not known, with the server's job ("" for none)."""
        with self._reading() as connection:
            rows = connection.execute(select(tables.upload.c.id, tables.upload.c.job).order_by(tables.upload.c.id))
            return {int(number): str(job) for number, job in rows}

    def uploaded(self, upload: int) -> list[Item]:
        """The objects that are under way in a request."""
        return self._items(select(tables.item).where(_ITEM.upload == upload))

    # Units ----------------------------------------------------------------------------------------------------

    def unit_names(self) -> dict[str, str]:
        """The names of the units known here, by UID."""
        with self._reading() as connection:
            rows = connection.execute(select(tables.unit.c.uid, tables.unit.c.name))
            return {row.uid: row.name for row in rows}

    def save_units(self, units: Iterable[dict[str, Any]]) -> None:
        """Keep the names and places of units (``id``, ``name``, ``code``, ``path``)."""
        rows = [
            {"uid": unit["id"], "code": unit.get("code"), "name": unit["name"], "path": unit.get("path") or ""}
            for unit in units
        ]
        with self._writing() as connection:
            replace_rows(connection, tables.unit, "uid", rows)

    def faults(self) -> list[str]:
        """What an SQLite file finds wrong with itself; other databases see to themselves."""
        if self._engine.dialect.name != "sqlite":
            return []
        with self._reading() as connection:
            found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(20)"))]
        return [] if found == ["ok"] else found
