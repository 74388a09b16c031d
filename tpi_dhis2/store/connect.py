"""Opening a store: its address, the one writer at a time, its tables in today's form."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_data_path
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tpi_dhis2.errors import StoreBusy, StoreProblem
from tpi_dhis2.store import tables

_LOCK_SECONDS = 5


def default_url() -> str:
    """The store when none is named: an SQLite file in the user's data folder."""
    return f"sqlite:///{user_data_path('tpi-dhis2') / 'store.sqlite'}"


@contextmanager
def connected(url: str | None, *, reading: bool = False) -> Iterator[Engine]:
    """A store ready for use, for one writer at a time; those who only read do not wait and write nothing.

    StoreBusy when another run writes, StoreProblem when it cannot be used.
    """
    address = parsed(url or default_url())
    with contextlib.ExitStack() as opened, _told(address, SQLAlchemyError):
        with _told(address, OSError):
            if not reading:
                opened.enter_context(_locked(address))
            engine = _engine(address)
            opened.callback(engine.dispose)
            tables.metadata.create_all(engine)
        yield engine


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
