"""One writer at a time: the second is told who has the store, and since when."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_path
from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tpi_dhis2.errors import StoreBusy
from tpi_dhis2.store.address import file_of, shown

_LOCK_SECONDS = 5
_PAUSE = 0.1
#: Tells our locks from those of others in a PostgreSQL database; the second number is made of the schema's name.
_OURS = 7622761
_HOLDER = """
select a.application_name, to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
from pg_locks l join pg_stat_activity a on a.pid = l.pid join pg_database d on d.oid = l.database
where l.locktype = 'advisory' and l.granted and l.classid = :ours and l.objid = :schema
and d.datname = current_database()
"""


@contextmanager
def one_writer(address: URL, engine: Engine) -> Iterator[None]:
    """Hold the store for this process; StoreBusy when another one has it for longer than a moment."""
    with _in_database(address, engine) if engine.dialect.name == "postgresql" else _beside(address):
        yield


def _busy(address: URL, holder: str) -> StoreBusy:
    who = f" ({holder})" if holder else ""
    return StoreBusy(
        f"Another run is using the store {shown(address)}{who}.", "Wait until it has ended, then run this again."
    )


def _this_process() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


@contextmanager
def _beside(address: URL) -> Iterator[None]:
    """A lock file beside the store, which the system lets go with the process; who holds it stands in another one."""
    path = _lock_file(address)
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_suffix(".owner")
    lock = FileLock(path, timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise _busy(address, _owner(owner)) from error
    try:
        with _signed(owner):
            yield
    finally:
        lock.release()


def _lock_file(address: URL) -> Path:
    file = file_of(address)
    if file is not None:
        return file.with_name(f"{file.name}.lock")
    name = hashlib.sha256(shown(address).encode()).hexdigest()[:16]
    return user_data_path("tpi-dhis2") / f"{name}.lock"


@contextmanager
def _signed(owner: Path) -> Iterator[None]:
    """Say who holds the lock, where there is room to; it holds all the same."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    with contextlib.suppress(OSError):
        owner.write_text(f"{_this_process()}, since {now}", "utf-8")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            owner.unlink()


def _owner(owner: Path) -> str:
    try:
        return owner.read_text("utf-8")[:200]
    except (OSError, ValueError):
        return ""


@contextmanager
def _in_database(address: URL, engine: Engine) -> Iterator[None]:
    """A lock of PostgreSQL's, on a connection of its own: it is let go with the connection, on whatever machine."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        key = _key(connection)
        connection.execute(text("select set_config('application_name', :me, false)"), {"me": _name()})
        if not _comes_true(lambda: _tried(connection, key)):
            raise _busy(address, _holder(connection, key))
        try:
            yield
        finally:
            try:
                connection.execute(text("select pg_advisory_unlock(:ours, :schema)"), key)
            except (DBAPIError, OSError):  # the connection is lost, and the lock with it
                connection.invalidate()


def _name() -> str:
    """The name of the connection, as long as PostgreSQL lets it be."""
    return f"tpi-dhis2, {_this_process()}"[:63]


def _key(connection: Connection) -> dict[str, int]:
    schema = str(connection.scalar(text("select current_schema()")))
    return {"ours": _OURS, "schema": zlib.crc32(schema.encode()) & 0x7FFFFFFF}


def _tried(connection: Connection, key: dict[str, int]) -> bool:
    return bool(connection.scalar(text("select pg_try_advisory_lock(:ours, :schema)"), key))


def _holder(connection: Connection, key: dict[str, int]) -> str:
    found = connection.execute(text(_HOLDER), key).first()
    return ", since ".join(str(part) for part in found if part) if found else ""


def _comes_true(question: Callable[[], bool]) -> bool:
    """Whether it does within the time that a lock is waited for."""
    end = time.monotonic() + _LOCK_SECONDS
    while not question():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE)
    return True
