"""An SQLite file as a store: durable for its writer, untouched by its readers, there whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from tpi_dhis2.errors import StoreProblem
from tpi_dhis2.store.words import JSON

_MAGIC = b"SQLite format 3\x00"


def writable(address: URL) -> Engine:
    """The file for the one that writes: a committed transaction survives a crash and a pulled plug."""
    engine = create_engine(address, **JSON)
    event.listen(engine, "connect", _durable)
    return _whole(engine)


def readable(file: Path) -> Engine:
    """The file for those who only read."""
    engine = create_engine(f"sqlite:///{file}", creator=lambda: _read_only(file), **JSON)
    event.listen(engine, "connect", _by_hand)
    return _whole(engine)


def _whole(engine: Engine) -> Engine:
    """Python's driver begins no transaction before changes of tables and before reading; SQLAlchemy does it here."""
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _by_hand(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _durable(connection: Any, record: Any) -> None:
    _by_hand(connection, record)
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _read_only(file: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    SQLite wants to make a -shm file where there is none. In a folder where it cannot it may take the file as one
    that nobody changes, if nothing stands in a -wal file beside it.
    """
    still = not os.access(file.parent, os.W_OK) and not _beside(file, "-shm").exists() and not _has_wal(file)
    address = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    return sqlite3.connect(address, uri=True, check_same_thread=False, timeout=10)


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _has_wal(file: Path) -> bool:
    wal = _beside(file, "-wal")
    return wal.exists() and wal.stat().st_size > 0


def make(file: Path, create: Callable[[Connection], None]) -> None:
    """Make a store under another name, so that a file of its own name is never half a store."""
    part = _beside(file, ".part")
    _remove(part)
    engine = writable(URL.create("sqlite", database=str(part)))
    try:
        with engine.begin() as connection:
            create(connection)
        engine.dispose()
        part.replace(file)
    finally:
        engine.dispose()
        _remove(part)


def _remove(part: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        _beside(part, ending).unlink(missing_ok=True)


def keep_copy(file: Path, name: str) -> None:
    """Copy a store to a file beside it, with what stands in its -wal file; the copy is there whole or not at all."""
    part = _beside(file, f".{name}.part")
    _remove(part)
    try:
        with closing(_read_only(file)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
        part.replace(_beside(file, f".{name}"))
    finally:
        _remove(part)


def check(file: Path) -> None:
    """StoreProblem when a file is empty or shorter than it says, as half a copy is; SQLite would not always see it."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        head = opened.read(100)
    if size == 0 or (head.startswith(_MAGIC) and not _has_wal(file) and size < _told_size(head)):
        raise _damaged(file, "it is empty" if size == 0 else "a part of it is missing")


def check_pages(file: Path, engine: Engine) -> None:
    """StoreProblem when the pages do not fit together, as in a copy without the -wal file that belonged to it."""
    with engine.connect() as connection:
        found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if found != "ok":
        raise _damaged(file, "it is damaged", found)


def _damaged(file: Path, reason: str, detail: str = "") -> StoreProblem:
    advice = "Copy it again together with its -wal file, or move it away and pull again; it was not changed."
    return StoreProblem(f"The store {file} cannot be used: {reason}.", advice, detail)


def _told_size(head: bytes) -> int:
    """The size in bytes that an SQLite file tells of itself, 0 for none (https://sqlite.org/fileformat.html, 1.3)."""
    if head[24:28] != head[92:96]:
        return 0  # an SQLite that did not keep the number of pages wrote last
    page = int.from_bytes(head[16:18], "big")
    return (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
