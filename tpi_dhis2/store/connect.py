"""Opening a store: for one writer at a time, with its tables in today's form, or for anybody to read."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from tpi_dhis2.errors import StoreNotReady
from tpi_dhis2.store import file as files
from tpi_dhis2.store import form
from tpi_dhis2.store.address import default_url, file_of, parsed, shown
from tpi_dhis2.store.lock import one_writer
from tpi_dhis2.store.trouble import told
from tpi_dhis2.store.words import JSON

#: What pg8000 lets through of a connection that is lost.
_LOST = (ConnectionResetError, ConnectionAbortedError)
# SQLAlchemy logs with a traceback what it meets when it closes a lost connection; that it is lost is told by an error.
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())


@contextmanager
def connected(url: str | None, *, reading: bool = False) -> Iterator[Engine]:
    """A store ready for use, for one writer at a time; those who only read do not wait and write nothing.

    StoreBusy when another run writes, StoreNotReady when there is nothing to read yet, StoreProblem when it cannot
    be used.
    """
    address = parsed(url or default_url())
    with contextlib.ExitStack() as opened, told(address, SQLAlchemyError, *_LOST):
        with told(address, OSError, sqlite3.Error):
            engine = opened.enter_context(_to_read(address) if reading else _to_write(address))
        yield engine


@contextmanager
def _to_read(address: URL) -> Iterator[Engine]:
    file = file_of(address)
    with _disposed(_server(address, reading=True) if file is None else _found(address, file)) as engine:
        _ready(address, _form(engine))
        yield engine


def _found(address: URL, file: Path) -> Engine:
    if not file.exists():
        _ready(address, None)
    files.check(file)
    return files.readable(file)


def _ready(address: URL, found: str | None) -> None:
    if found is None:
        raise StoreNotReady(f"There is no store at {shown(address)} yet.", "Run tpi-dhis2 sync pull: it makes one.")
    if found != form.NEWEST:
        raise StoreNotReady(
            f"The store {shown(address)} was written by an older release.",
            "Run tpi-dhis2 sync pull or push: either brings it to the form of this release.",
        )


@contextmanager
def _to_write(address: URL) -> Iterator[Engine]:
    file = file_of(address)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    opened = _server(address) if file is None else files.writable(address)
    with _disposed(opened) as engine, one_writer(address, engine):
        _prepare(engine, file)
        yield engine


def _prepare(engine: Engine, file: Path | None) -> None:
    """Bring the tables to today's form; what is no store is left as it is."""
    if file is not None and not file.exists():
        files.make(file, form.create)
    found = _form(engine) if file is None else _form_of_file(file)
    if found is None:
        with engine.begin() as connection:
            form.create(connection)
    elif found != form.NEWEST:
        _migrate(engine, file)


def _form_of_file(file: Path) -> str | None:
    """The form of a file, found out without a change to it: the one that writes would turn it into a store's first."""
    files.check(file)
    with _disposed(files.readable(file)) as engine:
        found = _form(engine)
        files.check_pages(file, engine)
    return found


def _form(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return form.of(connection)


def _migrate(engine: Engine, file: Path | None) -> None:
    from tpi_dhis2.store.migrations import upgrade

    if file is not None:
        files.keep_copy(file, f"before-{form.NEWEST}")
    with engine.begin() as connection:
        upgrade(connection)


def _server(address: URL, *, reading: bool = False) -> Engine:
    """A database on a server; each of its transactions sees one moment, as those of SQLite do."""
    if address.get_backend_name() != "postgresql":
        return create_engine(address, **JSON)
    engine = create_engine(address, **JSON, isolation_level="REPEATABLE READ")
    if reading:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine


@contextmanager
def _disposed(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()
