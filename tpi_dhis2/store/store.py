"""The local store: a mirror of the partnerships of one server, and the outbox of what is still to be sent there."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_data_path
from sqlalchemy import URL, Connection, Engine, Table, create_engine, delete, event, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tpi_dhis2.errors import StoreBusy, StoreProblem
from tpi_dhis2.store import tables
from tpi_dhis2.store.items import Item

_LOCK_SECONDS = 5
_ROWS = 200


def default_url() -> str:
    """The store when none is named: an SQLite file in the user's data folder."""
    return f"sqlite:///{user_data_path('tpi-dhis2') / 'store.sqlite'}"


class Store:
    """Reads and writes the store. Each ``save`` is one transaction: it is there whole or not at all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    @contextmanager
    def open(cls, url: str | None = None) -> Iterator[Store]:
        """The store at a database address, for one process at a time; StoreBusy or StoreProblem if it cannot be had."""
        address = parsed(url or default_url())
        with contextlib.ExitStack() as opened, _told(address, SQLAlchemyError):
            with _told(address, OSError):
                opened.enter_context(_locked(address))
                engine = _engine(address)
                opened.callback(engine.dispose)
                store = cls(engine)
                store._prepare()
            yield store

    def _prepare(self) -> None:
        tables.metadata.create_all(self._engine)
        found = self.setting("schema")
        if found is None:
            self.set("schema", tables.SCHEMA_VERSION)
        elif found != tables.SCHEMA_VERSION:
            raise StoreProblem(
                f"The store has tables of form {found}; this release knows form {tables.SCHEMA_VERSION}.",
                "Use the release that wrote it, or name another store and pull again.",
            )

    def setting(self, name: str) -> str | None:
        """A setting of the store; None when it is not set."""
        with self._engine.connect() as connection:
            query = select(tables.setting.c.value).where(tables.setting.c.name == name)
            return connection.execute(query).scalar()

    def set(self, name: str, value: str) -> None:
        """Write a setting."""
        with self._engine.begin() as connection:
            _replace(connection, tables.setting, "name", [{"name": name, "value": value}])

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

    def items(self, partnership: str | None = None, state: str | None = None) -> list[Item]:
        """The objects of a partnership or of all, in a state or in any."""
        query = select(tables.item).order_by(tables.item.c.partnership, tables.item.c.type, tables.item.c.uid)
        if partnership is not None:
            query = query.where(tables.item.c.partnership == partnership)
        if state is not None:
            query = query.where(tables.item.c.state == state)
        with self._engine.connect() as connection:
            return [Item(**row) for row in connection.execute(query).mappings()]

    def states(self) -> dict[str, int]:
        """How many objects are in each state; what was deleted is not counted."""
        query = select(tables.item.c.state, func.count()).where(tables.item.c.deleted.is_(False))
        with self._engine.connect() as connection:
            rows = connection.execute(query.group_by(tables.item.c.state))
            return {str(row[0]): int(row[1]) for row in rows}

    def faults(self) -> list[str]:
        """What an SQLite file finds wrong with itself; other databases see to themselves."""
        if self._engine.dialect.name != "sqlite":
            return []
        with self._engine.connect() as connection:
            found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(20)"))]
        return [] if found == ["ok"] else found

    def by_uid(self, uids: Iterable[str]) -> dict[str, Item]:
        """The objects with these UIDs, by UID."""
        found: dict[str, Item] = {}
        wanted = list(uids)
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), _ROWS):
                query = select(tables.item).where(tables.item.c.uid.in_(wanted[start : start + _ROWS]))
                found |= {row["uid"]: Item(**row) for row in connection.execute(query).mappings()}
        return found

    def save(self, items: Iterable[Item], settings: dict[str, str] | None = None) -> None:
        """Write objects, and settings that must not be written without them, in one transaction."""
        with self._engine.begin() as connection:
            _replace(connection, tables.item, "uid", [asdict(item) for item in items])
            _replace(connection, tables.setting, "name", [{"name": k, "value": v} for k, v in (settings or {}).items()])

    def forget(self, uids: Iterable[str]) -> int:
        """Take objects out of the store, in one transaction; the number."""
        wanted = list(uids)
        with self._engine.begin() as connection:
            for start in range(0, len(wanted), _ROWS):
                connection.execute(delete(tables.item).where(tables.item.c.uid.in_(wanted[start : start + _ROWS])))
        return len(wanted)

    def unit_names(self) -> dict[str, str]:
        """The names of the units known here, by UID."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(tables.unit.c.uid, tables.unit.c.name))
            return {row.uid: row.name for row in rows}

    def save_units(self, units: Iterable[dict[str, Any]]) -> None:
        """Keep the names of units (``id``, ``name``, ``code``)."""
        rows = [{"uid": unit["id"], "code": unit.get("code"), "name": unit["name"]} for unit in units]
        with self._engine.begin() as connection:
            _replace(connection, tables.unit, "uid", rows)


def _replace(connection: Connection, table: Table, key: str, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        connection.execute(delete(table).where(table.c[key].in_([row[key] for row in some])))
        connection.execute(insert(table), some)


def parsed(address: str) -> URL:
    """The address of a store; StoreProblem when it is not one."""
    try:
        return make_url(address)
    except (ArgumentError, ValueError) as error:
        # Neither the address nor the reason is repeated: both may hold a password.
        raise StoreProblem(
            "The address of the store is not one.", "Write it as sqlite:////folder/store.sqlite"
        ) from error


@contextmanager
def _told(address: URL, kind: type[Exception]) -> Iterator[None]:
    """Say of anything that goes wrong with the database which store it is and what to do."""
    try:
        yield
    except ImportError as error:
        raise StoreProblem(
            f"The driver for {shown(address)} is not installed.", f"Install it: pip install {error.name}", str(error)
        ) from error
    except kind as error:
        raise StoreProblem(
            f"The store {shown(address)} cannot be used: {str(error).splitlines()[0]}.",
            "Check the address in TPI_DHIS2_STORE, free space and rights; what was not stored was not sent.",
            str(error),
        ) from error


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _durable)
    return engine


def _durable(connection: Any, _record: Any) -> None:
    """A committed transaction survives a crash and a pulled plug (SQLite only)."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


@contextmanager
def _locked(url: URL) -> Iterator[None]:
    if url.get_backend_name() == "sqlite" and url.database:
        path = Path(f"{url.database}.lock")
    else:
        name = hashlib.sha256(shown(url).encode()).hexdigest()[:16]
        path = user_data_path("tpi-dhis2") / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise StoreBusy(
            f"Another run is using the store {shown(url)}.", "Wait until it has ended, then run this again."
        ) from error


def shown(address: URL) -> str:
    """The address of a store without its password."""
    return address.render_as_string(hide_password=True)
