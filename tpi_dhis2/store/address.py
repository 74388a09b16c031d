"""Addresses of stores: what is written in TPI_DHIS2_STORE, as SQLAlchemy reads it."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from tpi_dhis2.errors import StoreProblem

#: PostgreSQL is spoken to with pg8000 unless another driver is named: SQLAlchemy's own choice is under the LGPL.
_POSTGRESQL = {"postgresql": "postgresql+pg8000", "postgres": "postgresql+pg8000"}


def default_url() -> str:
    """The store when none is named: an SQLite file in the user's data folder."""
    return f"sqlite:///{user_data_path('tpi-dhis2') / 'store.sqlite'}"


def parsed(address: str) -> URL:
    """The address of a store; StoreProblem when it is not one."""
    try:
        url = make_url(address)
        return url.set(drivername=_POSTGRESQL.get(url.drivername, url.drivername))
    except (ArgumentError, ValueError) as error:
        # Neither the address nor the reason is repeated: both may hold a password.
        raise StoreProblem(
            "The address of the store is not one.", "Write it as sqlite:////folder/store.sqlite"
        ) from error


def shown(address: URL) -> str:
    """The address of a store without its password."""
    return address.render_as_string(hide_password=True)


def file_of(address: URL) -> Path | None:
    """The file that a store is, if it is one."""
    is_file = address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:")
    return Path(str(address.database)) if is_file else None
